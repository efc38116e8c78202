"""Who wants a topic: an index from topics and prefixes to groups."""

from collections import Counter, defaultdict
from typing import Generic, TypeVar

from feed.model.topic import Filters

G = TypeVar("G")


class Interest(Generic[G]):
    """A change looks up its topic, and as many prefixes as there are different lengths of them."""

    def __init__(self) -> None:
        self._topics: defaultdict[str, dict[G, None]] = defaultdict(dict)
        self._prefixes: defaultdict[str, dict[G, None]] = defaultdict(dict)
        self._lengths: Counter[int] = Counter()

    def add(self, filters: Filters, group: G) -> None:
        """Let a group be found by its filters."""
        for topic in filters.topics:
            self._topics[topic][group] = None
        for prefix in filters.prefixes:
            self._prefixes[prefix][group] = None
            self._lengths[len(prefix)] += 1

    def remove(self, filters: Filters, group: G) -> None:
        """Undo `add`."""
        for index, names in ((self._topics, filters.topics), (self._prefixes, filters.prefixes)):
            for name in names:
                del index[name][group]
                if not index[name]:
                    del index[name]
        for prefix in filters.prefixes:
            self._lengths[len(prefix)] -= 1
            if not self._lengths[len(prefix)]:
                del self._lengths[len(prefix)]

    def of(self, topic: str) -> dict[G, None]:
        """The groups that want a topic, each once."""
        groups = self._topics.get(topic, {})
        for length in self._lengths:
            if more := self._prefixes.get(topic[:length]):
                groups = groups | more if groups else more
        return groups

    def is_in(self, topic: str) -> bool:
        """Whether any group wants a topic."""
        return topic in self._topics or any(
            topic[:length] in self._prefixes for length in self._lengths
        )
