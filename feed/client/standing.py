"""Items as they stand now, for who has a place and no items."""

import asyncio

import aiohttp
import msgspec

from feed.client.fault import Blocked
from feed.client.frame import Element
from feed.client.transport import broken, refused
from feed.client.wanted import Wanted
from feed.model.codec import decoder

_OK = 200


class _Standing(msgspec.Struct, frozen=True):
    items: tuple[Element, ...]


_decode = decoder(_Standing)


async def standing(session: aiohttp.ClientSession, wanted: Wanted, limit_s: float) -> list[Element]:
    """What `/snapshot` answers, each time within so many seconds. Raises Lost and Ended."""
    return [element for part in wanted.in_parts() for element in await _ask(session, part, limit_s)]


async def _ask(
    session: aiohttp.ClientSession, wanted: Wanted, limit_s: float
) -> tuple[Element, ...]:
    url = f"{wanted.url}/snapshot"
    try:
        async with (
            asyncio.timeout(limit_s),
            session.get(url, params=wanted.query(), allow_redirects=False) as answer,
        ):
            body = await answer.read()
    except (aiohttp.ClientError, OSError) as error:
        raise broken(error) from error
    if answer.status != _OK:
        raise refused(url, answer.status, answer.headers, body)
    try:
        items: tuple[Element, ...] = _decode(body).items
    except msgspec.MsgspecError as error:
        raise Blocked(f"{url} is no feed's: {error}") from error
    return items
