"""Polls somebody's JSON and maps it to items and events."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from feed.errors import BadInput, Fault
from feed.model.codec import Json
from feed.model.topic import parse_topic
from feed.sources.polled.mapping import Kind, Mapped, Mapping
from feed.sources.polled.upstream import PollingConfig, Target, Upstream, root

_PLACES = ("{ticker}", "{key}")


class HttpJsonConfig(PollingConfig, frozen=True, kw_only=True, tag="http_json"):
    """Where to ask, and what of the answer is meant.

    `url` may have `{ticker}` (or `{key}`): it is then asked once for each of `tickers`, which are
    the keys of topics. `items` and `events`: JMESPath, see `mapping.Mapping`. `kind`: of topics
    that come without one.
    """

    url: str
    items: str
    kind: Kind = "price"
    tickers: tuple[str, ...] = ()
    events: str | None = None

    def faults(self) -> Iterator[Fault]:
        """See Config."""
        yield from super().faults()
        if any(place in self.url for place in _PLACES) != bool(self.tickers):
            yield Fault("tickers", "go with a url that has {ticker} in it, and only with one")
        for index, ticker in enumerate(self.tickers):
            try:
                parse_topic(f"{self.kind}:{ticker}")
            except BadInput as bad:
                yield Fault(f"tickers[{index}]", str(bad))
        try:
            self.targets()
        except ValueError as error:
            yield Fault("url", str(error))
        for field, expression in (("items", self.items), ("events", self.events)):
            try:
                Mapping(self.kind, expression or "@")
            except BadInput as error:
                yield Fault(field, str(error))

    def targets(self) -> tuple[Target, ...]:
        """What to ask for. Raises ValueError where the URL is none."""
        if not self.tickers:
            return (Target(root(self.url)),)
        return tuple(
            Target(root(_filled(self.url, ticker)), (f"{self.kind}:{ticker}",))
            for ticker in self.tickers
        )

    def upstream(self) -> Upstream:
        """The API, as the settings have it."""
        return _Api(self)


class _Api:
    """An API that nothing is known of but what the settings say."""

    lists_whole = False

    def __init__(self, config: HttpJsonConfig) -> None:
        self._targets = config.targets()
        self._mapping = Mapping(config.kind, config.items, config.events)

    def targets(self, now_ms: int) -> Sequence[Target]:
        """See Upstream."""
        return self._targets

    def changes(self, answer: Json, target: Target, now_ms: int) -> Mapped:
        """See Upstream."""
        return self._mapping.changes(answer, target.topics[0] if target.topics else None)


def _filled(url: str, ticker: str) -> str:
    for place in _PLACES:
        url = url.replace(place, quote(ticker, safe=""))
    return url
