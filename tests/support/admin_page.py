"""The admin page as an operator uses it."""

from tests.support.browser import Screen
from tests.support.fleet import Fleet
from tests.support.server import TOKEN, Server


async def sign_in(page: Screen, server: Server | Fleet) -> None:
    """Open the page and give the token."""
    await page.open(f"{server.url}/admin")
    await page.page.fill("#token", TOKEN)
    await page.page.click("button")
    await page.sees("#touch-words", "In touch")


async def choose(page: Screen, name: str, value: str) -> None:
    """Choose one of the buttons of a group."""
    await page.page.check(f"[name={name}][value={value}]")


async def attend(page: Screen, topic: str, says: str) -> None:
    """Type a topic, and wait until the page knows it."""
    await page.page.fill("#topic", topic)
    await page.page.locator("#now", has_text=says).wait_for()


async def try_and_send(page: Screen) -> None:
    """By the keyboard: a dry run, and then the change itself."""
    await page.page.press("#why", "Enter")
    await page.page.wait_for_selector("#send[aria-disabled=false]:focus")
    await page.page.keyboard.press("Enter")
    await page.page.wait_for_selector("#says[data-tone=good]")
