import pytest

from feed.errors import BadQuery, Fault
from feed.web.parameter import DELAY_MS, POINTS, SPAN_S, TOPICS, WAIT, Whole


@pytest.mark.parametrize(
    ("parameter", "bounds", "usual"),
    [
        (WAIT, (0, 55), 25),
        (DELAY_MS, (0, 600_000), 0),
        (POINTS, (1, 1000), 300),
        (SPAN_S, (5, 2_678_400), None),
    ],
)
def test_bounds_are_those_of_the_type(
    parameter: Whole, bounds: tuple[int, int], usual: int | None
) -> None:
    least, most = bounds

    assert parameter.bounds == bounds
    assert [parameter.find({parameter.name: str(n)}) for n in bounds] == [*bounds]
    assert parameter.find({}) is parameter.find({parameter.name: ""}) is None
    assert parameter.usual == usual
    for beyond in (least - 1, most + 1):
        with pytest.raises(BadQuery) as bad:
            parameter.find({parameter.name: str(beyond)})
        assert bad.value.faults == (
            Fault(parameter.name, f"expected an integer from {least} to {most}"),
        )


def test_what_is_absent_is_as_usual() -> None:
    assert [WAIT.read({}), WAIT.read({"wait": ""}), WAIT.read({"wait": "0"})] == [25, 25, 0]


@pytest.mark.parametrize("value", [True, 1.0, "1", None, 56])
def test_what_is_no_whole_number_is_not_admitted(value: object) -> None:
    assert not WAIT.admits(value)


def test_a_door_may_need_what_another_does_not() -> None:
    assert (TOPICS.is_needed, TOPICS.needed().is_needed) == (False, True)
    assert TOPICS.needed().name == "topics"
