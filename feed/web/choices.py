"""What a reader chose to see, as the page's URL says it.

`static/dashboard/choices.js` reads the same URL in the browser. A value that makes no sense is as
if it were not there: a link that somebody shared opens in any case.
"""

import re
from dataclasses import dataclass

from multidict import MultiMapping

from feed.web.order import COLUMNS

_DELAY = re.compile(r"[0-9]{1,3}", re.ASCII)
_LONGEST_DELAY_S = 120
_THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Choices:
    """`sort`: a column, after a `-` where the greatest comes first. `pins`: topics.

    `token` opens a feed that is not public.
    """

    sort: str = "name"
    q: str = ""
    pins: frozenset[str] = frozenset()
    delay_s: int = 0
    theme: str = ""
    hide: bool = False
    still: bool = False
    big: bool = False
    token: str = ""


def read_choices(query: MultiMapping[str]) -> Choices:
    """The choices of a query string; of a parameter given twice the last counts, and every pin."""
    last = {name: value for name, value in query.items() if value}
    pins = (name for each in query.getall("pin", []) for name in each.split(",") if name)
    delay = last.get("delay", "")
    delay_s = int(delay) if _DELAY.fullmatch(delay) else 0
    return Choices(
        sort=sort if (sort := last.get("sort", "")).removeprefix("-") in COLUMNS else "name",
        q=last.get("q", ""),
        pins=frozenset(name if ":" in name else f"price:{name}" for name in pins),
        delay_s=delay_s if delay_s <= _LONGEST_DELAY_S else 0,
        theme=theme if (theme := last.get("theme", "")) in _THEMES else "",
        hide="hide" in last,
        still="still" in last,
        big="big" in last,
        token=last.get("token", ""),
    )
