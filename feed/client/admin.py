"""The admin's calls, made so that one under pressure cannot be carried out twice."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

import aiohttp
import msgspec

from feed.client.backoff import Backoff
from feed.client.fault import NoAnswer, Problem, no_answer, read_problem, refused_for_now
from feed.client.frame import Update

_TRIES = 6
_ANSWER_S = 30.0
_LONGEST_WAIT_S = 30.0
_FOR_NOW = (429, 502, 503, 504)


class Result(msgspec.Struct, frozen=True):
    """What became of one change; `event` is the id of its event."""

    topic: str
    v: int
    event: str | None = None


class Injected(msgspec.Struct, frozen=True):
    """The answer. `frames` and `subscribers` are those of a dry run."""

    results: tuple[Result, ...]
    duplicate: bool = False
    frames: tuple[Update, ...] = ()
    subscribers: int = 0


class Admin:
    """Calls of one server with one token.

    `on_retry` is told of each pause, in seconds, and its cause.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        token: str,
        on_retry: Callable[[float, str], None],
        backoff: Backoff | None = None,
    ) -> None:
        self._session = session
        self._url = f"{url}/admin/inject"
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._on_retry = on_retry
        self._backoff = backoff or Backoff()

    async def inject(self, body: bytes, key: str, *, dry_run: bool = False) -> Injected:
        """Send JSON as it is, and again with the same `key` while the server gives no answer.

        Raises Problem where it refuses, and NoAnswer after the last try: the change may have been
        made or not, and only the same body with the same key is safe to be sent again.
        """
        for _ in range(_TRIES - 1):
            try:
                return await self._post(body, key, dry_run=dry_run)
            except NoAnswer as error:
                wait_s = min(_LONGEST_WAIT_S, error.after_s + self._backoff.next_s())
                self._on_retry(wait_s, str(error))
                await asyncio.sleep(wait_s)
        return await self._post(body, key, dry_run=dry_run)

    async def _post(self, body: bytes, key: str, *, dry_run: bool) -> Injected:
        try:
            async with self._session.post(
                self._url,
                params={"dry_run": "1"} if dry_run else None,
                data=body,
                headers=self._headers | {"Idempotency-Key": key},
                timeout=aiohttp.ClientTimeout(total=_ANSWER_S),
                allow_redirects=False,
            ) as answer:
                text = await answer.read()
        except (aiohttp.ClientError, OSError) as error:
            raise no_answer(error) from error
        if answer.status in _FOR_NOW:
            raise refused_for_now(answer.status, answer.headers.get("Retry-After"))
        self._backoff.succeeded()
        if answer.status != HTTPStatus.OK:
            raise _problem(answer, text)
        try:
            return msgspec.json.decode(text, type=Injected)
        except msgspec.MsgspecError as error:
            raise Problem(f"{self._url} is no feed's: {error}") from error


def _problem(answer: aiohttp.ClientResponse, text: bytes) -> Problem:
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return Problem("the server does not accept this token")
    return read_problem(text) or Problem(f"the server answers {answer.status} {answer.reason}")
