"""What somebody writes into a request does not get into the log as anything but a quoted word."""

import asyncio
import re

from tests.blackbox.attacks.test_cross_site import FORM
from tests.blackbox.conftest import Serve
from tests.blackbox.fuzz.evil import FORGED
from tests.blackbox.fuzz.judge import check_output
from tests.blackbox.fuzz.spoken import UPGRADE
from tests.support.raw_http import ask, written
from tests.support.server import TOKEN

BREAKS = (b"%0d%0a", b"%0a", b"%e2%80%a8", b"%c2%85", b"%1b[2J", b"%c2%9b31m", b"%00", b"%7f")
RAW = b"\x0b|\x1b[2J|\r|\xc2\x85|\xe2\x80\xa8|\xc2\x9b31m|\x9b31m|\xff".split(b"|")


async def test_nothing_in_a_request_forges_a_line(serve: Serve) -> None:
    server = await asyncio.to_thread(serve, FEED_TRUSTED_PROXIES="127.0.0.1", FEED_LOG="memory:")
    name = FORGED.encode()
    for each in BREAKS:
        for path in (b"/", b"/admin/undo/", b"/admin/sources/", b"/static/", b"/snapshot?topics="):
            await ask(server.port, written("GET", path + each + name))
        body = b"token=" + each + name
        await ask(server.port, written("POST", b"/admin/sign-in", FORM, body=body), "127.0.8.1")
    malformed = 0
    for each in RAW:
        fields = (b"X: " + each + name, b"User-Agent: " + each + name, b"Origin: " + each + name)
        for field in (*fields, b"Sec-WebSocket-Protocol: " + each + name):
            answer = await ask(server.port, written("GET", b"/ws", *UPGRADE, field))
            malformed += answer is not None and b"not well-formed" in answer.body
        await ask(server.port, b"GET /" + each + name + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    start = len(server.output.splitlines())
    assert malformed > 0
    told = b"X-Forwarded-For: 1.1.1.1, \xc2\x9b31m \xe2\x80\xa8" + name
    proxy = (b"X-Forwarded-Proto: https", told)
    request = written("POST", b"/admin/sign-in", FORM, *proxy, body=b"token=" + TOKEN.encode())
    answer = await ask(server.port, request)
    assert answer is not None
    assert answer.status == 303
    lines = server.output.splitlines()
    assert lines[start:] == [lines[-1]]
    assert lines[-1].endswith(rf" from \x9b31m \u2028{FORGED}: POST /admin/sign-in: 303")
    check_output(lines)
    forged = [line for line in lines[:start] if FORGED in line]
    assert all(re.search(f"'[^']*{FORGED}'", line) for line in forged), forged
