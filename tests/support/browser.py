"""Chromium as a test sees it. Playwright is named here, in `browser_feed` and `watching`."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Browser, ConsoleMessage, Page

STATIC = Path(__file__).resolve().parents[2] / "feed" / "static"
FUSE_S = 20

_SEES = """([selector, text, pattern]) => new Promise((resolve) => {
  const says = (element) => element.textContent.trim().replace(/\\s+/g, " ");
  const fits = (said) => (text === null || said === text) && new RegExp(pattern).test(said);
  const look = () => [...document.querySelectorAll(selector)].map(says).find(fits);
  const seen = new MutationObserver(() => look() !== undefined && done());
  const done = () => { seen.disconnect(); resolve(look()); };
  seen.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  if (look() !== undefined) done();
})"""

_NEXT_DOCUMENT = "Execution context was destroyed"
"""What Playwright says of a script whose document was left while it ran."""

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def missing() -> str:
    """What the browser's tests need and do not find, as a reason to skip them; empty: nothing."""
    if find_spec("playwright") is None:
        return "playwright is not installed (pip install -r requirements-dev.txt)"
    return "" if _program() else "Chromium is not installed (apt install chromium-headless-shell)"


def _program() -> str | None:
    """Debian's Chromium: the one without a window takes half as long for everything."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")


@asynccontextmanager
async def chromium() -> AsyncIterator["Browser"]:
    """Debian's Chromium, without a window."""
    from playwright.async_api import async_playwright  # noqa: PLC0415  (may not be installed)

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_program(), args=list(_FLAGS))
        yield browser
        await browser.close()


class Screen:
    """One page in a context of its own, and what was wrong with it.

    `refusals`: statuses that are no fault here; the browser itself reports each as an error.
    """

    def __init__(self, page: "Page") -> None:
        self.page = page
        self.faults: list[str] = []
        self.refusals: set[int] = set()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _said(self, message: "ConsoleMessage") -> None:
        # That a server is gone is reported by the browser itself, and no fault of the page's.
        gone = ("WebSocket connection to", "Failed to load resource: net::")
        is_network = message.text.startswith(gone)
        if any(f"responded with a status of {status}" in message.text for status in self.refusals):
            return
        if message.type in ("error", "warning") and not is_network:
            self.faults.append(message.text)

    async def open(self, url: str) -> None:
        """Go there; returns when the document is there."""
        await self.page.goto(url)

    async def sees(self, selector: str, text: str | None = None) -> None:
        """Wait until an element is in the document, saying this and no more."""
        await self._look(selector, text, "")

    async def reads(self, selector: str, pattern: str) -> str:
        """Wait until what an element says matches a regular expression (JavaScript's); the text."""
        return await self._look(selector, None, pattern)

    async def _look(self, selector: str, text: str | None, pattern: str) -> str:
        """The text. A form that was sent, or a link, may end the document that is looked at."""
        async with asyncio.timeout(FUSE_S):
            while True:
                try:
                    said: str = await self.run(_SEES, [selector, text, pattern])
                except Exception as error:
                    if _NEXT_DOCUMENT not in str(error):
                        raise
                else:
                    return said

    async def texts(self, selector: str) -> list[str]:
        """The texts of all elements that match, in the order of the document."""
        return [text.strip() for text in await self.page.locator(selector).all_text_contents()]

    async def run(self, script: str, argument: Any = None) -> Any:
        """Evaluate a JavaScript function in the page."""
        return await self.page.evaluate(script, argument)


@asynccontextmanager
async def screen(browser: "Browser", **options: Any) -> AsyncIterator[Screen]:
    """A new page; `options` are those of Playwright's contexts."""
    context = await browser.new_context(**options)
    context.set_default_timeout(FUSE_S * 1000)
    yield Screen(await context.new_page())
    await context.close()
