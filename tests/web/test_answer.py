import pytest

from feed.errors import Fault
from feed.web.answer import json_answer, problem


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
