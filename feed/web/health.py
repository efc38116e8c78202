"""`/health/live` and `/health/ready` (protocol section 7)."""

from aiohttp import web

from feed.errors import LogUnavailable
from feed.model.codec import encode
from feed.web import keys
from feed.web.answer import json_answer
from feed.web.body import Live, Ready


async def live(_request: web.Request) -> web.Response:
    """The process works: it answers."""
    return json_answer(encode(Live()))


async def ready(request: web.Request) -> web.Response:
    """Whether to send clients here: the log can be read, and the instance stays.

    Where nothing can be appended (a full disk), clients are served all the same: `writable` is
    false then, and `log` says why. It is so as of the last append, one being tried now and then.
    """
    app = request.app
    hub, draining = app[keys.HUB], app[keys.CONNECTIONS].draining.is_set()
    epoch = head = durable = None
    reach = trouble = ""
    try:
        epoch, head, durable = hub.epoch, hub.live.cursor(hub.head), hub.log.durable
        trouble = hub.log.trouble
        head = hub.live.cursor((await hub.log.bounds()).head)
    except LogUnavailable as error:
        reach = str(error)
    is_ready = not reach and not draining
    body = encode(
        Ready(
            ready=is_ready,
            instance=app[keys.INSTANCE],
            log=reach or trouble or "ok",
            writable=not reach and not trouble,
            epoch=epoch,
            head=head,
            durable=durable,
            leader=app[keys.LEADER].leads,
            draining=draining,
        )
    )
    headers = {} if is_ready else {"Retry-After": "5"}
    return json_answer(body, status=200 if is_ready else 503, headers=headers)
