import pytest

from feed.sources.condition import Condition, State
from tests.support.sources import T0


def said(
    caplog: pytest.LogCaptureFixture, *steps: tuple[float, State], name: str = "api"
) -> list[str]:
    """The lines of a source that is so from these seconds on."""
    caplog.clear()
    condition = Condition(name)
    for after_s, state in steps:
        condition.becomes(state, f"why at {after_s:g}", T0 + round(after_s * 1000))
    return [message.removeprefix(f"source {name} ") for message in caplog.messages]


def test_each_change_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    assert said(
        caplog, (0, "well"), (1, "failing"), (2, "failing"), (9, "failing"), (20, "well"),
        (21, "well"), (100, "partly"), (101, "partly"), (102, "failing"), (103, "well"),
    ) == [
        "fails: why at 1", "has recovered",
        "goes on without what is bad: why at 100", "fails: why at 102", "has recovered",
    ]  # fmt: skip


def test_what_comes_and_goes_is_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    steps: list[tuple[float, State]] = [
        (second, "failing" if second % 2 else "well") for second in range(1, 65)
    ]
    assert said(caplog, *steps) == [
        "fails: why at 1",
        "has recovered",
        "fails: why at 61 (29 times since the last line)",
        "has recovered",
    ]


def test_a_failure_that_lasts_is_told_though_it_began_within_the_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    steps: list[tuple[float, State]] = [(0, "failing"), (1, "well"), (2, "failing")]
    assert said(caplog, *steps, (30, "failing"), (60, "failing"), (90, "failing")) == [
        "fails: why at 0",
        "has recovered",
        "fails: why at 60 (1 times since the last line)",
    ]
