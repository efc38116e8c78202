"""What a stream begins with, `welcome`, and what each command is answered: done, or refused."""

import asyncio
from collections.abc import Sequence

from aiohttp import web
from msgspec import UNSET, UnsetType

from feed.hub.subscription import Subscription
from feed.model.frame import Frame, plain
from feed.model.payload import Allowed, Error, Rejected, Subscribed, Welcome
from feed.web import keys
from feed.web.command import Id
from feed.web.connection import Connection


def welcome(app: web.Application, connection: Connection) -> Frame:
    """Who speaks, where the log ends now, and what may be asked."""
    hub, limits = app[keys.HUB], app[keys.LIMITS]
    ends_in_s = connection.ends_s - asyncio.get_running_loop().time()
    return plain(
        Welcome(
            protocol=1,
            instance=app[keys.INSTANCE],
            connection=connection.id,
            head=hub.live.cursor(hub.head),
            now=app[keys.CLOCK].now_ms(),
            heartbeat_ms=round(hub.heartbeat_s * 1000),
            ends_in_ms=round(ends_in_s * 1000),
            limits=Allowed(
                topics=limits.max_topics,
                wildcards=limits.max_wildcards,
                commands_per_s=limits.commands_per_s,
                message_bytes=limits.message_bytes,
            ),
        )
    )


def subscribed(
    wanted: Subscription,
    *,
    resumed: bool,
    rejected: Sequence[Rejected] = (),
    command: Id = UNSET,
) -> Frame:
    """All that is in force now, and what is not served; `command` is the `id` of what asked."""
    options = wanted.options
    return plain(
        Subscribed(
            id=command,
            topics=[*wanted.filters.names()],
            conflate_ms=options.conflate_ms,
            window_ms=options.window_ms,
            delay_ms=options.delay_ms,
            fields=None if options.fields is None else [*options.fields],
            resumed=resumed,
            rejected=[*rejected],
        )
    )


def refused(
    command: Id, code: str, message: str, *, retry_after_ms: int | UnsetType = UNSET
) -> Frame:
    """A command is not done; `retry_after_ms`: it may be, later."""
    return plain(
        Error(
            id=command,
            code=code,
            message=message,
            retry=retry_after_ms is not UNSET,
            retry_after_ms=retry_after_ms,
        )
    )
