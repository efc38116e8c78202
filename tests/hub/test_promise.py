"""The promise of protocol section 3, whatever happens in whichever order."""

import asyncio
from typing import Any, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.subscription import Options
from feed.log.memory import MemoryLog
from feed.model.change import Change, EventChange
from tests.support.clock import LoopClock, run_virtual
from tests.support.log import lent
from tests.support.viewer import Viewer

Act: TypeAlias = tuple[Any, ...]

TOPICS = ("price:A", "score:L.A-B")

values = st.sampled_from([None, 1, 2, {"b": 1}, {"a": 2}, {"a": None}])
patches = st.dictionaries(st.sampled_from(["x", "y"]), values, max_size=2)
changes = st.one_of(
    st.builds(lambda t, p: Change(topic=t, patch=p), st.sampled_from(TOPICS), patches),
    st.builds(lambda t, p: Change(topic=t, data=p), st.sampled_from(TOPICS), patches),
    st.builds(lambda t: Change(topic=t, gone=True), st.sampled_from(TOPICS)),
    st.builds(
        lambda t, p: Change(topic=t, patch=p, event=EventChange(kind="k")),
        st.sampled_from(TOPICS),
        st.one_of(st.none(), patches),
    ),
)
one = st.integers(0, 2)
change = st.tuples(st.just("change"), st.lists(changes, min_size=1, max_size=3))
acts: st.SearchStrategy[Act] = st.one_of(
    change,
    change,
    change,
    st.tuples(st.just("stick"), one),
    st.tuples(st.just("flow"), one),
    st.tuples(st.just("leave"), one),
    st.tuples(st.just("come"), one),
    st.tuples(st.just("begin"), one),
    st.tuples(st.just("set"), one, st.sampled_from([0, 100]), st.sampled_from([0, 0, 500])),
    st.tuples(st.just("wait"), st.sampled_from([0, 1, 30, 60, 600, 16_000])),
    st.tuples(st.just("trim"), st.integers(0, 3)),
)
options = st.sampled_from(
    [
        Options(),
        Options(fields=("x",)),
        Options(conflate_ms=100),
        Options(conflate_ms=20_000),
        Options(conflate_ms=100, fields=("x",)),
        Options(window_ms=50),
        Options(window_ms=50, fields=("x",)),
        Options(delay_ms=500),
        Options(delay_ms=500, conflate_ms=100),
    ]
)
filters = st.sampled_from([["*"], ["price:A"], ["price:*"], ["price:A", "score:L.A-B"]])
# Who wants the same thing shares a group, and that is where they can get in each other's way.
wants_of_three = st.one_of(
    st.tuples(filters, options).map(lambda want: [want] * 3),
    st.tuples(filters, options).map(lambda want: [want] * 3),
    st.lists(st.tuples(filters, options), min_size=3, max_size=3),
)


class Scene:
    """Three viewers of one hub, and what was acknowledged."""

    def __init__(self, wants: list[tuple[list[str], Options]]) -> None:
        self.log = MemoryLog()
        self.hub = Hub(lent(self.log), LoopClock(), heartbeat_s=15)
        self.ingest = Ingest(self.hub, LoopClock())
        self.viewers = [Viewer(self.hub, *topics, options=each) for topics, each in wants]
        self.here: set[int] = set()
        self.told: list[tuple[str, str]] = []
        self.began = [0, 0, 0]

    async def play(self, script: list[Act]) -> None:
        """Begin, do it all, and look at what everybody has in the end."""
        for viewer in self.viewers:
            await viewer.come()
        self.here = {0, 1, 2}
        for act in script:
            await self.act(act)
        await self.settle()
        for n in range(len(self.viewers)):
            self.check(n)

    async def act(self, act: Act) -> None:
        """Do one thing; what makes no sense now is passed over."""
        match act:
            case ("change", batch):
                await self.change(batch)
            case ("stick", n):
                self.viewers[n].stick()
            case ("flow", n):
                self.viewers[n].flow()
            case ("leave", n) if n in self.here:
                self.here.discard(n)
                await self.viewers[n].leave()
            case ("come", n) if n not in self.here:
                self.here.add(n)
                self.viewers[n].flow()
                await self.viewers[n].come(resume=True)
            case ("begin", n) if n not in self.here:
                self.here.add(n)
                self.viewers[n] = self.viewers[n].anew()
                self.began[n] = len(self.told)
                await self.viewers[n].come()
            case ("set", n, conflate_ms, delay_ms) if (
                n in self.here and not self.viewers[n].is_full
            ):
                viewer = self.viewers[n]
                options = replace(viewer.wanted.options, conflate_ms=conflate_ms, delay_ms=delay_ms)
                await viewer.change(*viewer.wanted.filters.names(), options=options)
            case ("wait", ms):
                await asyncio.sleep(ms / 1000)
            case ("trim", keep):
                await self.log.trim((await self.log.bounds()).head - keep)
            case _:
                pass

    async def change(self, batch: list[Change]) -> None:
        """Inject what can be injected."""
        for change in batch:
            item = self.hub.current(change.topic)
            if change.gone and (item is None or item.data is None):
                continue
            receipt = await self.ingest.submit([change])
            (result,) = receipt.results
            if result.event:
                self.told.append((result.topic, result.event))

    async def settle(self) -> None:
        """Let everybody read to the end."""
        for n, viewer in enumerate(self.viewers):
            viewer.flow()
            if n not in self.here:
                await viewer.come(resume=True)
        await asyncio.sleep(25)  # virtual: beyond every window and delay

    def check(self, n: int) -> None:
        """What a viewer has in the end, and which events it was told."""
        viewer = self.viewers[n]
        self.check_items(viewer)
        events = [(event["topic"], event["id"]) for event in viewer.reader.events]
        # A delayed viewer that begins is told what was injected before it came, too.
        told = self.told if viewer.was_late else self.told[self.began[n] :]
        wanted = [event for event in told if viewer.wanted.filters.matches(event[0])]
        if viewer.reader.resets:
            assert _is_subsequence(events, wanted)
        elif viewer.was_late:
            assert events == wanted[len(wanted) - len(events) :]
        else:
            assert events == wanted

    def check_items(self, viewer: Viewer) -> None:
        """What a viewer has in the end."""
        fields, expected = viewer.wanted.interest, {}
        for item in self.hub.live.tail.current(viewer.wanted.filters):
            state = item.state() or {}
            expected[item.topic] = {k: v for k, v in state.items() if fields is None or k in fields}
        assert viewer.reader.items == expected


@settings(max_examples=100, deadline=None)
@given(
    wants=wants_of_three,
    script=st.lists(acts, min_size=5, max_size=30),
)
def test_every_event_once_in_order_and_the_right_state_in_the_end(
    wants: list[tuple[list[str], Options]], script: list[Act]
) -> None:
    """The viewers apply frames strictly: versions without a gap, cursors that only grow."""

    async def play() -> None:
        scene = Scene(wants)
        await scene.hub.start()
        try:
            await scene.play(script)
        finally:
            await scene.hub.stop()

    run_virtual(play())


def _is_subsequence(some: list[tuple[str, str]], every: list[tuple[str, str]]) -> bool:
    rest = iter(every)
    return all(event in rest for event in some)
