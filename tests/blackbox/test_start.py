"""It starts as users start it; with wrong settings it refuses to, in one line that names what."""

import asyncio
from pathlib import Path

import pytest

from tests.blackbox.conftest import Serve
from tests.support.server import TOKEN, Server, Spawned, free_port

BAD_SETTINGS: dict[str, dict[str, str]] = {
    "unknown name": {"FEED_COLOUR": "red"},
    "a name mistyped": {"FEED_HEARTBEATS": "5"},
    "port a word": {"PORT": "http"},
    "port too high": {"PORT": "65536"},
    "log of an unknown kind": {"FEED_LOG": "postgres://localhost/feed"},
    "log without scheme": {"FEED_LOG": "feed.db"},
    "token too short": {"FEED_ADMIN_TOKEN": "x" * 31},
    "second token too short": {"FEED_ADMIN_TOKEN": f"{TOKEN},short"},
    "heartbeat negative": {"FEED_HEARTBEAT_S": "-1"},
    "heartbeat a word": {"FEED_HEARTBEAT_S": "often"},
    "heartbeat nan": {"FEED_HEARTBEAT_S": "nan"},
    "sources maybe": {"FEED_SOURCES": "maybe"},
    "retention a word": {"FEED_RETENTION_S": "1h"},
    "retention negative": {"FEED_RETENTION_EVENTS": "-5"},
    "max age infinite": {"FEED_MAX_AGE_S": "inf"},
    "drain negative": {"FEED_DRAIN_S": "-1"},
    "connections a word": {"FEED_MAX_CONNECTIONS": "many"},
    "origin a star": {"FEED_ALLOWED_ORIGINS": "*"},
    "origin with a path": {"FEED_ALLOWED_ORIGINS": "https://a.example/x"},
    "proxy a word": {"FEED_TRUSTED_PROXIES": "gateway"},
    "subscriber secret short": {"FEED_SUBSCRIBER_SECRET": "secret"},
}


def test_it_starts_serves_and_stops_as_users_do_it(tmp_path: Path) -> None:
    with Spawned(tmp_path) as server:
        assert server.answers("/snapshot?topics=*") == 200
        assert server.stop() == 0
    assert "Traceback" not in server.output


async def test_bad_settings_stop_the_start_with_one_line_that_names_them(tmp_path: Path) -> None:
    base = {"FEED_LOG": "memory:"}
    two_at_once = asyncio.Semaphore(2)
    wrong: list[str] = []

    async def start(case: str, bad: dict[str, str]) -> None:
        directory = tmp_path / case
        directory.mkdir()
        async with two_at_once:
            code, output = await asyncio.to_thread(Server(directory, base | bad).refused)
        lines = output.strip().splitlines()
        if code <= 0 or len(lines) != 1 or not all(name in lines[0] for name in bad):
            wrong.append(f"{case}: exit {code}\n{output}")

    await asyncio.gather(*(start(case, bad) for case, bad in BAD_SETTINGS.items()))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "text", ["heartbeat_s = ", "colour = 'red'\n", "[[sources]]\nkind = 'tea_leaves'\n"]
)
def test_a_bad_configuration_file_stops_the_start_with_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "feed.toml").write_text(text)
    server = Server(tmp_path, {"FEED_CONFIG": "feed.toml"})
    del server.settings["FEED_SOURCES"]  # what the file says counts
    code, output = server.refused()
    assert code > 0, output
    assert len(output.strip().splitlines()) == 1, output
    assert "feed.toml" in output


def test_a_second_process_on_the_same_log_stops_with_one_line(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    code, output = Server(tmp_path, server.settings | {"PORT": str(free_port())}).refused()
    assert code > 0, output
    assert len(output.strip().splitlines()) == 1, output
    assert "feed.db" in output
    assert server.running
