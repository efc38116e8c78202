import pytest

from feed.model.change import Change, EventChange
from feed.sources.polled.listed import Listed


def listed(*names: str) -> list[Change]:
    """An answer: `A1` is the event `1` on the topic `A`, `A1x` the same with other data."""
    return [Change(topic=f"score:{name[0]}", patch={"phase": "live"}) for name in names] + [
        Change(
            topic=f"score:{name[0]}",
            event=EventChange(kind="goal", id=name[1], data={"who": name[2:]}),
        )
        for name in names
        if name[1:]
    ]


def told(changes: list[Change]) -> list[str]:
    return [
        f"{c.event.op} {c.topic[6:]}{c.event.id}{c.event.data['who']}" for c in changes if c.event
    ]


@pytest.mark.parametrize(
    ("is_whole", "before", "after", "news"),
    [
        (True, ["A1"], ["A1"], []),
        (True, ["A1"], ["A1", "A2"], ["add A2"]),
        (True, ["A1"], ["A1x"], ["amend A1x"]),
        (True, ["A1", "A2"], ["A1"], ["void A2"]),
        (True, ["A1"], ["A"], ["void A1"]),
        (True, ["A1", "B1"], ["B1"], []),  # the match is no longer told of: it did happen
        (True, ["A1"], [], []),
        (False, ["A1", "A2"], ["A2"], []),  # a list of the latest
        (False, ["A1"], ["A1x"], ["amend A1x"]),
    ],
)
def test_what_is_new_in_a_list(
    is_whole: bool,  # noqa: FBT001
    before: list[str],
    after: list[str],
    news: list[str],
) -> None:
    events = Listed(is_whole=is_whole)
    assert told(events.news(listed(*before), is_all=True)) == [f"add {name}" for name in before]
    assert told(events.news(listed(*after), is_all=True)) == news


def test_what_an_answer_lacks_that_is_partly_bad_is_remembered_and_not_taken_back() -> None:
    events = Listed(is_whole=True)
    events.news(listed("A1", "A2", "B1"), is_all=True)
    assert told(events.news(listed("A1x", "A3"), is_all=False)) == ["amend A1x", "add A3"]
    last = events.news(listed("A1x", "B"), is_all=True)
    assert sorted(told(last)) == ["void A2", "void A3", "void B1"]
