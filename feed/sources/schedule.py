"""When sources are asked. The only place that knows APScheduler."""

import asyncio
import logging
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobEvent,
    JobExecutionEvent,
)
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from feed.clock import Clock
from feed.sources.base import Source, SourceUnknown
from feed.sources.running import Publish, Running, Status

log = logging.getLogger(__name__)

_GRACE_S = 5
_DEADLINE_S = 5.0
_SECOND = timedelta(seconds=1)
_STEP = 2 * _SECOND
"""By less than this a clock is made right, or the loop is late, all the time."""


class Schedule:
    """Asks each source at its interval, one tick of it at a time, and publishes what it says.

    It owns its sources: `stop` closes them. To begin again, make a new one of new sources.
    """

    def __init__(self, sources: Sequence[Source], publish: Publish, clock: Clock) -> None:
        self._clock = clock
        chance = random.Random()
        self._running = {source.name: Running(source, publish, clock, chance) for source in sources}
        self._ticking: set[asyncio.Task[Any]] = set()
        self._ahead_ms = 0.0
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": _GRACE_S},
        )
        self._scheduler.add_listener(self._failed, EVENT_JOB_ERROR)
        self._scheduler.add_listener(self._missed, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)

    def start(self) -> None:
        """Ask all of them now, and from then on at their intervals. Needs a running loop."""
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        # A tick that was left out is counted; a line for each of them would drown all others.
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
        # Nor is it a fault that a tick was cut off, which `stop` tells of.
        logging.getLogger("apscheduler.executors.default").addFilter(_is_no_cancellation)
        for name, running in self._running.items():
            self._scheduler.add_job(
                self._tick,
                "interval",
                seconds=running.source.every_s,
                id=name,
                args=[running],
                next_run_time=self._now(),
            )
        self._scheduler.start()
        self._ahead_ms = self._ahead_of_loop_ms()

    def keep_time(self) -> None:
        """Move what is planned with the machine's clock, where that was set since the last time.

        APScheduler goes by that clock: what it has planned for noon waits until noon, also where
        that comes once more an hour later. To be called about every second.
        """
        before_ms, self._ahead_ms = self._ahead_ms, self._ahead_of_loop_ms()
        step = timedelta(milliseconds=self._ahead_ms - before_ms)
        if abs(step) < _STEP:
            return
        log.warning("the clock was set by %.1f s: the sources go on at their pace", step / _SECOND)
        for job in self._scheduler.get_jobs():
            if job.next_run_time is not None:
                job.modify(next_run_time=job.next_run_time + step)

    async def stop(self, deadline_s: float = _DEADLINE_S) -> None:
        """Ask no more, let ticks end that are under way, cut them off late, close the sources."""
        if self._scheduler.running:
            self._scheduler.pause()
        if self._ticking:
            await asyncio.wait(self._ticking, timeout=deadline_s)
        late = set(self._ticking)
        for task in late:
            log.warning("%s was cut off: what it had found is not published", task.get_name())
            task.cancel()
        if late:
            await asyncio.wait(late)
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # it shuts down in a callback of the loop
        for running in self._running.values():
            try:
                await running.source.aclose()
            except Exception:
                log.exception("source %s did not close", running.source.name)

    def pause(self, name: str) -> None:
        """Ask it no more until `resume`. Raises SourceUnknown."""
        self._find(name).paused = True
        if job := self._scheduler.get_job(name):
            job.pause()

    def resume(self, name: str) -> None:
        """Ask it now, and at its interval again. Raises SourceUnknown."""
        self._find(name).paused = False
        self.run_now(name)

    def run_now(self, name: str) -> None:
        """Ask it now, once where it is paused. Raises SourceUnknown."""
        self._find(name).hurry()
        if job := self._scheduler.get_job(name):
            job.modify(next_run_time=self._now())

    def statuses(self) -> list[Status]:
        """How each source does, in the order of the settings."""
        return [running.status(self._next_run_ms(name)) for name, running in self._running.items()]

    async def _tick(self, running: Running) -> None:
        task = asyncio.current_task()
        if task is None:  # APScheduler always makes one
            raise RuntimeError("a tick is a task")
        task.set_name(f"tick of source {running.source.name}")
        self._ticking.add(task)
        try:
            self._settle(running, await running.tick())
        finally:
            self._ticking.discard(task)

    def _settle(self, running: Running, delay_s: float | None) -> None:
        """Put off the next tick, or take it away, after one that said so."""
        job = self._scheduler.get_job(running.source.name)
        if job is None:
            return
        if running.ended:
            job.remove()
        elif running.paused:  # this was `run_now`
            job.pause()
        elif delay_s is not None:
            job.modify(next_run_time=self._now() + timedelta(seconds=delay_s))

    def _failed(self, event: JobExecutionEvent) -> None:
        """A fault of the program itself, which APScheduler has logged with its traceback."""
        if not isinstance(event.exception, asyncio.CancelledError):
            running = self._running[event.job_id]
            self._settle(running, running.fail(event.exception))

    def _missed(self, event: JobEvent) -> None:
        self._running[event.job_id].miss()

    def _find(self, name: str) -> Running:
        if name not in self._running:
            raise SourceUnknown(f"there is no source {name!r}")
        return self._running[name]

    def _next_run_ms(self, name: str) -> int | None:
        job = self._scheduler.get_job(name)
        moment = None if job is None else getattr(job, "next_run_time", None)
        return None if moment is None else int(moment.timestamp() * 1000)

    def _ahead_of_loop_ms(self) -> float:
        return self._clock.now_ms() - asyncio.get_running_loop().time() * 1000

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    return not (record.exc_info and record.exc_info[0] is asyncio.CancelledError)
