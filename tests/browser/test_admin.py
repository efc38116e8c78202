"""The form of the admin page in Chromium, on a real server."""

from typing import Any

import pytest

from tests.support.admin import Admin
from tests.support.admin_page import attend, choose, try_and_send
from tests.support.browser import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MARKUP = "<img src=x onerror='window.bad=1'><b>&amp;\"`"
MATCH: dict[str, Any] = {
    "phase": "live",
    "home": {"name": "Arsenal", "abbr": "ARS", "score": 1},
    "away": {"name": "Chelsea", "abbr": "CHE", "score": 0},
}


async def value(admin: Admin, topic: str) -> dict[str, Any]:
    """The state of a topic."""
    return dict((await admin.snapshot(topic))[topic]["data"])


async def test_a_price_is_tried_sent_once_and_undone(desk: Screen, admin: Admin) -> None:
    await admin.inject({"topic": "price:TRY-USD", "data": {"name": "Bitcoin", "price": "68000.00"}})
    await attend(desk, "TRY-USD", "v 1 · Bitcoin · 68000.00")
    assert await desk.page.get_attribute("#price", "placeholder") == "68000.00"
    await desk.page.fill("#price", "70000.00")
    await desk.page.fill("#why", "off by a digit")
    await desk.page.press("#why", "Enter")
    await desk.sees("#reach", "Nobody follows it now; whoever did")
    shown = "".join(await desk.texts("#frames"))
    assert '"price": "70000.00"' in shown
    assert '"v": 2' in shown
    assert (await value(admin, "price:TRY-USD"))["price"] == "68000.00", "nothing is sent yet"

    await desk.page.fill("#price", "70000.01")
    assert await desk.page.get_attribute("#send", "aria-disabled") == "true", "not what was tried"
    assert not await desk.page.locator("#preview").is_visible()
    await desk.page.fill("#price", "70000.00")
    assert await desk.page.get_attribute("#send", "aria-disabled") == "false"
    await desk.page.dblclick("#send")
    await desk.page.wait_for_selector("#says[data-tone=good]")
    assert (await value(admin, "price:TRY-USD"))["price"] == "70000.00"
    assert (await admin.snapshot("price:TRY-USD"))["price:TRY-USD"]["v"] == 2

    row = "#audit li:first-child"
    changes = "price 68000.00 → 70000.00, high 68000.00 → 70000.00"
    await desk.sees(f"{row} .told", changes)
    await desk.sees(f"{row} .quote", "off by a digit")
    await desk.page.click(f"{row} >> text=Undo")
    await desk.sees("#audit li.past:nth-child(2) .badge", "taken back")
    assert (await value(admin, "price:TRY-USD"))["price"] == "68000.00"


async def test_a_goal_moves_the_score_and_is_taken_back(desk: Screen, admin: Admin) -> None:
    await admin.inject({"topic": "score:EPL.GOAL", "data": MATCH})
    await choose(desk, "kind", "event")
    await attend(desk, "EPL.GOAL", "v 1 · Arsenal 1 · Chelsea 0")
    await desk.page.fill("#event_kind", "goal")
    await desk.page.select_option("#side", "home")
    await desk.page.fill("#who", "Saka")
    await desk.page.fill("#event_clock", "67:12")
    await try_and_send(desk)
    assert (await value(admin, "score:EPL.GOAL"))["home"]["score"] == 2
    [event] = (await admin.get("events?topic=score:EPL.GOAL"))["events"]
    data = {"side": "home", "who": "Saka", "clock": "67:12", "score": [2, 0]}
    assert (event["kind"], event["op"], event["data"]) == ("goal", "add", data)

    await choose(desk, "op", "amend")
    await desk.page.select_option("#event", event["id"])
    assert await desk.page.input_value("#who") == "Saka"
    await desk.page.fill("#who", "Havertz")
    await try_and_send(desk)
    [event] = (await admin.get("events?topic=score:EPL.GOAL"))["events"]
    assert (event["op"], event["data"]) == ("amend", data | {"who": "Havertz"})

    await choose(desk, "op", "void")
    await desk.page.select_option("#event", event["id"])
    await desk.page.fill("#void_why", "offside")
    await try_and_send(desk)
    assert (await value(admin, "score:EPL.GOAL"))["home"]["score"] == 1
    [event] = (await admin.get("events?topic=score:EPL.GOAL"))["events"]
    assert (event["op"], event["why"]) == ("void", "offside")
    await desk.page.click("#says >> text=Undo")
    await desk.sees("#says", "Undone.")
    assert (await value(admin, "score:EPL.GOAL"))["home"]["score"] == 2


async def test_a_score_by_its_buttons_and_a_clock(desk: Screen, admin: Admin) -> None:
    clock = {"ms": 60_000, "at": 0, "running": False}
    await admin.inject({"topic": "score:EPL.STEP", "data": MATCH | {"clock": clock}})
    await choose(desk, "kind", "score")
    await attend(desk, "score:EPL.STEP", "v 1 · Arsenal")
    await desk.sees("#away-label", "Away: CHE")
    more = desk.page.locator("[data-of=away_score][data-step='1']")
    await more.click()
    await more.click()
    await desk.page.click("[data-of=home_score][data-step='-1']")
    await desk.page.fill("#clock", "67:12")
    await try_and_send(desk)
    state = await value(admin, "score:EPL.STEP")
    assert (state["home"]["score"], state["away"]["score"]) == (0, 2)
    assert (state["clock"]["ms"], state["clock"]["running"]) == (4_032_000, False)


async def test_who_was_faster_is_told_and_built_upon(desk: Screen, admin: Admin) -> None:
    desk.refusals.add(409)
    await admin.inject({"topic": "score:EPL.FAST", "data": MATCH})
    await choose(desk, "kind", "score")
    await attend(desk, "score:EPL.FAST", "v 1 · Arsenal")
    await desk.page.click("[data-of=home_score][data-step='1']")
    await admin.inject({"topic": "score:EPL.FAST", "set": {"home": {"score": 5}}})
    await desk.page.click("#try")
    await desk.sees(
        "#says", "score:EPL.FAST is at version 2 by now: look at it, and build on that."
    )
    await desk.sees("#rebase", "It is at v 2 now: build on that")
    await desk.page.click("#rebase")
    await desk.page.fill("#home_score", "6")
    await try_and_send(desk)
    assert (await value(admin, "score:EPL.FAST"))["home"]["score"] == 6


async def test_what_is_wrong_is_said_at_its_field(desk: Screen) -> None:
    desk.refusals |= {400, 422}
    await desk.page.click("#try")
    await desk.sees("#topic-fault", "which topic?")
    await desk.page.fill("#topic", "A")
    await desk.page.click("#try")
    await desk.sees("#faults li", "nothing is changed yet")
    await desk.page.fill("#why", "w" * 501)
    await desk.page.fill("#price", "1")
    await desk.page.click("#try")
    await desk.sees("#why-fault", "over 500 characters")
    assert await desk.page.get_attribute("#why", "aria-invalid") == "true"
    await choose(desk, "kind", "json")
    await desk.page.fill("#body", '{"topic":"A","set":{"price":NaN}}')
    await desk.page.click("#try")
    await desk.sees("#says[data-tone=bad]")
    await desk.page.fill("#body", '[{"topic":"A","set":{"price":"1"}},{"topic":"B b"}]')
    await desk.page.click("#try")
    await desk.sees("#faults li:first-child")


async def test_markup_stays_text_wherever_it_comes(desk: Screen, admin: Admin) -> None:
    data = {"name": MARKUP, "price": "1", "why": MARKUP, "period": MARKUP, MARKUP: MARKUP}
    desk.refusals.add(422)
    await admin.inject({"topic": "price:A", "data": data, "why": MARKUP})
    await admin.inject({"topic": "price:A", "set": {"name": f"2{MARKUP}"}, "pin_s": 60})
    sides = {"name": MARKUP, "abbr": MARKUP, "score": 1}
    event = {"kind": MARKUP, "id": MARKUP, "data": {"side": MARKUP, "who": MARKUP}}
    await admin.inject({"topic": "score:A", "data": {"home": sides, "away": sides}, "event": event})
    await desk.page.fill("#trace-topic", "*")
    await desk.page.click("#trace-start")
    await desk.sees("#trace-frames [data-type=snapshot]")
    await desk.sees("#audit .quote", MARKUP)
    await desk.sees("#pins [data-topic='price:A'] dt", "name")
    await attend(desk, "price:A", MARKUP)
    await desk.page.fill("#why", MARKUP)
    await desk.page.fill("#price", MARKUP)
    await desk.page.click("#try")
    await desk.sees("#price-fault", 'expected a decimal, such as "191.05"')
    await choose(desk, "kind", "event")
    await attend(desk, "score:A", MARKUP)
    await choose(desk, "op", "void")
    await desk.page.select_option("#event", MARKUP)
    await try_and_send(desk)
    assert await desk.page.evaluate("window.bad") is None
    assert await desk.page.locator("main :is(img, script, .list b b, code *)").count() == 0
