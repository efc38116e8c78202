"""Polls somebody's JSON and maps it to items and events."""

from collections.abc import Sequence
from urllib.parse import quote

from feed.errors import BadInput
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

    def check(self) -> None:
        """Raise SettingsError."""
        super().check()
        if any(place in self.url for place in _PLACES) != bool(self.tickers):
            raise self.wrong("tickers", "go with a url that has {ticker} in it, and only with one")
        for index, ticker in enumerate(self.tickers):
            try:
                parse_topic(f"{self.kind}:{ticker}")
            except BadInput as bad:
                raise self.wrong(f"tickers[{index}]", str(bad)) from bad
        self.targets()
        self.mapping()

    def targets(self) -> tuple[Target, ...]:
        """What to ask for. Raises SettingsError."""
        try:
            if not self.tickers:
                return (Target(root(self.url)),)
            return tuple(
                Target(root(_filled(self.url, ticker)), (f"{self.kind}:{ticker}",))
                for ticker in self.tickers
            )
        except ValueError as error:
            raise self.wrong("url", str(error)) from error

    def mapping(self) -> Mapping:
        """The expressions, compiled. Raises SettingsError."""
        for field, expression in (("items", self.items), ("events", self.events)):
            try:
                Mapping(self.kind, expression or "@")
            except BadInput as error:
                raise self.wrong(field, str(error)) from error
        return Mapping(self.kind, self.items, self.events)

    def upstream(self) -> Upstream:
        """The API. Raises SettingsError."""
        return _Api(self)


class _Api:
    """An API that nothing is known of but what the settings say."""

    lists_whole = False

    def __init__(self, config: HttpJsonConfig) -> None:
        self._targets = config.targets()
        self._mapping = config.mapping()

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
