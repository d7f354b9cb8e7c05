"""Inbox, preferences and webhooks as people meet them: narrow and wide, light and dark."""

from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from gonogo.notices.fanout import Fanout
from tests.browser.conftest import SignedIn, Site

LOOKS: tuple[tuple[Any, int], ...] = (
    ("light", 390),
    ("dark", 390),
    ("light", 1280),
    ("dark", 1280),
)


async def looks_right(page: Page) -> None:
    """No axe violation and nothing wider than the screen, however it is looked at."""
    for scheme, width in LOOKS:
        await page.emulate_media(color_scheme=scheme)
        await page.set_viewport_size({"width": width, "height": 900})
        await page.wait_for_timeout(400)  # colours change over a moment, and axe would see between
        wider = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wider <= 0, (page.url, scheme, width)
        found = await Axe().run(page)
        broken = [
            (one["id"], [node["target"] for node in one["nodes"]])
            for one in found.response["violations"]
        ]
        assert broken == [], (page.url, scheme, width)


async def asked(site: Site) -> None:
    """A question to ada, in her inbox."""
    store = site.store
    store.id_of("ada")
    case = await store.claimed()
    answer = await store.decide(
        case, "ask", reason="purpose", note="What is it for?\n\n" + "Donaudampfschiff" * 20
    )
    assert answer.status_code == 200, answer.text
    fanout = Fanout(
        store.app.state.services.engine, store.settings.store, "Europe/London", mail=False
    )
    while fanout.batch():
        pass


async def test_an_inbox_is_read_and_marked(site: Site, signed_in: SignedIn) -> None:
    await asked(site)
    page = await signed_in("ada")

    await page.goto("/inbox")
    await looks_right(page)
    await page.get_by_role("link", name="A reviewer has a question").click()
    await expect(page.get_by_text("What is it for?")).to_be_visible()
    await looks_right(page)
    await page.get_by_role("button", name="Keep unread").click()
    await expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    await page.get_by_role("button", name="Mark all as read").click()

    await expect(page.get_by_text("Everything is read.")).to_be_visible()


async def test_what_one_is_told_is_chosen_by_keyboard(site: Site, signed_in: SignedIn) -> None:
    page = await signed_in("ada")
    await page.goto("/inbox/preferences")
    await looks_right(page)

    await page.get_by_label("Progress: mail").select_option("off")
    await page.get_by_label("From").fill("22:00")
    await page.get_by_label("Until").fill("07:00")
    await page.get_by_role("button", name="Keep this").press("Enter")

    await expect(page.get_by_role("status")).to_contain_text("Done")
    await expect(page.get_by_label("Progress: mail")).to_have_value("off")
    await expect(page.get_by_label("From")).to_have_value("22:00")


async def test_a_webhook_is_made_tested_and_switched_off(site: Site, signed_in: SignedIn) -> None:
    page = await signed_in("adam")
    await page.goto("/webhooks")
    await looks_right(page)

    await page.get_by_label("Name").fill("Our own desk")
    await page.get_by_label("URL").fill("https://hooks.example/" + "long" * 40)
    await page.get_by_role("button", name="Make it").press("Enter")
    secret = await page.get_by_label("Secret, for").input_value()
    await looks_right(page)
    await page.get_by_role("link", name="I have it").click()
    await page.get_by_role("button", name="Send a test").click()
    await expect(page.get_by_text("webhook.test")).to_be_visible()
    await looks_right(page)
    await page.get_by_role("button", name="Switch off").click()

    await expect(page.get_by_text("Nothing is sent to it.")).to_be_visible()
    assert secret.startswith("whsec_")
    assert secret not in await page.content()
