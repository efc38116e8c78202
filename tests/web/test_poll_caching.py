"""Who else may have what a poll is answered. Time is virtual."""

import pytest

from tests.support.clock import run_virtual
from tests.support.polls import polls, told

NEWS = "public, max-age=0, s-maxage=5"
STATE = "public, max-age=0, s-maxage=1"


def test_news_may_be_told_to_others_for_a_while() -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:A")
            end = await door.change("price:A")
            answer = await door.poll(f"topics=A&cursor={start}")
            assert answer.headers["Cache-Control"] == NEWS
            assert answer.headers["ETag"] == f'W/"{end}"'
            known = [("If-None-Match", f'W/"{end}"')]
            again = await door.poll(f"topics=A&cursor={start}", known)
            assert (again.status, again.body) == (304, None)

    run_virtual(scene())


def test_a_snapshot_may_be_told_to_others_for_a_moment() -> None:
    async def scene() -> None:
        async with polls() as door:
            place = await door.change("price:A")
            answer = await door.poll("topics=A")
            assert answer.headers["Cache-Control"] == STATE
            assert answer.headers["ETag"] == f'"{place}"'
            reset = await door.poll("topics=A&cursor=other-1")
            assert [frame["type"] for frame in told(reset)["frames"]] == ["reset", "snapshot"]
            assert reset.headers["Cache-Control"] == STATE

    run_virtual(scene())


def test_an_empty_answer_that_moves_the_cursor_is_news() -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:A")
            [waiting] = await door.waiting(f"topics=A&wait=1&cursor={start}")
            moved = await door.change("price:B")
            answer = await waiting
            assert told(answer) == {"cursor": moved, "frames": [], "more": False}
            assert answer.headers["Cache-Control"] == NEWS

    run_virtual(scene())


@pytest.mark.parametrize(
    ("key_s", "wait", "for_nginx"),
    [
        ("10", 9, None),
        ("10", 10, "1"),
        ("10", 25, "1"),
        ("1", 1, "1"),
        ("1", 0, None),
        ("", 55, None),
        ("0", 55, None),
        ("100", 55, None),
        ("1" * 5000, 55, None),
        ("-1", 55, None),
        ("\N{ARABIC-INDIC DIGIT ONE}", 55, None),
    ],
)
def test_nothing_at_all_is_kept_by_nginx_alone_once_its_key_has_changed(
    key_s: str, wait: int, for_nginx: str | None
) -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:A")
            headers = [("Feed-Key-Seconds", key_s)]
            answer = await door.poll(f"topics=A&wait={wait}&cursor={start}", headers)
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers.get("X-Accel-Expires") == for_nginx
            assert "ETag" not in answer.headers
            names = list(answer.headers)
            if for_nginx:
                assert names.index("X-Accel-Expires") < names.index("Cache-Control")

    run_virtual(scene())


def test_nothing_at_all_is_kept_by_nobody_where_no_cache_has_said_how_its_keys_change() -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:A")
            answer = await door.poll(f"topics=A&wait=55&cursor={start}")
            assert answer.headers["Cache-Control"] == "no-store"
            assert "X-Accel-Expires" not in answer.headers

    run_virtual(scene())


@pytest.mark.parametrize(
    ("query", "headers"),
    [("", [("Authorization", "Bearer x")]), ("&token=x", [])],
    ids=["header", "query"],
)
def test_what_is_asked_for_with_credentials_is_nobody_else_s(
    query: str, headers: list[tuple[str, str]]
) -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:A")
            end = await door.change("price:A")
            known = [*headers, ("If-None-Match", f'"{end}"')]
            known.append(("Feed-Key-Seconds", "1"))
            for place in ("", f"&cursor={start}", f"&cursor={end}&wait=10"):
                answer = await door.poll(f"topics=A{place}{query}", known)
                assert answer.status == 200
                assert answer.headers["Cache-Control"] == "private, no-store"
                assert not {"ETag", "X-Accel-Expires"} & answer.headers.keys()

    run_virtual(scene())
