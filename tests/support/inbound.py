"""What `feed.web.inbound` makes of bytes that come in pieces."""

from collections.abc import Iterable

from feed.web.inbound import Broken, Incomplete, Message, Opcode, read

LIMIT = 65_536

Told = list[tuple[str, bytes]]


def told(
    *pieces: bytes, limit_bytes: int = LIMIT, deflated: bool = False
) -> tuple[Told, int | None]:
    """The messages up to a close, and the code with which the client is failed, if it is."""
    messages: Told = []
    rest: Incomplete | None = None
    for piece in pieces:
        try:
            new, rest = read(piece, rest, limit_bytes=limit_bytes, deflated=deflated)
        except Broken as broken:
            return messages + _named(broken.messages), broken.code
        messages += _named(new)
        if new and new[-1].kind is Opcode.CLOSE:
            break
    return messages, None


def steps(data: bytes, size: int) -> list[bytes]:
    """Bytes in pieces of one size."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def _named(messages: Iterable[Message]) -> Told:
    return [(message.kind.name, message.data) for message in messages]
