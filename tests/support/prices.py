"""Prices that move, as the log tells them, written short."""

from collections.abc import Iterable
from typing import TypeAlias

from feed.hub.compose import NOTHING, State, compose
from feed.model.change import Change
from feed.model.codec import JsonObject
from feed.model.entry import Entry

MINUTE_MS = 60_000
START_MS = 29_833_333 * MINUTE_MS
"""When a minute begins."""

Word: TypeAlias = tuple[int, str, JsonObject | None]
"""How many ms after `START_MS`, a topic, and a patch of its item; None: it is gone."""


def entries(words: Iterable[Word], *, first: int = 1) -> list[Entry]:
    """What the log holds after these; offsets from `first` on."""
    states: dict[str, State] = {}
    told: list[Entry] = []
    for offset, (ms, topic, patch) in enumerate(words, first):
        change = Change(topic=topic, patch=patch, gone=patch is None, ts=1)
        r, states[topic] = compose(change, states.get(topic, NOTHING), 0)
        at = START_MS + ms
        told.append(Entry(offset, at, topic, r.v, r.ts, r.item, r.event, r.data, r.undo))
    return told


def priced(*prices: tuple[int, str], topic: str = "price:A") -> list[Entry]:
    """Prices of one topic, each at so many ms after `START_MS`."""
    return entries((ms, topic, {"price": price}) for ms, price in prices)
