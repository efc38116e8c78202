"""A place in the log, as clients carry it (protocol section 1)."""

import re

import msgspec

from feed.errors import BadCursor

CURSOR = "^([0-9a-z]{1,32})-(0|[1-9][0-9]{0,17})$"
"""The form of its text, as a JSON Schema has it (ECMA-262 without flags)."""

_FORM = re.compile(CURSOR, re.ASCII)


class Cursor(msgspec.Struct, frozen=True, order=True):
    """`<epoch>-<offset>`: everything up to and including `offset` has been seen."""

    epoch: str
    offset: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.offset}"


def parse_cursor(text: str) -> Cursor:
    """The text of a cursor → its parts; raises BadCursor."""
    form = _FORM.fullmatch(text)
    if not form:
        raise BadCursor("cursor is not of the form that this server gives out")
    return Cursor(form[1], int(form[2]))
