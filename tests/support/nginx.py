"""nginx before servers, as it is deployed."""

import os
import pwd
import re
import resource
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from tests.support.server import ROOT, free_port

START_S = 10.0
STOP_S = 10.0

CONFIGURATION = ROOT / "deploy" / "nginx.conf"

_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_LOG = """
    log_format cache "$upstream_cache_status $request_uri";
    access_log {directory}/access.txt cache;"""


def nginx() -> str | None:
    """Where nginx is installed; ordinary users have no `sbin` in their path."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


class Served(NamedTuple):
    """One request: `cache` is what nginx did, as `$upstream_cache_status` says it."""

    cache: str
    target: str

    @property
    def reached_the_origin(self) -> bool:
        """Whether the server was asked for it."""
        return self.cache not in {"HIT", "STALE", "UPDATING"}


class Nginx:
    """One nginx with two workers on loopback, and a cache in `directory`; it takes turns."""

    def __init__(self, directory: Path, *origins: str) -> None:
        self.port = free_port()
        self._directory = directory
        self._origins = origins
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it serves, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Nginx":
        program = nginx()
        assert program is not None
        file = self._directory / "nginx.conf"
        file.write_text(self._configuration())
        places: list[str | Path] = ["-p", self._directory, "-e", self._directory / "error.txt"]
        self._process = subprocess.Popen([program, *places, "-c", file])
        for _ in range(int(START_S / 0.05)):
            if self._accepts():
                return self
            try:
                code = self._process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"it exited with {code} at start: {self._errors()}")
        raise AssertionError(f"not ready after {START_S} s: {self._errors()}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(STOP_S)

    def finish(self) -> list[Served]:
        """Let it answer what it has begun, and end; all that it served."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        assert self._process.wait(STOP_S) == 0
        assert not self._errors(), self._errors()
        lines = (self._directory / "access.txt").read_text().splitlines()
        return [Served(*line.split(" ", 1)) for line in lines]

    def _configuration(self) -> str:
        """What is deployed, but for the places: where it listens and writes, and whom it asks."""
        text = CONFIGURATION.read_text(encoding="utf-8")
        files = min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])  # not ours to raise
        here = {
            r"worker_processes auto;": f"worker_processes 2; {self._process_settings()}",
            r"worker_rlimit_nofile 65536;": f"worker_rlimit_nofile {files};",
            r"worker_connections 30000;": f"worker_connections {files // 2};",
            r"access_log .* feed;": _LOG.format(directory=self._directory) + self._temporary(),
            r"/var/cache/nginx-feed": f"{self._directory}/cache",
            r"listen 80 ": f"listen 127.0.0.1:{self.port} ",
            r"server feed-1:8080 (.*;)\n +server feed-2:8080 .*;": "\n".join(
                rf"server {origin} \1" for origin in self._origins
            ),
        }
        for there, replacement in here.items():
            text, count = re.subn(there, replacement, text)
            assert count == 1, there
        return text

    def _process_settings(self) -> str:
        """Where it notes what. Root works on as root: what it reads and writes here is root's."""
        directory = self._directory
        user = "" if os.geteuid() else f"user {pwd.getpwuid(0).pw_name}; "
        return f"{user}daemon off; pid {directory}/nginx.pid; error_log {directory}/error.txt;"

    def _temporary(self) -> str:
        """Where it puts what is large; nginx makes the directories."""
        return " ".join(f"{name}_temp_path {self._directory}/{name};" for name in _TEMPORARY)

    def _accepts(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _errors(self) -> str:
        file = self._directory / "error.txt"
        return file.read_text() if file.exists() else ""
