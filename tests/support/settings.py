"""What settings a start refuses."""

import pytest

from feed.errors import SettingsError
from feed.settings import read_settings


def refused(environment: dict[str, str]) -> str:
    """The one line that the start stops with."""
    with pytest.raises(SettingsError) as raised:
        read_settings(environment)
    line = str(raised.value)
    assert "\n" not in line
    return line
