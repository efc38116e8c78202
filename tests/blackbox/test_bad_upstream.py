"""All faults of an upstream at once, beside a source that is well."""

import asyncio
import contextlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import pytest

from tests.blackbox.conftest import SOAK
from tests.support.admin import Admin
from tests.support.bad_upstream import ABSURD, WRONG, BadUpstream, faults
from tests.support.server import Server

TIMES = 2 if SOAK else 1
PERIOD_S, HEALTHY_S = 2.0 if SOAK else 1.0, 0.4
# Alone it is as punctual as promised; beside other tests it may wait for a turn.
TIMEOUT_S, LATE, LATE_S = (0.5, 1.2, 0.5) if SOAK else (1.0, 5.0, 10.0)
FUSE_S = 120
FAULTS = [*faults(1)]
PASSING = [name for name in FAULTS if name != ABSURD]
WAITS_S = {"429-seconds": 2.0, "429-date": 3.0}
REFUSED, FLAPPING, HEALTHY = "refused", "flapping", "healthy"
MIB = 1024 * 1024


@dataclass
class Seen:
    """What a run showed. Seconds are of one clock; `told`: when which price of what was read."""

    told: defaultdict[str, list[tuple[float, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    spoiled_s: dict[str, list[float]] = field(default_factory=dict)
    asked_s: dict[str, list[float]] = field(default_factory=dict)
    statuses: dict[str, dict[str, Any]] = field(default_factory=dict)
    grown_bytes: int = 0
    spoiling_s: float = 0
    spoiled_until_s: float = 0
    output: str = ""
    code: int = -1


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """One run of all faults, which every test here looks at."""
    return asyncio.run(_run(tmp_path_factory.mktemp("bad")))


async def _run(directory: Path) -> Seen:
    seen = Seen()
    async with asyncio.timeout(FUSE_S), BadUpstream() as upstream, BadUpstream() as closed:
        server = _server(directory, upstream, closed)
        try:
            await asyncio.to_thread(server.start)
            async with aiohttp.ClientSession() as session:
                watching = asyncio.create_task(_watch(session, server, seen))
                await _play(seen, server, upstream, closed, Admin(session, server.url))
                watching.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watching
            seen.code = await asyncio.to_thread(server.stop)
        finally:
            if server.running:
                await asyncio.to_thread(server.kill)
            seen.output = server.output
    seen.spoiled_s, seen.asked_s = dict(upstream.spoiled_s), dict(upstream.asked_s)
    return seen


def _server(directory: Path, upstream: BadUpstream, closed: BadUpstream) -> Server:
    sources = {name: (upstream.url(name), PERIOD_S) for name in FAULTS}
    sources |= {
        REFUSED: (closed.url(REFUSED), PERIOD_S),
        FLAPPING: (upstream.url(FLAPPING), HEALTHY_S),
        HEALTHY: (upstream.url(HEALTHY), HEALTHY_S),
    }
    text = "\n".join(
        f'[[source]]\ntype = "http_json"\nname = "{name}"\nurl = "{url}"\nitems = "@"\n'
        f"every_s = {every_s}\ntimeout_s = {TIMEOUT_S}"
        for name, (url, every_s) in sources.items()
    )
    config = directory / "feed.toml"
    config.write_text(text)
    return Server(
        directory,
        {
            "FEED_CONFIG": str(config),
            "FEED_SOURCES": "on",
            "FEED_ALLOW_PRIVATE_SOURCES": "on",
            "FEED_DRAIN_S": "0",
        },
    )


async def _watch(session: aiohttp.ClientSession, server: Server, seen: Seen) -> None:
    """Note every price that the log tells."""
    async with session.ws_connect(f"{server.url}/ws?topics=*") as socket:
        async for message in socket:
            now_s = asyncio.get_running_loop().time()
            for item in json.loads(message.data).get("items", ()):
                price = (item.get("data") or item.get("set") or {}).get("price")
                if price is not None:
                    seen.told[item["topic"].removeprefix("price:bad.")].append((now_s, price))


async def _play(
    seen: Seen, server: Server, upstream: BadUpstream, closed: BadUpstream, admin: Admin
) -> None:
    """All are well, all are not, and all are well again."""
    everybody = {*FAULTS, FLAPPING, HEALTHY}
    await upstream.until(lambda: everybody <= upstream.asked_s.keys())
    await closed.until(lambda: REFUSED in closed.asked_s)
    while seen.told.keys() < everybody | {REFUSED}:  # what was asked for is told soon
        await upstream.until(_asked_again(upstream, HEALTHY, 1))
    seen.spoiling_s = asyncio.get_running_loop().time()
    before_bytes = server.rss_bytes
    for name in FAULTS:
        upstream.spoil(name, times(name))
    upstream.flap(FLAPPING, 2 * TIMES)
    await closed.refuse()

    def has_recovered(name: str) -> bool:
        spoiled_s = upstream.spoiled_s[name]
        return len(spoiled_s) == times(name) and upstream.asked_s[name][-1] > spoiled_s[-1]

    def is_over() -> bool:
        seen.grown_bytes = max(seen.grown_bytes, server.rss_bytes - before_bytes)
        return ABSURD in upstream.spoiled_s and all(map(has_recovered, PASSING))

    await upstream.until(is_over)
    while seen.statuses.get(ABSURD, {}).get("state") != "failing":  # it has heard the answer
        await upstream.until(_asked_again(upstream, HEALTHY, 1))
        seen.statuses = {each["name"]: each for each in (await admin.get("sources"))["sources"]}
    seen.spoiled_until_s = asyncio.get_running_loop().time()
    await closed.accept()
    await admin.post(f"sources/{ABSURD}/run")
    await closed.until(lambda: len(closed.asked_s[REFUSED]) >= 2)
    await upstream.until(lambda: len(upstream.spoiled_s[FLAPPING]) == 2 * TIMES)
    await upstream.until(_asked_again(upstream, HEALTHY, 2))  # what came last is told by now


def times(name: str) -> int:
    """How many answers are the fault; a connection that is lost is tried again at once."""
    return {ABSURD: 1, "drop": 2 * TIMES}.get(name, TIMES)


def _asked_again(upstream: BadUpstream, name: str, times: int) -> Any:
    enough = len(upstream.asked_s[name]) + times
    return lambda: len(upstream.asked_s[name]) >= enough


def test_the_process_lives_and_ends_as_it_should(seen: Seen) -> None:
    assert seen.code == 0
    assert "Traceback" not in seen.output


def test_no_wrong_value_reaches_the_log(seen: Seen) -> None:
    assert {*FAULTS, FLAPPING, HEALTHY, REFUSED} == seen.told.keys()
    for prices in seen.told.values():
        assert all(re.fullmatch(r"1[0-9]{2}\.00", price) for _, price in prices)
    said = {price for prices in seen.told.values() for _, price in prices}
    assert WRONG not in said


def test_nobody_is_led_elsewhere(seen: Seen) -> None:
    assert "private" not in seen.asked_s
    assert seen.asked_s.keys() == {*FAULTS, FLAPPING, HEALTHY}


def test_a_source_that_is_well_keeps_its_period(seen: Seen) -> None:
    asked_s = [
        moment
        for moment in seen.asked_s[HEALTHY]
        if seen.spoiling_s < moment < seen.spoiled_until_s
    ]
    gaps_s = [after - before for before, after in pairwise(asked_s)]
    assert len(gaps_s) >= 5
    assert 0.8 * HEALTHY_S < median(gaps_s) < LATE * HEALTHY_S
    assert 0.8 * HEALTHY_S < sum(gaps_s) / len(gaps_s) < LATE * HEALTHY_S


def test_memory_does_not_grow(seen: Seen) -> None:
    assert seen.grown_bytes < 16 * MIB


def test_the_log_output_stays_short(seen: Seen) -> None:
    lines = [line for line in seen.output.splitlines() if "source " in line]
    for name in (*FAULTS, REFUSED, FLAPPING):
        said = [line for line in lines if f"source {name} " in line]
        assert 1 <= len(said) <= 2, (name, said)
        assert all(len(line) < 400 for line in said)
    assert not [line for line in lines if f"source {HEALTHY} " in line]
    # What says that it is too long is not read at all.
    assert "source 200-mb-announced fails: 127.0.0.1 answered with over" in seen.output


@pytest.mark.parametrize("name", PASSING)
def test_it_recovers_within_two_periods(seen: Seen, name: str) -> None:
    last_s = seen.spoiled_s[name][-1]
    recovered_s = next(moment for moment, _ in seen.told[name] if moment > last_s + 0.01)
    assert recovered_s - last_s < max(2 * PERIOD_S, WAITS_S.get(name, 0)) + TIMEOUT_S + LATE_S


def test_who_is_there_again_is_asked_again(seen: Seen) -> None:
    assert seen.told[REFUSED][-1][0] > seen.spoiled_until_s
    assert seen.statuses[REFUSED]["state"] == "failing"


@pytest.mark.parametrize("name", ["429-seconds", "429-date"])
def test_who_asks_to_be_left_alone_is(seen: Seen, name: str) -> None:
    least_s = WAITS_S[name] - (name == "429-date")  # which is in whole seconds
    for spoiled_s in seen.spoiled_s[name]:
        again_s = next(moment for moment in seen.asked_s[name] if moment > spoiled_s)
        assert again_s - spoiled_s >= least_s


def test_an_absurd_wait_is_an_hour_and_ends_by_hand(seen: Seen) -> None:
    status = seen.statuses[ABSURD]
    assert status["state"] == "failing"
    assert status["last_error"] == "127.0.0.1 answered 503"
    assert 3_595_000 < status["next_run"] - status["last_run"] < 3_605_000
    assert seen.told[ABSURD][-1][0] > seen.spoiled_until_s
