"""Thousands of bad inputs, and healthy clients beside them that miss nothing.

They are drawn from a seed, each by its own number, so that any of them can be said again alone:
`FEED_FUZZ_SEED=7 FEED_FUZZ_CASE=812 ./test tests/blackbox/fuzz`.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import aiohttp
import pytest

from tests.blackbox.conftest import SOAK, Serve
from tests.blackbox.fuzz import asked, garbled, spoken
from tests.blackbox.fuzz.evil import Evil
from tests.blackbox.fuzz.judge import Accepted, check_answer, check_output
from tests.support.admin import Admin, Ledger
from tests.support.client import Reader, offset
from tests.support.client_frame import text
from tests.support.doors import visit
from tests.support.raw_http import FUSE_S, Line, answers
from tests.support.server import Server
from tests.support.traffic import Traffic, drive

SEED = int(os.environ.get("FEED_FUZZ_SEED", "1"))
SEEDS = range(SEED, SEED + (20 if SOAK else 1))
ONLY = os.environ.get("FEED_FUZZ_CASE")
CASES = [int(ONLY)] if ONLY else range(10_000 if SOAK else 3_000)
WORKERS = 6
BURST = 95
"""Messages on one connection: a hundred at once may be said."""

SHARES = {
    asked.body_case: 34,
    asked.query_case: 22,
    asked.head_case: 12,
    asked.path_case: 4,
    asked.form_case: 2,
}
"""How many of a hundred; the others are messages, frames and garbled requests."""

MESSAGES, FRAMES = 14, 5


class Attacker:
    """One of several who ask for what is wrong, from addresses of its own."""

    def __init__(self, port: int, number: int, accepted: Accepted) -> None:
        self._port = port
        self._address, strange = f"127.0.4.{number + 1}", f"127.0.5.{number + 1}"
        self._line, self._strange = Line(port, self._address), Line(port, strange)
        self._speech: spoken.Speech | None = None
        self._said = 0
        self._accepted = accepted
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []

    async def attack(self, seed: int, numbers: Iterator[int]) -> None:
        """Each case in its turn; of what fails `failures` says how to repeat it."""
        for number in numbers:
            sent, attack = self._drawn(Evil(seed, number))
            try:
                async with asyncio.timeout(FUSE_S):
                    await attack()
            except Exception as error:  # noqa: BLE001  (told with how to repeat it)
                repeat = f"FEED_FUZZ_SEED={seed} FEED_FUZZ_CASE={number}"
                self.failures.append(f"{repeat}: {sent[:3000]!r}: {error!r}")
                self.close()

    def close(self) -> None:
        """Let go of its connections."""
        self._line.close()
        self._strange.close()
        if self._speech:
            self._speech.close()
            self._speech = None

    def _drawn(self, evil: Evil) -> tuple[bytes, Callable[[], Awaitable[None]]]:
        """What is sent, and how."""
        draw = evil.random.randrange(100)
        for draw_case, share in SHARES.items():
            if draw < share:
                case = draw_case(evil)
                return case.request, partial(self._ask, case)
            draw -= share
        if draw < MESSAGES:
            said = spoken.message(evil)
            return said, partial(self._say, said)
        if draw < MESSAGES + FRAMES:
            is_deflated = evil.happens(0.4)
            said = spoken.frames(evil, is_deflated=is_deflated)
            return said, partial(self._frames, said, is_deflated=is_deflated)
        said = evil.one(garbled.AMBIGUOUS) if evil.happens(0.1) else garbled.garbled(evil)
        # From an address of its own: a token that was spoiled is a guess.
        address = f"127.1.{evil.number // 250 % 250}.{evil.number % 250 + 1}"
        return said, partial(self._garbled, said, address)

    async def _ask(self, case: asked.Case) -> None:
        line = self._strange if case.is_strange else self._line
        answer = await line.ask(case.request, is_last=case.is_last)
        assert answer is not None, "the connection ended instead"
        self.counts[str(answer.status)] += 1
        check_answer(answer, case.allowed)
        self._accepted.note(answer)

    async def _garbled(self, said: bytes, address: str) -> None:
        for answer in await answers(self._port, address, said):
            self.counts[str(answer.status)] += 1
            check_answer(answer, {101, *range(200, 500)})
            self._accepted.note(answer)

    async def _say(self, said: bytes) -> None:
        if self._speech is None:
            self._speech = await spoken.Speech.begun(self._port, self._address)
            self._said = 0
        self._speech.writer.write(text(said))
        heard = await self._speech.until(spoken.ANSWERS)
        if heard.frames and heard.frames[-1].get("code") == "bad_cursor":
            heard = heard._replace(code=(await self._speech.until()).code)
        self._said += 1
        if heard.code is not None or self._said == BURST:
            self._speech.close()
            self._speech = None
        self.counts[f"ws {heard.code or heard.frames[-1]['type']}"] += 1
        spoken.check_answer(said, heard)

    async def _frames(self, said: bytes, *, is_deflated: bool) -> None:
        fields = [spoken.DEFLATE] if is_deflated else []
        speech = await spoken.Speech.begun(self._port, self._address, *fields)
        try:
            await spoken.check_frames(speech, said)
        finally:
            speech.close()


@pytest.mark.parametrize("seed", SEEDS)
async def test_healthy_clients_beside_thousands_of_bad_inputs_miss_nothing(
    serve: Serve, http: aiohttp.ClientSession, seed: int
) -> None:
    server = await asyncio.to_thread(serve)
    admin, ledger, accepted = Admin(http, server.url), Ledger(), Accepted()
    healthy, watchful = Reader("healthy"), Reader("watchful")
    attackers = [Attacker(server.port, number, accepted) for number in range(WORKERS)]
    numbers, is_fired, is_over = iter(CASES), False, False

    def has_all(reader: Reader) -> bool:
        last = max(ledger.last, accepted.last)
        return is_over and reader.cursor is not None and offset(reader.cursor) >= last

    async with asyncio.timeout(300), asyncio.TaskGroup() as group:
        for reader, topics in ((healthy, "price:h.*,score:h.*"), (watchful, "*")):
            query, enough = {"topics": topics}, partial(has_all, reader)
            await visit(http, "poll", server.url, query, reader, lambda: False)
            group.create_task(visit(http, "ws", server.url, query, reader, enough))
        injected = group.create_task(drive(admin, Traffic(seed, "h"), ledger, 20, lambda: is_fired))
        attacks = [group.create_task(each.attack(seed, numbers)) for each in attackers]
        await asyncio.wait(attacks)
        is_fired = True
        await injected
        last = {"topic": "score:h.last", "set": {"is": "over"}}
        ledger.record([last], await admin.inject([last]))
        is_over = True
    for each in attackers:
        each.close()
    failures = [failure for each in attackers for failure in each.failures]
    assert not failures, f"{len(failures)} of {len(CASES)}:\n" + "\n".join(failures[:20])
    print(f"seed {seed}:", dict(sum((each.counts for each in attackers), Counter())))  # noqa: T201
    ledger.check(healthy, lambda topic: ":h." in topic)
    accepted.check(watchful)
    await _check_the_end(server, admin, watchful)


async def _check_the_end(server: Server, admin: Admin, reader: Reader) -> None:
    """What there is now is what a reader of everything holds; nothing was smuggled or forged."""
    items = await admin.snapshot("*")
    assert {topic: item["data"] for topic, item in items.items()} == reader.items
    assert {topic: item["v"] for topic, item in items.items()} == {
        topic: reader.versions[topic] for topic in items
    }
    assert "price:SMUGGLED" not in reader.versions
    check_output(server.output.splitlines())
