"""Places in the log, as clients carry them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import BadCursor
from feed.model.cursor import Cursor, parse_cursor

EPOCHS = st.text("0123456789abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=32)
OFFSETS = st.integers(0, 10**18 - 1)


@given(EPOCHS, OFFSETS)
def test_what_is_printed_is_parsed(epoch: str, offset: int) -> None:
    cursor = Cursor(epoch, offset)

    assert str(cursor) == f"{epoch}-{offset}"
    assert parse_cursor(str(cursor)) == cursor


@given(EPOCHS, OFFSETS, OFFSETS)
def test_order_is_that_of_the_offsets(epoch: str, one: int, other: int) -> None:
    assert (Cursor(epoch, one) < Cursor(epoch, other)) is (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "k3f9",
        "k3f9-",
        "-5",
        "5",
        "k3f9-05",
        "k3f9-00",
        "k3f9--5",
        "k3f9-+5",
        "k3f9-5-6",
        "k3f9-5x",
        "k3f9-5 ",
        " k3f9-5",
        "k3f9-5\n",
        "K3F9-5",
        "k3é9-5",
        "k3f9-٥",
        "k3f9-1.0",
        "k3f9_5",
        "k" * 33 + "-5",
        "k3f9-" + "1" * 19,
        "k3f9-5\ud800",
    ],
)
def test_any_other_form_is_refused(text: str) -> None:
    with pytest.raises(BadCursor, match=r"^cursor is not of the form"):
        parse_cursor(text)


@pytest.mark.parametrize(
    ("text", "cursor"),
    [
        ("0-0", Cursor("0", 0)),
        ("k" * 32 + "-999999999999999999", Cursor("k" * 32, 999_999_999_999_999_999)),
    ],
)
def test_the_widest_and_the_narrowest(text: str, cursor: Cursor) -> None:
    assert parse_cursor(text) == cursor
