"""The chart of a ticker."""

import pytest

from tests.support.admin import Admin
from tests.support.browser import Screen
from tests.support.dashboard import LIVE, row
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CHART = "dialog[open]"
PRICE = {"name": "Bitcoin", "price": "67250.00", "currency": "USD", "state": "live"}
_INK = """() => {
  const canvas = document.querySelector("#chart-plot canvas");
  if (!canvas) return 0;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const line = getComputedStyle(document.querySelector(".line")).color.match(/\\d+/g).map(Number);
  let ink = 0;
  for (let at = 0; at < data.length; at += 4)
    if (line.every((part, place) => Math.abs(data[at + place] - part) < 8)) ink += 1;
  return ink;
}"""


async def test_a_chart_opens_by_key_follows_the_price_and_closes(
    page: Screen, server: Server, admin: Admin
) -> None:
    await admin.inject({"topic": "BTC-USD", "data": PRICE})
    await admin.inject({"topic": "BTC-USD", "set": {"price": "67300.00"}})
    await page.open(server.url)
    await page.sees(LIVE)
    name = page.page.get_by_role("button", name="Bitcoin")
    await name.focus()
    await page.page.keyboard.press("Enter")
    await page.sees(f"{CHART} h2", "Bitcoin")
    await page.page.wait_for_url("**/?chart=BTC-USD")
    await page.sees(f"{CHART} canvas")
    await admin.inject({"topic": "BTC-USD", "set": {"price": "67400.00"}})
    await page.sees(f"{CHART} [data-slot=price]", "67,400.00")
    await page.page.wait_for_function(f"({_INK})() > 100")
    await page.page.keyboard.press("Escape")
    await page.page.locator(CHART).wait_for(state="detached")
    await page.page.wait_for_url(server.url + "/")
    assert await name.evaluate("(name) => name === document.activeElement")


async def test_a_chart_is_in_the_url_and_the_way_back_closes_it(
    page: Screen, server: Server, admin: Admin
) -> None:
    await admin.inject({"topic": "BTC-USD", "data": PRICE})
    await page.open(f"{server.url}/?chart=BTC-USD")
    await page.sees(f"{CHART} canvas")
    await page.page.get_by_role("button", name="Close the chart").click()
    await page.page.locator(CHART).wait_for(state="detached")
    await page.page.wait_for_url(server.url + "/")
    await page.page.locator(row("price:BTC-USD", "price")).click()
    await page.sees(CHART)
    await page.page.get_by_label("1 h").check()
    await page.page.go_back()
    await page.page.locator(CHART).wait_for(state="detached")
    assert page.page.url == server.url + "/"


async def test_a_ticker_that_is_gone_says_so(page: Screen, server: Server, admin: Admin) -> None:
    await admin.inject({"topic": "BTC-USD", "data": PRICE})
    await page.open(f"{server.url}/?chart=BTC-USD")
    await page.sees(f"{CHART} [data-slot=price]", "67,250.00")
    await admin.inject({"topic": "BTC-USD", "gone": True})
    await page.sees(f"{CHART} [data-slot=why]", "there is no such ticker now")
    await page.open(f"{server.url}/?chart=NONE")
    await page.sees(f"{CHART} h2", "NONE")
    await page.sees(f"{CHART} [data-slot=why]", "there is no such ticker now")


_SERIES = """async (steps) => {
  const { Series } = await import("/static/dashboard/series.js");
  const series = new Series(4, 100_000);
  series.recall([{ ts: 0, price: "1" }, { ts: 1_000, price: null }, { ts: 9_000, price: "2" }]);
  return steps.map(([now, price, state]) => {
    series.add({ data: { price, state } }, now);
    return series.samples.map(({ ts, price }) => [ts, price]);
  });
}"""


async def test_what_a_chart_is_made_of(page: Screen, server: Server) -> None:
    await page.open(server.url)
    steps = [
        [10_000, "3", "live"],  # its own sample
        [10_500, "4", "live"],  # the same second: moves along
        [11_500, "4", "down"],  # nobody can tell: a gap, and the closest of the others goes
        [11_400, "9", "live"],  # late: it is as if it were not there
        [105_000, "5", "live"],  # what is older than the span is let go
    ]
    assert await page.run(_SERIES, steps) == [
        [[0, "1"], [1000, None], [9000, "2"], [10000, "3"]],
        [[0, "1"], [1000, None], [9000, "2"], [10500, "4"]],
        [[0, "1"], [1000, None], [9000, "2"], [11500, None]],
        [[0, "1"], [1000, None], [9000, "2"], [11500, None]],
        [[9000, "2"], [11500, None], [105000, "5"]],
    ]


_PATH = """async (samples) => {
  const { Sparkline } = await import("/static/dashboard/sparkline.js");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const line = new Sparkline(path);
  line.recall(samples.map(([ts, price]) => ({ ts, price })));
  return path.getAttribute("d");
}"""


async def test_a_line_has_a_gap_where_nobody_could_tell(page: Screen, server: Server) -> None:
    await page.open(server.url)
    samples = [
        [0, "10"],
        [100, "20"],
        [150, None],
        [200, "15"],
        [250, "x"],
        [300, "15"],
        [400, "10"],
    ]
    assert await page.run(_PATH, samples) == "M0.0 22.0L25.0 2.0M50.0 12.0M75.0 12.0L100.0 22.0"
    assert await page.run(_PATH, [[0, "7"], [100, "7"]]) == "M0.0 12.0L100.0 12.0"
    assert not await page.run(_PATH, [[0, "7"]])


async def test_a_line_begins_with_what_was(page: Screen, server: Server, admin: Admin) -> None:
    await admin.inject({"topic": "BTC-USD", "data": PRICE})
    await admin.inject({"topic": "BTC-USD", "set": {"price": "67300.00"}})
    await page.open(server.url)
    await page.sees(f'{row("price:BTC-USD")} .trend path[d^="M0.0 "]')
