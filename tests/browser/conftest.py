"""A real Chromium at the real API: `site`, `visitor`, `signed_in("ada")`.

Tests and fixtures of this folder share one event loop, because a browser belongs to the loop that
launched it. A page that breaks the Content-Security-Policy or throws fails its test.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from api.app import create_app
from api.browser import COOKIE
from gonogo.ids import new_id
from gonogo.settings import Settings
from tests.api.store import PEOPLE, Store
from tests.api.world import World
from tests.browser.api_server import ApiServer
from tests.browser.scene import Scene, staged
from tests.conftest import require

CHROMIUM = Path("/usr/bin/chromium")
HAS_CHROMIUM = CHROMIUM.exists()
FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_MS = 15_000
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and isinstance(item, pytest.Function):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@dataclass(frozen=True)
class Site:
    """One test's store behind a port that a browser can reach."""

    url: str
    store: Store

    @property
    def settings(self) -> Settings:
        return self.store.settings


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, launched once."""
    require("chromium", HAS_CHROMIUM, "there is no /usr/bin/chromium: install chromium")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield launched
        await launched.close()


@pytest.fixture(scope="session")
def api(world: World) -> Iterator[ApiServer]:
    with ApiServer(create_app(world.settings)) as serving:
        yield serving


@pytest_asyncio.fixture(loop_scope="session")
async def site(world: World, api: ApiServer) -> AsyncIterator[Site]:
    """A fresh store at `site.url`; `site.store` does in a line each what its people do."""
    settings = world.settings.model_copy(update={"store": new_id("sto")})
    services = api.serve(settings)
    identity = services.identity
    publishers = {
        name: identity.add_publisher(name.title(), verified=True) for name in ("lumen", "marrow")
    }
    async with httpx.AsyncClient(base_url=api.url, timeout=90, trust_env=False) as http:
        store = Store(settings, api.app, http, identity, publishers)
        yield Site(api.url, store)
    api.close(services)


Opened = Callable[[], Awaitable[BrowserContext]]
SignedIn = Callable[[str], Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def fresh(browser: Browser, site: Site) -> AsyncIterator[Opened]:
    """Open a browser profile of its own at the site; closed when the test ends."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    async def opened() -> BrowserContext:
        context = await browser.new_context(base_url=site.url)
        context.set_default_timeout(WAIT_MS)
        context.on("weberror", lambda error: faults.append(str(error.error)))
        context.on(
            "console",
            lambda said: (
                faults.append(said.text) if "Content Security Policy" in said.text else None
            ),
        )
        contexts.append(context)
        return context

    yield opened
    for context in contexts:
        await context.close()
    assert faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(fresh: Opened) -> Page:
    """A page of somebody who is not signed in."""
    return await (await fresh()).new_page()


@pytest_asyncio.fixture(loop_scope="session")
async def signed_in(fresh: Opened, site: Site) -> SignedIn:
    """`page = await signed_in("ada")`: a profile of its own, signed in, at the person's desk."""

    async def enter(name: str) -> Page:
        page = await (await fresh()).new_page()
        await page.goto("/")
        await page.get_by_label("Your token").fill(site.store.token_of(name))
        await page.get_by_role("main").get_by_role("button", name="Sign in").click()
        await page.wait_for_url(lambda url: url.rstrip("/") != site.url)
        return page

    return enter


@pytest.fixture(scope="session")
def scene(world: World) -> Iterator[Scene]:
    with staged(world) as built:
        yield built


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def profiles(browser: Browser, scene: Scene) -> AsyncIterator[dict[str, BrowserContext]]:
    """A signed-in browser profile for each person, and `""` for a visitor."""
    found: dict[str, BrowserContext] = {}
    for name in ("", *PEOPLE):
        found[name] = await browser.new_context(base_url=scene.url)
        if name:
            # Cookies know no scheme of a page; the prefix `__Host-` wants one that is secure.
            where = scene.url.replace("http:", "https:")
            await found[name].add_cookies(
                [{"name": COOKIE, "value": scene.cookies[name], "url": where, "secure": True}]
            )
    yield found
    for context in found.values():
        await context.close()
