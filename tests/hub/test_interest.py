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
