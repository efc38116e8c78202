"""Which server a command talks to, and as whom."""

import argparse
import os
from urllib.parse import urlsplit

from feed.errors import FeedError


class Unusable(FeedError):
    """What was typed cannot be done."""


def add_url(parser: argparse.ArgumentParser) -> None:
    """`--url`; by default the server that would start here."""
    default = f"http://127.0.0.1:{os.environ.get('PORT', '8080')}"
    parser.add_argument(
        "--url", default=default, type=_url, help="the server (default: %(default)s)"
    )


def _url(text: str) -> str:
    if not _is_server(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form http://host:port")
    return text.rstrip("/")


def _is_server(text: str) -> bool:
    try:
        parts = urlsplit(text)
        has_port = parts.port != 0  # raises where it is no number
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment)
    return plain and has_port and bool(parts.hostname) and parts.scheme in ("http", "https")


def admin_token() -> str:
    """The first of FEED_ADMIN_TOKEN; never an argument, which others on the machine can read."""
    token = os.environ.get("FEED_ADMIN_TOKEN", "").partition(",")[0].strip()
    if not token:
        raise Unusable("FEED_ADMIN_TOKEN is not set: it is the token that the server was given")
    if not (token.isascii() and token.isprintable()):
        raise Unusable("FEED_ADMIN_TOKEN: a token is of visible ASCII characters")
    return token
