"""What an instance knows of a log on a server, and whether the server knows it too."""

import pytest

from feed.log.redis_seen import Place, Seen, is_lost

SEEN = Place(7, b"w-2")


@pytest.mark.parametrize(
    ("told", "newest"),
    [
        (Place(8, b"w-3"), Place(8, b"w-3")),
        (Place(6, b"w-9"), SEEN),
        (Place(7, b"x-9"), SEEN),
    ],
    ids=["newer", "overtaken", "of another history"],
)
def test_what_was_seen_only_grows(told: Place, newest: Place) -> None:
    seen = Seen(SEEN)
    seen.note(told)
    assert seen.newest == newest


@pytest.mark.parametrize(
    ("head", "call", "lost"),
    [
        (7, b"w-2", False),
        (9, b"w-2", False),
        (9, None, False),
        (6, None, True),
        (7, b"x-2", True),
        (9, b"x-2", True),
    ],
    ids=["there", "before others", "trimmed", "missing", "replaced", "replaced before others"],
)
def test_what_was_seen_is_lost_or_not(head: int, call: bytes | None, *, lost: bool) -> None:
    there = [] if call is None else [[b"7-0", [b"e", b"1", b"c", call]]]
    assert is_lost(SEEN, head, there) is lost
