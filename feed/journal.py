"""What the operator reads on stderr: one record a line, as text or as JSON, that nobody can forge.

Whatever comes from outside may be in a message: control characters are written as escapes, the
lines of a traceback are marked, and what looks like a secret is hidden. Of what comes too often,
the first are written and the rest are counted.
"""

import json
import logging
import re
import sys
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, TextIO, TypeAlias

Format: TypeAlias = Literal["text", "json"]

NOT_SAMPLED = "feed.web.audit"
"""Whose records are all written: what somebody with the token did."""

_MOST, _WINDOW_S = 20, 10.0
"""So many of a kind in so many seconds. A kind is a logger, a level, a message's template, and the
source that it speaks of: the operator named those, so that clients cannot make one up."""

_KINDS = 1000
_SHORTEST = 8
"""Shorter secrets would hide ordinary words; none of ours that must be secret is that short."""

_HIDDEN = "[hidden]"
_SHAPES = (
    (re.compile(r"(?i)\b(bearer|basic)(\s+)[^\s\"',;]+"), rf"\1\2{_HIDDEN}"),
    (re.compile(r"(?i)\b((?:access_)?token=)[^&\s\"']+"), rf"\1{_HIDDEN}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), _HIDDEN),  # a JSON Web Token
    (re.compile(r"[\w-]{22}\.\d+\.\d+\.[\w-]{43}"), _HIDDEN),  # the cookie of a session
    (re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)"), rf"\1{_HIDDEN}"),
)
_FIELD = re.compile(r"%[^a-z%]*[a-z]")
_OF_ALL = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"}


def begin(form: Format, secrets: Iterable[str] = ()) -> None:
    """Write all that is logged to stderr from now on. `secrets` are hidden wherever they stand."""
    formatter = Json(secrets) if form == "json" else Text(secrets)
    logging.basicConfig(level=logging.INFO, handlers=[Handler(sys.stderr, formatter)], force=True)
    logging.captureWarnings(capture=True)
    if form == "json":
        sys.excepthook = _log_the_end


def _log_the_end(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """What ends the process is one line as well."""
    if not issubclass(kind, KeyboardInterrupt):
        logging.getLogger("feed").critical("it ends: %s", error, exc_info=(kind, error, trace))


def visible(text: str) -> str:
    """The text without what a terminal obeys: such characters as escapes of Python."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


class _Discreet(logging.Formatter):
    """Knows what must not be written."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        known = sorted({each for each in secrets if len(each) >= _SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def hidden(self, text: str) -> str:
        """The text without secrets, known ones and such as look like one."""
        if self._known:
            text = self._known.sub(_HIDDEN, text)
        for shape, instead in _SHAPES:
            text = shape.sub(instead, text)
        return text

    def trace(self, record: logging.LogRecord) -> str:
        """The traceback of a record; empty where it has none."""
        parts = [self.formatException(record.exc_info)] if record.exc_info else []
        parts += [self.formatStack(record.stack_info)] if record.stack_info else []
        return self.hidden("\n".join(parts))


class Text(_Discreet):
    """For people: the local time, the level, the message. Lines of a traceback begin with `|`."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        message = visible(self.hidden(record.getMessage()))
        lines = [f"{self.formatTime(record)} {record.levelname} {message}"]
        lines += [f"  | {visible(line)}" for line in self.trace(record).splitlines()]
        return "\n".join(lines)


class Json(_Discreet):
    """For programs: an object a line, in ASCII.

    `time` (RFC 3339, UTC), `severity`, `logger`, `message`, the record's own fields, `traceback`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {
            "time": moment.replace("+00:00", "Z"),
            "severity": record.levelname,
            "logger": record.name,
            "message": self.hidden(record.getMessage()),
        }
        for name, value in record.__dict__.items():
            if name not in _OF_ALL:
                told[name] = self.hidden(value) if isinstance(value, str) else value
        if trace := self.trace(record):
            told["traceback"] = trace
        return json.dumps(told, default=str).replace("\x7f", "\\u007f")


_Kind: TypeAlias = tuple[str, int, str, str]


class _Window:
    """How many of a kind came since `began_s`."""

    __slots__ = ("began_s", "count")

    def __init__(self, began_s: float) -> None:
        self.began_s = began_s
        self.count = 0


class Sampling:
    """Says which records are written. `most` of a kind in `window_s` are."""

    def __init__(self, most: int = _MOST, window_s: float = _WINDOW_S) -> None:
        self.window_s = window_s
        self._most = most
        self._windows: dict[_Kind, _Window] = {}

    def admits(self, record: logging.LogRecord) -> bool:
        """Whether this one is written; to be asked after `over`."""
        if record.name == NOT_SAMPLED:
            return True
        kind = (record.name, record.levelno, str(record.msg), getattr(record, "source", ""))
        if kind not in self._windows and len(self._windows) >= _KINDS:
            kind = (record.name, record.levelno, "", "")  # too many to tell them apart
        window = self._windows.setdefault(kind, _Window(record.created))
        window.count += 1
        return window.count <= self._most

    def over(self, now_s: float, *, at_last: bool = False) -> Sequence[logging.LogRecord]:
        """End the windows whose time is over, `at_last` all; what is to be said of them."""
        ended = [
            (kind, window)
            for kind, window in self._windows.items()
            if at_last or not 0 <= now_s - window.began_s < self.window_s
        ]
        for kind, _ in ended:
            del self._windows[kind]
        return [
            _summary(kind, suppressed, now_s)
            for kind, window in ended
            if (suppressed := window.count - self._most) > 0
        ]


def _summary(kind: _Kind, suppressed: int, now_s: float) -> logging.LogRecord:
    name, level, template, source = kind
    told = (suppressed, _FIELD.sub("…", template))
    record = logging.LogRecord(name, level, "", 0, "%d more were not written: %s", told, None)
    record.created = now_s
    record.suppressed = suppressed
    if source:
        record.source = source
    return record


class Handler(logging.StreamHandler[TextIO]):
    """Writes what is admitted, and says how much was not, when the time of that is over."""

    def __init__(
        self, stream: TextIO, formatter: logging.Formatter, sampling: Sampling | None = None
    ) -> None:
        super().__init__(stream)
        self.setFormatter(formatter)
        self._sampling = sampling or Sampling()
        self._timer: threading.Timer | None = None

    def handle(self, record: logging.LogRecord) -> bool:
        """See logging.Handler."""
        self.acquire()
        try:
            for summary in self._sampling.over(record.created):
                self.emit(summary)
            is_admitted = self._sampling.admits(record)
            if is_admitted:
                self.emit(record)
            elif self._timer is None:  # perhaps nobody logs anything after this
                self._timer = threading.Timer(self._sampling.window_s, self._come_back)
                self._timer.daemon = True
                self._timer.start()
        finally:
            self.release()
        return is_admitted

    def _come_back(self) -> None:
        """Tell all that was counted: the last of it came less than a window ago."""
        self.acquire()
        try:
            self._timer = None
            now_s = logging.makeLogRecord({}).created
            for summary in self._sampling.over(now_s, at_last=True):
                self.emit(summary)
        finally:
            self.release()

    def close(self) -> None:
        """See logging.Handler. What was counted is told before."""
        if self._timer:
            self._timer.cancel()
        self._come_back()
        super().close()
