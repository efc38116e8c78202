"""A transport that leads nowhere: it keeps what is written until somebody reads."""

import asyncio


class Unread(asyncio.Transport):
    """Bytes wait in it until `read`."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.waiting = 0
        self.is_aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take what there is, and keep it waiting."""
        self.written += data
        self.waiting += len(data)

    def read(self, size: int | None = None) -> None:
        """What the peer does: take so many bytes, or all."""
        self.waiting -= self.waiting if size is None else size

    def get_write_buffer_size(self) -> int:
        """What was written and not read."""
        return self.waiting

    def is_closing(self) -> bool:
        """Once it was cut."""
        return self.is_aborted

    def abort(self) -> None:
        """Cut it."""
        self.is_aborted = True
