"""What was made once for many."""

from feed.hub.kept import Kept


def test_it_is_made_once_for_a_key() -> None:
    made: list[str] = []

    def make() -> int:
        made.append("made")
        return len(made)

    kept = Kept(2)
    assert [kept.get("a", make), kept.get("a", make), kept.get("b", make)] == [1, 1, 2]


def test_the_least_recently_asked_for_goes_first() -> None:
    kept = Kept(2)
    kept.get("a", lambda: 1)
    kept.get("b", lambda: 2)
    kept.get("a", lambda: 3)
    kept.get("c", lambda: 4)
    assert [kept.get("a", lambda: 5), kept.get("c", lambda: 6), kept.get("b", lambda: 7)] == [
        1,
        4,
        7,
    ]


def test_what_is_dropped_or_cleared_is_made_anew() -> None:
    kept = Kept(2)
    kept.get("a", lambda: 1)
    kept.drop("a")
    kept.drop("b")
    assert kept.get("a", lambda: 2) == 2
    kept.clear()
    assert kept.get("a", lambda: 3) == 3
