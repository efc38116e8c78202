"""The promise of protocol section 3 as a state machine: whatever happens, in whichever order.

Real doors, hub and engines in virtual time; hops, restarts, trims, options, pins and undo.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from msgspec.structs import replace

from feed.errors import NotToUndo, Refused
from feed.hub.audit import Action, Audit
from feed.hub.ingest import Receipt
from feed.hub.subscription import Options
from feed.log.base import EventLog
from feed.model.change import Change, EventChange
from tests.support.clock import VirtualLoop
from tests.support.counted_log import Counted, working
from tests.support.log import Outliving
from tests.support.polls import Polls, polls, told
from tests.support.witness import Truth, Witness

T = TypeVar("T")

SOAK = os.environ.get("FEED_SOAK") == "1"
VIEWERS = 3
TOPICS = ("price:A", "score:L.A-B")
IDS = ("g-1", "g-2", "g-3")
LONG_S = 30
"""Beyond every window and delay, and a poll's wait."""

values = st.sampled_from([None, 1, 2, {"b": 1}, {"a": 2}, {"a": None}])
patches = st.dictionaries(st.sampled_from(["x", "y"]), values, max_size=2)
topics = st.sampled_from(TOPICS)
one_of_them = st.integers(0, VIEWERS - 1)
added = st.builds(
    lambda t, p, i: Change(topic=t, patch=p, event=EventChange(kind="k", id=i)),
    topics,
    st.none() | patches,
    st.none() | st.sampled_from(IDS),
)
corrected = st.builds(
    lambda t, p, i, op: Change(topic=t, patch=p, event=EventChange(op=op, id=i, data={"n": 1})),
    topics,
    st.none() | patches,
    st.sampled_from(IDS),
    st.sampled_from(["amend", "void"]),
)
changes = st.one_of(
    st.builds(lambda t, p: Change(topic=t, patch=p), topics, patches),
    st.builds(lambda t, p: Change(topic=t, data=p), topics, patches),
    st.builds(lambda t: Change(topic=t, gone=True), topics),
    added,
    added,
    corrected,
)
options = st.builds(
    Options,
    conflate_ms=st.sampled_from([0, 0, 100, 20_000]),
    window_ms=st.sampled_from([0, 0, 50]),
    delay_ms=st.sampled_from([0, 0, 500]),
    fields=st.sampled_from([None, None, ("x",), ("y",)]),
)
filters = st.sampled_from([("*",), ("price:A",), ("price:*",), TOPICS])


class Promise(RuleBasedStateMachine):
    """One instance on a log in memory, three viewers, and everything that was acknowledged."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.truth = Truth()
        self.viewers: list[Witness] = []
        self.run(self.begin())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """One step; what it leaves under way goes on with the next one."""
        return self.loop.run_until_complete(work)

    async def open(self) -> EventLog:
        """The log, which outlives the instance."""
        return self.log

    async def begin(self) -> None:
        """Start an instance."""
        if not self.viewers:
            self.prepare()
        self.life = AsyncExitStack()
        opened = await self.open()
        self.place: Polls = await self.life.enter_async_context(polls(opened))
        self.opened = opened

    def prepare(self) -> None:
        """What there is before the first start."""
        self.log = Outliving()

    async def note(self) -> None:
        """Read what was acknowledged from the log itself."""
        while entries := await self.opened.read(self.truth.head, 1000):
            for entry in entries:
                self.truth.add(entry)

    @initialize(wants=st.lists(st.tuples(filters, options), min_size=VIEWERS, max_size=VIEWERS))
    def come_first(self, wants: list[tuple[tuple[str, ...], Options]]) -> None:
        self.viewers = [Witness(self.place, self.truth, names, wanted) for names, wanted in wants]
        for viewer in self.viewers:
            self.run(viewer.stream())

    @rule(batch=st.lists(changes, min_size=1, max_size=3))
    def inject(self, batch: list[Change]) -> None:
        self.run(self._submit(batch))

    @rule(topic=topics, patch=patches, pin_s=st.sampled_from([0.1, 60]))
    def pin(self, topic: str, patch: dict[str, Any], pin_s: float) -> None:
        self.run(self._submit([Change(topic=topic, patch=patch, pin_s=pin_s)]))

    @rule(topic=topics)
    def unpin(self, topic: str) -> None:
        self.run(self._told(self.place.ingest.release([topic], "all")))

    @rule(batch=st.lists(changes, min_size=1, max_size=3))
    def publish(self, batch: list[Change]) -> None:
        self.run(self._told(self.place.ingest.publish("source", batch)))

    @rule(which=st.integers(0, 5))
    def undo(self, which: int) -> None:
        async def undo() -> None:
            audit = Audit(self.place.hub)
            done = (await audit.done())[which : which + 1]
            for each in done:
                try:
                    back = await audit.compensation(each)
                except NotToUndo:
                    return
                await self._submit(back, Action("undo", undoes=each.id))

        self.run(undo())

    @rule(count=st.sampled_from([40, 600]))
    def much(self, count: int) -> None:
        """More than is told version by version to who was away."""
        burst = [Change(topic="price:A", patch={"x": n, "pad": "-" * 99}) for n in range(count)]
        event = EventChange(kind="k")
        self.run(self._submit([*burst, Change(topic="price:A", event=event)]))

    async def _submit(self, batch: Any, action: Action | None = None) -> None:
        action = action or Action("inject")
        await self._told(self.place.ingest.submit(batch, action=action))

    async def _told(self, work: Awaitable[Receipt | int]) -> None:
        try:
            receipt = await work
        except Refused:
            return
        finally:
            await self.note()
        if isinstance(receipt, Receipt) and receipt.records:
            first = receipt.offset - len(receipt.records) + 1
            for place, record in enumerate(receipt.records, first):
                entry = self.truth.entries[place]
                assert (entry.topic, entry.v, entry.event) == (record.topic, record.v, record.event)

    @rule(n=one_of_them)
    def stick(self, n: int) -> None:
        self.viewers[n].stick()

    @rule(n=one_of_them)
    def flow(self, n: int) -> None:
        self.viewers[n].flow()

    @rule(n=one_of_them)
    def leave(self, n: int) -> None:
        self.run(self.viewers[n].go())

    @rule(n=one_of_them)
    def come_back(self, n: int) -> None:
        self.run(self.viewers[n].stream())

    @rule(n=one_of_them, wait_s=st.sampled_from([0, 1]))
    def poll(self, n: int, wait_s: int) -> None:
        self.run(self.viewers[n].poll(wait_s))

    @rule(n=one_of_them, wanted=options)
    def choose(self, n: int, wanted: Options) -> None:
        """`set` on a stream; the fields are those of the cursor, who wants others comes anew."""
        viewer = self.viewers[n]
        if viewer.door == "stream" and not viewer.is_full:
            wanted = replace(wanted, fields=viewer.wanted.options.fields)
            self.run(viewer.change(*viewer.wanted.filters.names(), options=wanted))

    @rule(n=one_of_them, wanted=options)
    def begin_anew(self, n: int, wanted: Options) -> None:
        self.run(self.viewers[n].go())
        names = tuple(self.viewers[n].wanted.filters.names())
        self.viewers[n].check()
        self.viewers[n] = Witness(self.place, self.truth, names, wanted)
        self.run(self.viewers[n].stream())

    @rule(ms=st.sampled_from([0, 1, 30, 60, 600, 16_000, 70_000]))
    def wait(self, ms: int) -> None:
        self.run(asyncio.sleep(ms / 1000))

    @rule(keep=st.integers(0, 5))
    def trim(self, keep: int) -> None:
        self.truth.trimmed = max(self.truth.trimmed, self.truth.head - keep - 1)
        self.run(self.opened.trim(self.truth.head - keep))

    @rule()
    def restart(self) -> None:
        async def restart() -> None:
            await self.life.aclose()
            await self.begin()
            bounds = await self.opened.bounds()
            assert bounds.head == self.truth.head
            held = await self.opened.read(bounds.first - 1, 10_000)
            assert held == [self.truth.entries[entry.offset] for entry in held]

        self.run(restart())
        for viewer in self.viewers:
            viewer.moved(self.place)

    def teardown(self) -> None:
        try:
            if self.viewers:
                self.run(self._settle())
        finally:
            self.run(self._end())
            self.run(self.loop.shutdown_asyncgens())
            self.loop.close()

    async def _settle(self) -> None:
        """Let everybody read to the end, and look at what each has then."""
        for viewer in self.viewers:
            await viewer.stream()
        await asyncio.sleep(LONG_S)
        for viewer in self.viewers:
            viewer.check()
            wanted = viewer.wanted
            names, fields = ",".join(wanted.filters.names()), wanted.options.fields
            query = f"topics={names}" + (f"&fields={','.join(fields)}" if fields else "")
            items = told(await self.place.snapshot(query))["items"]
            assert viewer.reader.items == {item["topic"]: item["data"] for item in items}
            seen = viewer.reader.versions
            assert fields or {i["topic"]: i["v"] for i in items}.items() <= seen.items()

    async def _end(self) -> None:
        await self.life.aclose()


class PromiseOnFile(Promise):
    """The same on a log in a file, which is closed and opened again by a restart."""

    def prepare(self) -> None:
        self.directory = Path(tempfile.mkdtemp(dir=_FAST))

    async def open(self) -> EventLog:
        return await working(Counted.open(self.directory / "feed.db"))

    async def _end(self) -> None:
        await super()._end()
        shutil.rmtree(self.directory)


_FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a disk in memory

TestPromise = Promise.TestCase
TestPromise.settings = settings(
    max_examples=1500 if SOAK else 30,
    stateful_step_count=60 if SOAK else 25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestPromiseOnFile = PromiseOnFile.TestCase
TestPromiseOnFile.settings = settings(TestPromise.settings, max_examples=300 if SOAK else 8)
