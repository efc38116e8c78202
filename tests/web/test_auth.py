import hashlib

import pytest
from aiohttp import web

from feed.web.auth import Admins
from tests.support.request import Headers, asked

FIRST, SECOND = (
    "first-token-of-forty-characters-00000001",
    "second-tökén-of-forty-characters-000001",
)
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
RIGHT = [("Authorization", f"Bearer {FIRST}")]
WRONG = [("Authorization", "Bearer x")]


def status(admins: Admins, headers: Headers, address: str = HERE, now_s: float = 0) -> int:
    """What the caller is answered, 200 where it may pass."""
    try:
        admins.check(asked(headers=headers), address, now_s)
    except web.HTTPException as error:
        return error.status
    return 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
@pytest.mark.parametrize("token", [FIRST, SECOND])
def test_both_tokens_pass(scheme: str, token: str) -> None:
    assert status(Admins([FIRST, SECOND]), [("Authorization", f"{scheme} {token}")]) == 200


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        ["Bearer"],
        ["Bearer "],
        [FIRST],
        [f"Basic {FIRST}"],
        [f"Bearer{FIRST}"],
        [f"Bearer\t{FIRST}"],
        [f"Bearer {FIRST}x"],
        [f"Bearer {FIRST[1:]}"],
        [f"Bearer {FIRST.upper()}"],
        [f"Bearer {FIRST}, Bearer {FIRST}"],
        [f"Bearer {FIRST},{SECOND}"],
        [f"Bearer {FIRST} {SECOND}"],
        [f"Bearer {FIRST}\0"],
        ["Bearer " + hashlib.sha256(FIRST.encode()).hexdigest()],
        ["Bearer töken"],
        ["Bearer " + "x" * 65_536],
        [f"Bearer {FIRST}", f"Bearer {FIRST}"],
        [f"Bearer {FIRST}", "Bearer x"],
    ],
)
def test_anything_else_is_401(values: list[str]) -> None:
    headers = [("Authorization", value) for value in values]
    with pytest.raises(web.HTTPUnauthorized) as refused:
        Admins([FIRST, SECOND]).check(asked(headers=headers), HERE, 0)
    assert refused.value.headers["WWW-Authenticate"] == "Bearer"


def test_without_a_token_nobody_passes() -> None:
    assert status(Admins([]), RIGHT) == 401
    assert status(Admins([]), [("Authorization", "Bearer ")]) == 401


def test_after_ten_wrong_ones_an_address_waits_whatever_it_says() -> None:
    admins = Admins([FIRST])
    assert [status(admins, WRONG) for _ in range(11)] == [401] * 10 + [429]
    assert status(admins, RIGHT) == 429
    assert status(admins, WRONG, ELSEWHERE) == 401
    assert status(admins, RIGHT, ELSEWHERE) == 200


@pytest.mark.parametrize(("now_s", "retry_after"), [(0, "7"), (3.5, "3"), (5.5, "1")])
def test_it_is_told_for_how_long(now_s: float, retry_after: str) -> None:
    admins = Admins([FIRST])
    for _ in range(10):
        status(admins, WRONG)
    with pytest.raises(web.HTTPTooManyRequests) as refused:
        admins.check(asked(headers=RIGHT), HERE, now_s)
    assert refused.value.headers["Retry-After"] == retry_after


def test_every_six_seconds_there_is_another_try() -> None:
    admins = Admins([FIRST])
    for _ in range(10):
        status(admins, WRONG)
    assert status(admins, RIGHT, now_s=5.9) == 429
    assert status(admins, RIGHT, now_s=6.1) == 200
    assert [status(admins, WRONG, now_s=6.1) for _ in range(2)] == [401, 429]
    assert [status(admins, WRONG, now_s=99) for _ in range(11)] == [401] * 10 + [429]


def test_an_admin_is_not_counted() -> None:
    admins = Admins([FIRST])
    assert {status(admins, RIGHT) for _ in range(100)} == {200}
    assert [status(admins, WRONG) for _ in range(11)] == [401] * 10 + [429]
