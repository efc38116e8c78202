"""RFC 7692: what is agreed, and one message at a time deflated and inflated."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.web.deflate import deflated, inflated, negotiated

AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
AGREED_WINDOW = f"{AGREED}; server_max_window_bits=12"

ANSWERS = {
    "": None,
    " , ,": None,
    "permessage-deflate": AGREED,
    " permessage-deflate ": AGREED,
    "permessage-deflate; client_max_window_bits": AGREED,
    "permessage-deflate;client_max_window_bits=8": AGREED,
    "permessage-deflate ;\tclient_max_window_bits = 15": AGREED,
    'permessage-deflate; client_max_window_bits="10"': AGREED,
    r'permessage-deflate; client_max_window_bits="1\0"': AGREED,
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover": AGREED,
    "permessage-deflate; server_max_window_bits=15": AGREED_WINDOW,
    "permessage-deflate; server_max_window_bits=12; client_max_window_bits": AGREED_WINDOW,
    # smaller than the window of what is shared
    "permessage-deflate; server_max_window_bits=11": None,
    "permessage-deflate; server_max_window_bits=8": None,
    # another offer may do
    "permessage-deflate; server_max_window_bits=9, permessage-deflate": AGREED,
    "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits": AGREED,
    "mux; a=b; c, , permessage-deflate; server_max_window_bits=13": AGREED_WINDOW,
    "permessage-deflate; server_max_window_bits=12, permessage-deflate": AGREED_WINDOW,
    # section 7.1: declined
    "permessage-deflate; server_max_window_bits": None,
    "permessage-deflate; server_max_window_bits=7": None,
    "permessage-deflate; server_max_window_bits=16": None,
    "permessage-deflate; server_max_window_bits=012": None,
    "permessage-deflate; server_max_window_bits=+12": None,
    "permessage-deflate; client_max_window_bits=7": None,
    "permessage-deflate; client_max_window_bits=16": None,
    "permessage-deflate; client_max_window_bits=08": None,
    "permessage-deflate; client_no_context_takeover=1": None,
    "permessage-deflate; server_no_context_takeover=true": None,
    "permessage-deflate; client_max_window_bits; client_max_window_bits=10": None,
    "permessage-deflate; client_no_context_takeover; client_no_context_takeover": None,
    "permessage-deflate; unknown": None,
    "permessage-deflate; unknown=1": None,
    "permessage-deflate; Client_Max_Window_Bits": None,
    "permessage-deflate2": None,
    "deflate": None,
}


@pytest.mark.parametrize(("offered", "answer"), ANSWERS.items())
def test_the_first_offer_that_can_be_served_is_taken(offered: str, answer: str | None) -> None:
    assert negotiated(offered) == answer


@pytest.mark.parametrize(
    "header",
    [
        "permessage-deflate;",
        "; permessage-deflate",
        "permessage-deflate; =1",
        "permessage-deflate; client_max_window_bits=",
        "permessage-deflate; client_max_window_bits==10",
        'permessage-deflate; client_max_window_bits=""',
        'permessage-deflate; client_max_window_bits="10',
        'permessage-deflate; client_max_window_bits="1 0"',
        "permessage-deflate client_max_window_bits",
        "permessage-deflate; client_max_window_bits 10",
        "permessage-deflate; a;; b",
        "permessage-deflate\n",
        "permessage-deflate, mux/2",
        "dé",
        "permessage-deflate; a=b c",
    ],
)
def test_a_malformed_header_fails_the_handshake(header: str) -> None:
    with pytest.raises(ValueError, match="malformed"):
        negotiated(header)


def test_a_long_header_is_read_in_its_length() -> None:
    assert negotiated("permessage-deflate" + " " * 8000 + ";" + " " * 8000 + "a" * 8000) is None
    with pytest.raises(ValueError, match="malformed"):
        negotiated("a;b=" * 2000)


@given(st.text(alphabet=st.sampled_from('permessage-deflate;=,"\\ \t1x'), max_size=60) | st.text())
def test_any_header_is_answered_or_malformed(header: str) -> None:
    try:
        answer = negotiated(header)
    except ValueError:
        return
    assert answer in (None, AGREED, AGREED_WINDOW)


HELLO = [  # RFC 7692 section 7.2.3
    "f248cdc9c90700",  # .1 one block
    "000500faff48656c6c6f00",  # .3 not compressed
    "f348cdc9c9070000",  # .4 a last block
    "f248050000 00ffffcac9c90700",  # .5 two blocks
]


@pytest.mark.parametrize("data", HELLO)
def test_the_examples_of_the_rfc(data: str) -> None:
    assert inflated(bytes.fromhex(data), 5) == b"Hello"


@pytest.mark.parametrize("data", ["00", "0200"])
def test_an_empty_message(data: str) -> None:
    assert inflated(bytes.fromhex(data), 0) == b""


@pytest.mark.parametrize(
    "data",
    [
        "",
        "2a",
        "ff" * 9,
        "f200110000",  # .2: it refers to the message before
        "f248cd",  # cut off
        "f248cdc9c907",
        "00f0000fff",  # announces more than it holds
        "f348cdc9c90700002a",  # goes on after its end
        "f348cdc9c90700f348cdc9c90700",
    ],
)
def test_what_is_not_a_deflated_message(data: str) -> None:
    with pytest.raises(ValueError, match="not deflated"):
        inflated(bytes.fromhex(data), 1000)


def test_a_message_of_the_limit_is_checked_to_its_end() -> None:
    with pytest.raises(ValueError, match="not deflated to its end"):
        inflated(bytes.fromhex("f348cdc9c90700002a"), 5)


@pytest.mark.parametrize(("size", "told"), [(99, 99), (100, 100), (101, 101), (5_000_000, 101)])
def test_no_more_is_inflated_than_shows_that_it_is_too_much(size: int, told: int) -> None:
    assert inflated(deflated(b"*" * size), 100) == b"*" * told


@given(st.binary(max_size=5000))
def test_garbage_inflates_within_the_limit_or_is_refused(data: bytes) -> None:
    try:
        message = inflated(data, 100)
    except ValueError:
        return
    assert len(message) <= 101


@given(st.binary(max_size=3000), st.integers(1, 100))
def test_what_was_deflated_inflates_to_itself(part: bytes, times: int) -> None:
    payload = part * times
    data = deflated(payload)
    assert inflated(data, len(payload)) == payload
    assert data == deflated(payload)
    small = zlib.decompressobj(-12)  # a client that asked for this window
    assert small.decompress(data + b"\x00\x00\xff\xff") == payload


def test_it_pays() -> None:
    item = b'{"topic":"price:T%04d","v":%d,"ts":1790000001000,"set":{"price":"%d.09"}}'
    payload = b",".join(item % (at, at * 7, 191 + at) for at in range(50))
    assert len(payload) == 3782
    assert len(deflated(payload)) < len(payload) // 5
