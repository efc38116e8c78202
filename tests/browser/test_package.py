"""`feed.js` as a package: how large it is, what its types name, and what npm would pack."""

import asyncio
import gzip
import json
import re
import shutil
import tomllib

import pytest

from tests.support.browser import STATIC, Screen
from tests.support.browser_feed import FeedPage
from tests.support.server import ROOT

TYPES = (STATIC / "feed.d.ts").read_text(encoding="utf-8")
PACKAGE = json.loads((STATIC / "package.json").read_bytes())
MOST_BYTES = 10_000


def members(interface: str) -> set[str]:
    """The names that a class or an interface of the types has, without its constructor."""
    found = re.search(rf"(?ms)^export (?:class|interface) {interface} .*?^}}", TYPES)
    assert found, interface
    return set(re.findall(r"(?m)^  (?:readonly )?(\w+)\??[:(]", found[0])) - {"constructor"}


def test_it_is_small() -> None:
    assert len(gzip.compress((STATIC / "feed.js").read_bytes())) < MOST_BYTES


def test_it_depends_on_nothing() -> None:
    assert "import " not in re.sub(r"import\.meta", "", (STATIC / "feed.js").read_text())
    assert not [name for name in PACKAGE if "ependencies" in name]


def test_its_version_is_that_of_the_server() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (PACKAGE["version"], PACKAGE["license"]) == (project["version"], "Apache-2.0")


def test_it_names_files_that_exist() -> None:
    exported = PACKAGE["exports"]["."]
    named = [exported["types"], exported["default"], PACKAGE["types"], *PACKAGE["files"]]
    assert [name for name in named if not (STATIC / name).is_file()] == []
    assert (PACKAGE["type"], PACKAGE["sideEffects"]) == ("module", False)


async def test_npm_packs_the_module_and_its_types() -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: what it would pack is not looked at")
    arguments = (npm, "pack", "--dry-run", "--json", "--offline")
    process = await asyncio.create_subprocess_exec(
        *arguments,
        cwd=STATIC,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    printed, _ = await process.communicate()
    (packed,) = json.loads(printed)
    assert {file["path"] for file in packed["files"]} == {"feed.js", "feed.d.ts", "package.json"}


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_its_types_name_all_that_it_has(page: Screen) -> None:
    client = FeedPage(page)
    await client.open()
    await client.begin("A")
    names = """async () => ({
      module: Object.keys(await import("/static/feed.js")),
      feed: [...Object.getOwnPropertyNames(Object.getPrototypeOf(feed)), ...Object.keys(feed)],
      status: Object.keys(feed.status),
    })"""
    has = await page.run(names)
    assert set(re.findall(r"(?m)^export (?:class|function) (\w+)", TYPES)) == set(has["module"])
    assert members("Feed") == set(has["feed"]) - {"constructor"}
    assert members("Status") == set(has["status"])
    assert members("Options") == {"delayMs", "conflateMs", "windowMs"}
    assert members("Handlers") == {"onItem", "onEvent", "onReset"}
