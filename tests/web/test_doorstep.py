"""A connection that has said nothing yet."""

import asyncio
from collections import Counter

import pytest

from feed.limits import Limits
from feed.web.doorstep import Doorstep
from feed.web.patience import Heads
from tests.support.clock import run_virtual


class Wire(asyncio.Transport):
    """Keeps what is done with it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.is_closed = False
        self.told: asyncio.BaseProtocol | None = None

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """See asyncio.BaseTransport."""
        self.told = protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """See asyncio.WriteTransport."""
        self.sent += data

    def close(self) -> None:
        """See asyncio.BaseTransport."""
        self.is_closed = True

    def is_closing(self) -> bool:
        """See asyncio.BaseTransport."""
        return self.is_closed


class Inside(asyncio.Protocol):
    """Keeps what it is told, in order."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self.heard.append(transport)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self.heard.append(data)


def refuse() -> asyncio.Protocol:
    raise AssertionError("nobody is let in")


def test_who_says_something_is_let_in_with_it_and_waited_for_no_more() -> None:
    async def scene() -> None:
        heads, wire, inside = Heads(Limits(request_s=5)), Wire(), Inside()
        step = Doorstep(heads, Counter(), lambda: inside)
        step.connection_made(wire)
        step.data_received(b"GET")
        assert wire.told is inside
        assert inside.heard == [wire, b"GET"]
        await asyncio.sleep(9)
        assert (wire.sent, wire.is_closed) == (b"", False)

    run_virtual(scene())


def test_who_says_nothing_is_told_and_counted() -> None:
    async def scene() -> None:
        answered: Counter[tuple[str, int]] = Counter()
        wire = Wire()
        Doorstep(Heads(Limits(request_s=5)), answered, refuse).connection_made(wire)
        await asyncio.sleep(6)
        assert wire.sent.startswith(b"HTTP/1.1 408 ")
        assert wire.is_closed
        assert answered == {("", 408): 1}

    run_virtual(scene())


def test_the_first_of_too_many_parts_without_a_word() -> None:
    async def scene() -> None:
        heads, first, second = Heads(Limits(max_connections=1)), Wire(), Wire()
        for wire in (first, second):
            Doorstep(heads, Counter(), refuse).connection_made(wire)
        assert (first.is_closed, second.is_closed) == (True, False)
        assert first.sent == b""

    run_virtual(scene())


@pytest.mark.parametrize("end", ["closed", "lost"])
def test_what_comes_once_it_is_over_is_heard_by_nobody(end: str) -> None:
    async def scene() -> None:
        wire = Wire()
        step = Doorstep(Heads(Limits(request_s=5)), Counter(), refuse)
        step.connection_made(wire)
        if end == "lost":
            step.connection_lost(None)
        else:
            wire.close()
        step.data_received(b"GET")
        step.give_up()
        step.part()
        await asyncio.sleep(9)
        assert wire.sent == b""

    run_virtual(scene())
