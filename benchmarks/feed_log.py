"""The feed's log from outside: what an admin puts into it, and where it ends."""

import json
import secrets
import urllib.request
from collections.abc import Sequence
from typing import Any

TOKEN = secrets.token_hex(16)
"""Of the admin, in this run."""

_ANSWER_S = 60


def change(number: int, topics: int, *, event: bool = False) -> dict[str, Any]:
    """The n-th as client/message.h makes them, with a stamp that tells no time."""
    cents = 19000 + number * 7919 % 997
    fields = {
        "price": f"{cents / 100:.2f}",
        "bid": f"{(cents - 1) / 100:.2f}",
        "ask": f"{(cents + 1) / 100:.2f}",
        "t": f"n{number:015d}|",
        "size": f"{1000 + number % 9000}.5000",
    }
    happened = {"event": {"kind": "trade", "data": {"size": fields["size"]}}} if event else {}
    return {"topic": f"price:T{number % topics:04d}", "set": fields, **happened}


class Log:
    """Of the feed on a port of this machine."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def append(self, changes: Sequence[dict[str, Any]]) -> None:
        """At most a thousand, all or nothing."""
        self._ask("/admin/inject", json.dumps(changes).encode())

    def cursor(self) -> str:
        """The place at its end."""
        cursor: str = self._ask("/snapshot?topics=price:none")["cursor"]
        return cursor

    def head(self) -> int:
        """How many changes it has taken since it was made."""
        head: int = self._ask("/admin/state")["head"]
        return head

    def _ask(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310  (its own server, over http)
            self._url + path,
            body,
            {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=_ANSWER_S) as answer:  # noqa: S310  (the same)
            found: dict[str, Any] = json.load(answer)
        return found
