"""The machine that figures were measured on, in a line."""

import os
import platform
import re
from pathlib import Path


def machine() -> str:
    """Processor, cores, kernel, Python."""
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    processor = " ".join((found[1] if found else platform.machine()).split())
    cores = len(os.sched_getaffinity(0))
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    return f"{processor}, {cores} cores, {system}, Python {platform.python_version()}"
