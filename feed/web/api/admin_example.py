"""What the admin says and is answered, one of each, made by the types themselves."""

from msgspec import Raw, structs

from feed.hub.ingest import Result
from feed.sources.desk.desk import Relied
from feed.web.admin_body import (
    Altered,
    Appended,
    Audited,
    Called,
    Connected,
    ConnectionView,
    Counts,
    Deed,
    DeedInFull,
    Happened,
    HeldView,
    Injected,
    Pins,
    PinView,
    Sources,
    SourceView,
    StandingView,
    State,
    Stay,
    Tried,
)
from feed.web.api.example import CURSOR, NOW, UPDATE
from feed.web.inject import Given, GivenEvent

PRICE = Given(topic="CASH-USD", set={"price": "70000.00"}, why="desk")
CORRECTION = Given(
    topic="score:EPL.ARS-CHE",
    set={"home": {"score": 2}},
    event=GivenEvent(kind="goal", id="g-31", data={"side": "home"}),
)
RESULTS = [Result("price:CASH-USD", 1)]
INJECTED = Injected(cursor=CURSOR, results=RESULTS, duplicate=False)
TRIED = Tried(frames=[UPDATE], subscribers=3, results=RESULTS)
DEED = Deed(
    id="18233",
    at=NOW,
    action="inject",
    topics=["price:CASH-USD"],
    count=1,
    why="desk",
    cursor=CURSOR,
    undone=False,
    undoes=None,
    by="5e884898",
    address="203.0.113.7",
)
CALLED = Called(
    at=NOW,
    by="5e884898",
    address="203.0.113.7",
    call="POST /admin/inject",
    status=200,
    topics=["price:CASH-USD"],
)
AUDITED = Audited([DEED], [CALLED])
DEED_IN_FULL = DeedInFull(
    **structs.asdict(DEED),
    changes=[
        Altered(
            topic="price:CASH-USD",
            v=1,
            item=Raw(
                b'{"topic":"price:CASH-USD","v":1,"ts":1790000001000,"data":{"price":"70000.00"}}'
            ),
            was={},
        )
    ],
)
UNDONE = Appended(cursor=CURSOR, results=[Result("price:CASH-USD", 2)])
PINS = Pins([PinView("price:CASH-USD", "/price", "70000.00", "69000.00", gone=False, until=NOW)])
HAPPENED = Happened(
    [StandingView(id="g-31", op="void", kind="goal", ts=NOW, data={"side": "home"}, why="offside")]
)
SOURCE = SourceView(
    name="quotes",
    kind="http_json",
    state="running",
    last_run=NOW,
    last_change=NOW - 4000,
    last_error=None,
    runs=120,
    changes=311,
    errors=0,
    missed=0,
    next_run=NOW + 10_000,
    quota_left=480,
    held=[
        HeldView(
            topic="price:CASH-USD",
            field="price",
            value="7.00",
            shown="70000.00",
            why="a jump of 99.9 %",
            since=NOW,
            polls_left=2,
        )
    ],
    topics=[Relied("price:CASH-USD", in_force=True, state="live", heard=NOW)],
    clock_ahead_ms=None,
)
SOURCES = Sources("feed-1", "feed-1", [SOURCE])
STATE = State(
    instance="feed-1",
    now=NOW,
    epoch="k3f9",
    first=1,
    head=18_233,
    size_bytes=4_096_000,
    durable=True,
    leader="feed-1",
    counts=Counts(topics=18, subscribers=240, behind=0, ws=231, sse=9),
    sources=[],
)
CONNECTED = Connected(
    "feed-1",
    240,
    [
        ConnectionView(
            id="c-5f0c19aa",
            door="ws",
            address="192.0.2.7",
            topics=["price:*"],
            conflate_ms=250,
            delay_ms=0,
            cursor=CURSOR,
            lag=0,
            behind=False,
            age_s=61,
        )
    ],
)
STAY = Stay("4mZ…", 1_790_043_200, 1_790_001_800)
