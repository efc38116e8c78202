"""One of each, made by the types themselves: what the documents show, and tests validate."""

from feed.model.codec import encode
from feed.model.frame import Frame, plain
from feed.model.payload import (
    Allowed,
    Bye,
    Element,
    Error,
    Event,
    Heartbeat,
    Payload,
    Pong,
    Rejected,
    Reset,
    Snapshot,
    Subscribed,
    Update,
    Welcome,
)
from feed.web.body import Charted, Misfit, Point, Polled, Problem, Ready, Snapshotted
from feed.web.command import Auth, Ping, Said, Set, Subscribe, Unsubscribe
from feed.web.wire import event

NOW = 1_790_000_001_000
CURSOR = "k3f9-18233"

WHOLE = Element(
    topic="price:BTC-USD",
    v=91,
    ts=NOW - 1000,
    data={"price": "191.05", "change": "1.05", "currency": "USD", "state": "live"},
)
PATCH = Element(
    topic="price:BTC-USD", v=92, ts=NOW, set={"price": "191.09", "change": "1.09"}, merged=4
)
GOAL = Event(
    topic="score:EPL.ARS-CHE", id="g-31", op="add", kind="goal", ts=NOW, data={"side": "home"}
)
UPDATE = Update(cursor=CURSOR, pt=NOW + 7, items=[PATCH], events=[GOAL])
SNAPSHOT = Snapshot(items=[WHOLE], more=False, cursor=CURSOR)

FRAMES: tuple[Payload, ...] = (
    Welcome(
        protocol=1,
        instance="feed-1",
        connection="c-5f0c19aa",
        head=CURSOR,
        now=NOW,
        heartbeat_ms=15_000,
        ends_in_ms=3_100_000,
        limits=Allowed(topics=1000, wildcards=16, commands_per_s=20, message_bytes=65_536),
    ),
    Subscribed(
        id=1,
        topics=["price:BTC-USD", "score:EPL.*"],
        conflate_ms=250,
        window_ms=0,
        delay_ms=0,
        fields=["price"],
        resumed=True,
        rejected=[Rejected("a b", "bad_topic", "a key is 1 to 64 characters")],
    ),
    Reset(reason="expired"),
    SNAPSHOT,
    UPDATE,
    Heartbeat(cursor=CURSOR, now=NOW),
    Error(
        code="rate_limited",
        message="more than 20 commands a second",
        retry=True,
        retry_after_ms=51,
    ),
    Bye(cursor=CURSOR, reason="rotate", reconnect=True, after_ms=1200, grace_ms=5000),
    Pong(id=4, at=NOW, now=NOW + 20),
)
STREAM = "retry: 2000\n\n" + "".join(
    event(frame).decode() for frame in (plain(FRAMES[0]), Frame(encode(UPDATE), CURSOR))
)
COMMANDS: tuple[Said, ...] = (
    Subscribe(
        id=1, topics=["BTC-USD", "score:EPL.*"], conflate_ms=250, fields=["price"], cursor=CURSOR
    ),
    Unsubscribe(id=2, topics=["score:EPL.*"]),
    Set(id=3, conflate_ms=1000),
    Ping(id=4, at=NOW),
    Auth(id=5, token="eyJhbGciOiJIUzI1NiJ9…"),  # noqa: S106  (none)
)

MINUTE = Point(ts=1_789_999_980_000, open="191.00", high="191.40", low="190.80", close="191.05")
POLLED = Polled(CURSOR, [UPDATE], more=False)
SNAPSHOTTED = Snapshotted(CURSOR, [WHOLE])
CHARTED = Charted(
    cursor=CURSOR,
    step_ms=60_000,
    from_=1_789_982_040_000,
    to=1_790_000_040_000,
    topic="price:BTC-USD",
    points=[MINUTE],
)
READY = Ready(
    ready=True,
    instance="feed-1",
    log="ok",
    writable=True,
    epoch="k3f9",
    head=CURSOR,
    durable=True,
    leader=True,
    draining=False,
)


def problem(status: int, title: str, code: str) -> Problem:
    """A refusal with a status and a code."""
    wrong = [Misfit("conflate_ms", "expected an integer from 0 to 60000")]
    if code == "bad_option":
        return Problem(
            title=title, status=status, detail="what was sent is wrong", code=code, errors=wrong
        )
    return Problem(title=title, status=status, detail=title, code=code)
