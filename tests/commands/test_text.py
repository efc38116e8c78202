import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.commands.text import cut, escaped, fit, printable, quoted, width_of

anything = st.text(st.characters(), max_size=30)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("a\x1b[31mred", "a�[31mred"),
        ("bell\x07 nul\x00 del\x7f csi\x9b", "bell� nul� del� csi�"),
        ("two\nlines\u2028three", "two�lines�three"),
        ("right\u202eto left", "rightto left"),
        ("e\u0301", "é"),
        ("x" + "\u0301" * 9, "x" + "\u0301" * 2),
        ("日本", "日本"),
        ("\ud800", "�"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "width"), [("", 0), ("abc", 3), ("é", 1), ("日本", 4), ("x\u0301", 1), ("🏀", 2)]
)
def test_width(text: str, width: int) -> None:
    assert width_of(text) == width


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 4, "abc…"),
        ("abcdef", 1, "…"),
        ("abcdef", 0, ""),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
    ],
)
def test_cut(text: str, width: int, short: str) -> None:
    assert cut(text, width) == short


def test_fit() -> None:
    assert fit("ab", 4) == "ab  "
    assert fit("ab", 4, right=True) == "  ab"
    assert fit("日本語", 4) == "日… "


@given(anything, st.integers(0, 40))
def test_whatever_it_is_it_fits_and_commands_nothing(text: str, width: int) -> None:
    shown = fit(printable(text), width)
    assert width_of(shown) == width
    assert not any(ord(each) < 32 or 127 <= ord(each) < 160 for each in shown)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("GBP", "GBP"),
        ("1.05", "1.05"),
        ("Aston Villa", '"Aston Villa"'),
        ("São Paulo", '"São Paulo"'),
        ("", '""'),
        ("a=b", '"a=b"'),
        ('say "no"', '"say \\"no\\""'),
        ("\x1b[2J", '"\\u001b[2J"'),
    ],
)
def test_quoted(text: str, word: str) -> None:
    assert quoted(text) == word


@given(anything)
def test_escaped_json_is_printable_and_means_the_same(text: str) -> None:
    shown = escaped(json.dumps([text], ensure_ascii=False))
    assert shown.isprintable()
    assert json.loads(shown) == [text]
