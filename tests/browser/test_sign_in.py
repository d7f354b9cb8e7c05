"""Signing in with a real browser: by token, with a provider, and what is left after signing out."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from api.browser import COOKIE
from api.provider import Provider
from gonogo.db.enrolment import invite
from gonogo.db.session import writing
from gonogo.settings import Settings
from tests.browser.api_server import ApiServer
from tests.browser.conftest import Opened, SignedIn, Site
from tests.provider import running

LATER_MS = 300


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


async def test_the_cookie_is_kept_from_scripts_and_for_this_host_alone(signed_in: SignedIn) -> None:
    page = await signed_in("ada")

    (cookie,) = await page.context.cookies()
    seen = await page.evaluate("document.cookie")

    assert cookie["name"] == COOKIE
    assert (cookie["httpOnly"], cookie["secure"], cookie["path"]) == (True, True, "/")
    assert cookie["sameSite"] == "Lax"
    assert not cookie["domain"].startswith(".")
    assert seen == ""


async def test_the_back_button_shows_nothing_after_signing_out(
    site: Site, signed_in: SignedIn
) -> None:
    case = await site.store.submitted()
    page = await signed_in("rita")
    await page.goto(f"/reviews/{case['id']}")
    await expect(page.get_by_role("heading", name="Night Sky Guide")).to_be_visible()
    await page.goto("/reviews")
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/?said=signed-out")

    for _ in range(2):
        await page.go_back(wait_until="load")
        await page.wait_for_timeout(LATER_MS)

        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert "Night Sky Guide" not in await page.content()


async def test_another_sites_form_changes_nothing(site: Site, signed_in: SignedIn) -> None:
    case = await site.store.submitted()
    page = await signed_in("ada")
    # The same machine by another name is another site, as far as the browser is concerned.
    other = f"http://localhost:{urlsplit(site.url).port}/catalogue"
    form = f'<form method="post" action="{site.url}/submissions/{case["id"]}/withdraw">'

    async def forged(route: Route) -> None:
        await route.fulfill(
            content_type="text/html", body=f'{form}<input name="key" value="k"><button>Win</button>'
        )

    await page.route(other, forged)
    await page.goto(other)
    async with page.expect_navigation():
        await page.get_by_role("button", name="Win").click()

    seen = (await site.store.get(f"/v1/submissions/{case['id']}", "ada")).json()
    assert seen["stage"] == "queued"


async def test_a_token_is_made_copied_and_ended_by_keyboard_and_mouse(
    site: Site, signed_in: SignedIn
) -> None:
    page = await signed_in("ada")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto("/account")
    await page.get_by_label("What it is for").fill("CI")
    await page.keyboard.press("Enter")

    shown = await page.get_by_label("Token", exact=True).input_value()
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = await page.evaluate("navigator.clipboard.readText()")
    headers = {"Authorization": f"Bearer {shown}"}
    before = await site.store.http.get("/v1/me", headers=headers)
    await page.goto("/account")
    await page.get_by_role("button", name="End the token CI").click()
    await expect(page.get_by_role("status")).to_contain_text("The token ended")
    after = await site.store.http.get("/v1/me", headers=headers)

    assert shown.startswith("gng_")
    assert copied == shown
    assert (before.status_code, after.status_code) == (200, 401)
    assert shown not in await page.content()


@pytest_asyncio.fixture(loop_scope="session")
async def with_provider(site: Site, api: ApiServer) -> AsyncIterator[str]:
    """The site names a provider; the value is its issuer."""
    with running() as issuer:
        fields = {name: getattr(site.settings, name) for name in Settings.model_fields}
        changed = Settings(
            **{
                **fields,
                "oidc_issuer": issuer,
                "oidc_client_id": "gonogo",
                "oidc_client_secret": "correct-horse",
                "oidc_name": "Lantern ID",
                "oidc_contact": "hello@store.example",
            }
        )
        site.store.use(changed, provider=Provider(changed))
        yield issuer


async def _user(issuer: str, subject: str, **claims: object) -> None:
    async with httpx.AsyncClient(base_url=issuer, trust_env=False) as http:
        (await http.put(f"/users/{subject}", json=claims)).raise_for_status()


async def _consent(page: Page, subject: str) -> None:
    """What the provider's own page asks."""
    await page.locator("input[name=sub]").fill(subject)
    await page.get_by_role("button", name="Authorize", exact=True).click()


async def test_an_invited_person_comes_in_with_the_provider(
    site: Site, fresh: Opened, with_provider: str
) -> None:
    case = await site.store.submitted()
    person = site.store.identity.add_person("Nora", ("reviewer",))
    with writing(site.store.app.state.services.engine) as session:
        invite(session, site.settings.store, person, "nora@lantern.example", "per_adam")
    await _user(with_provider, "nora", email="nora@lantern.example", email_verified=True)
    page = await (await fresh()).new_page()

    await page.goto(f"/reviews/{case['id']}")
    await page.get_by_role("link", name="Sign in with Lantern ID").click()
    await _consent(page, "nora")
    await page.wait_for_url(f"**/reviews/{case['id']}")
    await page.get_by_role("button", name="Claim").click()
    await expect(page.get_by_role("status")).to_contain_text("It is yours")
    cookies = {one["name"] for one in await page.context.cookies(site.url)}
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/?said=signed-out")
    await page.go_back()

    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert cookies == {COOKIE}


async def test_whom_nobody_invited_reads_whom_to_ask(fresh: Opened, with_provider: str) -> None:
    await _user(with_provider, "stranger", name="A Stranger")
    page = await (await fresh()).new_page()

    await page.goto("/")
    await page.get_by_role("link", name="Sign in with Lantern ID").click()
    await _consent(page, "stranger")

    await expect(page.get_by_role("heading", name="You have no account here yet")).to_be_visible()
    await expect(page.get_by_text("hello@store.example")).to_be_visible()
    assert await page.context.cookies(page.url) == []
