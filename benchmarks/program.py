"""A program under measurement: started on one core, asked in lines, weighed, ended by its id."""

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

_STOP_S = 10.0


class Broken(Exception):
    """A program did not do what a measurement needs; the message says which and what."""


@contextlib.contextmanager
def _on(core: int | None) -> Iterator[None]:
    """What is started within inherits the core, with every thread that it will have."""
    cores = os.sched_getaffinity(0)
    if core is None or core not in cores or len(cores) == 1:
        yield
        return
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


class Program:
    """`core`: the one it may run on; None, or a machine with one: any."""

    def __init__(
        self,
        command: Sequence[str | Path],
        core: int | None = None,
        environment: Mapping[str, str] | None = None,
        errors: Path | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name = Path(command[0]).name
        self._errors = errors
        with contextlib.ExitStack() as stack:
            log = stack.enter_context(errors.open("wb")) if errors else subprocess.DEVNULL
            stack.enter_context(_on(core))
            self._process = subprocess.Popen(  # noqa: S603  (our own programs)
                [str(part) for part in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=None if environment is None else {**os.environ, **environment},
                cwd=cwd,
                bufsize=0,
            )
        self.pid = self._process.pid
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def say(self, text: str) -> None:
        """Write to its standard input."""
        assert self._process.stdin
        try:
            self._process.stdin.write(text.encode())
        except BrokenPipeError:
            raise Broken(f"{self.name} has ended: {self.last_words()}") from None

    def line(self, timeout_s: float) -> str:
        """The next line of its standard output; raises Broken."""
        assert self._process.stdout
        fd, deadline = self._process.stdout.fileno(), time.monotonic() + timeout_s
        while b"\n" not in self._unread:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not select.select([fd], [], [], left_s)[0]:
                raise Broken(f"{self.name} says nothing for {timeout_s:g} s: {self.last_words()}")
            more = os.read(fd, 65536)
            if not more:
                raise Broken(f"{self.name} has ended: {self.last_words()}")
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()

    def figures(self, timeout_s: float) -> dict[str, Any]:
        """The next line, as JSON."""
        found: dict[str, Any] = json.loads(self.line(timeout_s))
        return found

    def last_words(self) -> str:
        """The end of what it wrote to its standard error."""
        text = self._errors.read_text(errors="replace") if self._errors else ""
        status = self._process.poll()
        return f"{text[-600:].strip() or 'not a word'} (status {status})"

    def cpu_ns(self) -> int:
        """What the whole tree of processes has used, ended threads included, in nanoseconds.

        The number of a process's clock is made of its id as clock_getcpuclockid(3) makes it.
        """
        return sum(time.clock_gettime_ns((~pid << 3) | 2) for pid in self.tree())

    def memory_bytes(self) -> int:
        """What the tree has for itself and no other process has."""
        total = 0
        for pid in self.tree():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith(("Private_Dirty:", "Private_Clean:")):
                    total += int(line.split()[1]) * 1024
        return total

    def tree(self) -> list[int]:
        """Its id and those of its children and theirs."""
        found, new = [], [self.pid]
        while new:
            pid = new.pop()
            found.append(pid)
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                new += map(int, children.read_text().split())
        return found

    def stop(self) -> None:
        """End it, and whatever it started."""
        if self._process.poll() is None:
            tree = self.tree()
            self._process.terminate()
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                for pid in tree:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
