"""The server's clock as a client knows it: frames say what time it was when they were sent."""

import asyncio


class ServerClock:
    """Ticks by the loop's steady clock, which never jumps."""

    def __init__(self) -> None:
        self._offset_ms = 0.0
        self._is_old = True

    def restart(self) -> None:
        """The next frame may be of another server, with another clock."""
        self._is_old = True

    def hear(self, now_ms: int) -> None:
        """A frame that was sent at `now_ms`. The one that travelled fastest counts."""
        offset_ms = now_ms - _steady_ms()
        if self._is_old or offset_ms > self._offset_ms:
            self._offset_ms = offset_ms
            self._is_old = False

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch; of no use before the first frame."""
        return round(_steady_ms() + self._offset_ms)


def _steady_ms() -> float:
    return asyncio.get_running_loop().time() * 1000
