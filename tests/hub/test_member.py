"""Whom a crowd's frame is written to, and how: at descriptors, or by sinks."""

import os
import socket
from collections.abc import Iterator

import pytest

from feed.hub.member import Crowd, Member, write
from feed.model.frame import Frame, Wrap

FRAME = Frame(b"{}")


def line(frame: Frame) -> bytes:
    return frame.payload + b"\n"


def event(frame: Frame) -> bytes:
    return b"data: " + frame.payload + b"\n\n"


class Viewer:
    """A sink and a line at once, on one end of a pair of sockets."""

    def __init__(self, wrap: Wrap) -> None:
        self.wrap = wrap
        self.member = Member(self)
        self.is_full = False
        self.sunk: list[Frame] = []
        self.sent: list[bytes] = []
        self.near, self.far = socket.socketpair()
        self.near.settimeout(0)

    @property
    def fd(self) -> int:
        return self.near.fileno()

    def write(self, frame: Frame) -> None:
        self.sunk.append(frame)

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    async def drained(self) -> None:
        raise NotImplementedError

    def abort(self) -> None:
        raise NotImplementedError

    def read(self) -> bytes:
        """What has come through the sockets."""
        return self.far.recv(1 << 20)


@pytest.fixture
def one() -> Iterator[Viewer]:
    viewer = Viewer(line)
    with viewer.near, viewer.far:
        yield viewer


@pytest.fixture
def other() -> Iterator[Viewer]:
    viewer = Viewer(line)
    with viewer.near, viewer.far:
        yield viewer


@pytest.fixture
def crowd(one: Viewer, other: Viewer) -> Crowd:
    crowd = Crowd()
    for viewer in (one, other):
        viewer.member.reach(viewer)
        crowd.add(viewer.member)
    return crowd


def test_it_is_written_once_at_each_descriptor(one: Viewer, other: Viewer, crowd: Crowd) -> None:
    assert list(crowd) == [one.member, other.member]
    assert write([(crowd, FRAME)]) == []
    assert (one.read(), other.read()) == (b"{}\n", b"{}\n")
    assert (one.sunk, one.sent) == ([], [])


def test_who_is_wrapped_for_otherwise_is_written_to_by_its_sink(
    one: Viewer, other: Viewer, crowd: Crowd
) -> None:
    other.wrap = event
    other.member.reach(other)
    assert list(crowd) == [one.member, other.member]
    assert write([(crowd, FRAME)]) == []
    assert (one.read(), other.sunk, other.sent) == (b"{}\n", [FRAME], [])


def test_a_sink_that_is_full_is_told_of_and_not_written_to(
    one: Viewer, other: Viewer, crowd: Crowd
) -> None:
    other.member.reach(None)
    other.is_full = True
    assert write([(crowd, FRAME)]) == [(crowd, other.member)]
    assert (one.read(), other.sunk) == (b"{}\n", [])


def test_what_a_descriptor_does_not_take_its_line_is_given(
    one: Viewer, other: Viewer, crowd: Crowd
) -> None:
    large = Frame(b"." * (8 << 20))
    assert write([(crowd, large)]) == []
    [rest] = one.sent
    taken = os.read(one.far.fileno(), 1 << 10)
    assert taken == b"." * (1 << 10)
    assert 0 < len(rest) < len(large.payload) + 1
    assert write([(crowd, FRAME)]) == []
    assert one.sent == other.sent == [rest, b"{}\n"]


def test_who_is_gone_is_written_to_no_more(one: Viewer, other: Viewer, crowd: Crowd) -> None:
    one.member.reach(None)
    for viewer in (one, other):
        crowd.remove(viewer.member)
        assert viewer.member.crowd is None
    assert not crowd
    assert (crowd.count, list(crowd)) == (0, [])
    assert write([(crowd, FRAME)]) == []
    assert one.sunk == other.sunk == []
