"""The server that keeps a Redis log: its keys, its scripts, and how it is reached.

Any Redis from 6.2 on or Valkey, also one that a cloud manages: only plain commands and scripts
are used. All keys have one hash tag, so that a cluster keeps them in one slot.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import (
    MasterDownError,
    NoScriptError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import TimeoutError as TimedOut

from feed.errors import LogAway, LogReplaced, LogUnavailable
from feed.log.memory import new_epoch

log = logging.getLogger(__name__)

Argument: TypeAlias = bytes | str | int

LOG = b"{feed}:log"
"""Stream; `<offset>-0`, fields `e` epoch, `c` call, `a` at, `b` body, `n` the event's name."""

META = b"{feed}:meta"
"""Hash: format, epoch, head, the call that appended it, at, size, term, how many bars are kept."""

ITEMS = b"{feed}:items"
"""Hash: topic → the body of its last change."""

VERSIONS = b"{feed}:versions"
"""Hash: topic → version."""

EVENTS = b"{feed}:events"
"""Hash: topic and id → the offset and kind of the event's last entry."""

_HEAD = (b"HMGET", META, b"epoch", b"head", b"call")

NOTES = b"{feed}:notes"
"""Stream: the offset of a batch's last record → `a` at, `b` its note."""

MINUTES = b"{feed}:minutes"
"""Stream: the minute whose bars are kept → `c` how many bars it counts for, `p` its parts."""

BARS = b"{feed}:bars"
"""Hash: minute and part → its bars."""

LEASE = b"{feed}:lease"
"""String with an expiry: the term, and who has it."""

CALL = b"{feed}:call:"
"""With a writer's name: its last call and what became of it, for when the reply is lost."""

ANSWER = b"{feed}:answer:"
"""With an idempotency key: the digest of its body, its offset and its answer."""

CONNECTIONS = 4
"""For appends and reads of one instance; one more reads the log as it grows."""

_CONNECT_S = 2.0
_REPLY_S = 3.0
"""For all that it takes to be answered, also to wait for a connection and to make it."""

_SCRIPTS = {file.stem: file.read_bytes() for file in (Path(__file__).parent / "lua").glob("*.lua")}
_HASHES = {
    name: hashlib.sha1(text, usedforsecurity=False).hexdigest() for name, text in _SCRIPTS.items()
}


class Store:
    """Connections to the server, as many as are said, however many clients there are.

    Every method raises LogAway where the server cannot be reached now, which may be after it did
    what it was told, and LogUnavailable where it refuses. Nothing is tried twice in here.
    """

    def __init__(self, url: str, *, connections: int = CONNECTIONS) -> None:
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=connections,
            timeout=None,
            socket_connect_timeout=_CONNECT_S,
            socket_timeout=None,  # with one, it may lose a cancellation before Python 3.12
            retry=Retry(NoBackoff(), 0),
            driver_info=None,  # it would be told by CLIENT SETINFO, which some refuse
            protocol=2,
        )
        self._redis = Redis(connection_pool=self._pool)
        self._closed = False

    async def run(self, script: str, keys: Sequence[bytes], *arguments: Argument) -> Any:
        """Run one of the scripts in `lua/`."""
        async with self._in_our_words():
            try:
                return await self._say(b"EVALSHA", _HASHES[script], len(keys), *keys, *arguments)
            except NoScriptError:
                return await self._say(b"EVAL", _SCRIPTS[script], len(keys), *keys, *arguments)

    async def ask(self, *commands: Sequence[Argument]) -> list[Any]:
        """The epoch, the head and its call, and the answers to some commands as of that moment.

        They come as the server says them: a command named in bytes has no callback in the client.
        It is asked again where the log has moved meanwhile, which is rare: MULTI would not let
        it, but a server without memory refuses that, even to read.
        """
        while True:
            async with self._in_our_words(), self._redis.pipeline(transaction=False) as together:
                for command in (_HEAD, *commands, _HEAD):
                    together.execute_command(*command)
                before, *answers, after = await together.execute()
            if before == after:
                return [before, *answers]

    async def wait(
        self, first: Sequence[Argument], after: bytes, limit: int, wait_s: float
    ) -> tuple[Any, Sequence[Any]]:
        """The answer to a command; then, of the same server, the stream's entries after an id.

        They are at most `limit`, as soon as there are any.
        """
        wait = (b"XREAD", b"COUNT", limit, b"BLOCK", round(wait_s * 1000), b"STREAMS", LOG, after)
        async with self._in_our_words(), self._redis.pipeline(transaction=False) as together:
            together.execute_command(*first)
            together.execute_command(*wait)
            answer, found = await together.execute()
            return answer, found[0][1] if found else ()

    async def replaced(self, epoch: str) -> LogReplaced:
        """Begin a new epoch, if nobody else has, since entries of this one are lost.

        Gives what to raise.
        """
        log.error("the log is not what was read here: all clients begin again")
        await self.run("replace", [META, LEASE], epoch, new_epoch())
        return LogReplaced("the log has lost entries that were read")

    async def is_durable(self) -> bool:
        """Whether it says that it answers only once what it was told is on the disk."""
        async with self._in_our_words():
            try:
                told = await self._say(b"INFO", b"persistence")
                policy = await self._say(b"CONFIG", b"GET", b"appendfsync")
            except ResponseError:  # who runs it for us keeps its configuration to himself
                return False
            return b"aof_enabled:1" in told and b"always" in policy

    async def _say(self, *words: Argument) -> Any:
        return await self._redis.execute_command(*words)  # type: ignore[no-untyped-call]

    async def aclose(self) -> None:
        """Let go of every connection, and take no more commands."""
        self._closed = True
        await self._pool.disconnect()

    @asynccontextmanager
    async def _in_our_words(self) -> AsyncIterator[None]:
        if self._closed:
            raise LogUnavailable("the log is closed")
        try:
            async with asyncio.timeout(_REPLY_S):
                yield
        except (NotConnected, TimedOut, OSError) as error:
            raise LogAway(str(error) or "the server does not answer") from error
        except RedisError as error:
            if not _is_of_replica(error):
                raise LogUnavailable(str(error)) from error
            await self._pool.disconnect(inuse_connections=False)
            raise LogAway(str(error)) from error


def _is_of_replica(error: RedisError) -> bool:
    """Whether the server leads no longer: another does, behind the same name.

    Redis before 7 says it of a command in a script by quoting it.
    """
    return isinstance(error, ReadOnlyError | MasterDownError) or "-READONLY " in str(error)
