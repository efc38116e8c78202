"""The doors, and what else anybody may ask for."""

from feed.web.api import example
from feed.web.api.operation import (
    ANYWHERE,
    AWAY,
    CACHE,
    ETAG,
    FOREIGN,
    FULL,
    HTML,
    NO_HANDSHAKE,
    SUBSCRIBER,
    TOKEN,
    UPGRADE,
    Answer,
    Operation,
    Sample,
    text,
    together,
)
from feed.web.body import Charted, Live, Polled, Ready, Snapshotted
from feed.web.parameter import (
    ALSO,
    BAR_FIELDS,
    CURSOR,
    DELAY_MS,
    FIELDS,
    KEY_SECONDS,
    KNOWN,
    LAST_EVENT_ID,
    OPTIONS,
    POINTS,
    SPAN_S,
    TOPIC,
    TOPICS,
    WAIT,
)

HERE = "http://localhost:8080"
"""Where samples go; the page says its own origin instead."""

_UNCHANGED = Answer(words="You have it already.", media=None, headers=(CACHE, ETAG))
_READ = (
    CACHE,
    text("Vary", "An origin's answer is no other's.", pattern="^Origin$"),
    text("Access-Control-Allow-Origin", "An origin that the settings allow.", is_always=False),
)
_UNCHANGED_HERE = Answer(words="You have it already.", media=None, headers=(*_READ, ETAG))
_FILTERS = ("bad_topic", "too_many_topics")
_STREAM = {400: (*_FILTERS, "bad_option", "bad_cursor")}


def _curl(query: str, *options: str) -> Sample:
    command = " ".join(["curl", *options, f"'{HERE}{query}'"])
    return Sample("sh", "curl", command)


WEBSOCKET = Operation(
    method="get",
    path="/ws",
    id="ws",
    tag="doors",
    summary="WebSocket",
    words="Frames and commands are in `/asyncapi.json`. A bad token is told by a close with 4401.",
    who="subscriber",
    parameters=(TOPICS, CURSOR, *OPTIONS, FIELDS),
    answers={
        101: Answer(
            words="The handshake (RFC 6455).",
            media=None,
            headers=(UPGRADE, text("Sec-WebSocket-Accept", "The proof of RFC 6455.")),
        )
    },
    refusals=together(ANYWHERE, NO_HANDSHAKE, {400: ("bad_option",)}, FOREIGN, FULL, AWAY),
    samples=(
        Sample(
            "js",
            "JavaScript",
            f'import {{ Feed }} from "{HERE}/static/feed.js";\n'
            "const feed = new Feed();\n"
            'feed.subscribe(["BTC-USD", "score:EPL.*"], {\n'
            "  onItem: (topic, item) => console.log(topic, item?.data) });",
        ),
        Sample(
            "python",
            "Python, in python -m asyncio",
            "from feed.client import Feed\n"
            f'async with Feed("{HERE}") as feed:\n'
            '    async for change in feed.changes("BTC-USD", "score:EPL.*"):\n'
            "        print(change.topic, change.data)",
        ),
    ),
)

DOORS = (
    WEBSOCKET,
    Operation(
        method="get",
        path="/sse",
        id="sse",
        tag="doors",
        summary="Server-Sent Events",
        words="The frames of `/asyncapi.json`, each a `data:` line; those that move your place have"
        " an `id:`. An EventSource comes back with the last by itself.",
        who="subscriber",
        parameters=(TOPICS.needed(), ALSO, CURSOR, LAST_EVENT_ID, *OPTIONS, FIELDS),
        answers={
            200: Answer(
                words="Frames, until the stream ends.",
                media="text/event-stream",
                examples={"stream": example.STREAM},
                headers=(*_READ, text("X-Accel-Buffering", "For proxies.", pattern="^no$")),
            )
        },
        refusals=together(ANYWHERE, _STREAM, TOKEN, FULL, AWAY),
        samples=(
            _curl("/sse?topics=BTC-USD,score:EPL.*", "-N"),
            Sample(
                "js",
                "JavaScript",
                f'const stream = new EventSource("{HERE}/sse?topics=BTC-USD");\n'
                "stream.onmessage = ({ data }) => {\n"
                "  console.log(JSON.parse(data));\n"
                "};",
            ),
            Sample(
                "python",
                "Python alone",
                "from urllib.request import urlopen\n"
                f'with urlopen("{HERE}/sse?topics=BTC-USD") as stream:\n'
                "    for line in stream:\n"
                '        print(line.decode(), end="")',
            ),
        ),
    ),
    Operation(
        method="get",
        path="/poll",
        id="poll",
        tag="doors",
        summary="Long poll",
        words="Without a cursor a snapshot, at once. With one what is newer, as soon as there is"
        " something; nothing within `wait`: no frames.",
        who="subscriber",
        parameters=(TOPICS.needed(), ALSO, CURSOR, WAIT, *OPTIONS, FIELDS, KNOWN, KEY_SECONDS),
        answers={
            200: Answer(
                words="What is newer.",
                bodies=(Polled,),
                headers=(*_READ, ETAG),
                examples={"news": example.POLLED},
            ),
            304: _UNCHANGED_HERE,
        },
        refusals=together(ANYWHERE, _STREAM, TOKEN, FULL, AWAY),
        samples=(
            _curl("/poll?topics=BTC-USD"),
            Sample(
                "js",
                "JavaScript",
                'for (let cursor = ""; ; ) {\n'
                f"  const answer = await fetch(`{HERE}/poll?topics=BTC-USD&cursor=${{cursor}}`);\n"
                "  const news = await answer.json();\n"
                "  console.log(news.frames); cursor = news.cursor; }",
            ),
        ),
    ),
    Operation(
        method="get",
        path="/snapshot",
        id="snapshot",
        tag="doors",
        summary="Whole items now",
        words="`conflate_ms` and `window_ms` say nothing here.",
        who="subscriber",
        parameters=(TOPICS.needed(), *OPTIONS, FIELDS, KNOWN),
        answers={
            200: Answer(
                words="The items, and the place at which they are valid.",
                bodies=(Snapshotted,),
                headers=(*_READ, ETAG),
                examples={"price": example.SNAPSHOTTED},
            ),
            304: _UNCHANGED_HERE,
        },
        refusals=together(ANYWHERE, {400: (*_FILTERS, "bad_option")}, TOKEN, AWAY),
        samples=(_curl("/snapshot?topics=price:*&fields=price,change_pct"),),
    ),
    Operation(
        method="get",
        path="/history",
        id="history",
        tag="doors",
        summary="What prices were, and what happened in a match",
        words="Either one `topic`, or `topics`. A step without a point is a gap.",
        who="subscriber",
        parameters=(TOPIC, TOPICS, POINTS, SPAN_S, BAR_FIELDS, DELAY_MS, KNOWN),
        answers={
            200: Answer(
                words="The oldest first.",
                bodies=(Charted,),
                headers=(*_READ, ETAG),
                examples={"price": example.CHARTED},
            ),
            304: _UNCHANGED_HERE,
        },
        refusals=together(ANYWHERE, {400: (*_FILTERS, "bad_option", "too_much")}, TOKEN, AWAY),
        samples=(_curl("/history?topic=BTC-USD&points=300"),),
    ),
)


def _page(path: str, id_: str, summary: str) -> Operation:
    return Operation(
        method="get",
        path=path,
        id=id_,
        tag="pages",
        summary=summary,
        answers={200: Answer(words="The page.", media=HTML)},
        refusals=ANYWHERE,
    )


def _document(path: str, id_: str, summary: str) -> Operation:
    return Operation(
        method="get",
        path=path,
        id=id_,
        tag="documents",
        summary=summary,
        parameters=(KNOWN,),
        answers={
            200: Answer(words="The document.", bodies=(dict,), headers=(CACHE, ETAG)),
            304: _UNCHANGED,
        },
        refusals=ANYWHERE,
    )


OTHERS = (
    Operation(
        method="get",
        path="/health/live",
        id="live",
        tag="health",
        summary="Whether the process works",
        answers={200: Answer(words="It does.", bodies=(Live,), examples={"live": Live()})},
        refusals=ANYWHERE,
    ),
    Operation(
        method="get",
        path="/health/ready",
        id="ready",
        tag="health",
        summary="Whether to send clients here",
        answers={
            200: Answer(words="Do.", bodies=(Ready,), examples={"ready": example.READY}),
            503: Answer(
                words="The log is out of reach, or the instance leaves.",
                bodies=(Ready,),
                headers=(CACHE, text("Retry-After", "Seconds.", pattern="^5$")),
            ),
        },
        refusals=ANYWHERE,
    ),
    Operation(
        method="get",
        path="/metrics",
        id="metrics",
        tag="health",
        summary="How this instance does, for Prometheus",
        who="metrics",
        answers={
            200: Answer(
                words="Prometheus text.",
                media="text/plain",
                examples={"metrics": "feed_leader 1.0\nfeed_log_durable 1.0\n"},
            )
        },
        refusals=together(ANYWHERE, {401: ("unauthorized",), 429: ("too_many_requests",)}),
    ),
    Operation(
        method="get",
        path="/",
        id="dashboard",
        tag="pages",
        summary="The dashboard",
        words="What a reader chose is in its URL; what makes no sense there is passed over.",
        who="subscriber",
        answers={200: Answer(words="The page.", media=HTML)},
        refusals=together(ANYWHERE, SUBSCRIBER, AWAY),
    ),
    _page("/api", "api", "These documents, to read"),
    _document("/openapi.json", "openapi", "All of HTTP, as OpenAPI 3.1"),
    _document("/asyncapi.json", "asyncapi", "The frames of `/ws` and `/sse`, as AsyncAPI 3"),
)
