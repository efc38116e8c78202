"""Seeded evil: values that parsers trip over, and valid input spoiled a little."""

import gzip
import json
import random
from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")

FORGED = "FORGED"
"""Begins a line, or a header, wherever a line break is taken for one."""

TEXTS = (
    *("", " ", "\t", "\0", "A", "price:A", "score:A", "price:*", "*", "**", ":", "a:b:c", ","),
    *("__proto__", "constructor", "prototype", "hasOwnProperty", "toString", "__class__"),
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&amp;", "javascript:1"),
    *("../../etc/passwd", "..%2f..%2f", "%00", "%0d%0aX-Forged:%201", "%zz", "%", "%s%n", "{0}"),
    *("' OR 1=1 --", "${7*7}", "{{7*7}}", "$(id)", "`id`", ";x", "\\", "\\u0000", "/", "//"),
    *(f"\r\n{FORGED}: 1", f"\n{FORGED}", f"\r{FORGED}", f"\x1b[31m{FORGED}\x1b[0m", "\x9b31m"),
    *("\u2028", "\u2029", "\u202e", "\u200b", "\ufeff", "\ufffe", "\x7f", "\x85", "\U0001f98a"),
    *("é", "\uff11", "\u0663", "ß", "İ", "\u212a", "ﬁ", "a\u0301" * 40, "\U0010ffff"),
    *("0", "-0", "-1", "1", "1.5", "1e3", "1e400", "NaN", "nan", "Infinity", "-inf", "sNaN"),
    *("0x10", "1_000", "+1", "01", "1 ", "2147483648", "9223372036854775808", "9" * 5000),
    *("true", "null", "undefined", "None", "[]", "{}", "A" * 64, "A" * 65, "A" * 5000),
)

TOKENS = (
    *(b"null", b"true", b"false", b"0", b"-0", b"-0.0", b"1", b"-1", b"1.5", b"1E+2", b"1e-400"),
    *(b"NaN", b"Infinity", b"-Infinity", b"nan", b"undefined", b"1e400", b"-1e400", b"1e999999999"),
    *(b"01", b"+1", b".5", b"1.", b"0x10", b"1_0", b"- 1", b"9223372036854775808", b"--1"),
    *(b"1" * 64, b"1" * 65, b"1" * 5000, b"0." + b"1" * 5000, b"9" * 400, b"1e" + b"9" * 70),
    *(b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\ud83d\\ude00"', b'"\\u0000"', b'"\\u12"', b'"\\x41"'),
    *(b'"\xff"', b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\x01"', b'"\n"'),
    *(b'{"__proto__":{"x":1}}', b'{"constructor":{"prototype":{"x":1}}}', b'{"":0}', b'{"a":}'),
    *(b"[]", b"{}", b"[[]]", b"[null]", b"[,]", b"{,}", b"[1,]", b'{"a":1,"a":2}', b"'a'", b"a"),
    *(b'{"a":' * 15 + b"{}" + b"}" * 15, b'{"a":' * 16 + b"{}" + b"}" * 16, b"[" * 16 + b"]" * 16),
    *(b"[" * 900 + b"]" * 900, b"[" * 3000 + b"]" * 3000, b"[" * 3000, b'{"a":' * 3000),
    *(b"/**/1", b"1//", b"\xef\xbb\xbf1", b'"' + b"x" * 17_000 + b'"', b'"open', b"", b" " * 3000),
)

BYTES = (
    *(b"\0", b"\r", b"\n", b"\r\n", b"\t", b" ", b"\x1b", b"\x7f", b"\x80", b"\xff", b"\xc0\xaf"),
    *(b":", b";", b",", b'"', b"'", b"\\", b"/", b"%", b"%00", b"%0d%0a", b"&", b"=", b"?", b"#"),
    *(
        b"[",
        b"]",
        b"{",
        b"}",
        b"<",
        b">",
        b"-",
        b"9" * 30,
        b"\r\n\r\n",
        b"\xef\xbb\xbf",
        b"A" * 300,
    ),
)


class Evil:
    """One case's draws: the same seed and number draw the same."""

    def __init__(self, seed: int, number: int) -> None:
        self.random = random.Random(f"{seed} {number}")
        self.number = number

    def one(self, among: Sequence[T]) -> T:
        """One of these."""
        return self.random.choice(among)

    def happens(self, share: float) -> bool:
        """Whether it does, in so many of all cases."""
        return self.random.random() < share

    def text(self) -> str:
        """A string, at times two joined."""
        return self.one(TEXTS) + (self.one(TEXTS) if self.happens(0.2) else "")

    def token(self) -> bytes:
        """A JSON value as it is written, or what looks like one."""
        if self.happens(0.3):
            return json.dumps(self.text(), ensure_ascii=self.happens(0.5)).encode()
        return self.one(TOKENS)

    def spoiled(self, data: bytes) -> bytes:
        """Bytes with one to three of them lost, turned, doubled or joined by others."""
        for _ in range(self.one((1, 1, 2, 3))):
            at = self.random.randrange(len(data) + 1)
            end = min(len(data), at + self.one((1, 1, 1, 2, 8)))
            put = self.one((b"", self.one(BYTES), data[at:end] * 2, self._turned(data[at:end])))
            data = data[:at] + put + data[end:]
            if self.happens(0.05):
                data = data[:at]
        return data

    def recoded(self, data: bytes) -> bytes:
        """The same in another encoding than UTF-8 (or, where it cannot be, as it is)."""
        kind = self.one(("utf-16", "utf-16-le", "utf-32", "utf-7", "latin-1", "utf-8-sig", "cp037"))
        return data.decode(errors="replace").encode(kind, errors="replace")

    def bomb(self) -> bytes:
        """Two megabytes, compressed to two thousand bytes."""
        return gzip.compress(b" " * 2**21, mtime=0)

    def written(self, value: Any, share: float = 0.15) -> bytes:
        """JSON in which so many of the values, names and members are not what they should be."""
        if self.happens(share):
            return self.token()
        match value:
            case dict():
                members = [self._member(name, each, share) for name, each in value.items()]
                if self.happens(share / 2):
                    members.append(json.dumps(self.text()).encode() + b":" + self.token())
                self.random.shuffle(members)
                return b"{" + b",".join(filter(None, members)) + b"}"
            case list():
                return b"[" + b",".join(self.written(each, share) for each in value) + b"]"
            case _:
                return json.dumps(value).encode()

    def _member(self, name: str, value: Any, share: float) -> bytes:
        if self.happens(share / 3):
            return b""
        if self.happens(share / 3):
            name = self.text()
        member = json.dumps(name).encode() + b":" + self.written(value, share)
        return member + b"," + member if self.happens(share / 5) else member

    def _turned(self, data: bytes) -> bytes:
        return bytes(byte ^ 1 << self.random.randrange(8) for byte in data)
