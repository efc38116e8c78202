"""What a loop over a feed is told, one after another."""

from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from feed.client import frame
from feed.client.reader import Item, News, Step
from feed.model.codec import JsonObject


class ItemChange(msgspec.Struct, frozen=True, kw_only=True):
    """A topic's state is another one.

    `data`: all of it, empty where the topic is `gone`. `v` grows; `ts` in milliseconds since the
    Unix epoch, None where the topic is gone. `before`: what it was, None where it was not known.
    `merged`: how many versions are told as one. `cursor`: see Change.
    """

    topic: str
    data: JsonObject
    v: int
    ts: int | None = None
    before: Item | None = None
    merged: int = 1
    gone: bool = False
    cursor: str | None = None


class EventChange(frame.Event, frozen=True, kw_only=True):
    """Something happened on a topic (`op` is `add`), is replaced (`amend`) or taken back (`void`).

    `cursor`: see Change.
    """

    cursor: str | None = None


class Reset(msgspec.Struct, frozen=True, kw_only=True):
    """What happened since the last change cannot be told one by one; events may be missing.

    The items that are not as they were follow. `reason`: `expired`, `epoch`, `ahead` (protocol
    section 4), or `fault` where the server told what cannot be right. It concerns all topics.
    """

    reason: str
    topic: str = "*"
    data: JsonObject = msgspec.field(default_factory=dict)
    cursor: str | None = None


Change: TypeAlias = ItemChange | EventChange | Reset
"""`cursor`: the place up to which all is told with this change; None where more belongs to it."""


def changes(news: News) -> Iterator[Change]:
    """What one frame told; a snapshot of what was known already tells nothing."""
    for step in news.steps:
        if step.before is None or (step.v, step.after) != (step.before.v, step.before):
            yield _item(step)
    for event in news.events:
        yield EventChange(
            topic=event.topic,
            id=event.id,
            op=event.op,
            kind=event.kind,
            ts=event.ts,
            data=event.data,
        )


def _item(step: Step) -> ItemChange:
    before, after = step.before, step.after
    return ItemChange(
        topic=step.topic,
        data=after.data if after else {},
        v=step.v,
        ts=after.ts if after else None,
        before=before,
        merged=max(1, step.v - before.v) if before else 1,
        gone=after is None,
    )
