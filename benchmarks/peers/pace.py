"""What the servers in Python share: the messages, at the rate that their standard input says."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit


def message(topic: str, number: int, due_us: int) -> str:
    """The n-th, of 150 bytes: client/message.h makes the same."""
    cents = 19000 + number * 7919 % 997
    fields: dict[str, Any] = {
        "price": f"{cents / 100:.2f}",
        "bid": f"{(cents - 1) / 100:.2f}",
        "ask": f"{(cents + 1) / 100:.2f}",
        "t": f"{due_us:016d}|",
        "size": f"{1000 + number % 9000}.5000",
    }
    whole = {"topic": f"price:{topic}", "v": 10000 + number % 90000, "ts": 1790000000000}
    return json.dumps({**whole, "set": fields}, separators=(",", ":"))


def topics_of(target: str) -> list[str]:
    """Those that a request names in its query."""
    return parse_qs(urlsplit(target).query)["topics"][0].split(",")


class Pace:
    """`rate TOPICS BATCH INTERVAL_US` on the standard input sets it; its end ends the program."""

    def __init__(self) -> None:
        self._rate = (1, 1, 0)
        self._due_us = 0
        self._changed = asyncio.Event()

    async def messages(self) -> AsyncIterator[tuple[str, str]]:
        """Topic and text. What is late comes late, with the time at which it was due."""
        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin, self._read)
        number = 0
        while True:
            topics, batch, interval_us = self._rate
            if not interval_us:
                self._changed.clear()
                await self._changed.wait()
                continue
            await asyncio.sleep(max(0.0, self._due_us / 1e6 - time.time_ns() / 1e9))
            for _ in range(batch):
                topic = f"T{number % topics:04d}"
                yield topic, message(topic, number, self._due_us)
                number += 1
            self._due_us += interval_us

    def _read(self) -> None:
        line = sys.stdin.readline()
        if not line:
            raise SystemExit
        topics, batch, interval_us = map(int, line.split()[1:])
        self._rate = (topics, batch, interval_us)
        self._due_us = time.time_ns() // 1000 + interval_us
        self._changed.set()
