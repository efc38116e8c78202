"""How much may be asked for, as the documents say it: what this very server runs with."""

import msgspec

from feed.limits import Limits
from feed.web.limits import BATCH
from feed.web.parameter import WAIT


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What of the settings a client may have to know. `is_public`: the doors need no token."""

    version: str
    is_public: bool
    heartbeat_s: float
    max_age_s: float
    retention_s: float
    limits: Limits


class Limit(msgspec.Struct, frozen=True):
    """One limit, and what is told to who goes beyond it."""

    name: str
    most: float
    unit: str
    beyond: str


def limits(running: Running) -> list[Limit]:
    """All of them."""
    own = running.limits
    each = own.max_connections_per_ip
    return [
        Limit("topics", own.max_topics, "a connection", "`too_many_topics`"),
        Limit("wildcards", own.max_wildcards, "filters with `*` a connection", "`too_many_topics`"),
        Limit("message", own.message_bytes, "bytes on a WebSocket", "close 1009"),
        Limit("commands", own.commands_per_s, "a second", "`rate_limited`, after 5 s close 4429"),
        Limit("burst", own.commands_burst, "commands at once", "`rate_limited`"),
        Limit("idle", own.unsubscribed_s, "s of a WebSocket without topics", "close 4408"),
        Limit("stall", own.stall_s, "s without a byte read", "cut"),
        Limit("pong", own.pong_s, "s of silence of a WebSocket's client", "cut"),
        Limit("silence", running.heartbeat_s, "s without a frame", "`heartbeat`"),
        Limit("age", running.max_age_s, "s of a stream", "`bye`, then close 1012"),
        Limit("wait", WAIT.bounds[1], "s of a poll", "400"),
        Limit("head", own.header_bytes, "bytes of a line of a head", "400"),
        Limit("request", own.request_s, "s for a head, and again for its body", "408"),
        Limit("body", own.body_bytes, "bytes", "413"),
        Limit("injection", own.admin_body_bytes, "bytes of its body", "413"),
        Limit("batch", BATCH, "changes of an injection", "422"),
        Limit("calls", own.admin_calls_per_s, "calls of admins a second and address", "429"),
        Limit("wrong_tokens", own.wrong_tokens_per_min, "a minute and address", "429"),
        Limit("log_topics", own.max_log_topics, "in all", "422 for one more"),
        Limit("past", running.retention_s, "s that the log goes back", "`reset`"),
        Limit("connections", own.max_connections, "in all", "503 with `Retry-After`"),
        *([Limit("connections_per_ip", each, "an address", "429")] if each else []),
    ]
