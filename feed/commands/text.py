"""Text from elsewhere, as a terminal may show it: without control characters, cut by its width."""

import json
import unicodedata

_UNFIT = ("Cc", "Cs", "Cn", "Co", "Zl", "Zp")
_INVISIBLE = ("Cf",)  # directions, joiners, tags: they move what stands beside them
_NO_WIDTH = ("Mn", "Me")
_WIDE = ("W", "F")
_VARIATIONS = range(0xFE00, 0xFE10)
_MOST_MARKS = 2


def printable(text: str) -> str:
    """The text without what a terminal obeys, and without what has no reliable width."""
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in _NO_WIDTH else 0
        if category in _UNFIT:
            shown.append("\N{REPLACEMENT CHARACTER}")
        elif category not in _INVISIBLE and ord(character) not in _VARIATIONS:
            shown.append(character if marks <= _MOST_MARKS else "")
    return "".join(shown)


def width_of(text: str) -> int:
    """How many columns a printable text takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.category(character) in _NO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1


def cut(text: str, width: int) -> str:
    """The text in at most so many columns; `…` stands for what is left out."""
    if width_of(text) <= width:
        return text
    kept, left = "", width - 1
    for character in text:
        left -= _width(character)
        if left < 0:
            break
        kept += character
    return f"{kept}…" if width > 0 else ""


def fit(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly so many columns, to the left of them or to the right."""
    text = cut(text, width)
    space = " " * (width - width_of(text))
    return space + text if right else text + space


def quoted(text: str) -> str:
    """A text as one word of a line: itself where it is one, else a JSON string."""
    if text and text.isprintable() and not set(text) & set(" \"'=\\"):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def escaped(text: str) -> str:
    """JSON that means the same, without any character that a terminal obeys."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)
