"""`python -m feed`: serve, and what else is done from a terminal."""

import argparse
import asyncio
import logging
import os
import secrets
import sys
from collections.abc import Callable

import msgspec

from feed import journal
from feed.commands import inject, record, replay, watch
from feed.commands.text import printable
from feed.errors import FeedError, SettingsError
from feed.settings import examine, read_settings
from feed.sources.open import open_source


def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m feed", description="A live feed.")
    parser.set_defaults(run=_serve)
    commands = parser.add_subparsers(metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], words: str
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=words)
        added.set_defaults(run=run)
        return added

    command("serve", _serve, "serve the feed (the default); settings are FEED_* and a file")
    command("check", _check, "say whether the settings are good, and stop")
    watch.add_arguments(command("watch", watch.run, "a live table of topics in the terminal"))
    inject.add_arguments(command("inject", inject.run, "change the feed by hand"))
    record.add_arguments(command("record", record.run, "write down what a feed tells"))
    replay.add_arguments(command("replay", replay.run, "play a recording or a rehearsal"))
    chosen = parser.parse_args(arguments)
    try:
        status: int = chosen.run(chosen)
    except (FeedError, OSError) as error:
        for line in str(error).splitlines():
            print(f"feed: {printable(line)}", file=sys.stderr)  # noqa: T201
        return 1
    return status


def _check(_: argparse.Namespace) -> int:
    settings, wrong = examine()
    for config in settings.source:
        try:
            source = open_source(config, allow_private=settings.allow_private_sources)
        except SettingsError as error:
            wrong += [f"{os.environ['FEED_CONFIG']}: {line}" for line in error.mistakes]
        else:
            asyncio.run(source.aclose())
    if wrong:
        print(f"{len(wrong)} {'mistakes' if len(wrong) > 1 else 'mistake'} in the settings:")  # noqa: T201
        for line in wrong:
            print(f"  {printable(line)}")  # noqa: T201
        return 1
    print(f"the settings are good: {len(settings.source)} sources")  # noqa: T201
    width = max((len(config.name) for config in settings.source), default=0)
    for config in settings.source:
        print(f"  {config.name:{width}}  {config.type_name}, every {config.every_s:g} s")  # noqa: T201
    return 0


def _serve(_: argparse.Namespace) -> int:
    settings = read_settings()
    # Only here: the server's libraries take longer to load than all that a command needs.
    import uvloop  # noqa: PLC0415

    from feed.app import serve  # noqa: PLC0415

    if not settings.admin_token:
        token = secrets.token_urlsafe(32)
        settings = msgspec.structs.replace(settings, admin_token=(token,))
        print(_shown_once(token, settings.log_format), flush=True)  # noqa: T201
    journal.begin(settings.log_format, settings.secrets)
    try:
        uvloop.run(serve(settings))
    except (FeedError, OSError) as error:
        if settings.log_format == "text":
            raise  # to be said as in all commands
        logging.getLogger("feed").critical("%s", error)
        return 1
    return 0


def _shown_once(token: str, form: journal.Format) -> str:
    """The token that was made, in a line of the form that all others have."""
    words = "admin token, for this run only"
    if form == "text":
        return f"{words}: {token}"
    record = logging.makeLogRecord(
        {"name": "feed", "levelname": "INFO", "msg": words, "token": token}
    )
    return journal.Json().format(record)


if __name__ == "__main__":
    sys.exit(main())
