"""nginx before a server, set up as docs/operations.md says."""

import os
import pwd
import re
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

_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_AROUND = """
user {user};
worker_processes 2;
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/error.txt;
events {{ worker_connections 4096; }}
http {{
    log_format cache "$upstream_cache_status $request_uri";
    access_log {directory}/access.txt cache;
    {temporary}
    {documented}
}}
"""


def nginx() -> str | None:
    """Where nginx is installed; ordinary users have no `sbin` in their path."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def documented() -> str:
    """The one sample of the operations' page that is for nginx."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    [sample] = re.findall(r"(?ms)^```nginx\n(.*?)^```$", text)
    return str(sample)


class Served(NamedTuple):
    """One request: `cache` is what nginx did, as `$upstream_cache_status` says it."""

    cache: str
    target: str

    @property
    def reached_the_origin(self) -> bool:
        """Whether the server was asked for it."""
        return self.cache not in {"HIT", "STALE", "UPDATING"}


class Nginx:
    """One nginx with its workers on loopback, and a cache in `directory`."""

    def __init__(self, directory: Path, origin: str) -> None:
        self.port = free_port()
        self._directory = directory
        self._origin = origin
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
        self._process = subprocess.Popen([program, "-p", self._directory, "-c", file])
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
        here = {
            "server 127.0.0.1:8080;": f"server {self._origin};",
            "listen 80;": f"listen 127.0.0.1:{self.port};",
            "/var/cache/nginx/feed": f"{self._directory}/cache",
        }
        text = documented()
        for there, replacement in here.items():
            assert text.count(there) == 1, there
            text = text.replace(there, replacement)
        return _AROUND.format(
            user=pwd.getpwuid(os.geteuid()).pw_name,
            directory=self._directory,
            temporary=" ".join(f"{n}_temp_path {self._directory}/{n};" for n in _TEMPORARY),
            documented=text,
        )

    def _accepts(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _errors(self) -> str:
        file = self._directory / "error.txt"
        return file.read_text() if file.exists() else ""
