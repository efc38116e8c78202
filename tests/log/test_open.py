"""Which URL opens which engine."""

import re
from pathlib import Path

import pytest

from feed.errors import LogUnavailable, SettingsError
from feed.log.memory import MemoryLog
from feed.log.open import open_log
from feed.log.redis import RedisLog
from feed.log.sqlite import SqliteLog
from tests.log.conftest import OnValkey


async def test_memory() -> None:
    log = await open_log("memory:")

    assert isinstance(log, MemoryLog)
    assert not log.durable
    await log.aclose()


async def test_sqlite_at_an_absolute_path(tmp_path: Path) -> None:
    log = await open_log(f"sqlite:///{tmp_path}/feed.db")

    assert isinstance(log, SqliteLog)
    assert log.durable
    assert (tmp_path / "feed.db").is_file()
    await log.aclose()


async def test_sqlite_at_a_path_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    log = await open_log("sqlite:///data/feed log?1.db")

    assert (tmp_path / "data" / "feed log?1.db").is_file()
    await log.aclose()


async def test_sqlite_where_there_is_no_directory(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match=f"^{tmp_path}/none/feed.db: "):
        await open_log(f"sqlite:///{tmp_path}/none/feed.db")


async def test_redis(valkey: OnValkey) -> None:
    log = await open_log(valkey.url())

    assert isinstance(log, RedisLog)
    assert log.durable
    await log.aclose()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "memory",
        "memory:x",
        "feed.db",
        "sqlite:",
        "sqlite:feed.db",
        "sqlite://",
        "sqlite://feed.db",
        "sqlite:///",
        "SQLITE:///feed.db",
        "postgres://localhost/feed",
        "http://[::1/",
    ],
)
async def test_any_other_url_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(SettingsError, match=rf"^FEED_LOG: {re.escape(repr(url))} ") as raised:
        await open_log(url)

    assert "\n" not in str(raised.value)
