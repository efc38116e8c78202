"""Members along the log: groups, snapshots, places."""

import asyncio

from feed.clock import SystemClock
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.subscription import Options, Subscription
from feed.log.memory import MemoryLog
from feed.model.change import Change, EventChange
from feed.model.topic import NONE, Filters
from tests.support.log import lent
from tests.support.viewer import Viewer

A, B = "price:A", "price:B"


def put(topic: str = A, **patch: object) -> Change:
    return Change(topic=topic, patch=patch)  # type: ignore[arg-type]  # ints and texts


async def test_it_has_begun_once_it_follows_a_log(log: MemoryLog) -> None:
    hub = Hub(lent(log), SystemClock(), heartbeat_s=15)
    before = hub.has_begun
    await hub.start()
    assert (before, hub.has_begun) == (False, True)
    await hub.stop()


async def test_a_group_s_members_get_the_same_bytes_once_built(hub: Hub, ingest: Ingest) -> None:
    one, other = Viewer(hub, A), Viewer(hub, A)
    await one.come()
    await other.come()

    await ingest.submit([put(x=1)])

    assert one.last("update") == other.last("update")
    assert len(hub.live.groups) == 1
    await one.leave()
    await other.leave()
    assert hub.live.groups == {}, "a group that nobody is in is forgotten"


async def test_who_takes_no_more_leaves_the_group_and_comes_back_merged(
    hub: Hub, ingest: Ingest
) -> None:
    healthy, slow = Viewer(hub, A), Viewer(hub, A)
    await ingest.submit([put(x=0, pad="p" * 2000)])
    await healthy.come()
    await slow.come()

    slow.stick()
    for n in range(1, 51):
        goal = EventChange(kind="goal", id=f"g{n}")
        pad = str(n) * 2000
        await ingest.submit([Change(topic=A, patch={"x": n, "pad": pad[:2000]}, event=goal)])
    assert list(hub.behind) == [slow.member]
    assert slow.kinds().count("update") == 0
    assert healthy.kinds().count("update") == 50

    slow.flow()
    await slow.caught_up()
    assert slow.reader.items == healthy.reader.items
    assert slow.last("update")["items"][0]["merged"] == 50
    assert [event["id"] for event in slow.reader.events] == [f"g{n}" for n in range(1, 51)]
    assert not hub.behind

    await ingest.submit([put(x=99)])
    assert slow.last("update") == healthy.last("update"), "it is in the group again"


async def test_a_short_backlog_is_told_version_by_version(hub: Hub, ingest: Ingest) -> None:
    viewer = Viewer(hub, A)
    await ingest.submit([put(x=0)])
    await viewer.come()
    viewer.stick()
    for n in range(1, 4):
        await ingest.submit([put(x=n)])
    viewer.flow()
    await viewer.caught_up()

    assert [item["v"] for item in viewer.last("update")["items"]] == [2, 3, 4]


async def test_a_snapshot_comes_in_parts_of_500(hub: Hub, ingest: Ingest) -> None:
    await ingest.submit([put(f"price:T{n:04}", x=1) for n in range(1001)])
    viewer = Viewer(hub, "price:*")

    await viewer.come()

    parts = [frame for frame in viewer.frames if frame["type"] == "snapshot"]
    assert [(len(part["items"]), part["more"]) for part in parts] == [
        (500, True), (500, True), (1, False),
    ]  # fmt: skip


async def test_a_slow_reader_gets_the_parts_as_it_reads_them(hub: Hub, ingest: Ingest) -> None:
    await ingest.submit([put(f"price:T{n:04}", x=1) for n in range(600)])
    viewer = Viewer(hub, "price:*")
    viewer.stick()
    coming = asyncio.create_task(viewer.come())
    await asyncio.sleep(0)  # let the task subscribe and wait for its reader
    assert viewer.kinds() == ["welcome", "subscribed"]

    await ingest.submit([put("price:T0000", x=2)])
    viewer.flow()
    await coming
    await viewer.caught_up()

    assert viewer.kinds()[2:] == ["snapshot", "snapshot", "update"]
    assert viewer.reader.items["price:T0000"] == {"x": 2}


async def test_more_topics_come_with_what_is_older_first(hub: Hub, ingest: Ingest) -> None:
    viewer = Viewer(hub, A, options=Options(conflate_ms=60_000))
    await viewer.come()
    await ingest.submit([put(x=1), put(B, x=1)])
    await ingest.submit([put(x=2)])  # held back by the conflation

    before = len(viewer.frames)
    await viewer.add(B)

    told = viewer.frames[before:]
    assert [frame["type"] for frame in told] == ["subscribed", "update", "snapshot"]
    assert [item["topic"] for item in told[2]["items"]] == [B]
    assert viewer.reader.items == {A: {"x": 2}, B: {"x": 1}}


async def test_leaving_topics_and_options_bring_no_snapshot(hub: Hub, ingest: Ingest) -> None:
    viewer = Viewer(hub, A, B)
    await viewer.come()

    await viewer.change(A, options=Options(conflate_ms=100))
    assert viewer.kinds().count("snapshot") == 1

    await ingest.submit([put(B, x=1), put(A, x=1)])
    await hub.live.reached(hub.head)
    assert [item["topic"] for item in viewer.last("update")["items"]] == [A]


async def test_further_fields_bring_the_items_again(hub: Hub, ingest: Ingest) -> None:
    await ingest.submit([put(x=1, y=1)])
    viewer = Viewer(hub, A, options=Options(fields=("x",)))
    await viewer.come()
    assert viewer.reader.items == {A: {"x": 1}}

    await viewer.change(A, options=Options(fields=("x", "y")))
    assert viewer.reader.items == {A: {"x": 1, "y": 1}}
    await viewer.change(A, options=Options(fields=("x",)))
    assert viewer.kinds().count("snapshot") == 2, "fewer need none"


async def test_what_is_older_is_told_before_further_fields(hub: Hub, ingest: Ingest) -> None:
    held_back, goal = Options(conflate_ms=60_000, fields=("x",)), EventChange(kind="goal", id="g")
    viewer = Viewer(hub, A, options=held_back)
    await viewer.come()
    await ingest.submit([put(x=1)])
    await ingest.submit([Change(topic=A, patch={"x": 2, "y": 2}, event=goal)])
    assert [event["id"] for event in viewer.reader.events] == []

    await viewer.change(A, options=Options(conflate_ms=60_000, fields=("x", "y")))
    assert [event["id"] for event in viewer.reader.events] == ["g"]
    assert viewer.kinds()[-3:] == ["update", "subscribed", "snapshot"]
    assert viewer.reader.items == {A: {"x": 2, "y": 2}}


async def test_no_snapshot_comes_of_what_was_left_before_it_could(hub: Hub, ingest: Ingest) -> None:
    await ingest.submit([put(x=1), put(B, x=1)])
    viewer = Viewer(hub, A)
    await viewer.come()
    await viewer.change(A, options=Options(delay_ms=60_000))
    await viewer.add(B)
    owed = [viewer.member.owed]
    for left in ([A], []):
        await viewer.change(*left)
        owed.append(viewer.member.owed)
    assert owed == [Filters.of([B]), NONE, None], "first a snapshot without items, then none"
    await viewer.leave()


async def test_who_watches(hub: Hub) -> None:
    for topics in ([A], ["price:*"], [B], ["score:*"]):
        await Viewer(hub, *topics).come()

    assert hub.watching([A]) == 2
    assert hub.watching([A, B]) == 3
    assert hub.watching(["score:X"]) == 1


async def test_a_topic_is_watched_while_somebody_follows_it(hub: Hub) -> None:
    assert not hub.is_watched(A)
    late = Viewer(hub, "price:*", options=Options(delay_ms=1000))
    for viewer in (Viewer(hub, A), Viewer(hub, "*"), late):
        await viewer.come()
        await viewer.caught_up()
        assert hub.is_watched(A)
        await viewer.leave()
        assert not hub.is_watched(A)
    await Viewer(hub, A).come()
    assert not hub.is_watched(B)


async def test_the_place_of_a_member(hub: Hub, ingest: Ingest) -> None:
    viewer = Viewer(hub, A, options=Options(conflate_ms=60_000))
    assert hub.place(viewer.member) is None, "it has not come yet"
    await viewer.come()
    await ingest.submit([put(x=1)])
    await ingest.submit([put(x=2)])
    assert place(hub, viewer).endswith("-1"), "the second is held back"
    assert hub.lag(viewer.member) == 1

    elsewhere = Viewer(hub, B)
    await elsewhere.come()
    await ingest.submit([put(x=3)])
    assert place(hub, elsewhere).endswith("-3"), "nothing of its own is missing"
    assert hub.lag(elsewhere.member) == 0

    elsewhere.stick()
    await ingest.submit([put(B, x=1)])
    await ingest.submit([put(B, x=2)])
    assert place(hub, elsewhere).endswith("-3"), "where it stood before what it did not take"
    assert hub.lag(elsewhere.member) == 2


def place(hub: Hub, viewer: Viewer) -> str:
    """The place that a member must have by now."""
    place = hub.place(viewer.member)
    assert place is not None
    return place


async def test_who_is_owed_all_that_it_wants_has_no_place(hub: Hub) -> None:
    viewer = Viewer(hub, A)
    await viewer.come()
    viewer.member.owed = Filters.of([A])
    assert hub.place(viewer.member) is None, "with one it would not ask for its snapshot again"
    viewer.member.subscription = Subscription(Filters.of([A, B]))
    assert hub.place(viewer.member) is not None, "it has the other topic"


async def test_who_watches_counts_once_wherever_it_stands(hub: Hub, ingest: Ingest) -> None:
    patient = Options(conflate_ms=60_000)
    standing, slow, gone = Viewer(hub, A, "price:*"), Viewer(hub, A), Viewer(hub, A)
    held, late = Viewer(hub, A, options=patient), Viewer(hub, A, options=patient)
    delayed, elsewhere = Viewer(hub, A, options=Options(delay_ms=60_000)), Viewer(hub, B)
    for viewer in (standing, slow, gone, held, delayed, elsewhere):
        await viewer.come()
    await gone.leave()
    slow.stick()
    await ingest.submit([put(x=1)])
    await ingest.submit([put(x=2)])
    await late.come()

    assert list(hub.behind) == [slow.member]
    assert late.member in hub.live.groups[held.member.subscription].late
    watching = [standing, slow, held, late, delayed]
    while watching:
        assert hub.watching([A]) == len(watching)
        assert hub.watching([A, B]) == len(watching) + 1
        await watching.pop().leave()
    assert (hub.watching([A]), hub.watching([B])) == (0, 1)


async def test_who_is_being_served_watches_already(hub: Hub, ingest: Ingest) -> None:
    await ingest.submit([put(x=1)])
    viewer = Viewer(hub, A)
    viewer.stick()
    coming = asyncio.create_task(viewer.come())
    await asyncio.sleep(0)  # let the task subscribe and wait for its reader
    assert viewer.kinds() == ["welcome", "subscribed"]
    assert hub.watching([A]) == 1
    viewer.flow()
    await coming
    assert hub.watching([A]) == 1
