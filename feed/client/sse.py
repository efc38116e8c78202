"""The feed as Server-Sent Events (WHATWG HTML, 9.2)."""

from collections import deque
from collections.abc import Iterator

import aiohttp

from feed.client.fault import Blocked, Cut
from feed.client.transport import MOST_BYTES, UNTIMED, broken, refused
from feed.client.wanted import Wanted

_OK = 200
_TYPE = "text/event-stream"


class Events:
    """Bytes as they come → the data of each whole event."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[bytes] = []

    def take(self, chunk: bytes) -> Iterator[str]:
        """The events that end in this chunk. Raises Lost where one does not end, or is no text."""
        looked_at = len(self._rest)
        self._rest += chunk
        begin = 0
        while (end := self._rest.find(b"\n", max(begin, looked_at))) >= 0:
            line = self._rest[begin:end].removesuffix(b"\r")
            begin = end + 1
            if line.startswith(b"data:"):
                self._data.append(bytes(line[5:].removeprefix(b" ")))
            elif not line and self._data:
                yield _text(b"\n".join(self._data))
                self._data = []
        del self._rest[:begin]
        if len(self._rest) + sum(map(len, self._data)) > MOST_BYTES:
            raise Blocked("an event that does not end")


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeError as error:
        raise Cut(f"bytes that are no text: {error}") from error


class ServerSentEvents:
    """See Transport. There is no way to know that nothing holds it back but to begin."""

    name = "SSE"

    def __init__(self, session: aiohttp.ClientSession, wanted: Wanted) -> None:
        self._session = session
        self._wanted = wanted
        self._answer: aiohttp.ClientResponse | None = None
        self._events = Events()
        self._ready = deque[str]()

    async def open(self) -> None:
        """See Transport."""

    async def begin(self, cursor: str | None) -> None:
        """See Transport."""
        url = f"{self._wanted.url}/sse"
        headers = {"Accept": _TYPE} | ({} if cursor is None else {"Last-Event-ID": cursor})
        try:
            self._answer = answer = await self._session.get(
                url,
                params=self._wanted.query(),
                headers=headers,
                timeout=UNTIMED,
                allow_redirects=False,
            )
            if answer.status != _OK:
                raise refused(url, answer.status, answer.headers, await answer.read())
        except (aiohttp.ClientError, OSError) as error:
            raise broken(error) from error
        if answer.content_type != _TYPE:
            raise Blocked(f"{url} answers with {answer.content_type}")
        self._ready.appendleft(await self.receive())

    async def receive(self) -> str:
        """See Transport."""
        while not self._ready:
            self._ready += self._events.take(await self._read())
        return self._ready.popleft()

    async def close(self) -> None:
        """See Transport."""
        if self._answer is not None:
            self._answer.close()

    async def _read(self) -> bytes:
        if self._answer is None:
            raise Cut("it was not begun")
        try:
            chunk = await self._answer.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise broken(error) from error
        if not chunk:
            raise Cut("the server ended the stream")
        return chunk
