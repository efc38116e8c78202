from typing import Any

import pytest

from feed.client.change import Reset, changes
from feed.client.frame import Event
from feed.client.reader import Item, News, Step
from feed.commands.lines import change_line


def item(v: int, **data: Any) -> Item:
    return Item(v, 0, data)


def lines(news: News) -> list[str]:
    return [change_line(change) for change in changes(news) if not isinstance(change, Reset)]


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (
            Step("price:A", 3, None, item(3, price="1.50", name="A and B")),
            'price:A v3 price=1.50 name="A and B"',
        ),
        (
            Step("price:A", 4, item(3, price="1.50", bid="1"), item(4, price="1.51", bid="1")),
            "price:A v4 price=1.51",
        ),
        (Step("price:A", 4, item(3, why="late"), item(4)), "price:A v4 why=null"),
        (Step("price:A", 4, item(3, x=1), item(4, x=1)), "price:A v4"),
        (Step("price:A", 4, item(3), None), "price:A v4 gone"),
        (
            Step("score:B", 2, item(1, home={"score": 0, "name": "B"}),
                 item(2, home={"score": 1, "name": "B"}, periods=[1, 0])),
            "score:B v2 home.score=1 periods=[1,0]",
        ),
        (
            Step("price:A", 1, None, item(1, **{"\x1b[2J": "\x1b]0;title\x07", "l": ["\x9b"]})),
            'price:A v1 "\\u001b[2J"="\\u001b]0;title\\u0007" l=["\\u009b"]',
        ),
    ],
)  # fmt: skip
def test_item(step: Step, line: str) -> None:
    assert lines(News((step,))) == [line]


def test_snapshot_of_what_was_known_says_nothing() -> None:
    assert lines(News((Step("price:A", 3, item(3, x=1), item(3, x=1)),))) == []


def test_events_come_after_items() -> None:
    event = Event(topic="score:B", id="g-1", op="void", kind="goal", ts=1, data={"why": "off side"})
    step = Step("score:B", 2, item(1, x=1), item(2, x=2))
    assert lines(News((step,), (event,))) == [
        "score:B v2 x=2",
        'score:B event goal g-1 void why="off side"',
    ]
