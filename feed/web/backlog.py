"""What is to be written to a stream and is not with the kernel yet."""


class Backlog:
    """What waits in a transport. `handed` and `read` count bytes since it began to wait."""

    __slots__ = ("handed", "read", "read_s")

    def __init__(self, waiting_bytes: int, now_s: float) -> None:
        self.handed, self.read, self.read_s = waiting_bytes, 0, now_s

    def has_stalled(self, waiting_bytes: int, now_s: float, stall_s: float) -> bool:
        """Whether its client read nothing for so long; to be asked from time to time."""
        read = self.handed - waiting_bytes
        if read > self.read:
            self.read, self.read_s = read, now_s
        return now_s - self.read_s > stall_s


class Corked:
    """What is gathered for one write at the end of this turn of the loop."""

    __slots__ = ("bytes", "parts")

    def __init__(self) -> None:
        self.bytes = 0
        self.parts: list[bytes] = []
