"""The program itself, briefly."""

import os
import subprocess
import sys

import pytest

from tests.support.server import ROOT

FUSE_S = 240


@pytest.mark.skipif(os.environ.get("FEED_SOAK") != "1", reason="only with FEED_SOAK=1")
def test_every_promise_is_kept_for_half_a_minute() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.chaos"],
        cwd=ROOT,
        env=os.environ | {"CHAOS_SEED": "1", "CHAOS_MINUTES": "0.5"},
        capture_output=True,
        text=True,
        timeout=FUSE_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
