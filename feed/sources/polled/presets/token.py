"""The keys of APIs: the settings name a variable of the environment, and nothing shows the key."""

import os
import re
from collections.abc import Iterator

from feed.errors import Fault
from feed.sources.base import Config

_NAME = re.compile(r"(?!FEED_)[A-Z_][A-Z0-9_]{0,99}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,200}", re.ASCII)


def name_faults(variable: str) -> Iterator[Fault]:
    """What is wrong with a `token_env` as the name of a variable."""
    if not _NAME.fullmatch(variable):
        yield Fault("token_env", "expected the name of a variable, and not of a FEED_ one")


def read_token(config: Config, variable: str) -> str:
    """What the variable holds. Raises SettingsError, without a word of it."""
    token = os.environ.get(variable, "")
    if not token:
        raise config.wrong("token_env", f"{variable} is not in the environment")
    if not _TOKEN.fullmatch(token):
        raise config.wrong("token_env", f"{variable} holds no key of letters and digits")
    return token
