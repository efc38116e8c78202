"""A reason in one word, of which there are few: it is a label of a metric."""

import pytest

from feed.web.close_code import CLOSINGS, CloseCode, name_of


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (CloseCode.RESTART, "restart"),
        (CloseCode.IDLE, "idle"),
        (4429, "too_many_commands"),
        (1002, "malformed"),
        (1009, "malformed"),
    ],
)
def test_a_code_has_a_name(code: int, name: str) -> None:
    assert name_of(code) == name


def test_all_have_one_of_few() -> None:
    assert {name_of(each.code) for each in CLOSINGS} == {
        "malformed",
        "not_text",
        "restart",
        "unusable",
        "unauthorized",
        "idle",
        "too_many_commands",
    }
