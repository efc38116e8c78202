"""How much anybody may ask for: the bounds that are settings (security notes, section 5).

What clients may rely on wherever they ask is the protocol and no setting: the size of an item, an
event, a batch and an answer to a poll, how long that may wait, the form of topics and keys.
"""

from typing import Annotated

import msgspec

Number = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Each by its name in `feed.toml`, where its unit and its reason are."""

    max_connections: Number = 20_000
    max_connections_per_ip: Annotated[int, msgspec.Meta(ge=0)] = 0
    max_topics: Number = 1000
    max_wildcards: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 16
    max_log_topics: Number = 100_000
    commands_per_s: Number = 20
    commands_burst: Number = 100
    admin_calls_per_s: Number = 200
    admin_calls_burst: Number = 400
    wrong_tokens_per_min: Number = 10
    message_bytes: Number = 65_536
    admin_body_bytes: Number = 1_048_576
    body_bytes: Number = 16_384
    header_bytes: Annotated[int, msgspec.Meta(ge=1024, le=1_048_576)] = 8192
    request_s: Seconds = 20
    unsubscribed_s: Seconds = 30
    stall_s: Seconds = 30
    pong_s: Seconds = 45
    send_buffer_bytes: Annotated[int, msgspec.Meta(ge=4096, le=1_073_741_824)] = 65_536


DEFAULTS = Limits()
"""Where nobody says otherwise."""
