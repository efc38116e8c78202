"""The newest entries in memory."""

from feed.hub.tail import Tail
from feed.log.base import Snapshot
from feed.model.entry import Entry, Item
from feed.model.topic import ALL, Filters


def entry(offset: int, topic: str = "price:A", data: bytes | None = b"{}") -> Entry:
    return Entry(offset, 0, topic, offset, 0, b"{}", None, data, None)


def test_it_begins_where_the_snapshot_ends() -> None:
    tail = Tail(Snapshot(7, [Item("price:A", 3, 0, b"{}")]), limit=2)

    assert (tail.first, tail.head) == (8, 7)
    assert tail.after(7, 10) == []


def test_it_forgets_the_oldest_when_there_are_twice_too_many() -> None:
    tail = Tail(Snapshot(0, []), limit=2)

    tail.extend([entry(1), entry(2), entry(3), entry(4)])
    assert tail.first == 1

    tail.extend([entry(5)])
    assert (tail.first, tail.head) == (4, 5)
    assert [each.offset for each in tail.after(3, 10)] == [4, 5]
    assert [each.offset for each in tail.after(3, 1)] == [4]


def test_current_items_are_sorted_and_none_is_gone() -> None:
    tail = Tail(Snapshot(0, []), limit=9)
    tail.extend([entry(1, "price:B"), entry(2, "price:A"), entry(3, "score:C")])
    tail.extend([entry(4, "price:B", data=None)])
    only_event = Entry(5, 0, "price:Z", 9, 0, None, b"{}", None, None)
    tail.extend([only_event])

    assert [item.topic for item in tail.current(ALL)] == ["price:A", "score:C"]
    some = Filters.of(["score:C", "price:B", "price:none"])
    assert [item.topic for item in tail.current(some)] == ["score:C"]
    assert tail.items["price:B"].v == 4
