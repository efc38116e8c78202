"""Answers over HTTP: JSON, and problems (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from aiohttp import web

from feed.errors import Fault
from feed.model.codec import Json, encode


def json_answer(
    body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """JSON that is encoded already; not to be stored unless the headers say otherwise."""
    return web.Response(
        body=body,
        status=status,
        headers={
            "Content-Type": "application/json; charset=utf-8",
            "Cache-Control": "no-store",
            **(headers or {}),
        },
    )


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
    **more: Json,
) -> web.Response:
    """A refusal: `code` for programs, `detail` for people, `faults` with their places."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    if faults:
        body["errors"] = [{"path": fault.path, "message": fault.message} for fault in faults]
    return web.Response(
        body=encode(body),
        status=status,
        headers={
            **(headers or {}),
            "Content-Type": "application/problem+json",
            "Cache-Control": "no-store",
        },
    )
