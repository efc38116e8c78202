"""What happened, and when."""

import asyncio


class Timeline:
    """Prints a line for each thing that happens, with the seconds since the beginning."""

    def __init__(self) -> None:
        self._began_s = asyncio.get_running_loop().time()

    @property
    def now_s(self) -> float:
        """Seconds since the beginning."""
        return asyncio.get_running_loop().time() - self._began_s

    def note(self, who: str, words: str) -> None:
        """Print a line."""
        print(f"  {self.now_s:7.1f}  {who:12} {words}", flush=True)
