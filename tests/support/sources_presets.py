"""The answers of known APIs, made by hand from how they are documented, and who serves them."""

from pathlib import Path
from typing import Any

import msgspec

from feed.model.change import Change
from feed.sources.base import Source
from feed.sources.open import SourceConfig, open_source
from tests.support.sources_upstream import Upstream

SAMPLES = Path(__file__).parents[1] / "sources" / "polled" / "samples"


def sample(name: str) -> bytes:
    """An answer as it comes."""
    return (SAMPLES / f"{name}.json").read_bytes()


class Presets:
    """Opens presets on an upstream; all are closed at the end."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self._opened: list[Source] = []

    def open(self, kind: str, **settings: Any) -> Source:
        """A source of this `type`, as it stands in a file of settings."""
        given = {"type": kind, "name": kind, "base_url": self.upstream.url("")} | settings
        config: SourceConfig = msgspec.convert(given, SourceConfig)
        source = open_source(config, allow_private=True)
        self._opened.append(source)
        return source

    async def close(self) -> None:
        for source in self._opened:
            await source.aclose()


def items(changes: "list[Change] | tuple[Change, ...]") -> dict[str, Any]:
    """What is said of items, by topic; a null is kept."""
    return {change.topic: change.patch for change in changes if change.patch is not None}
