"""Rows at their pace, which are read from the file before their time."""

import asyncio

import pytest

from feed.model.change import Change
from feed.sources.base import SourceFailed
from feed.sources.recorded.player import Player
from feed.sources.recorded.rows import Row, Rows

NOW_MS = 1_790_000_000_000


class File:
    """A row each tenth of a second; after the last one it cannot be read."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.was_read = 0

    def rows(self) -> Rows:
        """From the first on."""
        for number in range(self.count):
            self.was_read += 1
            yield Row(number * 100, Change(topic="price:A", patch={"price": str(number)}))
        raise OSError("the disk is gone")

    def player(self, speed: float = 1) -> Player:
        """What plays it."""
        return Player("played", "replay", self.rows, every_s=0.1, speed=speed, place="it")


async def told(player: Player, after_ms: int) -> list[object]:
    return [(change.patch or {})["price"] for change in await player.poll(NOW_MS + after_ms)]


def test_what_was_read_ahead_is_told_in_its_time() -> None:
    async def scene() -> None:
        file = File(1000)
        player = file.player()
        assert await told(player, 0) == ["0"]
        assert file.was_read == 1 + 1 + 256
        assert await told(player, 100) == ["1"]
        assert await told(player, 150) == []
        assert await told(player, 900) == [str(number) for number in range(2, 10)]
        assert file.was_read == 1 + 1 + 256
        for seconds in range(1, 26):
            await player.poll(NOW_MS + seconds * 1000)
        assert file.was_read == 1 + 1 + 256
        assert await told(player, 25_800) == [str(number) for number in range(251, 259)]
        assert file.was_read == 259 + 1 + 256, "all of it was told: the next ones are read"
        assert await told(player, 25_900) == ["259"]
        await player.aclose()

    asyncio.run(scene())


def test_a_file_that_cannot_be_read_fails_after_all_that_was_read() -> None:
    async def scene() -> None:
        player = File(3).player()
        assert await told(player, 0) == ["0"]
        assert await told(player, 100) == ["1"]
        with pytest.raises(SourceFailed, match="it cannot be read: the disk is gone") as failed:
            await player.poll(NOW_MS + 200)
        assert [change.patch for change in failed.value.changes] == [{"price": "2"}]
        assert await told(player, 300) == []
        assert player.ended
        await player.aclose()

    asyncio.run(scene())


def test_as_fast_as_possible_a_thousand_at_once() -> None:
    async def scene() -> None:
        player = File(2500).player(speed=0)
        assert [len(await told(player, n)) for n in range(2)] == [1000, 1000]
        with pytest.raises(SourceFailed):
            await player.poll(NOW_MS + 2)
        await player.aclose()

    asyncio.run(scene())
