"""A store opens later than promised, in a browser: held, postponed as it was seen, told, opened."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Locator, Page, expect

from tests.api.store import manifest
from tests.api.test_inbox import fan_out
from tests.browser.conftest import SignedIn, Site
from tests.browser.test_launch import AHEAD, OPEN_MS, answer, bound, dated, planned, state, vote

CHOOSING = timedelta(minutes=2)  # at least one, since a form has whole minutes
WHY = "Two reviewers left; do not tell anybody."
PUBLIC = "We open later than we said, and thank you for waiting."
RIGHT = "Whoever was told by letter need do nothing, either."


async def looked_ahead(page: Page, board: str, target: str, choose_until: datetime) -> str:
    """See what a postponement to `target` would do; the hash of the preview."""
    await page.goto(f"{board}/postpone")
    await page.get_by_label("It opens instead").fill(target)
    await page.get_by_label("Developers choose until").fill(f"{choose_until:%Y-%m-%dT%H:%M}")
    await page.get_by_label("Reason for everybody").select_option("unexpected")
    await page.get_by_role("button", name="Show what would follow").click()
    await expect(page.get_by_role("heading", name="What would change")).to_be_visible()
    return await page.locator("input[name=plan_hash]").input_value()


async def beside(left: Locator, right: Locator) -> None:
    """One stands to the left of the other, and both begin at the same height."""
    one, other = await left.bounding_box(), await right.bounding_box()
    assert one is not None
    assert other is not None
    assert one["x"] + one["width"] <= other["x"]
    assert one["y"] == other["y"]


async def status_of(page: Page, path: str) -> int:
    answered = await page.goto(path)
    assert answered is not None
    return answered.status


async def send(page: Page, audience: str) -> None:
    await page.get_by_label(f"{audience}:").check()
    await page.get_by_role("button", name="Send it", exact=True).click()
    await expect(page.get_by_label(f"{audience}:")).to_have_count(0)
    await expect(page.get_by_text("Sent.", exact=True)).to_be_visible()


@pytest.mark.slow
async def test_a_launch_is_held_postponed_as_it_was_seen_told_and_opened(
    site: Site, signed_in: SignedIn, visitor: Page
) -> None:
    case = await site.store.approved(manifest("Night Sky Guide"))
    await site.store.approved(manifest("Bread Doctor"))
    lea, lou, sam, pia = [await signed_in(name) for name in ("lea", "lou", "sam", "pia")]
    now = datetime.now(UTC)
    promised, later = now + timedelta(seconds=100), f"tbd by {now + timedelta(days=300):%Y-%m-%d}"
    board = await planned(lea, promised, "Night Sky Guide")
    await sam.goto(board)
    await sam.get_by_role("button", name="Hold", exact=True).click()
    await expect(state(sam, "On hold")).to_be_visible()

    # What would follow, before anything happens; and what would be told, to whom.
    chosen = datetime.now(UTC).replace(second=0, microsecond=0) + CHOOSING
    first = await looked_ahead(lea, board, later, chosen)
    change = lea.get_by_role("region", name="What would change")
    await expect(change.locator("del")).to_contain_text(f"{promised:%-d %B %Y}")
    await expect(change.locator("ins")).to_contain_text("to be decided")
    await expect(change.get_by_text("1 item moves")).to_be_visible()
    await expect(lea.get_by_text("Tests of Night Sky Guide")).to_be_visible()
    await expect(lea.get_by_role("heading", name="Reviews that must begin")).to_be_visible()
    await expect(lea.get_by_text("Nobody has them")).to_be_visible()
    drafts = lea.get_by_role("region", name="What would be told").get_by_role("article")
    await expect(drafts).to_have_count(2)
    await beside(drafts.first, drafts.last)
    await expect(drafts.last).to_contain_text("Unexpected things have kept us busy.")
    await lea.get_by_role("link", name="French", exact=True).click()
    await expect(drafts.last).to_contain_text("Des imprévus nous ont occupés.")
    await expect(state(sam, "On hold")).to_be_visible()

    # Somebody else binds another item meanwhile: what was seen is not what would happen.
    await lou.goto(f"{board}/plan")
    await bound(lou, "Bread Doctor")
    await lea.get_by_label("Why, for insiders").fill(WHY)
    await lea.get_by_role("button", name="Postpone it now").click()
    await expect(lea.get_by_role("alert")).to_contain_text("Nothing was postponed.")
    await expect(lea.get_by_role("alert")).to_contain_text("Items move: 1 when you looked, 2 now.")
    assert await status_of(sam, board) == 200
    await expect(state(sam, "On hold")).to_be_visible()
    assert await looked_ahead(lea, board, later, chosen) != first
    await lea.get_by_label("Why, for insiders").fill(WHY)
    await lea.get_by_role("button", name="Postpone it now").click()
    await expect(lea.get_by_text("Postponed. It holds at once.")).to_be_visible()

    # Two memos of one record: side by side, edited, and nobody's before they are sent.
    await lea.get_by_role("button", name="Write the memo").click()
    await expect(lea.get_by_text("Written. Nobody has it before it is sent.")).to_be_visible()
    memo = lea.url.partition("?")[0]
    english = lea.get_by_role("region", name="English", exact=True).get_by_role("article")
    await beside(english.first, english.last)
    await expect(english.first).to_contain_text(WHY)
    await expect(english.last).not_to_contain_text(WHY)
    await expect(
        lea.get_by_role("region", name="French", exact=True).get_by_role("article")
    ).to_have_count(2)
    await english.last.locator("summary").click()
    await english.last.get_by_label("Text").fill(PUBLIC)
    await english.last.get_by_role("button", name="Keep this text").click()
    await expect(lea.get_by_text("Kept.", exact=True)).to_be_visible()
    assert await status_of(visitor, memo) == 404
    await send(lea, "Insiders")
    assert await status_of(visitor, memo) == 404
    await send(lea, "Everybody")
    fan_out(site.store)  # as the worker does
    await lea.goto(memo)
    for told in await lea.get_by_text("Told: ").all():
        await expect(told).to_contain_text(re.compile(r"sent .* by Lea\. Told: [1-9]\d* p"))
    await expect(lea.get_by_text("Told: ")).to_have_count(4)  # two audiences, two languages
    assert await status_of(visitor, memo) == 200
    await expect(visitor.get_by_text("Told: ")).to_have_count(0)
    await expect(visitor.get_by_text(PUBLIC)).to_be_visible()
    await expect(visitor.get_by_text("Des imprévus nous ont occupés.")).to_be_visible()
    await expect(visitor.get_by_text(WHY)).to_have_count(0)
    await lea.get_by_label("What is right").fill(RIGHT)
    await lea.get_by_role("button", name="Write a correction").click()
    await expect(lea.get_by_text("Written. Nobody has it before it is sent.")).to_be_visible()
    await send(lea, "Everybody")
    await visitor.goto(memo)
    await visitor.get_by_role("link", name="Read what corrects it.").click()
    await expect(visitor.get_by_text(RIGHT).first).to_be_visible()

    # A new date, the gates, the poll, and what it opens is served.
    # With a unit: until its release has settled, a listing serves nobody who names none.
    resolve = f"/v1/catalogue/{case['gpt']}/resolve?unit=u"
    dark = (await site.store.get(resolve)).json()
    await lea.goto(f"{board}/plan")
    # What is postponed comes no sooner than what was promised.
    opening = max(datetime.now(UTC) + AHEAD, chosen + timedelta(seconds=15), promised)
    await dated(lea, opening, "Set the date")
    for page in (lou, sam, pia):
        await page.goto(board)
    await answer(pia, "The policies that builders accept", "Version 7.", "Attest it")
    await answer(lou, "Waive: Support and appeals", "Two of three shifts.", "Waive it")
    await answer(sam, "Safety has seen", "", "Yes")
    await expect(state(lou, "Poll open")).to_be_visible(timeout=30_000)
    for page in (pia, lou, sam):
        await vote(page, board, "Go")
    await lea.goto(board)
    await expect(lea.get_by_text("Open to everyone since")).to_be_visible(timeout=OPEN_MS)
    lit = (await site.store.get(resolve)).json()

    assert dark["digest"] is None
    assert lit["digest"] == case["digest"], lit["why"]
