"""One client's commands, answered in their order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from msgspec import UNSET, UnsetType

from feed.errors import BadCursor, BadQuery, LogUnavailable
from feed.hub.subscription import Options, Subscription
from feed.model.codec import Json
from feed.model.cursor import Cursor
from feed.model.frame import Frame, plain
from feed.model.payload import Pong, Rejected
from feed.model.topic import NONE, Filters
from feed.web.close_code import CloseCode
from feed.web.command import BadCommand, Command, Id, read_command, read_place
from feed.web.connection import Connection
from feed.web.grant import BadToken, Grant
from feed.web.inbound import Message, Opcode
from feed.web.limits import Bucket
from feed.web.query import change_options, read_filters
from feed.web.reply import refused, subscribed
from feed.web.wire import control

_PATIENCE_S = 5.0
"""How long a client may go on above the rate before it is closed (protocol section 5)."""

_QUIET_S = 1.0
"""Without a refusal for so long, its patience begins anew."""


class Conversation:
    """What one ws connection has asked for so far, and how much it may still ask.

    What its URL asks for waits for its token, where it has none yet.
    """

    __slots__ = (
        "_asked",
        "_bucket",
        "_came_with",
        "_connection",
        "_hub",
        "_refusal",
        "_refused_s",
        "_refused_since_s",
        "_unheard",
        "is_hearing",
    )

    def __init__(self, connection: Connection) -> None:
        self._hub = connection.home.hub
        self._connection = connection
        self._asked: Callable[[], Awaitable[None]] | None = None
        self._came_with: Cursor | None = None
        limits = connection.home.limits
        self._bucket = Bucket(limits.commands_per_s, limits.commands_burst, connection.opened_s)
        self._refused_since_s = 0.0
        self._refused_s = float("-inf")
        self._refusal: Frame | None = None
        self._unheard: list[Message] = []
        self.is_hearing = False

    def is_over(self, now_s: float) -> bool:
        """Whether a new one would go on just as this."""
        is_said = not self.is_hearing and self._came_with is None and self._asked is None
        return is_said and self._bucket.is_full(now_s)

    def is_refused(self, now_s: float) -> bool:
        """Whether it was above the rate a moment ago."""
        return now_s - self._refused_s < _QUIET_S

    def start(self, greeting: Frame, topics: Sequence[str], options: Options, cursor: Json) -> None:
        """Greet, do what the URL asked for, and then what is said meanwhile."""
        self.is_hearing = True
        self._connection.run(self._begin(greeting, topics, options, cursor))

    async def _begin(
        self, greeting: Frame, topics: Sequence[str], options: Options, cursor: Json
    ) -> None:
        self._connection.cork()
        self._write(greeting)
        try:
            self._came_with = read_place(cursor)
        except BadCursor as error:
            self._close_unusable(error, UNSET)
            return
        if self._connection.grant:
            try:
                await self._ask(topics, options)
            except LogUnavailable as error:
                self._say_unavailable(error, UNSET)
                self._connection.close(CloseCode.RESTART)
                self._connection.ended_by = "unavailable"
                return
        else:
            self._asked = partial(self._ask, topics, options)
        await self._hear_all()

    async def _ask(self, topics: Sequence[str], options: Options) -> None:
        """Do what the URL asked for."""
        if topics:
            filters, rejected = read_filters(topics, self._connection.home.limits)
            await self._subscribe(filters, options, rejected, None, UNSET)
        else:
            wanted = Subscription(options=options)
            await self._hub.subscribe(self._connection.member, wanted, _unsaid)

    def take(self, message: Message) -> None:
        """A text or a ping: a ping is answered now, a text when those before it are.

        Who reads too little for the answer to a ping waits as with a text.
        """
        if message.kind is Opcode.PING and not self._connection.is_full:
            self._answer(message)
            return
        self._unheard.append(message)
        if self.is_hearing:
            self._connection.hold_back(held=True)  # until these are answered
        else:
            self.is_hearing = True
            self._connection.run(self._hear_all())

    async def _hear_all(self) -> None:
        """Answer what was said. Raises ConnectionError once the client is gone."""
        while self._unheard:
            await asyncio.sleep(0)  # others have their turn
            heard, self._unheard = self._unheard, []
            if len(heard) > 1:
                self._connection.cork()
            for message in heard:
                await self._connection.drained()  # who reads no answers is asked for no more
                if message.kind is Opcode.PING:
                    self._answer(message)
                elif self.allows():
                    await self._hear(message.data)
        self.is_hearing = False
        self._connection.hold_back(held=False)

    def _answer(self, ping: Message) -> None:
        if self.allows():
            self._connection.send(control(Opcode.PONG, ping.data))

    def allows(self) -> bool:
        """Whether a message may be heard; the answer to one too many is given here."""
        now_s = self._connection.now_s()
        if self._bucket.take(now_s):
            return True
        if self._connection.is_full:
            return False  # nor is one told so who reads no answers
        if self._refusal is None or now_s != self._refused_s:
            self._refusal = self._too_often(now_s)
        self._connection.home.refused["rate_limited"] += 1
        self._write(self._refusal)
        if now_s - self._refused_since_s >= _PATIENCE_S:
            self._connection.close(CloseCode.TOO_MANY_COMMANDS)
        return False

    def _too_often(self, now_s: float) -> Frame:
        """What is answered now to one too many: the same to all of this moment."""
        if now_s - self._refused_s > _QUIET_S:
            self._refused_since_s = now_s
        self._refused_s = now_s
        wait_ms = round(self._bucket.wait_s(now_s) * 1000) + 1
        message = f"more than {self._connection.home.limits.commands_per_s} commands a second"
        return refused(UNSET, "rate_limited", message, retry_after_ms=wait_ms)

    async def _hear(self, text: bytes) -> None:
        """Answer one text message; what is wrong with it is answered too."""
        try:
            command = read_command(text)
        except BadCommand as error:
            self._refuse(error.id, error.code, str(error))
            return
        try:
            await self._do(command)
        except BadQuery as error:
            self._refuse(command.id, error.code, str(error))
        except BadCursor as error:
            self._close_unusable(error, command.id)
        except LogUnavailable as error:
            self._say_unavailable(error, command.id)

    def _say_unavailable(self, error: LogUnavailable, command: Id) -> None:
        self._refuse(command, "unavailable", f"not now: {error}", retry_after_ms=1000)

    def _close_unusable(self, error: BadCursor, command: Id) -> None:
        """Say what is wrong with a cursor, and close: it would be as wrong the next time."""
        self._refuse(command, error.code, str(error))
        self._connection.close(CloseCode.UNUSABLE)

    async def _do(self, command: Command) -> None:
        had, limits = self._connection.member.subscription, self._connection.home.limits
        match command.kind:
            case "ping":
                at, now_ms = command.given.get("at", UNSET), self._hub.clock.now_ms()
                self._write(plain(Pong(id=command.id, at=at, now=now_ms)))
            case "auth":
                await self._authorize(command)
            case _ if self._connection.grant is None:
                message = 'first a token: {"type":"auth","token":…}'
                self._refuse(command.id, "unauthorized", message)
            case "set":
                options = change_options(had.options, command.given)
                await self._change(Subscription(had.filters, options), [], command.id)
            case "unsubscribe":
                gone, rejected = read_filters(command.topics, limits)
                wanted = Subscription(had.filters.minus(gone), had.options)
                await self._change(wanted, rejected, command.id)
            case _:
                options = change_options(had.options, command.given)
                filters, rejected = read_filters(command.topics, limits, had.filters)
                cursor = read_place(command.given.get("cursor"))
                await self._subscribe(filters, options, rejected, cursor, command.id)

    async def _authorize(self, command: Command) -> None:
        """Take a token: the first, or one that takes the place of the last and may grant less."""
        grants, connection = self._connection.home.grants, self._connection
        if not grants.are_needed:
            message = "this server reads no tokens: everything may be read without one"
            self._refuse(command.id, "no_auth", message)
            return
        token = command.given.get("token")
        try:
            connection.grant = grant = grants.read(token if isinstance(token, str) else "")
        except BadToken as error:
            grants.count(error, connection.address)
            self._refuse(command.id, error.code, str(error))
            connection.close(CloseCode.UNAUTHORIZED)
            return
        connection.due_s = connection.now_s()  # for the new end
        if self._asked:
            await self._asked()
            self._asked = None
        had = connection.member.subscription
        filters, rejected = _granted(grant, had.filters)
        await self._change(Subscription(filters, had.options), rejected, command.id)

    async def _subscribe(
        self,
        filters: Filters,
        options: Options,
        rejected: Sequence[Rejected],
        cursor: Cursor | None,
        command: Id,
    ) -> None:
        """Add topics. A cursor is honoured with the first that a connection has, never again."""
        filters, forbidden = _granted(self._connection.grant, filters)
        rejected = [*rejected, *forbidden]
        is_first = filters != NONE and not self._connection.has_subscribed
        wanted = Subscription(filters, options)
        await self._hub.subscribe(
            self._connection.member,
            wanted,
            self._acknowledgement(wanted, rejected, command),
            cursor=(cursor or self._came_with) if is_first else None,
        )
        if is_first:
            self._connection.has_subscribed, self._came_with = True, None

    async def _change(
        self, wanted: Subscription, rejected: Sequence[Rejected], command: Id
    ) -> None:
        """Leave topics, or change options."""
        acknowledge = self._acknowledgement(wanted, rejected, command)
        member = self._connection.member
        await self._hub.subscribe(member, wanted, acknowledge, with_snapshot=False)

    def _acknowledgement(
        self, wanted: Subscription, rejected: Sequence[Rejected], command: Id
    ) -> Callable[[bool], None]:
        frame = partial(subscribed, wanted, rejected=rejected, command=command)
        return lambda resumed: self._write(frame(resumed=resumed))

    def _refuse(
        self, command: Id, code: str, message: str, *, retry_after_ms: int | UnsetType = UNSET
    ) -> None:
        """Say that a command is not done, and why."""
        self._connection.home.refused[code] += 1
        self._write(refused(command, code, message, retry_after_ms=retry_after_ms))

    def _write(self, frame: Frame) -> None:
        self._connection.write(frame)


def _granted(grant: Grant | None, filters: Filters) -> tuple[Filters, list[Rejected]]:
    """The filters that may be seen, and the others."""
    refused = grant.refused(filters) if grant else filters.names()
    if not refused:
        return filters, []
    rejected = [Rejected(name, "forbidden", "not in this token") for name in refused]
    return filters.minus(Filters.of(refused)), rejected


def _unsaid(_resumed: bool) -> None:  # noqa: FBT001  (what the hub calls)
    """Nothing was asked for yet, so nothing is acknowledged."""
