from pathlib import Path
from typing import Any

from feed.model.change import Change, EventChange
from feed.sources.recorded.replay import Replay, ReplayConfig
from tests.support.recordings import as_lines
from tests.support.sources import T0


async def test_a_recording_keeps_its_times_unless_it_is_played_as_of_now(tmp_path: Path) -> None:
    day = tmp_path / "day"
    day.mkdir()
    clock = {"ms": 7, "at": 1000, "running": True}
    data = {"start": 500, "clock": clock}
    event = {"id": "g", "op": "add", "kind": "goal", "ts": 2900, "data": {}}
    (day / "1.jsonl").write_bytes(
        as_lines(
            {"at": 1000, "snapshot": "begin", "topics": ["*"], "cursor": "e-1"},
            {"at": 2000, "topic": "score:A", "v": 1, "ts": 1900, "data": data, "cursor": "e-2"},
            {"at": 3000, "topic": "score:A", "event": event, "cursor": "e-3"},
        )
    )

    async def told(**more: Any) -> list[Change]:
        config = ReplayConfig(name="tape", path=str(day), format="jsonl", **more)
        source = Replay(config)
        changes = [*await source.poll(T0), *await source.poll(T0 + 1200)]
        await source.aclose()
        return changes

    item, goal = await told()
    assert (item.ts, item.data) == (1900, data)
    assert goal.event == EventChange(kind="goal", id="g", ts=2900)
    item, goal = await told(now=True)
    assert item.ts == T0 - 100
    assert item.data == {"start": T0 - 1500, "clock": clock | {"at": T0 - 1000}}
    assert (goal.ts, goal.event and goal.event.ts) == (T0 + 1000, T0 + 900)
    item, goal = await told(now=True, speed=2)
    assert item.data == {"start": T0 - 750, "clock": clock | {"at": T0 - 500, "rate": 2}}
    assert goal.ts == T0 + 500
    item, goal = await told(now=True, speed=0)
    assert (item.ts, goal.ts) == (T0 - 100, T0)
