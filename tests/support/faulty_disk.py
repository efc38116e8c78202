"""A disk that fails on purpose: for a process of its own, and for files whose paths begin so."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

Fault: TypeAlias = Literal["full", "sync", "write", "read-only"]
"""Writes fail for want of room, syncs fail, writes fail, writes are refused."""

_SOURCE = Path(__file__).with_suffix(".c")

COMPILER = shutil.which("cc")
"""None: there is none, and no faults can be made."""


class FaultyDisk:
    """What is preloaded into a process (`settings`), and which fault its files have now."""

    def __init__(self, directory: Path, paths: Path) -> None:
        library, self._control = directory / "faulty_disk.so", directory / "fault"
        assert COMPILER is not None
        options = ("-shared", "-fPIC", "-O1", "-Wall", "-Werror")
        subprocess.run([COMPILER, *options, "-o", library, _SOURCE, "-ldl"], check=True, timeout=60)
        self.settings = {
            "LD_PRELOAD": str(library),
            "FAULT_PATHS": str(paths),
            "FAULT_CONTROL": str(self._control),
        }

    def fail(self, fault: Fault) -> None:
        """Fail so from now on."""
        new = self._control.with_suffix(".new")
        new.write_text(fault)
        new.rename(self._control)

    def mend(self) -> None:
        """Work again."""
        self._control.unlink(missing_ok=True)

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """Fail so meanwhile."""
        self.fail(fault)
        try:
            yield
        finally:
            self.mend()
