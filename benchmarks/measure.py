"""The measurements: one side, one scenario, once."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.feed_log import Log, change
from benchmarks.peer import Peer
from benchmarks.program import Broken
from benchmarks.result import Capacity, CatchUp, Held, Idle, Ingest, Result
from benchmarks.scenario import Kind, Scenario
from benchmarks.session import Session

_SETTLE_S = 1.5
_FILL = 10
_FILL_S = 6.0
"""At so many times the rate, for so long: the buffers fill of those who do not read."""

_IN_TIME_MS = 100.0
_HELD_SHARE = 0.97
_STEP_SETTLE_S, _STEP_S = 1.0, 1.5
_FINE = 1.06
"""Capacity is found to this factor."""

_NEAR = 0.85
"""The part of a core that the next step of a search for it aims at."""

_BACKLOG = 10_000


def steady(peer: Peer, scenario: Scenario, folder: Path, seconds: float) -> Held:
    """The scenario's rate, held."""
    with Session(peer, scenario, folder) as session:
        session.connect()
        rate = scenario.rate
        if scenario.silent:
            session.rate(replace(rate, interval_us=rate.interval_us // _FILL))
            time.sleep(_FILL_S)
        session.rate(rate)
        time.sleep(_SETTLE_S)
        return session.held(seconds, scenario.expected_per_s)


def capacity(peer: Peer, scenario: Scenario, folder: Path, _seconds: float) -> Capacity:
    """Bursts are made larger until they come late, then the edge is sought between the two."""
    best: Capacity | None = None
    batch, fits, fails = scenario.rate.batch, 0, 0
    while batch > fits and not 0 < fails <= fits * _FINE:
        held = _step(peer, scenario, folder, batch)
        if held and held.p99_ms < _IN_TIME_MS and held.share > _HELD_SHARE:
            fits = batch
            best = Capacity(held.share * scenario.expected_per_s * _times(scenario, batch))
            batch = max(int(batch * _NEAR / held.core), round(batch * _FINE) + 1)
        else:
            fails = batch
        if fails:
            batch = (fits + fails) // 2
    if not best:
        raise Broken("it keeps up with no rate at all")
    return best


def _times(scenario: Scenario, batch: int) -> float:
    return batch / scenario.rate.batch


def _step(peer: Peer, scenario: Scenario, folder: Path, batch: int) -> Held | None:
    """Bursts of so many, held; None where nothing comes at all."""
    scenario = replace(scenario, rate=replace(scenario.rate, batch=batch))
    with Session(peer, scenario, folder) as session:
        session.connect()
        session.rate(scenario.rate)
        time.sleep(_STEP_SETTLE_S)
        try:
            return session.held(_STEP_S, scenario.expected_per_s)
        except Broken:
            return None


def idle(peer: Peer, scenario: Scenario, folder: Path, _seconds: float) -> Idle:
    """All connect at once, and then nothing happens."""
    with Session(peer, scenario, folder) as session:
        program = session.server.program
        time.sleep(_SETTLE_S)
        memory, cpu_ns = program.memory_bytes(), program.cpu_ns()
        seconds = session.connect()["seconds"]
        cpu_ns = program.cpu_ns() - cpu_ns
        time.sleep(_SETTLE_S)
        count = scenario.subscribers
        return Idle(
            bytes_each=(program.memory_bytes() - memory) / count,
            seconds=seconds,
            cpu_us=cpu_ns / 1000 / count,
        )


def ingest(peer: Peer, scenario: Scenario, folder: Path, seconds: float) -> Ingest:
    """Changes as fast as they are taken, with those watching whom the scenario names."""
    with Session(peer, scenario, folder) as session:
        session.connect()
        log = Log(session.server.port)
        session.rate(scenario.rate)
        time.sleep(_SETTLE_S)
        session.mark()
        program = session.server.program
        head, cpu_ns, since = log.head(), program.cpu_ns(), time.monotonic()
        time.sleep(seconds)
        taken, cpu_ns = log.head() - head, program.cpu_ns() - cpu_ns
        lasted_s = time.monotonic() - since
        found = session.mark()
        if not taken:
            raise Broken(f"nothing was taken: {program.last_words()}")
        return Ingest(
            per_s=taken / lasted_s,
            cpu_us=cpu_ns / 1000 / taken,
            deliveries=found["deliveries"] / found["seconds"],
        )


def catch_up(peer: Peer, scenario: Scenario, folder: Path, _seconds: float) -> CatchUp:
    """Everybody resumes at once, from before the last ten thousand changes."""
    with Session(peer, scenario, folder) as session:
        log = Log(session.server.port)
        topics = scenario.rate.topics
        log.append([change(number, topics) for number in range(topics)])
        cursor = log.cursor()
        for start in range(0, _BACKLOG, 1000):
            numbers = range(start, start + 1000)
            log.append([change(n, topics, event=scenario.events) for n in numbers])
        time.sleep(_SETTLE_S)
        program = session.server.program
        cpu_ns = program.cpu_ns()
        found = session.connect(f"&cursor={cursor}", f'"cursor":"{log.cursor()}"')
        cpu_ns = program.cpu_ns() - cpu_ns
        return CatchUp(
            seconds=found["seconds"],
            cpu_ms=cpu_ns / 1e6 / scenario.subscribers,
            bytes_each=found["bytes"] / scenario.subscribers,
        )


MEASURE: Mapping[Kind, Callable[[Peer, Scenario, Path, float], Result]] = {
    "steady": steady,
    "capacity": capacity,
    "idle": idle,
    "ingest": ingest,
    "catch_up": catch_up,
}
