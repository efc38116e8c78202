"""The server as a process of its own: start, ready, stop, kill, and what it printed."""

import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from tests.support.forked import Forked

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "blackbox-token-of-forty-characters-00001"
START_S = 20.0
REFUSAL_S = 30.0
STOP_S = 15.0
LOWEST_PORT = 10_240
_GIVEN = Path("/proc/sys/net/ipv4/ip_local_port_range")
_CHANCE = random.SystemRandom()


def free_port() -> int:
    """A port of loopback that nobody has.

    It is none that the kernel gives to whoever connects: such a one may be taken before a server
    begins to listen, or while it is started again.
    """
    given = max(int(_GIVEN.read_text().split()[0]), 2 * LOWEST_PORT)
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port := _CHANCE.randrange(LOWEST_PORT, given)))
            return port


def environment(**settings: str) -> dict[str, str]:
    """What the process sees: nothing of this process's own settings, the program on the path.

    No authority is known to it: to read them all takes a fifth of its start, and none is asked.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ours = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "SSL_CERT_FILE": os.devnull}
    return kept | ours | settings


class Server:
    """One server process on loopback; may be started again on the same port and the same log.

    `settings` are environment variables over the defaults: no sources, a SQLite log in
    `directory`. The methods block; from a coroutine they are called in a thread.
    """

    def __init__(self, directory: Path, settings: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self.port = free_port()
        self.settings = {
            "PORT": str(self.port),
            "FEED_HOST": "127.0.0.1",
            "FEED_LOG": f"sqlite:///{directory / 'feed.db'}",
            "FEED_ADMIN_TOKEN": TOKEN,
            "FEED_SOURCES": "off",
        } | dict(settings or {})
        self._output = directory / "output.txt"
        self._process: Forked | subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Host and port, as `Host` and own origins have them."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where the HTTP doors are, without a slash at the end."""
        return f"http://{self.address}"

    @property
    def output(self) -> str:
        """All that the process, and those before it, wrote on stdout and stderr."""
        return self._output.read_text() if self._output.exists() else ""

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def rss_bytes(self) -> int:
        """Resident memory of the process now."""
        status = Path(f"/proc/{self._running().pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found, status
        return int(found[1]) * 1024

    @property
    def files(self) -> int:
        """How many the process has open now, its sockets among them."""
        return len(list(Path(f"/proc/{self._running().pid}/fd").iterdir()))

    def begin(self) -> None:
        """Start it, without waiting."""
        assert not self.running
        self._process = Forked(self.directory, environment(**self.settings), self._output)

    def start(self) -> None:
        """Start and wait until it is ready; AssertionError with its output where it is not."""
        self.begin()
        self.wait_until("ready")

    def wait_until(self, what: Literal["ready", "live"]) -> None:
        """Wait for a 200 of `/health/…`; AssertionError with its output where there is none."""
        for _ in range(int(START_S / 0.05)):
            if self._says(what):
                return
            code = self.exited_within(0.05)
            assert code is None, f"it exited with {code} at start:\n{self.output}"
        self.kill()
        raise AssertionError(f"not {what} after {START_S} s:\n{self.output}")

    def exited_within(self, seconds: float) -> int | None:
        """Wait for the end; the exit code, or None when it still runs."""
        try:
            return self._running().wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def refused(self) -> tuple[int, str]:
        """Start it where it should refuse to; its exit code, and what it printed this time.

        One that serves instead is killed after a while: -9.
        """
        before = len(self.output)
        self.begin()
        code = self.exited_within(REFUSAL_S)
        if code is None:
            self.kill()
            code = -signal.SIGKILL
        return code, self.output[before:]

    def terminate(self) -> None:
        """Ask it to stop (SIGTERM), without waiting."""
        self._running().send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """SIGTERM and wait; the exit code."""
        self.terminate()
        code = self.exited_within(STOP_S)
        if code is None:
            self.kill()
            raise AssertionError(f"it still ran {STOP_S} s after SIGTERM:\n{self.output}")
        return code

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        process = self._running()
        process.kill()
        process.wait()

    def health(self) -> dict[str, Any]:
        """What `/health/ready` says; nothing where it does not answer."""
        try:
            health: dict[str, Any] = json.loads(self._get("/health/ready")[1])
        except (OSError, http.client.HTTPException):
            return {}
        return health

    def answers(self, path: str) -> int:
        """The status with which it answers a GET."""
        return self._get(path)[0]

    def _get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.address, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def pause(self) -> None:
        """SIGSTOP: it holds what it has, and does nothing."""
        self._running().send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self._running().send_signal(signal.SIGCONT)

    def _says(self, what: str) -> bool:
        try:
            return self.answers(f"/health/{what}") == 200
        except (OSError, http.client.HTTPException):
            return False

    def _running(self) -> Forked | subprocess.Popen[bytes]:
        assert self._process is not None, "never started"
        return self._process

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.running:
            self.kill()


class Spawned(Server):
    """One that is loaded anew, as its users start it; `words` are those after `python -m`."""

    def __init__(
        self, directory: Path, settings: Mapping[str, str] | None = None, *words: str
    ) -> None:
        super().__init__(directory, settings)
        self._words = words or ("feed",)

    def begin(self) -> None:
        """See Server."""
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._words],
                cwd=self.directory,
                env=environment(**self.settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
