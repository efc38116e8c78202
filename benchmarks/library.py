"""Libraries as sides: a small server of each stands in `peers/`, written as its users would."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import build
from benchmarks.peer import SERVER_CORE, Server, names
from benchmarks.program import Program
from benchmarks.scenario import Scenario

_START_S = 20


@dataclass(frozen=True, slots=True)
class Library:
    """`packages`: what pip or npm is asked for, with its version. `path`: up to the topics."""

    name: str
    file: str
    packages: Sequence[str]
    path: str = "/?topics="
    hello: str = ""
    ready: str = ""

    def serves(self, scenario: Scenario) -> bool:
        """What is not the feed's alone."""
        return not scenario.feed_only

    def prepare(self) -> None:
        """Install it."""
        self._command()

    def start(self, scenario: Scenario, folder: Path) -> Server:
        """Start it. Those of Python deflate what a client offers; the others are told to."""
        program = Program(
            [*self._command(), *(["--deflate"] if scenario.deflate else [])],
            SERVER_CORE,
            {"NODE_ENV": "production", "NODE_PATH": str(build.BUILD / "node" / "node_modules")},
            folder / f"{self.name}.log",
        )
        try:
            port = int(program.line(_START_S).removeprefix("port "))
        except BaseException:
            program.stop()
            raise
        return Server(program, port, ("--ready", self.ready) if self.ready else ())

    def subscription(self, topics: Sequence[int], scenario: Scenario) -> str:
        """A path, and what is said once it is open."""
        return f"{self.path}{names(topics)}" + (f"\t{self.hello}" if self.hello else "")

    def _command(self) -> list[str | Path]:
        file = build.HERE / "peers" / self.file
        runtime: Callable[[Sequence[str]], str | Path] = build.node
        if file.suffix == ".py":
            runtime = build.python_with
        elif self.name == "bun":
            runtime = build.bun
        return [runtime(self.packages), file]


_SOCKETIO = {
    "path": "/socket.io/?EIO=4&transport=websocket&topics=",
    "hello": "40",
    "ready": '40{"sid"',
}

LIBRARIES = (
    Library("uws", "uws.cjs", ["@trufflesuite/uws-js-unofficial@20.30.0-unofficial.0"]),
    Library("bun", "bun.cjs", ["bun@1.4.4"]),
    Library("aiohttp", "aiohttp_loop.py", ["aiohttp==3.14.5"]),
    Library("websockets", "websockets_broadcast.py", ["websockets==17.4"]),
    Library(
        "starlette",
        "starlette_uvicorn.py",
        ["starlette==1.10.0", "uvicorn[standard]==0.54.0", "websockets==17.4"],
    ),
    Library("ws", "ws.cjs", ["ws@8.23.0"]),
    Library("socket.io", "socketio.cjs", ["socket.io@4.8.4"], **_SOCKETIO),
    Library(
        "python-socketio",
        "socketio_python.py",
        ["python-socketio==5.18.1", "aiohttp==3.14.5"],
        **_SOCKETIO,
    ),
)
