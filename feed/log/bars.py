"""The bars of a minute as engines keep them: in parts, so that few are read for one topic."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias
from zlib import crc32

import msgspec

from feed.model.bar import Bar

Bars: TypeAlias = Mapping[str, Bar]
"""Bars of one minute, by topic."""

MOST_LET_GO = 100
"""Minutes that go at once, so that no commit is long where fewer are to be kept than before."""

_PART = 8
"""Bars in a part, about: some 500 bytes, read for one of them."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(dict[str, msgspec.Raw]).decode
_bar = msgspec.msgpack.Decoder(Bar).decode


class Packed(NamedTuple):
    """A minute to keep: how many bars it counts for, and its parts; `most` bars are kept in all."""

    minute: int
    bars: int
    parts: Sequence[bytes]
    most: int


def packed(minute: int, bars: Bars, most: int) -> Packed:
    """The bars of a minute, in as few parts as hold them; in none where there are none."""
    parts: list[dict[str, Bar]] = [{} for _ in range(-(-len(bars) // _PART))]
    for topic, bar in bars.items():
        parts[_part(topic, len(parts))][topic] = bar
    return Packed(minute, counted(bars), [_pack(part) for part in parts], most)


def counted(bars: Bars) -> int:
    """How many bars a minute counts for."""
    return max(1, len(bars))


def wanted_parts(topics: Iterable[str], parts: int) -> Collection[int]:
    """Which parts of a minute of so many hold the bars of some topics."""
    return sorted({_part(topic, parts) for topic in topics}) if parts else ()


def bars_in(packed: bytes, topics: Collection[str]) -> Bars:
    """The bars of some topics, as far as a part has them."""
    return {topic: _bar(bar) for topic, bar in _unpack(packed).items() if topic in topics}


def _part(topic: str, parts: int) -> int:
    return crc32(topic.encode()) % parts
