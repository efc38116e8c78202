"""An admin door that fails in the ways that networks and servers do, then answers."""

from collections.abc import Sequence
from typing import Literal

from aiohttp import web

Fault = Literal["cut", "cut after", "429", "502", "503"]


class FlakyAdmin:
    """Answers with the faults in their order, then well. `applied` counts what it carried out.

    `cut` drops the connection before anything is done, `cut after` once it is done. None: well.
    """

    def __init__(self, faults: Sequence[Fault | None] = ()) -> None:
        self.keys: list[str] = []
        self.bodies: list[bytes] = []
        self.applied = 0
        self.app = web.Application()
        self.app.router.add_post("/admin/inject", self._inject)
        self._faults = list(faults)
        self._known: set[str] = set()

    async def _inject(self, request: web.Request) -> web.StreamResponse:
        key = request.headers["Idempotency-Key"]
        self.keys.append(key)
        self.bodies.append(await request.read())
        fault = self._faults.pop(0) if self._faults else None
        duplicate = key in self._known
        if fault in (None, "cut after"):
            self.applied += not duplicate
            self._known.add(key)
        if fault is None:
            results = [{"topic": "price:A", "v": 1}]
            return web.json_response({"cursor": "e-1", "results": results, "duplicate": duplicate})
        if fault in ("429", "502", "503"):
            return web.Response(status=int(fault), headers={"Retry-After": "0"})
        assert request.transport is not None
        request.transport.abort()
        return web.Response()
