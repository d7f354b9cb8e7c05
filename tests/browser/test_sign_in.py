"""Signing in with a real browser."""

from playwright.async_api import Page, expect

from tests.browser.conftest import SignedIn, Site


async def test_a_person_signs_in_works_and_signs_out(site: Site, signed_in: SignedIn) -> None:
    case = await site.store.submitted()

    page = await signed_in("rita")
    await page.goto(f"/reviews/{case['id']}")
    await page.get_by_role("button", name="Claim").click()
    await expect(page.get_by_role("status")).to_contain_text("It is yours")
    await page.get_by_role("button", name="Sign out").click()

    await expect(page.get_by_role("status")).to_contain_text("signed out")
    seen = (await site.store.get(f"/v1/submissions/{case['id']}", "rita")).json()
    assert seen["stage"] == "in_review"


async def test_a_visitor_is_led_to_sign_in(site: Site, visitor: Page) -> None:
    await visitor.goto("/reviews")

    await expect(visitor.get_by_role("heading", name="Sign in")).to_be_visible()
