"""Which log is followed: one that comes late, one that ends, one that cannot be followed."""

import asyncio
import logging

import pytest

from feed.errors import (
    FeedError,
    LogAway,
    LogInUse,
    LogUnavailable,
    SettingsError,
)
from feed.hub.subscription import Options
from feed.model.frame import Frame
from tests.support.clock import run_virtual
from tests.support.following import A, Scene, play
from tests.support.log import appended
from tests.support.records import changed
from tests.support.replaced import Ending
from tests.support.viewer import Viewer

AWAY = LogAway("nobody listens")


def test_a_log_that_is_away_at_the_start_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    async def act(scene: Scene) -> None:
        begun = asyncio.create_task(scene.hub.began())
        await asyncio.sleep(60)
        assert scene.opener.tries == 121, "twice a second"
        for ask in (
            lambda: scene.hub.live,
            lambda: scene.hub.log,
            lambda: scene.hub.epoch,
            lambda: scene.hub.head,
            lambda: scene.hub.current(A),
        ):
            with pytest.raises(LogUnavailable, match="not in reach since the start"):
                ask()
        viewer = Viewer(scene.hub, A)
        with pytest.raises(LogUnavailable):
            await viewer.come()
        with pytest.raises(LogUnavailable):
            await scene.put(1)
        assert not begun.done()
        log = Ending()
        await appended(log, changed(1))
        scene.opener.finds(log)
        await begun

        await viewer.come()
        assert viewer.reader.items == {A: {"price": "1"}}
        assert not scene.hub.failed.done()

    play(act, AWAY)
    assert caplog.text.count("waiting for the log: nobody listens") == 1


def test_a_log_that_ends_while_it_is_begun_is_let_go_of_and_opened_anew() -> None:
    ended, again, good = Ending(), Ending(), Ending()
    ended.end()

    async def act(scene: Scene) -> None:
        await scene.hub.began()
        assert scene.hub.log is good
        assert (ended.is_closed, again.is_closed, good.is_closed) == (True, True, False)

    again.end(LogAway("gone"))
    play(act, ended, again, good)
    assert good.is_closed


@pytest.mark.parametrize("error", [LogInUse("x"), LogUnavailable("x"), SettingsError("x")])
def test_a_log_that_cannot_be_opened_ends_the_start(error: FeedError) -> None:
    async def run() -> None:
        scene = Scene(error)
        with pytest.raises(type(error)):
            await scene.hub.start()
        await scene.hub.stop()

    run_virtual(run())


def test_a_hub_is_stopped_before_it_has_begun() -> None:
    async def act(scene: Scene) -> None:
        await asyncio.sleep(3)
        assert not scene.hub.failed.done()

    play(act, AWAY)


@pytest.mark.parametrize("error", [LogUnavailable("a fault"), ValueError("a fault")])
def test_any_other_end_is_the_end_of_the_hub(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(scene: Scene) -> None:
        log = scene.hub.log
        assert isinstance(log, Ending)
        log.overtake(error)  # type: ignore[arg-type]
        with pytest.raises(type(error), match="a fault"):
            await scene.hub.failed

    play(act)
    assert "the log can no longer be told" in caplog.text


def test_a_next_log_that_cannot_be_opened_is_the_end_of_the_hub() -> None:
    async def act(scene: Scene) -> None:
        log = scene.hub.log
        assert isinstance(log, Ending)
        scene.opener.finds(AWAY, AWAY, LogInUse("another has it"))
        log.end()
        with pytest.raises(LogInUse):
            await scene.hub.failed

    play(act)


class Broken(Viewer):
    """A door with a fault of ours, where it is told that it is not forgotten."""

    def write(self, frame: Frame) -> None:
        super().write(frame)
        if self.kinds()[-1] == "heartbeat":
            raise ValueError("a door's fault")


def test_the_first_failure_is_the_one_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        log = Ending()
        scene = Scene(log, heartbeat_s=10)
        await scene.hub.start()
        await Broken(scene.hub, A).come()
        await asyncio.sleep(20)
        log.overtake(LogUnavailable("the second"))
        await asyncio.sleep(1)
        with pytest.raises(ValueError, match="a door's fault"):
            await scene.hub.failed
        await scene.hub.stop()

    run_virtual(run())
    assert caplog.text.count("the log can no longer be told") == 2


def test_what_ends_with_the_log_is_one_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    async def act(scene: Scene) -> None:
        await scene.put(1)
        await asyncio.sleep(1)
        await scene.viewer(A, options=Options(delay_ms=100))
        log, next_log = scene.hub.log, Ending()
        assert isinstance(log, Ending)
        scene.opener.finds(next_log)
        log.end()
        await scene.follows(next_log)
        assert not scene.hub.failed.done()

    play(act)
    assert caplog.text.count("ends: another log") == 2, "the live lane's, and the delayed one's"
    assert caplog.text.count("all subscribers begin again") == 1
