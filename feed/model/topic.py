"""Topics and filters: `kind:key`, and prefixes that end in `*` (protocol section 1)."""

import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from feed.errors import BadTopic

KINDS = ("price", "score")
_DEFAULT_KIND = "price"
_CHARACTER = r"[A-Za-z0-9._\-/^=@]"
_KEY = re.compile(_CHARACTER + "{1,64}")
_PREFIX = re.compile(_CHARACTER + "{0,64}")
_KIND = f"({'|'.join(KINDS)}):"
TOPIC = f"^{_KIND}{_CHARACTER}{{1,64}}$"
GIVEN_TOPIC = f"^({_KIND})?{_CHARACTER}{{1,64}}$"
FILTER = rf"^(\*|({_KIND})?({_CHARACTER}{{1,64}}|{_CHARACTER}{{0,64}}\*))$"
"""As a JSON Schema has them: the forms of a topic in full and as it is given, and of a filter."""

_SHOWN = 80


@lru_cache(4096)  # sources and injections name the same few over and over
def parse_topic(text: str) -> str:
    """`BTC-USD` or `price:BTC-USD` → `price:BTC-USD`; raises BadTopic."""
    kind, key = _split(text)
    if not _KEY.fullmatch(key):
        raise BadTopic(f"{_shown(text)}: a key is 1 to 64 characters of A-Z a-z 0-9 . _ - / ^ = @")
    return f"{kind}:{key}"


def parse_filter(text: str) -> str:
    """A topic, or a prefix ending in `*`, in its full form; raises BadTopic."""
    if text == "*":
        return text
    if not text.endswith("*"):
        return parse_topic(text)
    kind, key = _split(text)
    if not _PREFIX.fullmatch(key[:-1]):
        raise BadTopic(f"{_shown(text)}: `*` may only end a filter, after a prefix of a key")
    return f"{kind}:{key}"


def kind_of(topic: str) -> str:
    """`price` or `score`."""
    return topic.partition(":")[0]


def _split(text: str) -> tuple[str, str]:
    kind, colon, key = text.partition(":")
    if not colon:
        return _DEFAULT_KIND, text
    if kind not in KINDS:
        raise BadTopic(f"{_shown(text)}: the kind must be one of {', '.join(KINDS)}")
    return kind, key


def _shown(text: str) -> str:
    """The text as an error may quote it: printable and short."""
    return ascii(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


class Filters(msgspec.Struct, frozen=True):
    """A set of filters in canonical form; equal sets are equal values.

    `prefixes` are sorted, and kept without their `*`, so `""` is every topic.
    """

    topics: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()

    @classmethod
    def of(cls, filters: Iterable[str]) -> "Filters":
        """From filters in their full form, as `parse_filter` gives them."""
        unique = sorted(set(filters))
        return cls(
            topics=frozenset(text for text in unique if not text.endswith("*")),
            prefixes=tuple(text[:-1] for text in unique if text.endswith("*")),
        )

    def names(self) -> list[str]:
        """The filters as a client writes them, sorted."""
        return sorted([*self.topics, *(f"{prefix}*" for prefix in self.prefixes)])

    def matches(self, topic: str) -> bool:
        """Whether a topic is wanted."""
        return topic in self.topics or topic.startswith(self.prefixes)

    def match_any(self, topics: Iterable[str]) -> bool:
        """Whether one of the topics is wanted."""
        return any(self.matches(topic) for topic in topics)

    def covers(self, name: str) -> bool:
        """Whether all that a filter in its full form matches is wanted."""
        return name in self.topics or name.removesuffix("*").startswith(self.prefixes)

    def plus(self, other: "Filters") -> "Filters":
        """Both."""
        prefixes = tuple(sorted({*self.prefixes, *other.prefixes}))
        return Filters(self.topics | other.topics, prefixes)

    def minus(self, other: "Filters") -> "Filters":
        """Without the filters that `other` names, word for word."""
        if not (other.topics or other.prefixes):
            return self
        prefixes = tuple(prefix for prefix in self.prefixes if prefix not in other.prefixes)
        return Filters(self.topics - other.topics, prefixes)

    def within(self, other: "Filters") -> "Filters":
        """Those that `other` names too, word for word."""
        prefixes = tuple(prefix for prefix in self.prefixes if prefix in other.prefixes)
        return Filters(self.topics & other.topics, prefixes)


ALL = Filters(prefixes=("",))
NONE = Filters()
