"""Wrong bodies for `/admin/inject`: refused with the status and the path of the fault."""

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.blackbox.bad_input import (
    CONTENT_TYPES,
    NO_JSON,
    ODD_BUT_NEVER_A_FAULT_OF_THE_SERVER,
    TOO_BIG,
    WRONG,
)
from tests.blackbox.problems import check_problem
from tests.support.admin import Admin

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
MEMBERS = st.sampled_from(["set", "data", "event", "gone", "ts", "if_v", "why", "pin_s"])


@pytest.fixture(autouse=True)
async def nothing_came_of_it(admin: Admin) -> object:
    """What was refused is not there."""
    yield
    assert "price:BAD" not in await admin.snapshot("price:BAD")


@pytest.mark.parametrize("case", NO_JSON)
async def test_what_is_not_json_is_400(admin: Admin, case: str) -> None:
    check_problem(await admin.post("inject", NO_JSON[case]), 400)


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_wrong_is_422_with_its_path(admin: Admin, case: str) -> None:
    wrong = WRONG[case]
    answer = await admin.post("inject", wrong.body)
    check_problem(answer, wrong.status)
    paths = [error["path"] for error in answer.body["errors"]]
    assert paths
    assert all(path.startswith("$") for path in paths)
    assert any(wrong.path in path for path in paths), paths


async def test_brackets_without_an_end_are_refused(admin: Admin) -> None:
    answer = await admin.post("inject", b"[" * 100_000)
    check_problem(answer, answer.status)
    assert answer.status in {400, 422}  # neither JSON nor of a depth that is allowed


async def test_over_one_mebibyte_is_413(admin: Admin) -> None:
    check_problem(await admin.post("inject", TOO_BIG), 413)


@pytest.mark.parametrize("case", CONTENT_TYPES)
async def test_another_content_type_is_415(admin: Admin, case: str) -> None:
    body = b'{"topic":"price:BAD","set":{}}'
    answer = await admin.post("inject", body, headers={"Content-Type": CONTENT_TYPES[case]})
    check_problem(answer, 415)


async def test_a_compressed_bomb_is_refused(admin: Admin) -> None:
    bomb = gzip.compress(b'{"topic":"price:BAD","set":{"a":"' + b" " * 2**24 + b'"}}')
    answer = await admin.post("inject", bomb, headers={"Content-Encoding": "gzip"})
    assert answer.status in {400, 413, 415}, answer


async def test_of_a_member_named_twice_the_last_counts(admin: Admin, name: str) -> None:
    topic = f"score:{name}.A"
    body = '{"topic":"score:no","topic":"%s","set":{"a":1},"set":{"a":2,"a":3,"b":{"c":1,"c":2}}}'
    answer = await admin.post("inject", body % topic)
    assert answer.status == 200
    assert (await admin.snapshot(topic))[topic]["data"] == {"a": 3, "b": {"c": 2}}


@pytest.mark.parametrize("key", ["", "x" * 129, "two words", "tab\tbed", "k\u00e9y"])
async def test_a_bad_idempotency_key_is_refused(admin: Admin, key: str) -> None:
    answer = await admin.post("inject", '{"topic":"price:BAD","set":{}}', key=key)
    assert answer.status in {400, 422}, answer
    check_problem(answer, answer.status)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(members=st.dictionaries(MEMBERS | st.text(max_size=4), ANYTHING, max_size=4))
async def test_no_members_of_any_shape_are_a_fault_of_the_server(
    admin: Admin, members: dict[str, object]
) -> None:
    body = json.dumps({"topic": "score:odd"} | members)
    answer = await admin.post("inject?dry_run=1", body)
    assert answer.status in {200, 400, 404, 409, 422}, (body, answer)
    if answer.status != 200:
        check_problem(answer, answer.status)


@pytest.mark.parametrize("case", ODD_BUT_NEVER_A_FAULT_OF_THE_SERVER)
async def test_odd_values_are_taken_or_refused(admin: Admin, name: str, case: str) -> None:
    topic = f"price:{name}"
    body = ODD_BUT_NEVER_A_FAULT_OF_THE_SERVER[case].replace(b"price:BAD", topic.encode())
    answer = await admin.post("inject", body)
    assert answer.status in {200, 422}, answer
    assert (topic in await admin.snapshot(topic)) == (answer.status == 200)
