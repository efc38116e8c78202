"""What every answer must be, whatever was asked, and every line that the server prints."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.blackbox.fuzz.evil import FORGED
from tests.support.client import Reader, offset
from tests.support.raw_http import Answer
from tests.support.server import TOKEN

ALWAYS = {"server": "feed", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
KNOWN = frozenset(
    {
        *ALWAYS,
        *("allow", "cache-control", "connection", "content-length", "content-security-policy"),
        *("content-type", "cross-origin-opener-policy", "cross-origin-resource-policy", "date"),
        *("etag", "keep-alive", "location", "permissions-policy", "retry-after", "set-cookie"),
        *("transfer-encoding", "upgrade", "vary", "www-authenticate", "x-accel-buffering"),
        *("x-accel-expires", "x-frame-options", "x-robots-tag", "sec-websocket-version"),
    }
)
HANDSHAKE = {"upgrade", "connection", "sec-websocket-accept", "sec-websocket-extensions"}
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
NEEDED = {401: "www-authenticate", 405: "allow", 426: "upgrade", 429: "retry-after"}

_LINE = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARNING)"
    r" ([A-Za-z]|\d+ more were not written: )|\{\").*"
)


def check_answer(answer: Answer, allowed: Iterable[int] = range(200, 500)) -> None:
    """Its status, its headers, and for a refusal its problem (RFC 9457)."""
    assert answer.status in allowed, f"{answer.status} is none of {sorted(allowed)}: {answer}"
    if answer.status == 101:
        assert answer.headers.keys() <= HANDSHAKE, answer
        return
    for name, value in ALWAYS.items():
        assert answer.headers.get(name) == [value], answer
    assert answer.headers.keys() <= KNOWN, answer.headers.keys() - KNOWN
    kind = answer.header("content-type").partition(";")[0]
    if kind != "text/html":
        assert answer.header("content-security-policy") == DATA_POLICY, answer
    if answer.status < 400:
        return
    if answer.status in NEEDED:
        assert answer.header(NEEDED[answer.status]), answer
    assert "no-store" in answer.header("cache-control"), answer
    if kind == "text/html":  # the form to sign in, again
        assert answer.status in (401, 403, 429), answer
        return
    assert kind == "application/problem+json", answer
    if answer.body:
        _check_problem(answer.status, json.loads(answer.body))


def _check_problem(status: int, problem: dict[str, Any]) -> None:
    assert problem["type"] == "about:blank", problem
    assert problem["status"] == status, problem
    assert problem["title"], problem
    assert problem["detail"], problem
    assert re.fullmatch("[a-z_]+", problem["code"]), problem
    faults = problem.get("errors", [])
    assert all(fault["path"] and fault["message"] for fault in faults), problem
    if problem["code"] in ("invalid", "bad_query", "bad_topic"):
        assert faults, problem


def check_output(lines: Iterable[str]) -> None:
    """No trace, no line that somebody else made, no escapes, and no token."""
    for line in lines:
        assert _LINE.fullmatch(line), f"not a line of the log: {line!r}"
        assert line.isprintable(), f"what a terminal would obey: {line!r}"
        assert TOKEN not in line, f"a token: {line!r}"
        assert not line.startswith(FORGED), line


class Accepted:
    """What was answered with 200 and is in the log: a healthy client must see all of it."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}
        self._events: Counter[tuple[str, str]] = Counter()
        self.last = 0

    def note(self, answer: Answer) -> None:
        """Look whether an answer acknowledges changes."""
        if answer.status != 200 or not answer.header("content-type").endswith(
            "json; charset=utf-8"
        ):
            return
        told = json.loads(answer.body) if answer.body else {}
        if "results" not in told or told.get("duplicate") or "dry_run" in told:
            return
        self.last = max(self.last, offset(told["cursor"]))
        for result in told["results"]:
            topic = result["topic"]
            self._versions[topic] = max(self._versions.get(topic, 0), result["v"])
            if "event" in result:
                self._events[topic, result["event"]] += 1

    def check(self, reader: Reader) -> None:
        """Hold a reader of everything against it."""
        for topic, v in self._versions.items():
            assert reader.versions.get(topic, 0) >= v, f"{topic} is not at {v}"
        seen = Counter((event["topic"], event["id"]) for event in reader.events)
        assert self._events <= seen, self._events - seen
