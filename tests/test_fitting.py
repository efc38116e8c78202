"""What keeps a value from being of a type."""

from typing import Annotated, Any

import msgspec
import pytest

from feed.fitting import misfits


class Leaf(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: str
    size: Annotated[int, msgspec.Meta(ge=1)] = 1
    opened: str = msgspec.field(default="", name="open")


class Cat(msgspec.Struct, kw_only=True, tag_field="type", tag="cat"):
    leaf: Leaf | None = None
    leaves: tuple[Leaf, ...] = ()


class Dog(msgspec.Struct, kw_only=True, tag_field="type", tag="dog"):
    names: tuple[str, ...] | None = None
    days: dict[str, int] = {}


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        ({"type": "cat", "leaf": {"name": "a", "open": "x"}, "leaves": [{"name": "b"}]}, []),
        ({"type": "dog", "names": ["a"], "days": {"a": 1}}, []),
        ({"type": "cat", "leaf": None}, []),
        (
            {"type": "cat", "leaf": {"size": 0, "opened": 1}, "leaves": [{"name": 1}, 2]},
            [
                ("x.leaf.opened", "there is no such field; is open meant?"),
                ("x.leaf", "`name` is missing"),
                ("x.leaf.size", "Expected `int` >= 1"),
                ("x.leaves[0].name", "Expected `str`, got `int`"),
                ("x.leaves[1]", "Expected `object`, got `int`"),
            ],
        ),
        ({"type": "dog", "names": [1], "days": {"a": "b"}}, [
            ("x.names[0]", "Expected `str`, got `int`"),
            ("x.days[...]", "Expected `int`, got `str`"),
        ]),
        ({"type": "cow"}, [("x.type", "there is no 'cow'; expected one of cat, dog")]),
        ({"type": 1}, [("x.type", "there is no 1; expected one of cat, dog")]),
        ({}, [("x", "`type` is missing: one of cat, dog")]),
        ([], [("x", "Expected `object`, got `array`")]),
    ],
)  # fmt: skip
def test_every_fault_has_its_place(value: Any, faults: list[tuple[str, str]]) -> None:
    assert [*misfits(value, Cat | Dog, "x")] == faults
