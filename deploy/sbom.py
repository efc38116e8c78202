"""Print what the feed is made of, as CycloneDX 1.6 in JSON: for `make sbom`.

Names, versions, hashes and who needs whom are those of requirements*.txt, which is what is
installed everywhere; licences are those of what is installed here. What lies in a `vendor` folder
is as its VERSION.txt has it. The same files give the same bytes.
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SCOPES = {
    "requirements.txt": "required",
    "requirements-dev.txt": "excluded",
    "requirements-alone.txt": "excluded",
    "feed/static/vendor/uplot": "required",
    "tests/browser/vendor/axe-core": "excluded",
}
"""Where components are, and whether they are in what runs; of two that have one, the first."""

_ENTRY = re.compile(r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==(\S+)((?:.*\n(?=[ ]))*.*)", re.MULTILINE)
_SHA_256 = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"^    #(?: via|  ) +([a-z0-9-]+)(?: \(.*\))?$", re.MULTILINE)
_VENDORED = re.compile(r"(\S+) (\S+), (\S+) \(LICENSE\): .+\n.+\nsha256 ([0-9a-f]{64})\n")
_SHORT = 40
"""Who has put a whole licence where its name belongs has put none."""


def bom() -> dict[str, Any]:
    """The whole document."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    feed = _component(
        "generic", project["name"], project["version"], {"expression": project["license"]}, []
    )
    components, needs = dict[str, dict[str, Any]](), dict[str, set[str]]()
    for place, scope in SCOPES.items():
        for component, needed_by in _components(ROOT / place):
            name = component["name"]
            components.setdefault(name, component | {"scope": scope})
            for each in needed_by:
                needs.setdefault(each, set()).add(name)
    refs = {name: each["bom-ref"] for name, each in components.items()} | {"feed": feed["bom-ref"]}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": feed | {"type": "application"}},
        "components": [components[name] for name in sorted(components)],
        "dependencies": [
            {"ref": refs[name], "dependsOn": sorted(refs[each] for each in needs.get(name, ()))}
            for name in sorted(refs)
        ],
    }


def _components(place: Path) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Each component of a lock or a vendored folder, and by whom it is needed."""
    if place.is_dir():
        told = _VENDORED.match((place / "VERSION.txt").read_text(encoding="utf-8"))
        if not told:
            raise SystemExit(f"{place}/VERSION.txt has not the form of the others")
        name, version, licence, digest = told.groups()
        yield _component("npm", name.lower(), version, {"expression": licence}, [digest]), ["feed"]
        return
    for name, version, rest in _ENTRY.findall(place.read_text(encoding="utf-8")):
        component = _component("pypi", name, version, _licence(name), _SHA_256.findall(rest))
        yield component, _VIA.findall(rest)


def _component(
    purl: str, name: str, version: str, licence: Mapping[str, Any], digests: Sequence[str]
) -> dict[str, Any]:
    ref = f"pkg:{purl}/{name}@{version}"
    told = {"type": "library", "bom-ref": ref, "name": name, "version": version, "purl": ref}
    hashes = [{"alg": "SHA-256", "content": each} for each in digests]
    return (
        told | ({"licenses": [licence]} if licence else {}) | ({"hashes": hashes} if hashes else {})
    )


def _licence(name: str) -> dict[str, Any]:
    """As a package that is installed says it itself; nothing where it is not, or says nothing."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return {}
    if expression := told.get("License-Expression"):
        return {"expression": expression}
    classes = [each for each in told.get_all("Classifier", []) if each.startswith("License ::")]
    words = told.get("License") or ""
    if not 0 < len(words) <= _SHORT:
        words = ", ".join(each.rpartition(" :: ")[2] for each in classes)
    return {"license": {"name": words}} if words else {}


if __name__ == "__main__":
    json.dump(bom(), sys.stdout, indent=1)
    sys.stdout.write("\n")
