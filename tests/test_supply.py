"""What the feed is made of is told as it is: floors with reasons, a list, licences of others."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
VENDORED = ("feed/static/vendor/uplot", "tests/browser/vendor/axe-core")
LOCKED = re.compile(r"^([a-z0-9-]+)(?:\[.*\])?==(\S+)", re.MULTILINE)


@pytest.fixture(scope="module")
def bom() -> dict[str, Any]:
    """What `make sbom` prints."""
    program = ROOT / "deploy/sbom.py"
    printed = subprocess.run([sys.executable, program], check=True, capture_output=True)
    found: dict[str, Any] = json.loads(printed.stdout)
    return found


def test_all_that_is_locked_is_listed_with_its_hashes(bom: dict[str, Any]) -> None:
    listed = {each["name"]: each for each in bom["components"]}
    expected = {"uplot", "axe-core"}
    for lock in ROOT.glob("requirements*.txt"):
        text = lock.read_text(encoding="utf-8")
        for name, version in LOCKED.findall(text):
            assert listed[name]["version"] == version
            assert listed[name]["purl"] == f"pkg:pypi/{name}@{version}"
            expected.add(name)
            for each in listed[name]["hashes"]:
                assert each["alg"] == "SHA-256"
                assert f"--hash=sha256:{each['content']}" in text
    assert listed.keys() == expected


def test_what_runs_has_a_licence_and_what_only_tests_is_told_apart(bom: dict[str, Any]) -> None:
    runs = {each["name"]: each for each in bom["components"] if each["scope"] == "required"}
    assert {"aiohttp", "msgspec", "redis", "uvloop", "uplot"} <= runs.keys()
    assert not {"pytest", "axe-core", "gunicorn", "six"} & runs.keys()
    unknown = {name for name, each in runs.items() if "licenses" not in each}
    assert unknown <= {"async-timeout", "tzdata", "typing-extensions"}  # not on every machine


def test_who_needs_whom(bom: dict[str, Any]) -> None:
    needs = {
        each["ref"].partition("/")[2].partition("@")[0]: {
            ref.partition("/")[2].partition("@")[0] for ref in each["dependsOn"]
        }
        for each in bom["dependencies"]
    }
    assert {"aiohttp", "jinja2", "pyjwt", "uplot", "pytest"} <= needs["feed"]
    assert "yarl" in needs["aiohttp"] - needs["feed"]
    assert needs["jinja2"] == {"markupsafe"}
    refs = [each["ref"] for each in bom["dependencies"]]
    assert len(refs) == len(set(refs)) == len(bom["components"]) + 1


def test_every_floor_of_what_runs_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    optional = project["optional-dependencies"]
    for need in [*project["dependencies"], *optional["server"], *optional["gunicorn"]]:
        assert re.search(rf'"{re.escape(need)}"[],]+  # \S+', text), f"why {need}?"


@pytest.mark.parametrize("folder", VENDORED)
def test_what_is_of_others_has_its_licence_beside_it(folder: str, bom: dict[str, Any]) -> None:
    told = (ROOT / folder / "VERSION.txt").read_text(encoding="utf-8")
    assert (ROOT / folder / "LICENSE").stat().st_size > 500
    [component] = [
        each
        for each in bom["components"]
        if each["purl"].startswith("pkg:npm/") and each["name"] == Path(folder).name
    ]
    [digest] = component["hashes"]
    assert f"sha256 {digest['content']}\n" in told
    assert f" {component['version']}, {component['licenses'][0]['expression']} (LICENSE)" in told
    assert f"{folder}/VERSION.txt" in (ROOT / "docs/operations.md").read_text(encoding="utf-8")
