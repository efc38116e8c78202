"""`python -m feed inject …`: change the feed by hand, once, whatever the network does."""

import argparse
import asyncio
import secrets
import sys
from collections.abc import Iterator
from typing import Any

import aiohttp
import msgspec

from feed.client.admin import Admin, Injected
from feed.client.fault import NoAnswer, Problem
from feed.commands.lines import element_line, event_line
from feed.commands.server import Unusable, add_url, admin_token
from feed.commands.text import printable, quoted
from feed.model.change import OPS
from feed.model.codec import decode, encode
from feed.model.topic import parse_topic

_STDIN = "-"
_INTERRUPTED = 130  # as of any command that Ctrl-C ends


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = (
        "Change the feed by hand. The token is taken from FEED_ADMIN_TOKEN. While the server does"
        " not answer the same change is sent again, under a key by which it is made only once."
    )
    parser.add_argument(
        "topic", help="BTC-USD, score:EPL.ARS-CHE, or - for changes as JSON on standard input"
    )
    parser.add_argument(
        "field",
        nargs="*",
        default=[],
        metavar="NAME=VALUE",
        help="a JSON value or else a text: price=70000.00 home.score=2 period=HT",
    )
    parser.add_argument("--set", metavar="JSON", help="the fields to change, as a merge patch")
    parser.add_argument("--data", metavar="JSON", help="the whole item, in place of what it was")
    parser.add_argument("--gone", action="store_true", help="end the topic")
    parser.add_argument("--event", metavar="KIND", help="what happened: goal, trade, …")
    parser.add_argument("--id", help="the event's id")
    parser.add_argument("--op", choices=OPS, help="what is done to the event (default: add)")
    parser.add_argument("--event-data", metavar="JSON", help="more about the event")
    parser.add_argument("--if-v", metavar="N", type=int, help="only if this is its version")
    parser.add_argument("--why", metavar="TEXT", help="the reason, for the record")
    parser.add_argument("--key", help="the idempotency key (default: a new one)")
    parser.add_argument("--dry-run", action="store_true", help="say what would happen, no more")
    add_url(parser)


def run(arguments: argparse.Namespace) -> int:
    """Inject, and print what became of it. Raises FeedError where nothing did."""
    token = admin_token()
    body = read_body(arguments)
    key = arguments.key or f"inject-{secrets.token_hex(12)}"
    unknown = f"it may have been done or not: the same again with --key {key} is safe"
    try:
        injected = asyncio.run(_inject(arguments.url, token, body, key, dry_run=arguments.dry_run))
    except Problem as problem:
        for line in str(problem).splitlines():
            print(printable(line), file=sys.stderr)  # noqa: T201
        return 1
    except NoAnswer as error:
        raise Unusable(f"{error}; {unknown}") from error
    except KeyboardInterrupt:
        print(f"feed: interrupted; {printable(unknown)}", file=sys.stderr)  # noqa: T201
        return _INTERRUPTED
    for line in described(injected, dry_run=arguments.dry_run):
        print(line)  # noqa: T201
    return 0


async def _inject(url: str, token: str, body: bytes, key: str, *, dry_run: bool) -> Injected:
    async with aiohttp.ClientSession() as session:
        return await Admin(session, url, token, _say_retry).inject(body, key, dry_run=dry_run)


def _say_retry(wait_s: float, why: str) -> None:
    print(f"feed: {printable(why)}; again in {wait_s:.1f} s", file=sys.stderr)  # noqa: T201


# ---- what was typed ----


def read_body(arguments: argparse.Namespace) -> bytes:
    """Standard input byte for byte, or the change that the arguments say. Raises FeedError."""
    if arguments.topic != _STDIN:
        try:
            return encode(_change(arguments))
        except UnicodeEncodeError as error:
            raise Unusable("what was typed is not UTF-8") from error
    beside = ("set", "data", "event", "id", "op", "event_data", "if_v", "why")
    given = [name for name in beside if getattr(arguments, name) is not None]
    given += [name for name in ("field", "gone") if getattr(arguments, name)]
    if given:
        names = ", ".join(name.replace("_", "-") for name in given)
        raise Unusable(f"{names}: not beside changes on standard input")
    return sys.stdin.buffer.read()


def _change(arguments: argparse.Namespace) -> dict[str, Any]:
    """JSON of the arguments stays as it was typed, each digit of it."""
    change: dict[str, Any] = {"topic": parse_topic(arguments.topic)}
    if arguments.set is not None:
        change["set"] = _object("--set", arguments.set)
    if arguments.data is not None:
        change["data"] = _object("--data", arguments.data)
    if arguments.gone:
        change["gone"] = True
    if arguments.field:
        if "set" in change:
            raise Unusable("either --set or NAME=VALUE")
        change["set"] = _fields(arguments.field)
    if event := _event(arguments):
        change["event"] = event
    for name in ("if_v", "why"):
        if (value := getattr(arguments, name)) is not None:
            change[name] = value
    return change


def _event(arguments: argparse.Namespace) -> dict[str, Any]:
    event = {"op": arguments.op, "kind": arguments.event, "id": arguments.id}
    given = {name: value for name, value in event.items() if value is not None}
    if arguments.event_data is not None:
        given["data"] = _object("--event-data", arguments.event_data)
    return given


def _object(option: str, text: str) -> msgspec.Raw:
    try:
        value = decode(text)
    except msgspec.DecodeError as error:
        raise Unusable(f"{option}: no JSON: {error}") from error
    if not isinstance(value, dict):
        raise Unusable(f"{option}: expected a JSON object")
    return msgspec.Raw(text)


def _fields(texts: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for text in texts:
        path, equals, value = text.partition("=")
        names = path.split(".")
        if not equals or not all(names):
            raise Unusable(f"{text}: expected NAME=VALUE")
        inner = fields
        for name in names[:-1]:
            inner = inner.setdefault(name, {})
            if not isinstance(inner, dict):
                raise Unusable(f"{text}: {name} has a value of its own")
        inner[names[-1]] = _value(value)
    return fields


def _value(text: str) -> str | msgspec.Raw:
    try:
        decode(text)
    except msgspec.DecodeError:
        return text
    return msgspec.Raw(text)


# ---- what became of it ----


def described(injected: Injected, *, dry_run: bool) -> Iterator[str]:
    """The answer, a line for each change."""
    if dry_run:
        for frame in injected.frames:
            yield from map(element_line, frame.items)
            yield from map(event_line, frame.events)
        yield f"dry run, nothing changed; subscribers who would get it: {injected.subscribers}"
        return
    for result in injected.results:
        event = "" if result.event is None else f" event {quoted(result.event)}"
        yield f"{quoted(result.topic)} v{result.v}{event}"
    if injected.duplicate:
        yield "this key was used before: the answer is of then, nothing changed now"
