"""The platform: instances behind nginx that takes turns, on one Valkey. No affinity anywhere."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tests.support.nginx import Nginx
from tests.support.server import Server
from tests.support.traffic import beats
from tests.support.valkey import Valkey

_LOOKS_PER_S = 10


class Fleet:
    """So many equal instances, and one URL for all of them. The methods block."""

    def __init__(
        self,
        directory: Path,
        count: int,
        settings: Mapping[str, str],
        each: Sequence[Mapping[str, str]] = (),
    ) -> None:
        self.valkey = Valkey(directory / "valkey")
        self.servers: list[Server] = []
        self._directory = directory
        self._count = count
        self._settings = settings
        self._each = each

    @property
    def url(self) -> str:
        """Where nginx serves."""
        return self._front.url

    def __enter__(self) -> "Fleet":
        self.valkey.start()
        common = {"FEED_LOG": self.valkey.url(), "FEED_TRUSTED_PROXIES": "127.0.0.1"}
        for number in range(self._count):
            directory = self._directory / str(number)
            directory.mkdir()
            own = self._each[number] if self._each else {}
            self.servers.append(Server(directory, common | dict(self._settings) | dict(own)))
        for server in self.servers:
            server.start()
        directory = self._directory / "nginx"
        directory.mkdir()
        self._front = Nginx(directory, *(server.address for server in self.servers))
        self._front.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._front.__exit__(kind, error, trace)
        for server in self.servers:
            server.__exit__(kind, error, trace)
        self.valkey.__exit__(kind, error, trace)
        for server in self.servers:
            assert "Traceback" not in server.output, server.output

    def kill(self, server: Server) -> None:
        """SIGKILL one, and start it again."""
        server.kill()
        server.start()

    def roll(self, server: Server) -> None:
        """SIGTERM one, and start it again once it has taken leave."""
        assert server.stop() == 0, server.output
        server.start()

    def pause(self, server: Server) -> None:
        """SIGSTOP one."""
        server.pause()

    def leader(self, besides: Server | None) -> Server | None:
        """An instance that says that it runs the sources; one is not asked."""
        asked = (server for server in self.servers if server is not besides)
        return next((server for server in asked if server.health().get("leader")), None)

    async def led(self, within_s: float, *, besides: Server | None = None) -> Server:
        """The instance that leads, as soon as one does."""
        async with asyncio.timeout(within_s):
            async for _ in beats(_LOOKS_PER_S):
                if leader := await asyncio.to_thread(self.leader, besides):
                    return leader
        raise AssertionError("it never ends")
