"""Where a stream belongs: what it needs of all that is around it."""

from collections import Counter
from typing import TYPE_CHECKING, Protocol

from feed.hub.hub import Hub
from feed.limits import Limits
from feed.web.grant import Grants

if TYPE_CHECKING:
    from feed.web.connection import Connection


class Home(Protocol):
    """Where a stream belongs."""

    @property
    def hub(self) -> Hub:
        """Whose frames it is written."""
        ...

    @property
    def grants(self) -> Grants:
        """Who reads its token."""
        ...

    @property
    def limits(self) -> Limits:
        """How much its client may ask for."""
        ...

    @property
    def refused(self) -> Counter[str]:
        """Commands that were refused, by the code of their `error`."""
        ...

    def remove(self, connection: "Connection") -> None:
        """Called once, when the transport is gone and nothing is done for the client any more."""
        ...
