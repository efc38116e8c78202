"""For those who run it under gunicorn: `gunicorn -k aiohttp.GunicornUVLoopWebWorker`.

With one worker, or any number of them on a Redis log. `python -m feed` needs none of it.
"""

import logging
import os
import signal
from contextlib import AsyncExitStack

from aiohttp import web

from feed.app import make_runner, running, take_leave
from feed.clock import SystemClock
from feed.settings import read_settings
from feed.web import keys


async def make_app() -> web.AppRunner:
    """The feed in a worker: gunicorn listens, and its signals end it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    parts = AsyncExitStack()
    app = await parts.enter_async_context(running(read_settings(), SystemClock()))
    app[keys.HUB].failed.add_done_callback(lambda _: os.kill(os.getpid(), signal.SIGTERM))

    async def end(_: web.Application) -> None:
        await parts.aclose()

    app.on_shutdown.append(take_leave)
    app.on_cleanup.append(end)
    return make_runner(app)
