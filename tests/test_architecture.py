"""Who may import whom, and what a file may be."""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXTS = {
    file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8")
    for file in (ROOT / "feed").rglob("*.py")
}

BELOW_ALL = {"__version__", "errors", "clock", "limits", "histogram"}
MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "errors": set(),
    "clock": set(),
    "limits": set(),
    "histogram": set(),
    "journal": set(),
    "model": {"errors"},
    "log": {"model"} | BELOW_ALL,
    "sources": {"model"} | BELOW_ALL,
    "hub": {"log", "sources", "model"} | BELOW_ALL,
    "web": {"hub", "log", "sources", "model"} | BELOW_ALL,
    "fitting": {"errors"},
    "settings": {"sources", "errors", "fitting", "limits"},
    "app": {"settings", "web", "hub", "log", "sources", "model"} | BELOW_ALL,
    "client": {"model"} | BELOW_ALL,
    "commands": {"client", "sources", "model"} | BELOW_ALL,
    "wsgi": {"app", "settings", "web", "journal"} | BELOW_ALL,
    "__main__": {"app", "settings", "commands", "sources", "journal"} | BELOW_ALL,
}
"""A room, and the other rooms that it knows: `app → web → hub → (log | sources) → model`."""

OWNERS = {
    "prometheus_client": ("feed/web/metrics.py",),
    "apscheduler": ("feed/sources/schedule.py",),
    "redis": ("feed/log/redis_store.py",),
    "aiohttp.web": ("feed/web/", "feed/app.py", "feed/wsgi.py"),
    "aiohttp_jinja2": ("feed/web/", "feed/app.py"),
    "aiohttp": (
        "feed/web/",
        "feed/app.py",
        "feed/wsgi.py",
        "feed/sources/",
        "feed/client/",
        "feed/commands/",
    ),
    "sqlite3": (
        "feed/log/sqlite.py",
        "feed/log/sqlite_bars.py",
        "feed/log/sqlite_file.py",
        "feed/log/sqlite_writer.py",
    ),
}
"""Where a library may be named."""

LONGEST = 300
EMPTY_WORDS = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}


@cache
def trees() -> dict[str, ast.Module]:
    """The files as they are parsed, by their paths from the root."""
    return {name: ast.parse(text) for name, text in TEXTS.items()}


def room_of(module: str) -> str:
    """`feed.log.base` → `log`; `feed` alone → `__init__`."""
    return [*module.split("."), "__init__"][1]


def imported(tree: ast.AST) -> Iterator[str]:
    """The full names of what is imported: `from feed.log import base` is `feed.log.base`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: an import that is relative"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_late(tree: ast.AST) -> list[int]:
    """The lines of imports within functions."""
    functions = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    )
    return [
        inner.lineno
        for function in functions
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]


def offenders(breaks: Callable[[str, ast.Module], object]) -> dict[str, object]:
    """The files that break a rule, by their paths from the root, and what is wrong in each."""
    found = {name: breaks(name, tree) for name, tree in trees().items()}
    return {name: wrong for name, wrong in found.items() if wrong}


def test_imports_run_one_way() -> None:
    def strangers(name: str, tree: ast.Module) -> set[str]:
        room = room_of(name.removesuffix(".py").replace("/", "."))
        ours = {module for module in imported(tree) if module.split(".")[0] == "feed"}
        return {module for module in ours if room_of(module) not in MAY_IMPORT[room] | {room}}

    assert offenders(strangers) == {}


def test_settings_know_of_sources_only_how_to_open_them() -> None:
    modules = set(imported(trees()["feed/settings.py"]))
    sources = {module for module in modules if module.startswith("feed.sources")}

    assert {module for module in sources if not module.startswith("feed.sources.open.")} == set()


def test_a_library_is_named_where_it_belongs() -> None:
    def strangers(name: str, tree: ast.Module) -> set[str]:
        modules = set(imported(tree))
        return {
            library
            for library, places in OWNERS.items()
            if any(f"{module}.".startswith(f"{library}.") for module in modules)
            and not name.startswith(places)
        }

    assert offenders(strangers) == {}


LATE = (
    "feed/__main__.py",  # a command does without the server, whose libraries take longest to load
    "feed/log/open.py",  # an engine's library is loaded where its URL is used
)


def test_imports_stand_at_the_top() -> None:
    assert offenders(lambda name, tree: name not in LATE and imported_late(tree)) == {}


def test_no_import_is_for_the_type_checker_alone() -> None:
    def guarded(_: str, tree: ast.Module) -> list[str]:
        return [module for module in imported(tree) if module.endswith(".TYPE_CHECKING")]

    assert offenders(guarded) == {}


def test_a_file_is_short() -> None:
    files = [
        *(ROOT / "feed").rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
        *(ROOT / "benchmarks").glob("*.py"),
    ]
    long = [file.name for file in files if len(file.read_text("utf-8").splitlines()) > LONGEST]
    assert long == []


def test_a_file_says_what_it_is() -> None:
    assert offenders(lambda _, tree: not ast.get_docstring(tree)) == {}


def test_a_name_says_something() -> None:
    def empty(name: str, _: ast.Module) -> set[str]:
        words = {word for part in Path(name).with_suffix("").parts for word in part.split("_")}
        return words & EMPTY_WORDS

    assert offenders(empty) == {}


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import feed.log.base", ["feed.log.base"]),
        ("import feed.log.base as base, os", ["feed.log.base", "os"]),
        ("from feed import app", ["feed.app"]),
        ("from feed.log import base, open", ["feed.log.base", "feed.log.open"]),
        ("def late():\n    from feed.web import keys", ["feed.web.keys"]),
        ("try:\n    import redis\nexcept ImportError:\n    pass", ["redis"]),
    ],
)
def test_every_form_of_import_is_seen(source: str, modules: list[str]) -> None:
    assert list(imported(ast.parse(source))) == modules


def test_late_imports_are_seen() -> None:
    lines = [
        "import os",
        "def f():",
        "    import sys",
        "class A:",
        "    import re",
        "    async def g(self):",
        "        from os import path",
    ]

    assert imported_late(ast.parse("\n".join(lines))) == [3, 7]
