"""An admin's session: all of it in a signed text, so that every instance knows it (decision 0015).

No instance keeps any. The key is made of the token that was used to sign in: a token that is
rotated out takes its sessions with it. The epoch of the log is signed as well, since the log is
where it stands that a session was signed out.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence

import msgspec

IDLE_S = 30 * 60
MOST_S = 12 * 3600
"""How long without a sign of the operator, and how long at all (security notes, section 2)."""

_SKEW_S = 60
"""How far the clock of the instance that signed may be ahead of this one's."""

_FORM = re.compile(r"([\w-]{22})\.([0-9]{1,12})\.([0-9]{1,12})\.([\w-]{43})", re.ASCII)
_ID_BYTES = 16


class Session(msgspec.Struct, frozen=True):
    """Who signed in `began_s` and was last active `seen_s`, seconds of the wall clock.

    `key`: that of the token it was begun with, kept out of whatever is printed.
    """

    id: str
    began_s: int
    seen_s: int
    key: bytes

    def __repr__(self) -> str:
        return f"Session(began_s={self.began_s}, seen_s={self.seen_s})"

    @property
    def ends_s(self) -> int:
        """When it is over, whatever is done."""
        return self.began_s + MOST_S

    @property
    def idle_ends_s(self) -> int:
        """When it is over unless something is done before."""
        return min(self.seen_s + IDLE_S, self.ends_s)

    @property
    def csrf(self) -> str:
        """What its forms carry, and nobody else can know."""
        return _mac(self.key, f"csrf {self.id}")

    def seen(self, now_s: int) -> "Session":
        """The same, of somebody who is active now."""
        return msgspec.structs.replace(self, seen_s=now_s)

    def text(self, epoch: str) -> str:
        """What a cookie holds of it, signed."""
        told = f"{self.id}.{self.began_s}.{self.seen_s}"
        return f"{told}.{_mac(self.key, f'session {epoch} {told}')}"


class Sessions:
    """Begins sessions, and knows those again that were begun anywhere with one of the tokens."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._keys = [
            hmac.digest(token.encode(), b"feed: sessions of admins", hashlib.sha256)
            for token in tokens
        ]

    def begin(self, place: int, now_s: int) -> Session:
        """A new one, for whoever gave the token at this place."""
        return Session(secrets.token_urlsafe(_ID_BYTES), now_s, now_s, self._keys[place])

    def place(self, session: Session) -> int:
        """The place of the token that a session of ours was begun with."""
        return self._keys.index(session.key)

    def read(self, text: str, epoch: str, now_s: int) -> Session | None:
        """The session that a cookie holds; None where it is over, or signed by nobody of ours."""
        form = _FORM.fullmatch(text)
        if not form:
            return None
        name, began, seen, _ = form.groups()
        given = [Session(name, int(began), int(seen), key) for key in self._keys]
        known = [each for each in given if hmac.compare_digest(each.text(epoch), text)]
        return next((each for each in known if _lasts(each, now_s)), None)


def _lasts(session: Session, now_s: int) -> bool:
    return now_s - session.seen_s >= -_SKEW_S and now_s < session.idle_ends_s


def _mac(key: bytes, message: str) -> str:
    digest = hmac.digest(key, message.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
