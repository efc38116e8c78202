"""Requests that somebody else's program makes of the OpenAPI document: no answer may surprise it.

It runs as a program of its own, so that its libraries are loaded only there. What it cannot use are
the streams, which do not end, and the form to sign in, which an address may get wrong ten times;
`test_api.py` has them.
"""

import asyncio
import sys
from pathlib import Path

from tests.blackbox.conftest import SOAK, Serve
from tests.support.server import TOKEN, environment

PROGRAM = Path(sys.executable).with_name("schemathesis")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
FUSE_S = 900 if SOAK else 90
HOW = ("--max-examples", "60") if SOAK else ("--phases", "coverage")
SEED = "7"
CONFIG = """
[parameters]
"query.wait" = 0
"""
"""It asks again with a cursor that it was given, and would wait for news as long as it said."""


async def test_no_request_is_answered_as_nobody_said(serve: Serve, tmp_path: Path) -> None:
    server = await asyncio.to_thread(serve, FEED_LOG="memory:", FEED_SOURCES="on")
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "run", f"{server.url}/openapi.json", "--seed", SEED, *HOW,
        "--checks", ",".join(CHECKS), "--header", f"Authorization: Bearer {TOKEN}",
        "--exclude-path-regex", "^/(ws|sse|admin/sign-in)$",
        "--request-timeout", "20", "--suppress-health-check", "all", "--warnings", "off",
        "--no-color",
        cwd=tmp_path,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(FUSE_S):
            printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, printed.decode()
    assert b"Tested: 28" in printed, printed.decode()
