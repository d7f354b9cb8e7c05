"""One GPT from sign-in to erasure, by people who only ever use their browser.

A developer signs in with OpenID Connect, founds a publisher and proves its domain, uploads a folder
and watches; a reviewer claims and decides; a lead starts the release, which goes through its
stages; safety on call stops it and lifts the stop; the developer takes it down, and two people
erase it. The provider, the name server, Temporal, worker, model server and browser are real.
"""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from gonogo.db.enrolment import invite
from gonogo.db.session import engine_of, writing
from gonogo.ids import new_id
from gonogo.settings import Settings
from tests import provider
from tests.api.store import CHECKLIST, Store, manifest
from tests.api.world import World
from tests.browser.api_server import ApiServer
from tests.browser.conftest import SignedIn, Site

DOMAIN = "lantern-guides.org"
NAME = "Harbour Pilot"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with provider.running() as url:
        yield url


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "harbour-pilot"
    folder.mkdir()
    (folder / "gpt.yaml").write_text(json.dumps(manifest(NAME)))
    return folder


@pytest_asyncio.fixture(loop_scope="session")
async def site(world: World, api: ApiServer, issuer: str) -> AsyncIterator[Site]:
    """A fresh store that knows the identity provider, and has no publisher."""
    given = {
        "store": new_id("sto"),
        "oidc_issuer": issuer,
        "oidc_client_id": "gonogo",
        "oidc_client_secret": "correct-horse-battery-staple",
        "oidc_name": "Lantern ID",
    }
    fields = {name: getattr(world.settings, name) for name in Settings.model_fields}
    settings = Settings(**{**fields, **given})
    services = api.serve(settings)
    async with httpx.AsyncClient(base_url=api.url, timeout=90, trust_env=False) as http:
        yield Site(api.url, Store(settings, api.app, http, services.identity, {}))
    api.close(services)


async def _invited(site: Site, issuer: str) -> str:
    """Nora may come as a developer; the provider vouches for her address."""
    store = site.store
    person = store.identity.add_person("Nora", ("developer",))
    engine = engine_of(store.settings.database)
    with writing(engine) as session:
        invite(session, store.settings.store, person, "nora@lantern.example", store.id_of("adam"))
    engine.dispose()
    claims = {"email": "nora@lantern.example", "email_verified": True, "name": "Nora"}
    async with httpx.AsyncClient(base_url=issuer, trust_env=False) as http:
        (await http.put("/lie", json={"how": ""})).raise_for_status()
        (await http.put("/users/nora-1", json=claims)).raise_for_status()
    return person


async def _signs_in(page: Page) -> None:
    await page.goto("/")
    await page.get_by_role("link", name="Sign in with Lantern ID").click()
    await page.locator("input[name=sub]").fill("nora-1")
    await page.get_by_role("button", name="Authorize").click()
    await expect(page.get_by_role("banner").get_by_text("Nora")).to_be_visible()


async def _proves_a_domain(page: Page, world: World) -> None:
    await page.goto("/publishers")
    await page.get_by_label("Name that people see").fill("Lantern Guides")
    await page.get_by_role("button", name="Found it").click()
    await expect(page.get_by_role("heading", name="Lantern Guides")).to_be_visible()
    await page.get_by_label("Domain").fill(DOMAIN)
    await page.get_by_role("button", name="Show me what to put there").click()
    record = page.locator("dl", has_text="TXT").locator("dd").nth(2)
    await expect(record).to_be_visible()
    await page.get_by_role("button", name="Look now").click()
    await expect(page.get_by_text("What the last look found")).to_be_visible()
    world.names.txt(DOMAIN, (await record.inner_text()).strip())
    await page.get_by_role("button", name="Look now").click()
    await expect(page.get_by_text("Verified", exact=True).first).to_be_visible()


async def _uploads(page: Page, folder: Path) -> str:
    """Returns the case's id, once its page says that a person is to look at it."""
    await page.goto("/mine/new")
    await page.locator("input[type=file][webkitdirectory]").set_input_files(folder)
    await page.get_by_role("button", name="Submit the bundle").click()
    await page.wait_for_url("**/submissions/sub_*")
    # Nothing is clicked: the page follows by itself.
    await expect(page.get_by_text("Waiting for review").first).to_be_visible(timeout=30_000)
    return page.url.partition("/submissions/")[2].partition("?")[0]


async def _decides(page: Page, case: str) -> None:
    await page.goto("/reviews")
    await page.get_by_role("link", name=NAME).first.click()
    await page.wait_for_url(f"**/reviews/{case}*")
    await page.get_by_role("button", name="Claim this case").click()
    approve = page.get_by_role("button", name="Approve", exact=True)
    await expect(approve).to_be_enabled()
    for item in CHECKLIST:
        await page.locator(f"input[name=checklist][value={item}]").check()
    await approve.click()
    await expect(page.get_by_text("Approved", exact=True).first).to_be_visible()


async def _releases(page: Page, release: str) -> None:
    await page.goto(f"/releases/{release}")
    await page.get_by_role("button", name="Start now").click()
    # Two stages of some seconds each; the page follows.
    await expect(page.get_by_text("Completed", exact=True).first).to_be_visible(timeout=30_000)


async def _stops_and_lifts(page: Page, gpt: str, site: Site) -> None:
    async def serving() -> Any:
        told = await site.store.get(f"/v1/catalogue/{gpt}/resolve", unit="u")
        return told.json()["serving"]

    assert await serving() == "stable"
    await page.goto(f"/stops?scope=gpt&target={gpt}")
    await page.get_by_label("Why").fill("It names a reef where there is none.")
    await page.get_by_role("button", name="Stop it now").click()
    await expect(page.get_by_text("In force", exact=True)).to_be_visible()
    assert await serving() == "none"
    await page.get_by_text("Lift this stop").click()
    await page.get_by_label("Why it may be served again").fill("The chart was right.")
    await page.get_by_role("button", name="Lift it").click()
    await expect(page.get_by_text("Lifted", exact=True).first).to_be_visible()
    assert await serving() == "stable"


async def _erase(asking: Page, confirming: Page, gpt: str) -> None:
    await asking.goto(f"/purges?scope=gpt&target={gpt}")
    await expect(asking.get_by_text("Would be erased:")).to_be_visible()
    await asking.get_by_label("Who wants it, on what ground").fill("Its publisher asks for it.")
    await asking.get_by_role("button", name="Ask to erase it").click()
    await expect(asking.get_by_text("Waits for a second person")).to_be_visible()
    await expect(asking.get_by_role("button", name="Confirm: erase it for good")).to_have_count(0)
    await confirming.goto("/purges")
    await confirming.get_by_role("button", name="Confirm: erase it for good").click()
    for _ in range(20):
        await confirming.goto("/purges")
        if await confirming.get_by_text("Erased", exact=True).first.is_visible():
            return
        await confirming.wait_for_timeout(500)
    raise AssertionError(await confirming.inner_text("main"))


@pytest.mark.slow
async def test_from_sign_in_to_erasure_in_the_browser(
    site: Site, visitor: Page, signed_in: SignedIn, world: World, issuer: str, bundle: Path
) -> None:
    await _invited(site, issuer)
    store = site.store

    await _signs_in(visitor)
    await _proves_a_domain(visitor, world)
    case = await _uploads(visitor, bundle)
    await _decides(await signed_in("rita"), case)
    settled = await store.until(f"/v1/submissions/{case}", lambda c: bool(c["release"]))
    await store.until(f"/v1/releases/{settled['release']}", lambda r: r.get("phase") == "ready")
    await _releases(await signed_in("lea"), settled["release"])
    await _stops_and_lifts(await signed_in("sam"), settled["gpt"], site)
    await visitor.goto(f"/gpts/{settled['gpt']}")
    await visitor.get_by_role("button", name="Unlist").click()
    await expect(visitor.get_by_role("button", name="List again")).to_be_enabled()
    await _erase(await signed_in("adam"), await signed_in("una"), settled["gpt"])

    await visitor.goto(f"/submissions/{case}")
    await expect(visitor.get_by_role("main")).to_contain_text("rased")
    assert (await store.get(f"/v1/submissions/{case}", "una")).json()["stage"] == "approved"
