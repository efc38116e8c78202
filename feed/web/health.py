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
    """Whether to send clients here: the log is in reach, and the instance stays."""
    app = request.app
    hub, draining = app[keys.HUB], app[keys.CONNECTIONS].draining.is_set()
    epoch = head = durable = None
    reach = "ok"
    try:
        epoch, head, durable = hub.epoch, hub.live.cursor(hub.head), hub.log.durable
        head = hub.live.cursor((await hub.log.bounds()).head)
    except LogUnavailable as error:
        reach = str(error)
    is_ready = reach == "ok" and not draining
    body = encode(
        Ready(
            ready=is_ready,
            instance=app[keys.INSTANCE],
            log=reach,
            epoch=epoch,
            head=head,
            durable=durable,
            leader=app[keys.LEADER].leads,
            draining=draining,
        )
    )
    headers = {} if is_ready else {"Retry-After": "5"}
    return json_answer(body, status=200 if is_ready else 503, headers=headers)
