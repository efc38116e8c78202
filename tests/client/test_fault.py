import ssl
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from feed.client.fault import Blocked, Cut, Ended, Lost, NoAnswer
from feed.client.transport import broken, refused

KEY = ConnectionKey("host", 443, True, True, None, None, None)  # noqa: FBT003
PROBLEM = {"Content-Type": "application/problem+json; charset=utf-8"}


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (aiohttp.ClientConnectorError(KEY, OSError(111, "no")), NoAnswer, "Connection refused"),
        (aiohttp.ClientConnectorError(KEY, OSError(-2, "no name")), NoAnswer, "no name"),
        (
            aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("expired")),
            NoAnswer,
            "expired",
        ),
        (TimeoutError(), Blocked, "no answer in time"),
        (aiohttp.ServerDisconnectedError(), Cut, "Server disconnected"),
        (ConnectionResetError(), Cut, "ConnectionResetError"),
    ],
)
def test_an_error_of_a_connection(error: Exception, kind: type[Lost], message: str) -> None:
    fault = broken(error)
    assert type(fault) is kind
    assert message in str(fault)


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind", "message"),
    [
        (503, {"Retry-After": "7"}, b"", NoAnswer, "the server answers 503"),
        (429, PROBLEM, b"{}", NoAnswer, "the server answers 429"),
        (502, None, b"", NoAnswer, "the server answers 502"),
        (404, None, b"", Blocked, "http://x/sse answers 404"),
        (200, None, b"", Blocked, "http://x/sse answers 200"),
        (301, {}, b"", Blocked, "http://x/sse answers 301"),
        (400, PROBLEM, b"no JSON", Ended, "http://x/sse answers 400"),
        (403, PROBLEM, b'{"detail":"not you"}', Ended, "not you"),
        (
            400,
            PROBLEM,
            b'{"detail":"wrong","errors":[{"path":"wait","message":"too long"}]}',
            Ended,
            "wait: too long",
        ),
    ],
)
def test_a_status(
    status: int, headers: dict[str, Any] | None, body: bytes, kind: type[Lost], message: str
) -> None:
    fault = refused("http://x/sse", status, headers, body)
    assert (type(fault), str(fault)) == (kind, message)


def test_what_a_status_asks_for() -> None:
    later = refused("http://x/sse", 503, {"Retry-After": "7"})
    assert isinstance(later, NoAnswer)
    assert later.after_s == 7
    final = [refused("http://x/sse", status, None) for status in (404, 200)]
    assert [isinstance(fault, Blocked) and fault.is_refusal for fault in final] == [True, False]


@pytest.mark.parametrize(
    ("status", "headers", "is_foreign"),
    [(502, {}, True), (408, None, True), (503, PROBLEM, False), (408, PROBLEM, False),
     (429, {}, False)],
)  # fmt: skip
def test_who_gave_an_answer(
    status: int, headers: dict[str, str] | None, *, is_foreign: bool
) -> None:
    later = refused("http://x/ws", status, headers)
    assert isinstance(later, NoAnswer)
    assert later.is_foreign == is_foreign
