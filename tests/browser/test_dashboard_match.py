"""A match's card: its timeline, its clock, and how well its source is."""

import pytest

from tests.support.admin import Admin
from tests.support.browser import Screen
from tests.support.dashboard import GOAL, LIVE, MATCH, row
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# A match for each test, as the log holds what happened in it.


def event(topic: str, name: str, op: str = "add", **data: object) -> dict[str, object]:
    told = {"id": name, "op": op, "kind": "goal", "data": {"side": "home"} | data}
    return {"topic": topic, "event": told}


async def test_the_past_of_a_match_is_there_at_once(
    page: Screen, server: Server, admin: Admin
) -> None:
    topic = "score:CARD.0"
    await admin.inject({"topic": topic, "data": MATCH, "event": GOAL})
    void = {"op": "void", "id": "g-31", "kind": "goal", "data": {"why": "offside"}}
    await admin.inject({"topic": topic, "event": void})
    await page.open(server.url)
    assert await page.texts(".events .taken") == ["taken back: offside"]
    await page.sees(LIVE)
    await admin.inject(event(topic, "g-32", who="Rice"))
    await page.sees('[data-event="g-32"] .told', "Goal Rice, ARS")
    assert await page.texts(".events .taken") == ["", "taken back: offside"]


async def test_the_clock_of_the_match_ticks_and_those_of_its_events_stand(
    page: Screen, server: Server, admin: Admin
) -> None:
    topic = "score:CARD.CLOCK"
    running = MATCH | {"clock": {"ms": 4_020_000, "at": 0, "running": True}}
    await admin.inject({"topic": topic, "data": running, "event": GOAL})
    await page.open(server.url)
    await page.sees(LIVE)
    clock = f"{row(topic)} .when [data-slot=clock]"
    [first] = await page.texts(clock)
    await page.reads(clock, f"^(?!{first}$)")
    assert await page.texts(".events .clock") == ["67:12"]


async def test_the_next_match_of_a_topic_begins_with_nothing(
    page: Screen, server: Server, admin: Admin
) -> None:
    topic = "score:CARD.AGAIN"
    await admin.inject({"topic": topic, "data": MATCH | {"start": 1}, "event": GOAL})
    await page.open(server.url)
    await page.sees(LIVE)
    assert await page.texts(".events .clock") == ["67:12"]
    await admin.inject({"topic": topic, "set": {"phase": "pre", "start": 9_000_000_000_000}})
    await page.sees(f"{row(topic)} .events:empty")
    await page.page.reload()
    assert await page.texts(".events li") == []


async def test_a_correction_is_told_as_one(page: Screen, server: Server, admin: Admin) -> None:
    topic = "score:CARD.1"
    await admin.inject({"topic": topic, "data": MATCH, "event": GOAL})
    await page.open(server.url)
    await page.sees(LIVE)
    await admin.inject(event(topic, "g-31", "amend", who="Rice", why="scorer"))
    await page.sees('[data-event="g-31"] .told', "Goal Rice, ARS")
    await page.sees('[data-event="g-31"] .taken', "corrected: scorer")
    await page.sees("#log p", "Goal corrected. Arsenal 1, Chelsea 0.")


async def test_a_long_timeline_is_shown_when_asked_for(
    page: Screen, server: Server, admin: Admin
) -> None:
    topic = "score:CARD.2"
    await admin.inject([{"topic": topic, "data": MATCH}, *(event(topic, str(n)) for n in range(6))])
    await page.open(server.url)
    await page.sees(LIVE)
    lines = page.page.locator(".events li")
    assert await lines.count() == 4
    await page.page.get_by_role("button", name="All 6 events").click()
    assert await lines.count() == 6
    await admin.inject(event(topic, "7"))
    await page.sees('[data-event="7"]')
    assert await lines.count() == 7
    await page.page.get_by_role("button", name="Only the newest").click()
    assert await lines.count() == 4


async def test_rows_and_cards_say_when_all_is_not_well_and_why(
    page: Screen, server: Server, admin: Admin
) -> None:
    topic = "score:CARD.3"
    await admin.inject([{"topic": "A", "data": {"name": "Alpha", "price": "1", "state": "live"}}])
    await admin.inject({"topic": topic, "data": MATCH})
    await page.open(server.url)
    await page.sees(LIVE)
    state = page.page.locator(f"{row('price:A')} .state")
    for word in ("stale", "closed", "halted", "down"):
        change = {"state": word, "why": f"because it is {word}"}
        await admin.inject([{"topic": topic, "set": change} for topic in ("A", topic)])
        await page.sees(f"{row('price:A')}[data-state={word}] .why", f"because it is {word}")
        assert await state.locator(".word").is_visible()
    await page.sees("#log p", "Alpha is down: because it is down.")
    assert await page.texts("#log p") == [
        "Alpha is halted: because it is halted.",
        "Arsenal – Chelsea is halted: because it is halted.",
        "Alpha is down: because it is down.",
        "Arsenal – Chelsea is down: because it is down.",
    ]
    assert await page.page.locator(f"{row(topic)} .health").is_visible()
    await admin.inject({"topic": "A", "set": {"price": "2"}, "pin_s": 600})
    assert (await page.reads(row("price:A", "held"), "^by hand until")).startswith("by hand until ")
