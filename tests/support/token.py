"""Tokens of subscribers, as whoever sells the feed signs them."""

from typing import Any

import jwt

SECRET = "a-secret-of-at-least-32-characters-1"


def token(*topics: str, exp_s: float, secret: str = SECRET, **claims: Any) -> str:
    """One that grants these filters until so many seconds since the epoch."""
    return jwt.encode({"topics": [*topics], "exp": exp_s, **claims}, secret, algorithm="HS256")
