"""A store opens in a browser: planned, its gates answered, a dissent, a hold, the opening."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Error, Locator, Page, expect

from tests.api.store import manifest
from tests.browser.conftest import SignedIn, Site

AHEAD = timedelta(seconds=105)  # longer than what people do below, shorter than the poll's lead
OPEN_MS = 150_000


def state(page: Page, name: str) -> Locator:
    return page.locator("#live .badge", has_text=name)


async def answer(page: Page, gate: str, say: str, button: str) -> None:
    await page.locator("summary", has_text=gate).click()
    form = page.locator("details", has_text=gate).locator("form")
    await form.locator("textarea").fill(say)
    await form.get_by_role("button", name=button, exact=True).click()
    await expect(page.get_by_text("Your answer is recorded.")).to_be_visible()


async def visit(page: Page, board: str) -> None:
    """A board that is brought up to date at this very moment aborts the way to it, once."""
    try:
        await page.goto(board)
    except Error:
        await page.wait_for_load_state()
        await page.goto(board)


async def vote(page: Page, board: str, word: str, say: str = "") -> None:
    await visit(page, board)
    await page.get_by_label("Statement of").fill(say)
    await page.get_by_role("button", name=word, exact=True).click()
    await expect(page.get_by_text("Your vote is recorded.")).to_be_visible()


async def planned(lea: Page, opening: datetime, *items: str) -> str:
    """A launch of these items, planned for `opening`; the address of its board."""
    await lea.goto("/launches")
    await lea.get_by_role("link", name="Plan a launch").click()
    await lea.get_by_label("Name").fill("Opening of the store")
    await lea.get_by_label("Zone").fill("UTC")
    await lea.get_by_role("button", name="Draft it").click()
    await expect(lea.get_by_text("Drafted.")).to_be_visible()
    await bound(lea, *items)
    await dated(lea, opening, "Plan it")
    return lea.url.partition("?")[0].removesuffix("/plan")


async def bound(page: Page, *items: str) -> None:
    """Bind ready releases, on the page of the plan."""
    for item in items:
        await page.get_by_label(item).check()
    await page.get_by_role("button", name="Bind the chosen ones").click()
    await expect(page.get_by_text("Done. Below is what it holds now.")).to_be_visible()


async def dated(page: Page, opening: datetime, button: str) -> None:
    await page.get_by_label("When it opens").fill(opening.strftime("%Y-%m-%dT%H:%M:%SZ"))
    await expect(page.get_by_text("Understood:")).to_be_visible()
    await page.get_by_role("button", name=button, exact=True).click()
    await expect(page.get_by_text("The date is set.")).to_be_visible()


@pytest.mark.slow
async def test_a_launch_from_its_plan_to_its_opening(site: Site, signed_in: SignedIn) -> None:
    await site.store.approved(manifest("Night Sky Guide"))
    lea, lou, sam, pia = [await signed_in(name) for name in ("lea", "lou", "sam", "pia")]

    board = await planned(lea, datetime.now(UTC) + AHEAD, "Night Sky Guide")
    await lea.goto(board)
    await lea.get_by_role("button", name="Open the gates").click()
    await expect(state(lea, "Passing its gates")).to_be_visible()

    for page in (lou, sam, pia):
        await page.goto(board)
    await answer(pia, "The policies that builders accept", "Version 7.", "Attest it")
    await answer(lou, "Waive: Support and appeals", "Two of three shifts.", "Waive it")
    await answer(sam, "Safety has seen", "", "Yes")
    await expect(state(lea, "Poll open")).to_be_visible(timeout=30_000)
    await vote(pia, board, "No-go", "The French text is not published yet.")
    await vote(pia, board, "Go")
    await vote(lou, board, "Go")

    await visit(sam, board)
    await sam.get_by_role("button", name="Hold", exact=True).click()
    await expect(state(sam, "On hold")).to_be_visible()
    await visit(lea, board)
    await lea.get_by_role("button", name="Resume").click()
    await expect(state(lea, "Poll open")).to_be_visible()
    await vote(sam, board, "Go")

    await visit(lea, board)
    await expect(lea.get_by_text("Open to everyone since")).to_be_visible(timeout=OPEN_MS)
    await expect(lea.get_by_text("Dissent, kept for good (1)")).to_be_visible()
