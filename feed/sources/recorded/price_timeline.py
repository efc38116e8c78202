"""Prices as somebody wrote them down for a rehearsal: `09:30 BTC-USD 100.00`, `halt AAPL`."""

import re
from collections.abc import Mapping

from feed.errors import BadInput
from feed.model.change import Change, EventChange
from feed.model.codec import JsonObject
from feed.model.field import decimal_text
from feed.model.topic import kind_of, parse_topic
from feed.sources.recorded.rows import Row

_TIME = re.compile(r"([0-9]{1,2}):([0-5][0-9])(?::([0-5][0-9]))?")
_HOURS = 48
_WORDS = ("halt", "resume", "close", "gone")
_FORM = "expected [HH:MM] TICKER PRICE, or [HH:MM] halt|resume|close|gone TICKER [WHY]"


def time_ms(text: str) -> int:
    """`09:30` or `09:30:15` → milliseconds since midnight; `24:10` is on the next day.

    Raises BadInput.
    """
    form = _TIME.fullmatch(text)
    if form is None or int(form[1]) >= _HOURS:
        raise BadInput(f"expected a time such as 09:30 or 09:30:15, not {text!r:.60}")
    return ((int(form[1]) * 60 + int(form[2])) * 60 + int(form[3] or 0)) * 1000


def price_topic(text: str) -> str:
    """A ticker, or the topic of a price. Raises BadInput."""
    topic = parse_topic(text)
    if kind_of(topic) != "price":
        raise BadInput(f"expected the topic of a price, not {text}")
    return topic


class PriceTimeline:
    """Makes rows of entries, one by one; each may raise BadInput.

    `known`: what is said of a topic at its first price. An entry without a time is at the moment
    of the one before. `round_id` is what the ids of events begin with.
    """

    def __init__(self, known: Mapping[str, JsonObject], round_id: str) -> None:
        self.rows: list[Row] = []
        self._known = known
        self._round_id = round_id
        self._at_ms: int | None = None
        self._states: dict[str, str] = {}

    def add(self, entry: str) -> None:
        """The next entry. Raises BadInput, which says what is expected instead."""
        words = entry.split()
        if words and ":" in words[0] and words[0][0].isdigit():
            at_ms = time_ms(words.pop(0))
            if self._at_ms is not None and at_ms < self._at_ms:
                raise BadInput("expected a time that is not before that of the entry above")
            self._at_ms = at_ms
        if self._at_ms is None:
            raise BadInput("expected a time first: 09:30")
        match words:
            case [word, ticker, *why] if word in _WORDS:
                self._tell(self._at_ms, word, price_topic(ticker), " ".join(why))
            case [ticker, price]:
                self._trade(self._at_ms, price_topic(ticker), price)
            case _:
                raise BadInput(_FORM)

    def _trade(self, at_ms: int, topic: str, price: str) -> None:
        if decimal_text(price) is None:
            raise BadInput(f"expected a price such as 191.05, not {price!r:.60}")
        state = self._states.get(topic)
        if state == "halted":
            raise BadInput(f"expected resume {topic.partition(':')[2]} before its next price")
        self._states[topic] = "live"
        fields: JsonObject = {"price": price, "state": "live"}
        if state is None:
            data = self._known.get(topic, {}) | fields
            self._append(at_ms, Change(topic=topic, data=data, ts=at_ms))
        else:
            self._append(at_ms, Change(topic=topic, patch=fields, ts=at_ms))

    def _tell(self, at_ms: int, word: str, topic: str, why: str) -> None:
        state = self._states.get(topic)
        if state is None:
            raise BadInput(f"expected a price of {topic.partition(':')[2]} before it")
        if word == "resume" and state != "halted":
            raise BadInput("expected a halt before it")
        if word == "gone":
            del self._states[topic]
            self._append(at_ms, Change(topic=topic, gone=True, ts=at_ms))
            return
        self._states[topic] = state = {"halt": "halted", "close": "closed"}.get(word, "live")
        patch: JsonObject = {"state": state, "why": why or None}
        event = None
        if word != "close":
            event_id = f"{self._round_id}-{len(self.rows)}"
            data: JsonObject = {"why": why} if why else {}
            event = EventChange(kind=word, id=event_id, ts=at_ms, data=data)
        self._append(at_ms, Change(topic=topic, patch=patch, event=event, ts=at_ms))

    def _append(self, at_ms: int, change: Change) -> None:
        self.rows.append(Row(at_ms, change))
