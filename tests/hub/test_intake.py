"""Sources' words on their way into a real log, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import pytest

from feed.errors import LogUnavailable
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.intake import Intake
from feed.log.base import Bounds
from feed.log.memory import MemoryLog
from feed.model.change import Change, EventChange
from feed.model.entry import Entry
from feed.sources.base import Poll
from feed.sources.desk.desk import NothingHeld
from feed.sources.policy import Policy
from tests.support.clock import LoopClock, run_virtual
from tests.support.desk import COIN, MATCH, coin, counted, goal, match, told
from tests.support.failing_log import FailingLog
from tests.support.log import lent

API = Policy(name="api", trust="checked", every_s=5, stale_after_s=30)
WALK = Policy(name="walk", trust="made")


class Newsroom:
    """An intake over a log in memory, and who speaks to it."""

    def __init__(self, hub: Hub, log: FailingLog, policies: Sequence[Policy]) -> None:
        self.hub = hub
        self.log = log
        self.clock = LoopClock()
        self.ingest = Ingest(hub, self.clock)
        self.policies = policies
        self.intake = self.begin()

    def begin(self) -> Intake:
        """What another term begins with."""
        self.intake = Intake(self.hub, self.ingest, self.clock, self.policies, "")
        return self.intake

    async def says(self, source: str, *changes: Change, failure: str | None = None) -> int:
        """A poll now."""
        return await self.intake.publish(Poll(source, self.clock.now_ms(), changes, failure))

    async def entries(self) -> Sequence[Entry]:
        """The whole log."""
        return await self.log.read(0, 100_000)

    async def move_on(self) -> None:
        """So much happens that the hub remembers nothing of before."""
        for number in range(12):
            many = [
                Change(topic=f"price:{number}-{each}", patch={"price": "1"}) for each in range(1000)
            ]
            await self.ingest.submit(many)

    def state(self, topic: str) -> object:
        """The item's state."""
        item = self.hub.current(topic)
        return item and (item.state() or {}).get("state")


def play(act: Callable[[Newsroom], Awaitable[None]], *policies: Policy) -> None:
    async def run() -> None:
        log = FailingLog(MemoryLog())
        hub = Hub(lent(log), LoopClock(), heartbeat_s=1000)
        await hub.start()
        newsroom = Newsroom(hub, log, policies or (API,))
        await newsroom.intake.start()
        try:
            await act(newsroom)
        finally:
            await newsroom.intake.stop()
            await hub.stop()

    run_virtual(run())


def test_what_is_said_is_appended_and_counted() -> None:
    async def act(room: Newsroom) -> None:
        assert await room.says("api", coin("100"), match(0, 0)) == 2
        assert await room.says("api", coin("100"), match(0, 0)) == 0
        assert await room.says("api", coin("900"), match(2, 0), goal("a")) == 2
        assert counted(await room.entries()) == (2, 0)

    play(act)


def test_silence_is_seen_within_a_second_and_once() -> None:
    async def act(room: Newsroom) -> None:
        await room.says("api", coin("100"))
        await asyncio.sleep(29.9)
        assert room.state(COIN) == "live"
        await asyncio.sleep(1.2)
        assert room.state(COIN) == "stale"
        await asyncio.sleep(1000)
        assert len(await room.entries()) == 2
        await room.says("api", coin("100"))
        assert room.state(COIN) == "live"

    play(act)


def test_what_an_admin_injects_counts_as_well() -> None:
    async def act(room: Newsroom) -> None:
        await room.says("api", match(0, 0))
        by_hand = EventChange(id="desk-1", kind="goal", data={"side": "home"})
        await room.ingest.submit([Change(topic=MATCH, patch={"home": {"score": 1}}, event=by_hand)])
        assert await room.says("api", match(1, 0)) == 0
        for _ in range(3):
            await asyncio.sleep(5)
            await room.says("api", match(0, 0))
        entries = await room.entries()
        assert told(entries)[1:] == [("void", "desk-1", "goal", [0, 0])]
        assert counted(entries) == (0, 0)

    play(act)


def test_another_term_knows_the_goals_of_the_last() -> None:
    async def act(room: Newsroom) -> None:
        await room.says("api", match(0, 0))
        await room.says("api", match(2, 0), goal("a"), goal("b"))
        await room.intake.stop()
        await room.begin().start()
        assert await room.says("api", match(2, 0), goal("a"), goal("b")) == 0
        await room.says("api", match(1, 0), goal("b", op="void"))
        assert counted(await room.entries()) == (1, 0)
        await asyncio.sleep(32)
        assert room.state(MATCH) == "stale"

    play(act)


def test_goals_are_known_though_the_memory_has_moved_on() -> None:
    async def act(room: Newsroom) -> None:
        await room.says("api", match(0, 0))
        await room.says("api", match(1, 0), goal("a"))
        await room.move_on()
        assert room.hub.live.tail.first > 3
        await room.says("api", match(0, 0), goal("a", op="void"))
        assert told(await room.entries()) == [
            ("add", "a", "goal", None),
            ("void", "a", "goal", None),
        ]

    play(act)


def test_what_was_trimmed_is_passed_over() -> None:
    async def act(room: Newsroom) -> None:
        await room.says("api", match(0, 0))
        await room.says("api", match(1, 0), goal("a"))
        await room.intake.stop()
        await room.move_on()
        await room.log.trim(3000)
        await room.begin().start()
        for _ in range(3):
            await asyncio.sleep(5)
            await room.says("api", match(0, 0))
        last = (await room.log.read(2999, 20_000))[-1]
        assert [(op, kind) for op, _, kind, _ in told([last])] == [("add", "correction")]

    play(act)


def test_what_the_log_refuses_is_decided_anew() -> None:
    async def act(room: Newsroom) -> None:
        await room.says("api", match(0, 0))
        poll = Poll("api", room.clock.now_ms() + 5000, (match(2, 0), goal("a"), goal("b")))
        room.log.fail(1)
        with pytest.raises(LogUnavailable):
            await room.intake.publish(poll)
        assert await room.intake.publish(poll) == 2
        assert counted(await room.entries()) == (2, 0)

    play(act)


def test_an_event_that_waited_is_told_though_the_log_refused_it_first() -> None:
    async def act(room: Newsroom) -> None:
        await room.says("api", match(0, 0), goal("first"))
        assert counted(await room.entries()) == (0, 0)
        poll = Poll("api", room.clock.now_ms() + 5000, (match(1, 0),))
        room.log.fail(1)
        with pytest.raises(LogUnavailable):
            await room.intake.publish(poll)
        assert await room.intake.publish(poll) == 1
        assert told(await room.entries())[-1][:2] == ("add", "first")

    play(act)


def test_what_is_decided_is_appended_though_its_poll_never_comes_again() -> None:
    async def act(room: Newsroom) -> None:
        await room.says("api", match(0, 0))
        poll = Poll("api", room.clock.now_ms() + 5000, (match(1, 0), goal("a")))
        room.log.fail(1)
        with pytest.raises(LogUnavailable):
            await room.intake.publish(poll)
        await asyncio.sleep(1.1)
        assert told(await room.entries())[-1][:2] == ("add", "a")
        assert await room.intake.publish(poll) == 1, "so many it was"
        assert len(await room.entries()) == 2

    play(act)


def test_a_source_that_steps_in_does_so_when_the_log_can_be_written() -> None:
    async def act(room: Newsroom) -> None:
        await room.says("api", coin("100"))
        await room.says("spare", coin("101"))
        await asyncio.sleep(29.5)
        await room.says("spare", coin("102"))
        room.log.fail(3)
        await asyncio.sleep(10)
        item = room.hub.current(COIN)
        assert item is not None
        shown = item.state() or {}
        assert (shown["price"], shown["source"], shown["state"]) == ("102", "spare", "live")

    play(act, API, msgspec.structs.replace(API, name="spare"))


def test_a_generator_s_name_is_told_though_the_log_refused_it_first() -> None:
    async def act(room: Newsroom) -> None:
        poll = Poll("walk", room.clock.now_ms(), (Change(topic=COIN, patch={"price": "1"}),))
        room.log.fail(1)
        with pytest.raises(LogUnavailable):
            await room.intake.publish(poll)
        assert await room.intake.publish(poll) == 1
        [entry] = await room.entries()
        assert entry.after() == {"price": "1", "source": "walk", "high": "1", "low": "1"}

    play(act, WALK)


def test_what_is_trimmed_while_it_is_read_is_passed_over() -> None:
    async def act(room: Newsroom) -> None:
        await room.says("api", match(0, 0))
        await room.intake.stop()
        await room.move_on()
        await room.log.trim(1000)
        bounds, trims = room.log.bounds, iter((2000, 3000))

        async def trimmed_meanwhile() -> Bounds:
            now = await bounds()
            for before in trims:
                await room.log.trim(before)
                break
            return now

        room.hub.log.bounds = trimmed_meanwhile  # type: ignore[method-assign]
        await room.begin().start()
        assert next(trims, None) is None

    play(act)


@pytest.mark.parametrize("error", [LogUnavailable("no space"), RuntimeError("a fault of ours")])
def test_a_state_that_could_not_be_told_is_told_when_it_can_be(error: Exception) -> None:
    async def act(room: Newsroom) -> None:
        await room.says("api", coin("100"))
        room.log.fail(3, error)
        await asyncio.sleep(60)
        assert room.state(COIN) == "stale"

    play(act)


def test_a_generator_waits_for_nobody() -> None:
    async def act(room: Newsroom) -> None:
        assert await room.says("walk", coin("1", state="live")) == 1
        assert await room.says("walk", coin("9999", state="live")) == 1
        assert await room.says("nobody", match(3, 0)) == 1
        assert await room.says("nobody", match(0, 0)) == 1

    play(act, WALK, API)


def test_an_admin_decides() -> None:
    async def act(room: Newsroom) -> None:
        await room.says("api", coin("100"))
        await room.says("api", coin("200"))
        [held] = room.intake.view("api").held
        assert (held.topic, held.field, held.value, held.shown) == (COIN, "price", "200", "100")
        room.intake.reject("api", COIN)
        await room.intake.accept("api", COIN)
        assert (await room.entries())[-1].after() == {
            "price": "200", "source": "api", "state": "live", "high": "200", "low": "100",
        }  # fmt: skip
        with pytest.raises(NothingHeld):
            await room.intake.accept("api", COIN)

    play(act)
