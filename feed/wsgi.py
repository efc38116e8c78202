"""For those who run it under gunicorn: `gunicorn -k aiohttp.GunicornUVLoopWebWorker`.

With one worker, or any number of them on a Redis log. `python -m feed` needs none of it.
"""

import asyncio
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack

from aiohttp import web

from feed import journal
from feed.app import make_runner, running, spare_the_collector, take_leave
from feed.clock import SystemClock
from feed.errors import FeedError, SettingsError
from feed.settings import read_settings
from feed.web import keys

log = logging.getLogger(__name__)

_BOOT_ERROR = 3
"""The exit code at which gunicorn gives up, instead of starting the worker again and again."""


async def make_app() -> web.AppRunner:
    """The feed in a worker: gunicorn listens, and its signals end it."""
    journal.begin("text")
    parts = AsyncExitStack()
    try:
        settings = read_settings()
        journal.begin(settings.log_format, settings.secrets)
        if not settings.admin_token:
            raise SettingsError("FEED_ADMIN_TOKEN: needed here, as all workers must have the same")
        app = await parts.enter_async_context(running(settings, SystemClock()))
    except FeedError as error:
        log.error("%s", error)  # noqa: TRY400  (it says what to mend)
        sys.exit(_BOOT_ERROR)
    app[keys.HUB].failed.add_done_callback(_give_up)

    async def end(_: web.Application) -> None:
        await parts.aclose()

    app.on_shutdown.append(take_leave)
    app.on_cleanup.append(end)
    spare_the_collector()
    return make_runner(app)


def _give_up(failed: "asyncio.Future[None]") -> None:
    """Leave, and let gunicorn start another worker; the error was logged where it happened."""
    if not failed.cancelled() and failed.exception():
        os.kill(os.getpid(), signal.SIGTERM)
