"""The admin's hand from outside, and a ledger of what it was told is durable."""

import asyncio
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.support.client import Frame, Reader, Step, offset, parse, patched
from tests.support.server import TOKEN

COMPUTED = frozenset({"change", "change_pct", "high", "low"})
"""Fields of a price that the server adds where nobody gave them; checked by tests of their own."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, headers, and the body as JSON (empty where it is none)."""

    status: int
    headers: Mapping[str, str]
    body: Frame
    text: str

    @property
    def kind(self) -> str:
        """Its media type."""
        return self.headers["Content-Type"].partition(";")[0]


class Admin:
    """Calls of `/admin/…` with the bearer token."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str = TOKEN) -> None:
        self._session = session
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}

    async def inject(self, body: Any, *, key: str | None = None) -> Frame:
        """Inject, and be sure that it was accepted; the answer."""
        answer = await self.post("inject", json.dumps(body), key=key)
        assert answer.status == 200, f"{body} -> {answer}"
        return answer.body

    async def post(
        self,
        path: str,
        body: str | bytes = "",
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """POST to `/admin/{path}`; JSON by its type unless `headers` say otherwise."""
        given = self._headers | {"Content-Type": "application/json"} | dict(headers or {})
        if key is not None:
            given["Idempotency-Key"] = key
        data = io.BytesIO(body.encode() if isinstance(body, str) else body)
        return await self._call("POST", path, data, given)

    async def get(self, path: str) -> Frame:
        """GET `/admin/{path}`; its JSON."""
        answer = await self.call("GET", path)
        assert answer.status == 200, answer
        return answer.body

    async def call(self, method: str, path: str) -> Answer:
        """Whatever `/admin/{path}` answers."""
        return await self._call(method, path, None, self._headers)

    async def delete(self, path: str) -> Answer:
        """DELETE `/admin/{path}`."""
        return await self.call("DELETE", path)

    async def snapshot(self, topics: str, **query: str | int) -> dict[str, Frame]:
        """`/snapshot` now: the items by topic."""
        params = {"topics": topics, **query}
        async with self._session.get(f"{self._url}/snapshot", params=params) as answer:
            body = parse(await answer.read())
            assert answer.status == 200, body
        return {item["topic"]: item for item in body["items"]}

    async def _call(
        self, method: str, path: str, data: io.BytesIO | None, headers: Mapping[str, str]
    ) -> Answer:
        url = f"{self._url}/admin/{path}"
        async with self._session.request(method, url, data=data, headers=headers) as answer:
            raw = await answer.read()
            is_json = answer.content_type.endswith("json")
            value: Any = json.loads(raw) if is_json else {}
            body = value if isinstance(value, dict) else {"": value}
            return Answer(answer.status, answer.headers, body, raw.decode(errors="replace"))


@dataclass(frozen=True)
class Acknowledged:
    """One accepted change: its place (cursor of its call, index in it) and what was said of it."""

    place: tuple[int, int]
    topic: str
    v: int
    change: Frame
    event: str | None


class Ledger:
    """Every change that was answered with 200, to be held against what readers saw."""

    def __init__(self) -> None:
        self._entries: list[Acknowledged] = []
        self._grown = asyncio.Event()

    @property
    def last(self) -> int:
        """Offset of the last acknowledged change."""
        return max((entry.place[0] for entry in self._entries), default=0)

    def __len__(self) -> int:
        return len(self._entries)

    def record(self, changes: Sequence[Frame], answer: Frame) -> None:
        """Note the answer to a call that injected `changes`."""
        place = offset(answer["cursor"])
        assert len(answer["results"]) == len(changes), answer
        for index, (change, result) in enumerate(zip(changes, answer["results"], strict=True)):
            assert result["topic"] == change["topic"], result
            if "event" in change and "id" in change["event"]:
                assert result["event"] == change["event"]["id"], result
            entry = Acknowledged(
                (place, index), change["topic"], result["v"], change, result.get("event")
            )
            self._entries.append(entry)
        self._grown.set()

    async def grown_to(self, count: int) -> None:
        """Wait until it holds so many changes."""
        while len(self) < count:
            self._grown.clear()
            await self._grown.wait()

    def newest(self) -> dict[str, int]:
        """The last version of each topic."""
        return {entry.topic: entry.v for entry in self._ordered()}

    def events(self, wanted: Callable[[str], bool]) -> list[tuple[str, str, str, str, Frame]]:
        """Topic, id, op, kind and data of every event, in the order of the log."""
        return [
            shown({"topic": entry.topic, **entry.change["event"], "id": entry.event})
            for entry in self._ordered()
            if "event" in entry.change and wanted(entry.topic)
        ]

    def states(self) -> dict[tuple[str, int], Frame | None]:
        """The state of each topic at each version; versions must grow by one from one to one."""
        states: dict[tuple[str, int], Frame | None] = {}
        current: dict[str, tuple[int, Frame | None]] = {}
        for entry in self._ordered():
            v, state = current.get(entry.topic, (0, None))
            change = entry.change
            created = v == 0 and "event" in change
            moves = created or any(name in change for name in ("set", "data", "gone"))
            assert entry.v == v + moves, f"{entry} after version {v}"
            if "gone" in change:
                state = None
            elif "data" in change:
                state = patched({}, change["data"])
            elif moves:
                state = patched(state or {}, change.get("set", {}))
            current[entry.topic] = (entry.v, state)
            states[entry.topic, entry.v] = state
        return states

    def check(self, reader: Reader, wanted: Callable[[str], bool]) -> None:
        """Hold a reader against it: every event once, in order; no state that never was."""
        assert [shown(event) for event in reader.events] == self.events(wanted), reader.name
        states = self.states()
        chosen = reader.fields
        for step in reader.steps:
            assert wanted(step.topic), f"{reader.name}: {step} was never asked for"
            expected = states[step.topic, step.v]
            same = _chosen(step.state, chosen) == _chosen(expected, chosen)
            assert same, f"{reader.name}: {step} is not {expected}"
        last: dict[str, Step] = {step.topic: step for step in reader.steps}
        newest = {topic: state for (topic, _), state in states.items() if wanted(topic)}
        for topic, state in newest.items():
            seen = last[topic].state if topic in last else None
            assert _chosen(seen, chosen) == _chosen(state, chosen), f"{reader.name}: {topic}"

    def _ordered(self) -> list[Acknowledged]:
        return sorted(self._entries, key=lambda entry: entry.place)


def shown(event: Frame) -> tuple[str, str, str, str, Frame]:
    """What an event says, without its time."""
    op = event.get("op", "add")
    return event["topic"], event["id"], op, event["kind"], event.get("data", {})


def _chosen(state: Frame | None, fields: frozenset[str]) -> Frame | None:
    """A state, or only those of its fields, without what the server works out by itself."""
    if state is None:
        return None
    names = (fields or state.keys()) - COMPUTED
    return {name: value for name, value in state.items() if name in names}
