"""JSON values for hypothesis, and a comparison that takes nothing for the same but the same."""

from decimal import Decimal
from typing import TypeAlias

from hypothesis import strategies as st

from feed.model.codec import Json, JsonObject

Shape: TypeAlias = tuple[str, object]

NAMES = st.sampled_from(["a", "b", "c", "d"])
SCALARS: st.SearchStrategy[Json] = st.one_of(
    st.booleans(),
    st.integers(-1, 2),
    st.sampled_from([Decimal(text) for text in ("0.0", "-0.0", "1.0", "1.00", "-1.5", "1E+2")]),
    st.sampled_from(["", "x", "1", "é", "\U0001f600", '"\\\n']),
)
ARRAYS: st.SearchStrategy[Json] = st.lists(
    st.one_of(SCALARS, st.none(), st.dictionaries(NAMES, st.one_of(SCALARS, st.none()))),
    max_size=3,
)


def objects(*, nulls: bool) -> st.SearchStrategy[JsonObject]:
    """Objects within objects, with arrays; `nulls`: as a patch has them, which remove."""
    leaves = st.one_of(SCALARS, ARRAYS, st.none()) if nulls else st.one_of(SCALARS, ARRAYS)
    values: st.SearchStrategy[Json] = st.recursive(
        leaves, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
    )
    return st.dictionaries(NAMES, values, max_size=4)


STATES = objects(nulls=False)
PATCHES = objects(nulls=True)


def shape(value: Json) -> Shape:
    """A value as what it is: `1`, `1.0`, `1.00` and `true` all differ."""
    match value:
        case dict():
            return "object", {name: shape(inner) for name, inner in value.items()}
        case list():
            return "array", [shape(inner) for inner in value]
        case _:
            return type(value).__name__, str(value)
