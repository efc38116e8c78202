"""What was made once for many who ask the same."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Kept:
    """The last `most` things that were made, by what they were made for."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[Hashable, Any] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gave for this key before, else what it gives now."""
        if key in self._kept:
            value: T = self._kept.pop(key)
        else:
            value = make()
            if len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
        self._kept[key] = value  # the newest is the last
        return value

    def drop(self, key: Hashable) -> None:
        """Make it anew the next time."""
        self._kept.pop(key, None)

    def clear(self) -> None:
        """Keep nothing of it."""
        self._kept.clear()
