"""A URL → the engine that keeps the log."""

from pathlib import Path

from feed.errors import SettingsError
from feed.log.base import EventLog
from feed.log.memory import MemoryLog
from feed.log.sqlite import SqliteLog

_SQLITE = "sqlite:///"
_REDIS = ("redis://", "rediss://")


async def open_log(url: str) -> EventLog:
    """`memory:`, `sqlite:///path` (a fourth slash makes it absolute), or `redis://host:port/db`.

    `rediss://` is the same over TLS. Raises SettingsError for any other URL, LogInUse, LogAway and
    LogUnavailable as the engine does.
    """
    if url == "memory:":
        return MemoryLog()
    if url.startswith(_SQLITE) and url != _SQLITE:
        return await SqliteLog.open(Path(url.removeprefix(_SQLITE)))
    if url.startswith(_REDIS):
        from feed.log.redis import RedisLog  # noqa: PLC0415 — a log in a file starts sooner without

        return await RedisLog.open(url)
    raise SettingsError(f"FEED_LOG: {url!r} is none of memory:, sqlite:///path, redis://host")
