"""`/static/…`: the files that the pages are made of, read once at the start."""

import hashlib
import mimetypes
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

_ROOT = Path(__file__).parent.parent / "static"
_TYPES = {".ts": "application/typescript"}  # not, as elsewhere, a video

_FOREVER = "public, max-age=31536000, immutable"


class StaticFile(NamedTuple):
    """One file as it is served; `tag` is a digest of its content."""

    body: bytes
    content_type: str
    tag: str


class StaticFiles:
    """Every file under `feed/static`, by its path below it. What is not here does not exist."""

    def __init__(self) -> None:
        self._files = {
            path.relative_to(_ROOT).as_posix(): _load(path)
            for path in _ROOT.rglob("*")
            if path.is_file()
        }

    def url(self, name: str) -> str:
        """The URL of a file that changes with its content, for templates."""
        return f"/static/{name}?v={self._files[name].tag}"

    async def serve(self, request: web.Request) -> web.Response:
        """`GET /static/{name}`; for ever where the URL names this very content."""
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        is_exact = request.query.get("v") == file.tag
        headers = {
            "Content-Type": file.content_type,
            "ETag": f'"{file.tag}"',
            "Cache-Control": _FOREVER if is_exact else "no-cache",
        }
        if any(tag.value in (file.tag, "*") for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=file.body, headers=headers)


def _load(path: Path) -> StaticFile:
    body = path.read_bytes()
    kind = (
        _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    )
    if kind.startswith("text/"):
        kind += "; charset=utf-8"
    return StaticFile(body, kind, hashlib.sha256(body).hexdigest()[:16])
