"""Requests byte by byte, and what they are answered."""

import json
from typing import TypeAlias

from tests.support.talk import asked

Headers: TypeAlias = dict[str, str]


def request(
    target: str, body: bytes = b"", headers: Headers | None = None, *, length: int | None = None
) -> bytes:
    """A GET, or with a body a POST; `length`: what it says of its body, however long that is."""
    lines = [f"{'POST' if body else 'GET'} {target} HTTP/1.1", "Host: x", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(target: str, body: bytes, headers: Headers) -> bytes:
    """A POST that does not say before how much it brings."""
    head = request(target, headers=headers | {"Transfer-Encoding": "chunked"})
    return head.replace(b"GET", b"POST", 1) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


async def answer(port: int, sent: bytes) -> tuple[int, dict[str, str], str]:
    """The status, the headers in lower case, and the code of the problem, if it is one."""
    async with asked(port, sent) as (reader, _):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    is_problem = headers.get("content-type") == "application/problem+json"
    return int(first.split()[1]), headers, json.loads(body)["code"] if is_problem else ""


async def statuses(port: int, *sent: bytes) -> list[int]:
    """Of one request after the other."""
    return [(await answer(port, each))[0] for each in sent]
