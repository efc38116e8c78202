"""A URL → the engine that keeps the log."""

from pathlib import Path

from feed.errors import SettingsError
from feed.log.base import EventLog
from feed.log.memory import MemoryLog
from feed.log.sqlite import SqliteLog

_SQLITE = "sqlite:///"


async def open_log(url: str) -> EventLog:
    """`memory:`, or `sqlite:///path` (a fourth slash makes it absolute).

    Raises SettingsError for any other URL, LogInUse and LogUnavailable as the engine does.
    """
    if url == "memory:":
        return MemoryLog()
    if url.startswith(_SQLITE) and url != _SQLITE:
        return await SqliteLog.open(Path(url.removeprefix(_SQLITE)))
    raise SettingsError(f"FEED_LOG: {url!r} is neither `memory:` nor `sqlite:///path`")
