"""Last answers on a connection, as bytes, for those whom aiohttp answers nothing."""

from http import HTTPStatus

from feed.web.answer import DATA_HEADERS, HEADERS, problem_body


def _last(status: HTTPStatus, body: bytes) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {status.phrase}",
        *(f"{name}: {value}" for name, value in {**HEADERS, **DATA_HEADERS}.items()),
        "Content-Type: application/problem+json",
        "Cache-Control: no-store",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


NOT_HTTP = "malformed", "the request is not well-formed HTTP"
LATE = _last(
    HTTPStatus.REQUEST_TIMEOUT,
    problem_body(408, "request_timeout", "the request did not come in time"),
)
OLD = _last(HTTPStatus.BAD_REQUEST, problem_body(400, *NOT_HTTP))
