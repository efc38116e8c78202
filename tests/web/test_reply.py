import json

import pytest
from msgspec import UNSET

from feed.app import running
from feed.hub.subscription import Options, Subscription
from feed.model.codec import JsonObject
from feed.model.payload import Rejected
from feed.model.topic import Filters
from feed.settings import Settings
from feed.web import keys
from feed.web.command import Id
from feed.web.reply import subscribed, welcome
from tests.support.clock import START_MS, LoopClock, run_virtual
from tests.support.transport import House, Line

SETTINGS = Settings(log="memory:", sources=False, drain_s=0, heartbeat_s=2.5, max_age_s=100)


def test_welcome_says_who_speaks_and_what_may_be_asked() -> None:
    async def scene() -> None:
        async with running(SETTINGS, LoopClock()) as app:
            connection = Line(House(app[keys.HUB]))
            connection.ends_s = connection.opened_s + 90
            frame = welcome(app, connection)
            assert frame.cursor is None
            assert json.loads(frame.payload) == {
                "type": "welcome",
                "protocol": 1,
                "instance": app[keys.INSTANCE],
                "connection": connection.id,
                "head": f"{app[keys.HUB].epoch}-0",
                "now": START_MS,
                "heartbeat_ms": 2500,
                "ends_in_ms": 90_000,
                "limits": {
                    "topics": 1000,
                    "wildcards": 16,
                    "commands_per_s": 20,
                    "message_bytes": 65_536,
                },
            }

    run_virtual(scene())


@pytest.mark.parametrize(
    ("command", "head"),
    [
        (UNSET, {"type": "subscribed"}),
        (0, {"type": "subscribed", "id": 0}),
        ("x", {"type": "subscribed", "id": "x"}),
    ],
)
def test_subscribed_says_all_that_is_in_force(command: Id, head: JsonObject) -> None:
    wanted = Subscription(Filters.of(["score:EPL.*", "price:B", "price:A", "*"]))
    frame = subscribed(wanted, resumed=True, command=command)
    assert frame.cursor is None
    assert json.loads(frame.payload) == head | {
        "topics": ["*", "price:A", "price:B", "score:EPL.*"],
        "conflate_ms": 0,
        "window_ms": 0,
        "delay_ms": 0,
        "fields": None,
        "resumed": True,
        "rejected": [],
    }


def test_subscribed_says_what_is_not_served() -> None:
    options = Options(conflate_ms=250, window_ms=5, delay_ms=1000, fields=("bid", "price"))
    frame = subscribed(
        Subscription(options=options),
        resumed=False,
        rejected=[Rejected("a b", "bad_topic", "no topic")],
    )
    assert json.loads(frame.payload) == {
        "type": "subscribed",
        "topics": [],
        "conflate_ms": 250,
        "window_ms": 5,
        "delay_ms": 1000,
        "fields": ["bid", "price"],
        "resumed": False,
        "rejected": [{"topic": "a b", "code": "bad_topic", "message": "no topic"}],
    }
