"""Both documents, and what the page shows of them."""

import hashlib
from functools import cached_property
from typing import Any

from feed.model.codec import encode
from feed.web.answer import Shared, fresh
from feed.web.api import view
from feed.web.api.asyncapi import asyncapi
from feed.web.api.doors import HERE
from feed.web.api.limit import Running
from feed.web.api.openapi import openapi
from feed.web.api.schema import Schema

_FRESH_S = 60


class Documents:
    """Both documents of a server that runs so. They are made when they are first asked for."""

    def __init__(self, running: Running) -> None:
        self._running = running

    @cached_property
    def openapi(self) -> Schema:
        """All of HTTP."""
        return openapi(self._running)

    @cached_property
    def asyncapi(self) -> Schema:
        """The frames of streams."""
        return asyncapi(self._running)

    @cached_property
    def shared(self) -> tuple[Shared, Shared]:
        """Both as they are answered, until the next start."""
        return _shared(self.openapi), _shared(self.asyncapi)

    @cached_property
    def page(self) -> dict[str, Any]:
        """What the template shows of them."""
        one, other = self.openapi, self.asyncapi
        return {
            "about": one["info"]["description"].split("\n\n"),
            "here": HERE,
            "version": one["info"]["version"],
            "calls": view.calls(one),
            "frames": view.said(other, "say"),
            "commands": view.said(other, "hear"),
            "frames_about": other["info"]["description"],
            "closings": other["channels"]["ws"]["x-close-codes"],
            "limits": one["x-limits"],
            "schemes": one["components"]["securitySchemes"],
            "types": view.types(one),
        }


def _shared(document: Schema) -> Shared:
    body = encode(document)
    return Shared(body, fresh(_FRESH_S, f'"{hashlib.sha256(body).hexdigest()[:16]}"'))
