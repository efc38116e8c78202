"""The promise of protocol section 3 where the log is replaced by one that has lost something."""

import asyncio
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from feed.errors import LogUnavailable
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.subscription import Options
from feed.model.change import Change
from tests.hub.test_promise import Act, Scene, acts, wants_of_three
from tests.support.clock import LoopClock, run_virtual
from tests.support.replaced import Ending, Opener
from tests.support.viewer import Viewer

replacing: st.SearchStrategy[Act] = st.one_of(
    acts,
    acts,
    acts,
    st.tuples(st.just("replace"), st.integers(0, 3)),
)


class Replaced(Scene):
    """Three viewers of one hub, whose log may end."""

    def __init__(self, wants: list[tuple[list[str], Options]]) -> None:
        super().__init__(wants)
        self.ending = self.log = Ending()
        self.opener = Opener(self.log)
        self.hub = Hub(self.opener, LoopClock(), heartbeat_s=15)
        self.ingest = Ingest(self.hub, LoopClock())
        self.late = {n for n, (_, each) in enumerate(wants) if each.delay_ms}
        self.viewers = [Viewer(self.hub, *topics, options=each) for topics, each in wants]

    async def act(self, act: Act) -> None:
        """Do one thing; who cannot be served just then goes, and comes back."""
        match act:
            case ("replace", lost):
                old, self.ending = self.ending, await self.ending.less(lost)
                self.log = self.ending
                self.opener.finds(self.ending)
                old.end()
            case (word, int(n), *rest):
                if word == "set" and rest[1]:
                    self.late.add(n)
                try:
                    await super().act(act)
                except LogUnavailable:
                    await self.viewers[n].leave()
                    self.here.discard(n)
            case _:
                await super().act(act)

    async def change(self, batch: list[Change]) -> None:
        """Inject what can be injected."""
        with suppress(LogUnavailable):
            await super().change(batch)

    def check(self, n: int) -> None:
        """One that sees everything later sees again, after a reset, what was so late before it."""
        if n in self.late and self.viewers[n].reader.resets:
            self.check_items(self.viewers[n])
        else:
            super().check(n)

    async def settle(self) -> None:
        """Let the hub begin again where it must, and everybody read to the end."""
        await asyncio.sleep(1)  # virtual
        await super().settle()


@settings(max_examples=75)
@given(wants=wants_of_three, script=st.lists(replacing, min_size=5, max_size=30))
def test_every_event_once_or_a_reset_and_the_right_state_in_the_end(
    wants: list[tuple[list[str], Options]], script: list[Act]
) -> None:
    """Nothing of one epoch is told under a cursor of another: the viewers would object."""

    async def play() -> None:
        scene = Replaced(wants)
        await scene.hub.start()
        try:
            await scene.play(script)
        finally:
            await scene.hub.stop()

    run_virtual(play())
