"""The pictures of the README, made anew: `python -m tests.browser.screenshots [FOLDER]`.

A store with something in every state is built (`tests.browser.scene`), and Chromium looks at it.
The pictures are PNG, below 150 kB each.
"""

import asyncio
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.async_api import async_playwright

from api.browser import COOKIE
from tests.api.world import World
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.scene import Scene, staged

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
MOST_BYTES = 150_000
POSTPONE = "/launches/{launches[gating]}/postpone?target=early+{next_year}&why=unexpected"
# name, who, path, scheme, width, height
SHOTS = (
    ("my-gpts", "ada", "/mine", "light", 1280, 760),
    ("review", "rita", "/reviews/{cases[update]}", "light", 1280, 900),
    ("review-dark", "rolf", "/reviews/{cases[leaky]}", "dark", 1280, 900),
    ("release", "lea", "/releases/{releases[paused]}", "light", 1280, 720),
    ("stops", "sam", "/stops", "dark", 1280, 640),
    ("operations", "lea", "/operations", "light", 1280, 900),
    ("launch", "lea", "/launches/{launches[gating]}", "light", 1280, 1000),
    ("launch-poll", "lea", "/launches/{launches[poll]}", "dark", 1280, 880),
    ("postpone", "lea", POSTPONE, "light", 1280, 760),
    ("postpone-memos", "lea", POSTPONE + "#memos", "light", 1280, 700),
    ("memo", "lea", "/memos/{memos[told]}", "light", 1280, 760),
    ("duties", "ada", "/duties/{publishers[lumen]}", "light", 1280, 640),
    ("forecast", "lea", "/launches/{launches[postponed]}/forecast", "light", 1280, 700),
    ("forward", "lea", "/launches/{launches[gating]}/forward?target={sooner}", "light", 1280, 700),
    ("pressure", "lea", "/launches/{launches[live]}/pressure", "light", 1280, 860),
    ("calendar", "lea", "/launches/{launches[gating]}#calendar", "light", 1280, 760),
    ("rehearsal", "lea", "/launches/{launches[gating]}/rehearsal", "light", 1280, 760),
    ("windows", "lea", "/windows", "light", 1280, 900),
    ("launches", "lea", "/launches", "light", 1280, 700),
    ("launch-phone", "sam", "/launches/{launches[countdown]}", "light", 390, 844),
    ("phone", "ada", "/submissions/{cases[changes]}", "light", 390, 844),
    ("phone-dark", "rita", "/reviews", "dark", 390, 844),
)


async def take(scene: Scene) -> dict[str, bytes]:
    """Every picture of `SHOTS` by name."""
    taken: dict[str, bytes] = {}
    now = datetime.now(UTC)
    dates = {"next_year": now.year + 1, "sooner": f"{now + timedelta(days=5):%Y-%m-%dT10:00}"}
    where = scene.url.replace("http:", "https:")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for name, who, path, scheme, width, height in SHOTS:
            context = await browser.new_context(
                base_url=scene.url,
                color_scheme="dark" if scheme == "dark" else "light",
                viewport={"width": width, "height": height},
            )
            await context.add_cookies(
                [{"name": COOKIE, "value": scene.cookies[who], "url": where, "secure": True}]
            )
            page = await context.new_page()
            # Until parts are there that a page fetches beside it.
            await page.goto(path.format(**vars(scene), **dates), wait_until="networkidle")
            taken[name] = await page.screenshot(animations="disabled")
            await context.close()
        await browser.close()
    return taken


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    with tempfile.TemporaryDirectory() as kept:
        database = f"sqlite:///{kept}/scene.db"
        with World(Path(kept), database) as world, staged(world) as scene:
            taken = asyncio.run(take(scene))
    folder.mkdir(parents=True, exist_ok=True)
    large = {name: len(data) for name, data in taken.items() if len(data) > MOST_BYTES}
    for name in taken.keys() - large.keys():
        (folder / f"{name}.png").write_bytes(taken[name])
    if large:
        raise SystemExit(f"more than {MOST_BYTES} bytes, and not kept: {large}")


if __name__ == "__main__":
    main()
