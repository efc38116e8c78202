"""What stands on stderr: a record a line, which cannot be forged, tells no secret, ends floods."""

import contextlib
import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed import journal

TOKEN = "a-token-that-is-forty-characters-long-0001"
BIDI, ESCAPE, CLEAR = "\u202e", "\x1b[2J", "\x9b2J"


def record(
    message: str, *arguments: object, created: float = 0.0, **more: Any
) -> logging.LogRecord:
    """A record of a moment, with fields."""
    made = logging.LogRecord("feed.web.test", logging.WARNING, "", 0, message, arguments, None)
    made.created, made.msecs = created, created % 1 * 1000
    made.__dict__.update(more)
    return made


def failed(error: Exception) -> logging.LogRecord:
    """A record of an error that was raised."""
    made = record("it failed")
    with contextlib.suppress(type(error)):
        _fail(error)
    made.exc_info = (type(error), error, error.__traceback__)
    return made


def _fail(error: Exception) -> None:
    raise error


def test_json_is_an_object_with_what_programs_look_for() -> None:
    line = journal.Json().format(record("cut %s", "c-1", created=1_790_000_000.0625, source="api"))
    assert json.loads(line) == {
        "time": "2026-09-21T14:13:20.062Z",
        "severity": "WARNING",
        "logger": "feed.web.test",
        "message": "cut c-1",
        "source": "api",
    }


def test_text_is_a_moment_a_level_and_a_message() -> None:
    line = journal.Text().format(record("cut %s", "c-1", created=1_790_000_000.0625, source="api"))
    assert line.endswith(",062 WARNING cut c-1")


def test_a_traceback_is_one_line_of_json() -> None:
    line = journal.Json().format(failed(ValueError("over\ntwo lines")))
    told = json.loads(line)
    assert "\n" not in line
    assert told["message"] == "it failed"
    assert told["traceback"].startswith("Traceback (most recent call last):\n")
    assert told["traceback"].endswith("ValueError: over\ntwo lines")


def test_each_line_of_a_traceback_is_marked_in_text() -> None:
    forged = f"x\n2026-01-01 00:00:00,000 INFO an admin signed in{ESCAPE}"
    first, *lines = journal.Text().format(failed(ValueError(forged))).split("\n")
    assert first.endswith("WARNING it failed")
    assert len(lines) == 7
    assert all(line.startswith("  | ") for line in lines)
    assert lines[-1] == r"  | 2026-01-01 00:00:00,000 INFO an admin signed in\x1b[2J"


@pytest.mark.parametrize(
    "text", ["\r\n", "\n", "\r", ESCAPE, CLEAR, BIDI, "\0", "\x7f", "\u2028", "\x85"]
)
def test_nothing_that_a_terminal_or_a_reader_of_lines_obeys_is_written(text: str) -> None:
    refused = record("refused %s", f"/a{text}2026 INFO b", path=text)
    for form in (journal.Text(), journal.Json()):
        line = form.format(refused)
        assert len(line.splitlines()) == 1
        assert line.isprintable()


@given(st.text())
def test_whatever_is_logged_is_a_line_and_json_gives_it_back(text: str) -> None:
    given_one = record("%s", text, path=text)
    assert journal.Text().format(given_one).isprintable()
    line = journal.Json().format(given_one)
    assert (line.isascii(), line.isprintable()) == (True, True)
    assert set(json.loads(line)) == {"time", "severity", "logger", "message", "path"}


SECRETS = [
    f"Authorization: Bearer {TOKEN}",
    f"authorization='bearer {TOKEN}'",
    f"Basic {TOKEN}",
    f"GET /sse?topics=A&token={TOKEN}&x=1",
    f"/poll?token={TOKEN}",
    f"eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.{TOKEN}",
    f"redis://user:{TOKEN}@host:6379/0 is away",
    f"redis://:{TOKEN}@host:6379/0 is away",
]


@pytest.mark.parametrize("text", SECRETS)
@pytest.mark.parametrize("form", [journal.Text, journal.Json])
def test_what_looks_like_a_secret_is_hidden(
    text: str, form: Callable[[], logging.Formatter]
) -> None:
    for each in (record(text), record("%s", text), failed(ValueError(text))):
        line = form().format(each)
        assert TOKEN not in line
        assert "[hidden]" in line
    assert TOKEN not in form().format(record("x", header=text))


def test_a_cookie_is_hidden() -> None:
    cookie = f"{'a' * 22}.1790000000.1790000000.{'b' * 43}"
    assert cookie not in journal.Text().format(record(f"Cookie: __Host-feed={cookie}; x=1"))


@pytest.mark.parametrize("form", [journal.Text, journal.Json])
def test_known_secrets_are_hidden_wherever_they_stand(
    form: Callable[[list[str]], logging.Formatter],
) -> None:
    other = 'with "quotes" and \\ in it, which JSON escapes'
    writes = form([TOKEN, f"{TOKEN}-and-more", other, "", "short"])
    line = writes.format(record(f"x{TOKEN}-and-morex {other} {TOKEN} short", path=f"/{TOKEN}"))
    assert line.endswith(("x[hidden]x [hidden] [hidden] short", '"path": "/[hidden]"}'))
    assert "token" not in line
    assert "quotes" not in line


def test_what_is_no_secret_is_shown() -> None:
    words = "the token is wrong; bearer of bad news? no: https://host:8080/path token source"
    assert "[hidden]" not in journal.Text().format(record(words.replace("bearer of", "one of")))


# ---- sampling ----


def test_each_source_is_told_of_by_itself() -> None:
    sampling = journal.Sampling(most=1, window_s=10)
    for name in ("a", "a", "b"):
        sampling.admits(record("source %s fails", name, source=name))
    assert sampling.admits(record("source %s fails", "c", source="c"))
    [summary] = sampling.over(10)
    assert json.loads(journal.Json().format(summary))["source"] == "a"


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def told(stream: io.StringIO) -> list[Any]:
    """What was written since."""
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    stream.seek(0)
    stream.truncate()
    return [(line["message"], line.get("suppressed")) for line in lines]


@pytest.fixture
def handler(stream: io.StringIO) -> journal.Handler:
    return journal.Handler(stream, journal.Json(), journal.Sampling(most=2, window_s=10))


def test_of_a_kind_the_first_are_written_and_the_rest_is_counted(
    handler: journal.Handler, stream: io.StringIO
) -> None:
    for number in range(7):
        handler.handle(record("refused %d", number, created=100 + number))
    handler.handle(record("something else", created=109.9))
    assert told(stream) == [("refused 0", None), ("refused 1", None), ("something else", None)]
    handler.handle(record("refused %d", 7, created=110))
    assert told(stream) == [("5 more were not written: refused …", 5), ("refused 7", None)]
    handler.handle(record("refused %d", 8, created=130))
    assert told(stream) == [("refused 8", None)]


def test_what_was_counted_is_told_at_the_end(handler: journal.Handler, stream: io.StringIO) -> None:
    for _ in range(4):
        handler.handle(record("refused", created=100))
    assert len(told(stream)) == 2
    handler.close()
    assert told(stream) == [("2 more were not written: refused", 2)]


def test_a_clock_that_goes_back_silences_nobody(
    handler: journal.Handler, stream: io.StringIO
) -> None:
    for _ in range(2):
        handler.handle(record("refused", created=100))
    handler.handle(record("refused", created=50))
    assert told(stream) == [("refused", None)] * 3


def test_kinds_are_bounded() -> None:
    sampling = journal.Sampling(most=1, window_s=10)
    admitted = [sampling.admits(record(f"never the same {n}", created=1)) for n in range(1100)]
    assert sum(admitted) == 1001
    assert [each.getMessage() for each in sampling.over(11)] == ["99 more were not written: "]
    assert sampling.admits(record("never the same 1", created=11))


def test_what_an_admin_does_is_always_written(
    handler: journal.Handler, stream: io.StringIO
) -> None:
    for _ in range(5):
        done = record("did", created=100)
        done.name = journal.NOT_SAMPLED
        handler.handle(done)
    assert told(stream) == [("did", None)] * 5


def test_a_record_that_cannot_be_said_harms_nobody(stream: io.StringIO) -> None:
    line = journal.Json().format(record("x", thing=object()))
    assert json.loads(line)["thing"].startswith("<object object")
