"""`GET /ws`: commands in, frames out (protocol sections 3 to 5)."""

import asyncio
from collections.abc import Sequence

from aiohttp import web

from feed.web import keys
from feed.web.close_code import CloseCode
from feed.web.connection import LOOK_S, Connection, Home, Phase
from feed.web.conversation import Conversation
from feed.web.grant import BadToken
from feed.web.inbound import Broken, Incomplete, Message, Opcode, read
from feed.web.query import read_options, read_topics
from feed.web.refusal import note
from feed.web.reply import welcome
from feed.web.takeover import Taken, take_over
from feed.web.upgrade import upgrade
from feed.web.wire import control, deflated_message, websocket_message

_SWITCHED = Taken(status=101)

_PING_S = 20.0
"""Silence before a client is pinged."""

_CODE_BYTES = 2
_COMMANDS = (Opcode.TEXT, Opcode.PING)
"""What is answered, and counted when it is."""

_PIECE_BYTES = 2 * 1024
"""Read in one turn: some three hundred of the smallest messages, three milliseconds."""

_HEAD_BYTES = 6
"""Of the smallest frames."""

_MANY = 128
"""Frames in a piece, or more: too many to be read at once, whatever they say."""

_SLOW_BYTES, _SLOW_S, _SLOW_FRAME_S = 512, 0.1, 0.002
"""Who says too much is read in such pieces, so long apart, or longer by the frames in them."""


async def websocket(request: web.Request) -> web.StreamResponse:
    """Upgrade a connection, and let it go on by itself."""
    options = read_options(request.query)  # a value out of range is a 400, before the handshake
    app, connections = request.app, request.app[keys.CONNECTIONS]
    accepted = upgrade(request, may_deflate=app[keys.COMPRESSES])
    address = app[keys.PEERS].address(request)
    connections.check(address)
    stream = WebSocket(address, connections, is_deflated=accepted.is_deflated)
    early = take_over(request, stream)
    connections.add(stream)
    await note(request, _SWITCHED)
    try:
        stream.grant = connections.grants.of(request)
    except BadToken:
        stream.send(accepted.head)
        stream.close(CloseCode.UNAUTHORIZED)
    else:
        cursor, greeting = request.query.get("cursor"), welcome(app, stream)
        stream.conversation.start(greeting, read_topics(request), options, cursor)
        stream.cork()  # until it has begun, in the next turn: the head and that are one write
        stream.send(accepted.head)
    if early:
        stream.data_received(early)
    return _SWITCHED


class WebSocket(Connection):
    """An open WebSocket. What its client says is kept only until it is answered."""

    door = "ws"

    __slots__ = (
        "_conversation",
        "_heard_s",
        "_is_deaf",
        "_pinged_s",
        "_rest",
        "_unread",
    )

    def __init__(self, address: str, home: Home, *, is_deflated: bool) -> None:
        super().__init__(address, deflated_message if is_deflated else websocket_message, home)
        self._is_deaf = False
        self._conversation: Conversation | None = None
        self._rest: Incomplete | None = None
        self._unread: memoryview | None = None
        self._heard_s = self.opened_s
        self._pinged_s: float | None = None

    @property
    def conversation(self) -> Conversation:
        """What is said, and how much more may be; begun anew once the last is over."""
        if self._conversation is None:
            self._conversation = Conversation(self)
        return self._conversation

    def data_received(self, data: bytes) -> None:
        """Read what the client says, so much in one turn: others have theirs between.

        Who says more than is allowed is read slowly.
        """
        self._heard_s, self._pinged_s = self.now_s(), None
        if self._is_deaf:
            return
        if self._unread is not None:
            self._unread = memoryview(bytes(self._unread) + data)
        else:
            self._read_some(memoryview(data))

    def _read_some(self, data: memoryview) -> None:
        size = _SLOW_BYTES if self._says_too_much else _PIECE_BYTES
        frames = self._read(bytes(data[:size]))
        is_slow = frames > _MANY or self._says_too_much
        if len(data) > size or is_slow:
            self._unread = data[size:]
            self.hold_back(held=True)
            pause_s = max(_SLOW_S, frames * _SLOW_FRAME_S) if is_slow else 0
            asyncio.get_running_loop().call_later(pause_s, self._read_on)

    @property
    def _says_too_much(self) -> bool:
        talk = self._conversation
        return talk is not None and talk.is_refused(self._heard_s)

    def _read_on(self) -> None:
        data, self._unread = self._unread, None
        if data and self.phase is not Phase.CLOSED and not self._is_deaf:
            self._heard_s = self.now_s()
            self._read_some(data)
        if not (self._conversation and self._conversation.is_hearing):
            self.hold_back(held=False)

    def hold_back(self, *, held: bool) -> None:
        """See Connection. What was read must be heard before more is."""
        super().hold_back(held=held or (self._unread is not None and not self.is_ending))

    def _read(self, data: bytes) -> int:
        """Strictly; gives how many frames there were, about."""
        had = self._rest
        gathered = len(had.body) if had else 0
        try:
            messages, self._rest = read(
                data,
                self._rest,
                limit_bytes=self.home.limits.message_bytes,
                deflated=self.wrap is deflated_message,
            )
        except Broken as broken:
            self._hear(broken.messages)
            self._fail(broken.code)
            return 0
        self._hear(messages)
        kept = len(self._rest.body) if self._rest else 0
        said = sum(len(message.data) for message in messages) + kept - gathered
        frames = max(len(messages), (len(data) - said) // _HEAD_BYTES)
        if frames > _MANY or self._says_too_much:
            self._count(frames - sum(message.kind in _COMMANDS for message in messages))
        return frames

    def _count(self, frames: int) -> None:
        """Those that say nothing count as commands, where they are many; one refusal is enough."""
        while frames > 0 and not self.is_ending and self.conversation.allows():
            frames -= 1

    def _hear(self, messages: Sequence[Message]) -> None:
        if len(messages) > 1:
            self.cork()  # one write for all the answers
        for message in messages:
            if message.kind is Opcode.CLOSE:
                self._part(message.data)
            elif self.is_ending or message.kind is Opcode.PONG:
                continue
            elif message.kind is Opcode.BINARY:
                self.close(CloseCode.NOT_TEXT)
            else:
                self.conversation.take(message)

    def _part(self, reason: bytes) -> None:
        """The client closes, or answers our close: the server ends the connection (5.5.1)."""
        if not self.is_ending:
            self.send(control(Opcode.CLOSE, reason[:_CODE_BYTES]))
            self.end_writing()
        self._transport.close()

    def _fail(self, code: int) -> None:
        """The client cannot be understood any more (7.1.7): what else it says is not read."""
        super().close(code)
        self._is_deaf = True
        self._transport.write_eof()  # it ends its side then, having read why

    def close(self, code: int) -> None:
        """See Connection. Who says too much is heard no more, not even to the end of it."""
        if code == CloseCode.TOO_MANY_COMMANDS and not self.is_ending:
            self._fail(code)
        else:
            super().close(code)

    def say_end(self, code: int) -> None:
        """See Connection."""
        self.send(control(Opcode.CLOSE, code.to_bytes(_CODE_BYTES)))

    def look(self, now_s: float) -> str | None:
        """See Connection. Pings who has been silent; a pong would wait behind what is unread."""
        if self._conversation and self._conversation.is_over(now_s):
            self._conversation = None
        if self.is_waiting:
            self._heard_s, self._pinged_s = now_s, None
        elif self._pinged_s is None and now_s - self._heard_s >= _PING_S:
            self._pinged_s = now_s
            self.send(control(Opcode.PING))
        elif self._pinged_s is not None and now_s - self._pinged_s > self.home.limits.pong_s:
            return f"answered no ping for {self.home.limits.pong_s:g} s"
        return super().look(now_s)

    def calm_s(self, now_s: float) -> float:
        """See Connection. A pong is waited for, and what was said is let go of soon."""
        if self._conversation or self._pinged_s is not None:
            return LOOK_S
        return min(super().calm_s(now_s), self._heard_s + _PING_S - now_s)
