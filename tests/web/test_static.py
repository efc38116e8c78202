import hashlib
from pathlib import Path

import pytest
from aiohttp import web

from feed.web.static import StaticFiles
from tests.support.request import Headers, asked

FOLDER = Path(__file__).resolve().parents[2] / "feed" / "static"
STYLE = (FOLDER / "style.css").read_bytes()
TAG = hashlib.sha256(STYLE).hexdigest()[:16]
FOREVER = "public, max-age=31536000, immutable"


async def served(
    files: StaticFiles, name: str, query: str = "", headers: Headers = ()
) -> web.Response:
    request = asked(f"/static/{name}{query}", headers)
    request.match_info["name"] = name
    return await files.serve(request)


@pytest.fixture(scope="module")
def files() -> StaticFiles:
    return StaticFiles()


def test_a_url_changes_with_the_content(files: StaticFiles) -> None:
    assert files.url("style.css") == f"/static/style.css?v={TAG}"
    with pytest.raises(KeyError):
        files.url("nothing.css")


@pytest.mark.parametrize(
    ("query", "caching"),
    [
        (f"?v={TAG}", FOREVER),
        ("", "no-cache"),
        ("?v=", "no-cache"),
        ("?v=0123456789abcdef", "no-cache"),
        (f"?v={TAG}0", "no-cache"),
    ],
)
async def test_only_the_exact_content_is_kept_for_ever(
    files: StaticFiles, query: str, caching: str
) -> None:
    answer = await served(files, "style.css", query)
    assert (answer.status, answer.body) == (200, STYLE)
    assert answer.headers["Cache-Control"] == caching
    assert answer.headers["ETag"] == f'"{TAG}"'


@pytest.mark.parametrize(
    ("known", "status"),
    [
        (f'"{TAG}"', 304),
        (f'W/"{TAG}"', 304),
        (f'"other", "{TAG}"', 304),
        ("*", 304),
        ('"other"', 200),
        (TAG, 200),
        ("", 200),
    ],
)
async def test_who_has_it_is_not_sent_it_again(files: StaticFiles, known: str, status: int) -> None:
    answer = await served(files, "style.css", headers=[("If-None-Match", known)])
    assert answer.status == status
    assert answer.body == (STYLE if status == 200 else None)
    assert answer.headers["ETag"] == f'"{TAG}"'


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("style.css", {"text/css; charset=utf-8"}),
        ("feed.js", {"text/javascript; charset=utf-8", "application/javascript"}),
        ("feed.d.ts", {"application/typescript"}),
        ("favicon.svg", {"image/svg+xml"}),
    ],
)
async def test_types(files: StaticFiles, name: str, types: set[str]) -> None:
    answer = await served(files, name)
    assert answer.headers["Content-Type"] in types


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "nothing.css",
        "STYLE.css",
        "style.css/",
        "/style.css",
        "./style.css",
        "../static/style.css",
        "../app.py",
        "..\\app.py",
        "/etc/passwd",
        "style.css\0",
        "C:style.css",
    ],
)
async def test_what_is_not_there_does_not_exist(files: StaticFiles, name: str) -> None:
    request = asked("/static/x")
    request.match_info["name"] = name
    with pytest.raises(web.HTTPNotFound):
        await files.serve(request)
