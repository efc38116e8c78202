import pytest

from feed.errors import Fault
from feed.web.answer import Shared, fresh, json_answer, problem, share
from tests.support.request import asked

FRESH = Shared(b"{}", fresh(5, 'W/"e-7"'))


def test_json_is_not_stored_unless_the_headers_say_otherwise() -> None:
    answer = json_answer(b'{"a":1}')
    assert (answer.status, answer.body) == (200, b'{"a":1}')
    assert dict(answer.headers) == {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "no-store",
    }
    kept = json_answer(b"{}", status=503, headers={"Cache-Control": "public", "ETag": '"x"'})
    assert kept.status == 503
    assert dict(kept.headers) == {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "public",
        "ETag": '"x"',
    }


def test_a_problem_says_what_and_where() -> None:
    answer = problem(
        422,
        "invalid",
        "what was sent is wrong – here",
        faults=[Fault("$[0].set.price", "expected a decimal")],
        headers={"Retry-After": "2", "Content-Type": "text/html", "Cache-Control": "public"},
        v=92,
    )
    assert answer.status == 422
    assert dict(answer.headers) == {
        "Retry-After": "2",
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
    }
    assert (
        answer.body
        == (
            '{"type":"about:blank","title":"Unprocessable Entity","status":422,'
            '"detail":"what was sent is wrong – here","code":"invalid","v":92,'
            '"errors":[{"path":"$[0].set.price","message":"expected a decimal"}]}'
        ).encode()
    )


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 408, 409, 413, 415, 426, 429, 503])
def test_a_problem_without_faults_names_none(status: int) -> None:
    answer = problem(status, "code", "detail")
    assert isinstance(answer.body, bytes)
    assert b'"errors"' not in answer.body
    assert b'"status":%d,' % status in answer.body


def test_what_is_shared_is_told_with_what_caches_may_do() -> None:
    answer = share(asked("/poll"), FRESH)
    assert (answer.status, answer.body) == (200, b"{}")
    assert dict(answer.headers) == {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "public, max-age=0, s-maxage=5",
        "ETag": 'W/"e-7"',
    }
    untagged = share(asked("/poll"), Shared(b"{}", fresh(1, "")))
    assert dict(untagged.headers) == {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "public, max-age=0, s-maxage=1",
    }
    assert share(asked("/poll"), Shared(b"{}")).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ('"e-7"', 304),
        ('W/"e-7"', 304),
        ('"e-6", W/"e-7"', 304),
        ("*", 304),
        ('"e-6"', 200),
        ('"e-"', 200),
        ("e-7", 200),
    ],
)
def test_who_has_what_is_tagged_so_is_told_that(known: str, status: int) -> None:
    request = asked("/poll", [("If-None-Match", known)])
    answer = share(request, FRESH)
    assert answer.status == status
    assert answer.headers["ETag"] == 'W/"e-7"'
    assert share(request, Shared(b"{}")).status == 200, "what has no tag is nothing to have"


@pytest.mark.parametrize(
    ("target", "headers"),
    [("/poll?token=", []), ("/poll", [("Authorization", "")])],
    ids=["query", "header"],
)
def test_what_is_asked_for_with_credentials_is_kept_from_caches(
    target: str, headers: list[tuple[str, str]]
) -> None:
    answer = share(asked(target, [*headers, ("If-None-Match", '"e-7"')]), FRESH)
    assert answer.status == 200
    assert dict(answer.headers) == {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "private, no-store",
    }


def test_the_headers_given_keep_their_order() -> None:
    answer = json_answer(b"{}", headers={"X-Accel-Expires": "1", "Cache-Control": "no-store"})
    assert list(answer.headers) == ["Content-Type", "X-Accel-Expires", "Cache-Control"]
