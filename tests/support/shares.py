"""How the tests are shared out where several processes run them."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

BROWSERS = 2
_IN_BROWSER = "tests/browser/"


class Shares(LoadFileScheduling):  # type: ignore[misc]  # it has no types
    """A file's tests stay together, and the browser's files in a few processes.

    So Chromium is started no oftener than that, and works while the tests of servers wait.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        self._files: dict[str, int] = {}

    def _split_scope(self, nodeid: str) -> str:
        """Which share a test is of. The browser's files are dealt in their order."""
        file, _, _ = nodeid.partition("::")
        if not file.startswith(_IN_BROWSER):
            return file
        return f"{_IN_BROWSER}{self._files.setdefault(file, len(self._files)) % BROWSERS}"
