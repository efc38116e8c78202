"""Bringing one member to the head of its lane: what it missed, or a snapshot."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice

from feed.errors import LogTrimmed
from feed.hub.conflate import Held
from feed.hub.lane import Lane
from feed.hub.member import Member
from feed.hub.plan import Step
from feed.hub.reading import Slice, next_slice
from feed.hub.subscription import Subscription
from feed.model.frame import SNAPSHOT_PART, Frame, item_now, plain
from feed.model.frame import snapshot as snapshot_part
from feed.model.payload import Reset
from feed.model.topic import NONE, Filters


async def bring_up(lane: Lane, member: Member) -> None:
    """Send a member what it missed and what it is owed, as fast as it reads.

    On return it stands at the lane's head, and nothing else has run since. Safe to cancel: what it
    was not sent is told by its cursor, or still owed. Raises ConnectionError, LogUnavailable.
    """
    while True:
        await _catch_up(lane, member)
        if member.owed is None:
            return
        if member.told == NONE:
            member.held = Held(resumed=False)  # nothing but what it is sent now
        if member.begins_again:
            if member.sink.is_full:
                await member.sink.drained()  # so that nothing comes between the two
            _write(lane, member, _reset(lane, Step.EPOCH))
            member.begins_again = False
        await send_snapshot(lane, member, member.owed)


async def _catch_up(lane: Lane, member: Member) -> None:
    while member.cursor < lane.tail.head:
        try:
            await _send_newer(lane, member)
        except LogTrimmed:
            await restart(lane, member, Step.EXPIRED)


async def _send_newer(lane: Lane, member: Member) -> None:
    await member.sink.drained()
    while part := await next_slice(lane.pages, lane.tail, member.cursor, member.told):
        async with lane.pages.turns:
            if frame := _frame(lane, member, part):
                _write(lane, member, frame)
            member.cursor = part.upto
            await asyncio.sleep(0)  # whoever keeps up goes before those who come back
        if member.sink.is_full:
            await member.sink.drained()


def _frame(lane: Lane, member: Member, part: Slice) -> Frame | None:
    """What tells a member a part of the past: the same frame for all who come from its place."""

    def make() -> Frame | None:
        merge = not part.is_short
        return lane.frame(part.entries, part.upto, wanted, member.held, merge=merge)

    wanted = member.subscription
    if wanted.options.fields:
        return make()  # what it holds is its own
    return lane.pages.frames.get(
        (wanted, member.told, member.cursor, part.upto, part.is_short), make
    )


def _write(lane: Lane, member: Member, frame: Frame) -> None:
    member.sink.write(frame)
    lane.traffic.behind.add(frame)


def _reset(lane: Lane, why: Step) -> Frame:
    lane.traffic.resets[why.value] += 1
    return plain(Reset(reason=why.value))


async def restart(lane: Lane, member: Member, why: Step) -> None:
    """Tell a member that what came after its cursor is lost to it, and the state as it is now."""
    _write(lane, member, _reset(lane, why))
    member.held, member.begins_again = Held(resumed=False), False
    member.cursor, member.owed = lane.tail.head, member.subscription.filters
    await send_snapshot(lane, member, member.owed)


def begin_again(lane: Lane, member: Member) -> None:
    """Let a member of another epoch stand at the head of this lane; `bring_up` does the rest."""
    if member.subscription.filters != NONE:
        member.owed, member.begins_again = member.subscription.filters, True
    member.cursor = lane.tail.head


async def send_snapshot(lane: Lane, member: Member, filters: Filters) -> None:
    """Send the items of some filters, in parts as fast as they are read; moves the member.

    It must stand at the lane's head with all that it is told of, and is owed nothing after it.
    """
    place = lane.tail.head
    for frame in snapshot(lane, filters, member.subscription.interest):
        if member.sink.is_full:
            await member.sink.drained()
        _write(lane, member, frame)
    member.cursor, member.owed = place, None


def snapshot(lane: Lane, filters: Filters, fields: frozenset[str] | None) -> Sequence[Frame]:
    """The parts of a snapshot at the lane's head, the same frames for all who ask for them there.

    At least one; the last carries the cursor.
    """
    return lane.kept.get((filters, fields), lambda: list(_parts(lane, filters, fields)))


def _parts(lane: Lane, filters: Filters, fields: frozenset[str] | None) -> Iterator[Frame]:
    cursor, items = lane.standing(filters)
    elements = (element for item in items if (element := item_now(item, fields)))
    part = list(islice(elements, SNAPSHOT_PART))
    while following := list(islice(elements, SNAPSHOT_PART)):
        yield snapshot_part(part, None)
        part = following
    yield snapshot_part(part, cursor)


def begins_anew(member: Member, wanted: Subscription) -> bool:
    """Whether a member is to be sent anew what it has: until then it is told nothing of that."""
    told = member.told
    return told.minus(new_topics(member.subscription, wanted)) != told


def new_topics(before: Subscription, wanted: Subscription) -> Filters:
    """The filters that a member has no state for: new ones, or all when it wants further fields."""
    had, wants = before.interest, wanted.interest
    if had is None or (wants is not None and wants <= had):
        return wanted.filters.minus(before.filters)
    return wanted.filters
