"""What is made before measuring: C programs, an environment of Python, packages of Node."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
BUILD = HERE / ".build"
_COMPILE = ("-O2", "-ftree-vectorize", "-Wall", "-Wextra")
_INSTALL_S = 600


class CannotBuild(Exception):
    """The message says what is missing."""


def compiled(name: str, sources: Sequence[str], libraries: Sequence[str] = ()) -> Path:
    """The program, made anew where a source is newer."""
    target = BUILD / name
    headers = list((HERE / "client").glob("*.h"))
    newest = max(path.stat().st_mtime for path in [*(HERE / each for each in sources), *headers])
    if target.exists() and target.stat().st_mtime > newest:
        return target
    if not shutil.which("gcc"):
        raise CannotBuild("gcc is not there: the load and the floor are written in C")
    BUILD.mkdir(exist_ok=True)
    part = target.with_suffix(f".{os.getpid()}")
    run(["gcc", *_COMPILE, "-o", part, *(HERE / each for each in sources), *libraries])
    part.replace(target)  # whole or not at all, where two are made at once
    return target


def load() -> Path:
    """The load: client/load.c says how it is used."""
    sources = [f"client/{name}.c" for name in ("load", "stream", "tally", "inject")]
    return compiled("load", sources, ["-lz"])


def floor() -> Path:
    """The floor: peers/floor.c says how it is used."""
    return compiled("floor", ["peers/floor.c", "client/tally.c"])


def python_with(packages: Sequence[str]) -> Path:
    """The Python of the peers' environment, which these are installed in."""
    python = BUILD / "python" / "bin" / "python"
    if not python.exists():
        run([sys.executable, "-m", "venv", BUILD / "python"])
    _once([python, "-m", "pip", "install", "--quiet", *packages], packages)
    return python


def node(packages: Sequence[str]) -> str:
    """The command of Node, for programs that need these: they find them in NODE_PATH."""
    _modules(packages)
    return "node"


def bun(packages: Sequence[str]) -> Path:
    """The program Bun, which is a package of npm."""
    modules = _modules(packages)
    for found in (modules / ".bin" / "bun", *modules.glob("@oven/bun-linux-*/bin/bun")):
        with contextlib.suppress(CannotBuild):
            run([found, "--version"])
            return found
    raise CannotBuild("npm installed a bun that does not run here")


def _modules(packages: Sequence[str]) -> Path:
    if not (shutil.which("node") and shutil.which("npm")):
        raise CannotBuild("node and npm are not there")
    folder = BUILD / "node"
    folder.mkdir(parents=True, exist_ok=True)
    quiet = ("--no-audit", "--no-fund", "--loglevel=error")
    _once(["npm", "install", "--prefix", folder, *quiet, *packages], packages)
    return folder / "node_modules"


def _once(command: Sequence[str | Path], packages: Sequence[str]) -> None:
    """Install, unless it was done; a note of each package stands in the build's folder."""
    notes = [BUILD / "installed" / name.replace("/", "+") for name in packages]
    if all(note.exists() for note in notes):
        return
    run(command)
    for note in notes:
        note.parent.mkdir(exist_ok=True)
        note.touch()


def run(command: Sequence[str | Path], cwd: Path | None = None) -> None:
    """Run it to its end; raises CannotBuild with the end of what it wrote."""
    try:
        done = subprocess.run(  # noqa: S603  (commands of ours)
            [str(part) for part in command],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_INSTALL_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotBuild(str(error)) from error
    if done.returncode:
        raise CannotBuild((done.stderr or done.stdout).strip()[-400:])
