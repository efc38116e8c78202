"""One client's commands, answered in their order."""

from collections.abc import Callable, Sequence
from functools import partial

from feed.clock import Clock
from feed.errors import BadCursor, BadQuery, LogUnavailable
from feed.hub.hub import Hub
from feed.hub.subscription import Options, Subscription
from feed.model.codec import Json, JsonObject
from feed.model.cursor import Cursor, parse_cursor
from feed.model.frame import Frame, plain
from feed.model.topic import NONE, Filters
from feed.web.close_code import CloseCode
from feed.web.command import BadCommand, Command, read_command
from feed.web.connections import Connection
from feed.web.greeting import subscribed
from feed.web.limits import COMMANDS_BURST, COMMANDS_PER_S, Bucket
from feed.web.query import Rejected, change_options, read_filters

_PATIENCE_S = 5.0
"""How long a client may go on above the rate before it is closed (protocol section 5)."""

_QUIET_S = 1.0
"""Without a refusal for so long, its patience begins anew."""


class Conversation:
    """What one ws connection has asked for so far, and how much it may still ask.

    Used by the connection's own task alone. Raises ConnectionError once the client is gone.
    """

    def __init__(self, hub: Hub, clock: Clock, connection: Connection) -> None:
        self.connection = connection
        self._hub = hub
        self._clock = clock
        self._came_with: Cursor | None = None
        self._bucket = Bucket(COMMANDS_PER_S, COMMANDS_BURST, connection.opened_s)
        self._refused_since_s = 0.0
        self._refused_s = float("-inf")

    async def begin(self, topics: Sequence[str], options: Options, cursor: Json) -> None:
        """Do what the URL asked for; raises BadCursor."""
        self._came_with = _read_cursor(cursor)
        wanted = Subscription(options=options)
        await self._hub.subscribe(self.connection.member, wanted, _unsaid)
        if topics:
            filters, rejected = read_filters(topics)
            await self._subscribe(filters, options, rejected, None, {})

    async def is_allowed(self, now_s: float) -> bool:
        """Whether a message may be heard; the answer to one too many is given here."""
        await self.connection.drained()  # who does not read its answers is not asked for more
        if self._bucket.take(now_s):
            return True
        if now_s - self._refused_s > _QUIET_S:
            self._refused_since_s = now_s
        self._refused_s = now_s
        wait_ms = round(self._bucket.wait_s(now_s) * 1000) + 1
        message = f"more than {COMMANDS_PER_S} commands a second"
        self._write(_error({}, "rate_limited", message, retry_after_ms=wait_ms))
        if now_s - self._refused_since_s >= _PATIENCE_S:
            await self.connection.close(CloseCode.TOO_MANY_COMMANDS)
        return False

    async def hear(self, text: str) -> None:
        """Answer one text message; what is wrong with it is answered too."""
        try:
            command = read_command(text)
        except BadCommand as error:
            self._write(_error(error.echo, error.code, str(error)))
            return
        try:
            await self._do(command)
        except BadQuery as error:
            self._write(_error(command.echo, error.code, str(error)))
        except BadCursor as error:
            await self.close_unusable(error, command.echo)
        except LogUnavailable as error:
            message = f"not now: {error}"
            self._write(_error(command.echo, "unavailable", message, retry_after_ms=1000))

    async def close_unusable(self, error: BadCursor, echo: JsonObject | None = None) -> None:
        """Say what is wrong with a cursor, and close: it would be as wrong the next time."""
        self._write(_error(echo or {}, error.code, str(error)))
        await self.connection.close(CloseCode.UNUSABLE)

    async def _do(self, command: Command) -> None:
        had = self.connection.member.subscription
        match command.kind:
            case "ping":
                at = {"at": command.given["at"]} if "at" in command.given else {}
                self._write(plain("pong", **command.echo, **at, now=self._clock.now_ms()))
            case "auth":
                message = "this server reads no tokens: everything may be read without one"
                self._write(_error(command.echo, "no_auth", message))
            case "set":
                options = change_options(had.options, command.given)
                await self._change(Subscription(had.filters, options), [], command.echo)
            case "unsubscribe":
                gone, rejected = read_filters(command.topics)
                wanted = Subscription(had.filters.minus(gone), had.options)
                await self._change(wanted, rejected, command.echo)
            case _:
                options = change_options(had.options, command.given)
                filters, rejected = read_filters(command.topics, had.filters)
                cursor = _read_cursor(command.given.get("cursor"))
                await self._subscribe(filters, options, rejected, cursor, command.echo)

    async def _subscribe(
        self,
        filters: Filters,
        options: Options,
        rejected: Sequence[Rejected],
        cursor: Cursor | None,
        echo: JsonObject,
    ) -> None:
        """Add topics. A cursor is honoured with the first that a connection has, never again."""
        is_first = filters != NONE and not self.connection.has_subscribed
        wanted = Subscription(filters, options)
        await self._hub.subscribe(
            self.connection.member,
            wanted,
            self._acknowledgement(wanted, rejected, echo),
            cursor=(cursor or self._came_with) if is_first else None,
        )
        self.connection.has_subscribed |= is_first

    async def _change(
        self, wanted: Subscription, rejected: Sequence[Rejected], echo: JsonObject
    ) -> None:
        """Leave topics, or change options."""
        acknowledge = self._acknowledgement(wanted, rejected, echo)
        member = self.connection.member
        await self._hub.subscribe(member, wanted, acknowledge, with_snapshot=False)

    def _acknowledgement(
        self, wanted: Subscription, rejected: Sequence[Rejected], echo: JsonObject
    ) -> Callable[[bool], None]:
        frame = partial(subscribed, wanted, rejected=rejected, echo=echo)
        return lambda resumed: self._write(frame(resumed=resumed))

    def _write(self, frame: Frame) -> None:
        self.connection.write(frame)


def _unsaid(_resumed: bool) -> None:  # noqa: FBT001  (what the hub calls)
    """Nothing was asked for yet, so nothing is acknowledged."""


def _read_cursor(value: Json) -> Cursor | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BadCursor("cursor must be a string")
    return parse_cursor(value)


def _error(
    echo: JsonObject, code: str, message: str, *, retry_after_ms: int | None = None
) -> Frame:
    later: JsonObject = {} if retry_after_ms is None else {"retry_after_ms": retry_after_ms}
    return plain("error", **echo, code=code, message=message, retry=bool(later), **later)
