"""Who wants a topic."""

from hypothesis import given
from hypothesis import strategies as st

from feed.hub.interest import Interest
from feed.model.topic import Filters

TOPICS = ["price:A", "price:AB", "price:B", "score:A"]

filters = st.lists(
    st.sampled_from([*TOPICS, "*", "price:*", "price:A*", "score:*"]), max_size=4
).map(Filters.of)


@given(wants=st.lists(filters, max_size=6), gone=st.sets(st.integers(0, 5)))
def test_it_finds_whom_asking_everybody_finds(wants: list[Filters], gone: set[int]) -> None:
    index: Interest[int] = Interest()
    for group, wanted in enumerate(wants):
        index.add(wanted, group)
    for group in gone & set(range(len(wants))):
        index.remove(wants[group], group)

    here = [group for group in range(len(wants)) if group not in gone]
    for topic in TOPICS:
        found = list(index.of(topic))
        assert sorted(found) == [group for group in here if wants[group].matches(topic)]
        assert index.is_in(topic) is bool(found)


@given(wants=st.lists(filters, max_size=6), data=st.data())
def test_whoever_is_left_is_found_as_if_the_others_had_never_come(
    wants: list[Filters], data: st.DataObject
) -> None:
    """Also which topics and lengths of prefixes are looked up: what is not wanted costs nothing."""
    gone = data.draw(st.sets(st.sampled_from(range(len(wants))))) if wants else set()
    index: Interest[int] = Interest()
    other: Interest[int] = Interest()
    for group, wanted in enumerate(wants):
        index.add(wanted, group)
        if group not in gone:
            other.add(wanted, group)
    for group in gone:
        index.remove(wants[group], group)
    assert vars(index) == vars(other)


def test_many_with_prefixes_of_one_length_come_and_go() -> None:
    index: Interest[str] = Interest()
    price, score = Filters.of(["price:*"]), Filters.of(["score:*", "score:A"])
    index.add(price, "a")
    index.add(score, "b")
    index.remove(price, "a")
    assert [*index.of("score:A")] == [*index.of("score:B")] == ["b"]
    assert [*index.of("price:A")] == []
    index.add(price, "c")
    index.remove(score, "b")
    assert [*index.of("price:A")] == ["c"]
    assert [*index.of("score:A")] == []
