"""What becomes of all who stood in a log that has ended, wherever they stood."""

import asyncio

import pytest

from feed.errors import (
    LogAway,
    LogReplaced,
    LogUnavailable,
)
from feed.hub.subscription import Options
from tests.support.clock import run_virtual
from tests.support.following import A, B, Scene, play
from tests.support.replaced import Ending
from tests.support.viewer import Viewer

AWAY = LogAway("nobody listens")


def test_everybody_begins_again_in_the_next_log_wherever_it_stood() -> None:
    """Each is told a reset and the items as they are in the new epoch, once, and goes on there."""

    async def act(scene: Scene) -> None:
        log = scene.hub.log
        assert isinstance(log, Ending)
        await scene.put(1)
        await scene.put(1, B)
        await asyncio.sleep(2)
        patient, delayed = Options(conflate_ms=60_000), Options(delay_ms=1000)
        standing, same = [await scene.viewer(A, B) for _ in range(2)]
        fields = await scene.viewer(A, B, options=Options(fields=("x",)))
        held = await scene.viewer(A, B, options=patient)
        await scene.put(2)
        await scene.put(3)
        late_in_group = await scene.viewer(A, B, options=patient)
        behind_delay = await scene.viewer(A, B, options=delayed)
        stuck = await scene.viewer(A, B)
        stuck.stick()
        await scene.put(4)
        viewers = [standing, same, fields, held, late_in_group, behind_delay, stuck]
        nowhere = await scene.viewer(A)
        await nowhere.change()
        epoch, next_log = scene.hub.epoch, await log.less(2)
        scene.opener.finds(next_log)
        log.end()
        await scene.follows(next_log)

        assert stuck.kinds()[-1] == "snapshot", "it takes nothing now, and is told nothing"
        stuck.flow()
        await stuck.caught_up()
        await scene.put(9)
        await asyncio.sleep(60)
        for viewer in viewers:
            assert viewer.reader.resets == ["epoch"]
            assert viewer.kinds().count("reset") == 1
            assert viewer.reader.items == {A: {"x": 9}, B: {"x": 1}}
            assert (viewer.reader.cursor or "").startswith(f"{scene.hub.epoch}-")
        assert scene.hub.epoch != epoch
        assert log.is_closed
        assert "reset" not in nowhere.kinds(), "it holds nothing"

    play(act)


def test_who_is_gone_meanwhile_comes_back_to_a_reset() -> None:
    async def act(scene: Scene) -> None:
        log = scene.hub.log
        assert isinstance(log, Ending)
        await scene.put(1)
        viewer = await scene.viewer(A)
        await viewer.leave()
        next_log = await log.less(0)
        scene.opener.finds(next_log)
        log.end()
        await scene.follows(next_log)
        await viewer.come(resume=True)

        assert viewer.reader.resets == ["epoch"]
        assert viewer.last("subscribed")["resumed"] is False

    play(act)


@pytest.mark.parametrize("turns", range(1, 9))
def test_a_log_that_ends_again_and_again(turns: int) -> None:
    """Also while those who stood in the one before are still brought up."""

    async def act(scene: Scene) -> None:
        log = scene.hub.log
        assert isinstance(log, Ending)
        await scene.put(1)
        viewers = [await scene.viewer(A) for _ in range(3)]
        viewers[0].stick()
        delayed = await scene.viewer(A, options=Options(delay_ms=500))
        for _ in range(3):
            next_log = await log.less(0)
            scene.opener.finds(next_log)
            log.end()
            log = next_log
            for _ in range(turns):
                await asyncio.sleep(0)
        viewers[0].flow()
        await asyncio.sleep(5)

        for viewer in (*viewers, delayed):
            assert viewer.reader.items == {A: {"x": 1}}
            assert (viewer.reader.cursor or "").startswith(f"{scene.hub.epoch}-")
            assert set(viewer.reader.resets) == {"epoch"}

    play(act)


def test_while_the_next_log_is_away_all_are_told_that_they_are_not_forgotten() -> None:
    async def run() -> None:
        log = Ending()
        scene = Scene(log, heartbeat_s=10)
        await scene.hub.start()
        await scene.put(1)
        viewer = await scene.viewer(A)
        scene.opener.finds(AWAY)
        log.end()
        await asyncio.sleep(35)
        assert viewer.kinds().count("heartbeat") == 3
        assert scene.hub.live.standing(viewer.wanted.filters).items, "what was read is still served"
        with pytest.raises(LogReplaced):
            await scene.put(2)
        next_log = await log.less(0)
        scene.opener.finds(next_log)
        await scene.follows(next_log)
        assert viewer.reader.resets == ["epoch"]
        await scene.hub.stop()

    run_virtual(run())


def test_who_is_served_just_then_is_told_to_come_again_or_begins_again() -> None:
    async def act(scene: Scene) -> None:
        log = scene.hub.log
        assert isinstance(log, Ending)
        await scene.put(1)
        resuming, delaying, here = [await scene.viewer(A) for _ in range(3)]
        await resuming.leave()
        await scene.put(2)
        log.gate.clear()
        coming = asyncio.create_task(resuming.come(resume=True))
        wanted = delaying.wanted
        changing = [
            asyncio.create_task(each.change(A, options=Options(delay_ms=700)))
            for each in (delaying, Viewer(scene.hub, B))
        ]
        await asyncio.sleep(1)
        assert log.waiting == 2, "one asks whether it may resume, and one delay is opened"
        log.gate.set()
        next_log = await log.less(0)
        scene.opener.finds(next_log)
        log.end()
        outcomes = await asyncio.gather(coming, *changing, return_exceptions=True)
        assert all(isinstance(each, LogUnavailable) for each in outcomes)
        delaying.wanted = wanted
        await scene.follows(next_log)

        assert resuming.member not in scene.hub.members
        for viewer in (delaying, here):
            assert viewer.reader.resets == ["epoch"]
        await scene.put(3)
        assert here.reader.items == delaying.reader.items == {A: {"x": 3}}

    play(act)


def test_a_delay_that_is_opened_while_the_hub_begins_again_is_given_up() -> None:
    async def act(scene: Scene) -> None:
        log = scene.hub.log
        assert isinstance(log, Ending)
        await scene.put(1)
        viewer = await scene.viewer(A)
        log.gate.clear()
        changing = asyncio.create_task(viewer.change(A, options=Options(delay_ms=700)))
        await asyncio.sleep(1)
        next_log = Ending()
        scene.opener.finds(next_log)
        log.end()  # it still answers nothing
        with pytest.raises(LogUnavailable, match="begins again"):
            await changing
        viewer.wanted = viewer.member.subscription
        await scene.follows(next_log)

        assert (viewer.reader.resets, viewer.reader.items) == (["epoch"], {})

    play(act)


def test_a_log_that_went_on_faster_than_it_was_followed_keeps_its_epoch() -> None:
    async def act(scene: Scene) -> None:
        log = scene.hub.log
        assert isinstance(log, Ending)
        await scene.put(1)
        near, behind, gone = [await scene.viewer(A) for _ in range(3)]
        behind.stick()
        await gone.leave()
        await scene.put(2)
        await scene.put(3)
        again = await log.less(0)
        again.same_as(log)
        await again.trim(3)
        scene.opener.finds(again)
        log.overtake(LogReplaced("faster"))
        await scene.follows(again)
        behind.flow()
        await behind.caught_up()
        await gone.come(resume=True)
        await scene.put(4)

        assert near.reader.resets == behind.reader.resets == []
        assert gone.reader.resets == ["expired"]
        for viewer in (near, behind, gone):
            assert viewer.reader.items == {A: {"x": 4}}
        assert log.is_closed

    play(act)
