"""The dashboard and the alerts ask for what a server tells, and say what to do."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from feed.app import running
from feed.clock import SystemClock
from feed.settings import Settings
from feed.sources.open import demo
from tests.support.server import ROOT, TOKEN

DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "feed.json").read_text(encoding="utf-8"))
ALERTS = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
RULES = [rule for group in YAML(typ="safe").load(ALERTS)["groups"] for rule in group["rules"]]
EXPRESSIONS = {
    **{f"{panel['title']} {t['refId']}": t["expr"] for panel in PANELS for t in panel["targets"]},
    **{rule["alert"]: rule["expr"] for rule in RULES},
}
PROMETHEUS_OWN = {"instance", "job"}
"""Labels that a scrape gives, and the metric that it makes."""

_NAME = re.compile(r"\b((?:feed|process)_\w+)(\{[^}]*\})?")
_LABEL = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
_GROUPED = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told() -> dict[str, set[str]]:
    """Each series of a server that somebody uses, and the labels that it has."""
    settings = Settings(log="memory:", drain_s=0, admin_token=(TOKEN,), source=demo())
    async with running(settings, SystemClock()) as app, TestClient(TestServer(app)) as client:
        async with client.ws_connect("/ws?topics=*") as socket:
            while (await socket.receive_json())["type"] != "update":
                pass
            await socket.send_json({"type": "sing"})
        async with client.get("/sse") as refused:
            assert refused.status == 400
        while True:
            series = dict(await _scraped(client))
            if "reason" in series["feed_streams_ended_total"]:
                return series


async def _scraped(client: TestClient[Any, Any]) -> list[tuple[str, set[str]]]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with client.get("/metrics", headers=headers) as answer:
        families = [*text_string_to_metric_families(await answer.text())]
    named = [(f"{f.name}_total" if f.type == "counter" else f.name, set[str]()) for f in families]
    return [*named, *((s.name, set(s.labels)) for family in families for s in family.samples)]


def selected(expression: str) -> Iterator[tuple[str, set[str]]]:
    """The metrics of an expression, each with the labels that it is chosen by."""
    for name, selector in _NAME.findall(expression):
        yield name, {*_LABEL.findall(selector)} - PROMETHEUS_OWN


def grouped(expression: str) -> set[str]:
    """The labels by which an expression sums up."""
    found = ",".join(_GROUPED.findall(expression)).split(",")
    return {name.strip() for name in found} - PROMETHEUS_OWN - {""}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_what_is_asked_for_is_told(name: str, told: dict[str, set[str]]) -> None:
    asked = [*selected(EXPRESSIONS[name])]
    assert asked or EXPRESSIONS[name] == 'up{job="feed"} == 0'
    for metric, labels in asked:
        assert metric in told
        assert labels <= told[metric], metric
    assert grouped(EXPRESSIONS[name]) <= set().union(*(told[metric] for metric, _ in asked))


def test_the_table_for_operators_has_every_metric(told: dict[str, set[str]]) -> None:
    table = OPERATIONS.partition("\n## Metrics\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`((?:feed|process)_\w+)`", table))
    families = {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in told}
    ours = {name for name in families if name.startswith("feed_")}
    assert ours - named == set()
    assert named - families == set()


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_says_what_to_do_when_it_is_red(panel: Any) -> None:
    assert re.search(r"\. Red( at 0|: | never)", panel["description"])
    assert panel["description"].endswith(".")
    assert panel["datasource"]["uid"] == "${source}"


def test_panels_do_not_lie_on_each_other() -> None:
    seen: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & seen, panel["title"]
        assert at["x"] + at["w"] <= 24
        seen |= cells
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_what_to_do(rule: Any) -> None:
    assert set(rule["annotations"]) == {"summary", "action"}
    assert rule["labels"]["severity"] in {"page", "look"}
