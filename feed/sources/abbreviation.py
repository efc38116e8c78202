"""Three letters for a team, and initials for a league, where their names are all that is known."""

import unicodedata
from collections.abc import Iterable, Iterator

_LENGTH = 3
_NOT_NAMES = frozenset({"FC", "AFC", "CF", "SC"})


def abbreviations(names: Iterable[str]) -> dict[str, str]:
    """Names → three letters or digits each, all different; the same for the same set of names."""
    given: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(names):
        given[name] = next(abbr for abbr in _candidates(_words(name)) if abbr not in taken)
        taken.add(given[name])
    return given


def initials(name: str) -> str:
    """`English Premier League 2024/25` → `EPL`."""
    return "".join(word[0] for word in _words(name) if word[0].isalpha())


def _candidates(words: list[str]) -> Iterator[str]:
    """What the name may be cut down to, the best first; never ends."""
    letters = "".join(words)
    if len(words) >= _LENGTH:
        yield "".join(word[0] for word in words)[:_LENGTH]
    elif len(words) > 1 and len(letters) >= _LENGTH:
        yield (words[0][0] + words[1])[:_LENGTH].ljust(_LENGTH, letters[-1])
    if len(letters) >= _LENGTH:
        yield letters[:_LENGTH]
        yield from (letters[:2] + letter for letter in letters[_LENGTH:])
    stem = letters[:1] or "X"
    number = 1
    while True:
        yield f"{stem}{number:02d}"
        number += 1


def _words(name: str) -> list[str]:
    """The words of a name in plain capitals, without those that only say that it is a club."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
    spaced = "".join(char if char.isalnum() else " " for char in plain)
    words = spaced.split()
    return [word for word in words if word not in _NOT_NAMES] or words
