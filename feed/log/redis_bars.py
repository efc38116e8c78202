"""The bars per minute of a Redis log, which stay when its epoch ends."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

from feed.log.bars import MOST_LET_GO, Bars, Packed, bars_in, wanted_parts
from feed.log.redis_store import BARS, META, MINUTES, Argument, Store
from feed.model.bar import Bar

Ask: TypeAlias = Callable[[Sequence[Argument]], Awaitable[tuple[Any, ...]]]
"""Gives the log's head, and the answer to a command."""


async def keep(store: Store, epoch: str, new: Packed) -> bool:
    """See EventLog; whether it is still the log of this epoch."""
    keys = [META, MINUTES, BARS]
    told: int = await store.run(
        "keep", keys, epoch, new.minute, new.bars, new.most, MOST_LET_GO, *new.parts
    )
    return told >= 0


async def read(ask: Ask, topics: Collection[str], first: int, last: int) -> Mapping[int, Bars]:
    """See EventLog. A minute that goes meanwhile has no bars."""
    _, stream = await ask((b"XRANGE", MINUTES, b"%d-0" % first, b"%d-0" % last))
    found: dict[int, dict[str, Bar]] = {int(place[:-2]): {} for place, _ in stream}
    wanted = [
        (minute, b"%d:%d" % (minute, part))
        for minute, (_, fields) in zip(found, stream, strict=True)
        for part in wanted_parts(topics, int(fields[3]))
    ]
    if wanted:
        _, packed = await ask((b"HMGET", BARS, *(field for _, field in wanted)))
        for (minute, _), part in zip(wanted, packed, strict=True):
            if part is not None:
                found[minute] |= bars_in(part, topics)
    return found
