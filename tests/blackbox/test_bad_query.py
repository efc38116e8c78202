"""Wrong query strings at every door."""

import re

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus

from tests.blackbox.bad_input import BAD_CURSORS, BAD_FILTERS, BAD_OPTIONS, BAD_WAITS
from tests.blackbox.problems import HTTP_DOORS, check_problem, fetch
from tests.support.doors import websocket
from tests.support.server import Server

GRAMMAR = re.compile(r"\*|((price|score):)?([A-Za-z0-9._\-/^=@]{1,64}|[A-Za-z0-9._\-/^=@]{0,64}\*)")


@pytest.mark.parametrize("door", HTTP_DOORS)
@pytest.mark.parametrize("case", BAD_FILTERS)
async def test_a_bad_filter_is_refused_with_its_faults(
    server: Server, http: aiohttp.ClientSession, door: str, case: str
) -> None:
    query = {"topics": BAD_FILTERS[case] if case == "empty" else f"price:A,{BAD_FILTERS[case]}"}
    answer = await fetch(http, f"{server.url}/{door}", query)
    check_problem(answer, 400)
    if case != "empty":
        assert answer.body["errors"]
        assert all(error["message"] for error in answer.body["errors"])


@pytest.mark.parametrize("door", HTTP_DOORS)
async def test_topics_must_be_given(server: Server, http: aiohttp.ClientSession, door: str) -> None:
    check_problem(await fetch(http, f"{server.url}/{door}"), 400)


@pytest.mark.parametrize("door", ["sse", "poll"])
@pytest.mark.parametrize("case", BAD_OPTIONS)
async def test_an_option_out_of_range_is_refused(
    server: Server, http: aiohttp.ClientSession, door: str, case: str
) -> None:
    answer = await fetch(http, f"{server.url}/{door}", f"topics=A&{BAD_OPTIONS[case]}")
    check_problem(answer, 400)


@pytest.mark.parametrize("case", BAD_WAITS)
async def test_a_wait_out_of_range_is_refused(
    server: Server, http: aiohttp.ClientSession, case: str
) -> None:
    check_problem(await fetch(http, f"{server.url}/poll", f"topics=A&{BAD_WAITS[case]}"), 400)


@pytest.mark.parametrize("door", ["sse", "poll"])
@pytest.mark.parametrize("case", BAD_CURSORS)
async def test_a_malformed_cursor_is_refused(
    server: Server, http: aiohttp.ClientSession, door: str, case: str
) -> None:
    query = {"topics": "A", "cursor": BAD_CURSORS[case]}
    answer = await fetch(http, f"{server.url}/{door}", query)
    check_problem(answer, 400)
    assert answer.body["code"] == "bad_cursor"


async def test_a_malformed_last_event_id_is_refused(
    server: Server, http: aiohttp.ClientSession
) -> None:
    answer = await fetch(http, f"{server.url}/sse", "topics=A", headers={"Last-Event-ID": "x"})
    check_problem(answer, 400)
    assert answer.body["code"] == "bad_cursor"


@pytest.mark.parametrize("door", HTTP_DOORS)
async def test_the_seventeenth_wildcard_is_refused(
    server: Server, http: aiohttp.ClientSession, door: str
) -> None:
    sixteen = ",".join(f"price:W{number}*" for number in range(16))
    assert (await fetch(http, f"{server.url}/{door}", f"topics={sixteen}")).status == 200
    answer = await fetch(http, f"{server.url}/{door}", f"topics={sixteen},price:X*")
    check_problem(answer, 400)


@pytest.mark.parametrize(
    "query",
    [
        *(f"topics=A&{option}" for option in BAD_OPTIONS.values()),
    ],
)
async def test_ws_refuses_a_bad_query_before_the_handshake(server: Server, query: str) -> None:
    address = server.url
    with pytest.raises(InvalidStatus) as refused:
        async with websocket(address, dict(pair.split("=", 1) for pair in query.split("&"))):
            pass
    assert refused.value.response.status_code == 400
    assert refused.value.response.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("case", [case for case in BAD_FILTERS if case != "empty"])
async def test_ws_rejects_bad_filters_and_serves_the_others(server: Server, case: str) -> None:
    async with websocket(server.url, {"topics": f"price:A,{BAD_FILTERS[case]}"}) as socket:
        subscribed = await socket.until("subscribed")
        assert subscribed["topics"] == ["price:A"]
        [rejected] = subscribed["rejected"]
        assert rejected.keys() >= {"topic", "code", "message"}
        await socket.until("snapshot")


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=st.text(st.characters(codec="utf-8", exclude_characters=","), min_size=1, max_size=70))
async def test_any_text_is_a_filter_by_the_grammar_or_refused(
    server: Server, http: aiohttp.ClientSession, text: str
) -> None:
    answer = await fetch(http, f"{server.url}/snapshot", {"topics": text})
    assert answer.status == (200 if GRAMMAR.fullmatch(text) else 400), ascii(text)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=st.from_regex(GRAMMAR, fullmatch=True))
async def test_what_the_grammar_allows_is_served(
    server: Server, http: aiohttp.ClientSession, text: str
) -> None:
    assert (await fetch(http, f"{server.url}/snapshot", {"topics": text})).status == 200
