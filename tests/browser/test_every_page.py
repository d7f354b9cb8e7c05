"""Every page of the store as people meet it: light and dark, on a phone and on a desk.

The list of pages comes from the application. A page without an id in its path is visited by itself;
one with an id says in `VISITS` whose and which, or its test fails. The quick tests make the first
visit of each page; the other people and states, which take minutes, are slow.
"""

from functools import partial
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, ConsoleMessage, Error

from tests.browser.scene import Scene
from tests.page_routes import ROUTES

WIDTHS = (390, 1280)
SCHEMES: tuple[Any, ...] = ("light", "dark")
# Each scheme and each width is looked at by axe once; overflow is measured in all four.
LOOKED_AT = {("light", 390), ("dark", 1280)}
# Colours fade from one scheme to the other; half way nothing has the contrast of either.
SETTLED = """async () => {
  await new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)));
  await Promise.allSettled(document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().endTime !== Infinity)
    .map((one) => one.finished));
}"""
ANYBODY = ("lea", "", "ada", "adam")  # who visits a page without an id
# Path of a route → who visits it, and what stands for its ids: a table of the scene, and a key.
VISITS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "/submissions/{subject}": (
        ("ada", "cases", "asked"),
        ("ada", "cases", "changes"),
        ("ada", "cases", "blocked"),
        ("ada", "cases", "long"),
        ("lea", "cases", "hostile"),
    ),
    "/reviews/{subject}": (
        ("rita", "cases", "update"),
        ("rolf", "cases", "leaky"),
        ("rolf", "cases", "held"),
        ("rita", "cases", "undoable"),
        ("rita", "cases", "huge"),
        ("twin", "cases", "rtl"),
    ),
    "/releases/{subject}": (
        ("lea", "releases", "paused"),
        ("lea", "releases", "ready"),
        ("lou", "releases", "halted"),
        ("ada", "releases", "scheduled"),
    ),
    "/launches/{subject}": (
        ("lea", "launches", "draft"),
        ("lea", "launches", "planned"),
        ("ada", "launches", "gating"),
        ("sam", "launches", "gating"),
        ("pia", "launches", "poll"),
        ("lea", "launches", "countdown"),
        ("sam", "launches", "hold"),
        ("lea", "launches", "live"),
        ("lea", "launches", "postponed"),
    ),
    "/launches/{subject}/forecast": (
        ("lea", "launches", "gating"),
        ("sam", "launches", "countdown"),
        ("lea", "launches", "live"),
        ("lea", "launches", "postponed"),
    ),
    "/launches/{subject}/forward": (("lea", "launches", "gating"),),
    "/launches/{subject}/postpone": (("lea", "launches", "gating"), ("sam", "launches", "hold")),
    "/launches/{subject}/pressure": (("lea", "launches", "poll"), ("sam", "launches", "live")),
    "/launches/{subject}/rehearsal": (
        ("lea", "launches", "gating"),
        ("sam", "launches", "draft"),
        ("pia", "launches", "poll"),
        ("lea", "launches", "live"),
    ),
    "/launches/{subject}/plan": (("lea", "launches", "gating"), ("sam", "launches", "draft")),
    "/duties/{publisher}": (("ada", "publishers", "lumen"), ("lea", "publishers", "marrow")),
    "/memos/{memo}": (
        ("lea", "memos", "prepared"),
        ("lea", "memos", "sent"),
        ("ada", "memos", "sent"),
        ("rita", "memos", "correction"),
    ),
    "/publishers/{publisher}": (
        ("ada", "publishers", "lumen"),
        ("ben", "publishers", "marrow"),
        ("adam", "publishers", "marrow"),
    ),
    "/transfers/{transfer}": (("ben", "transfers", "offered"), ("ada", "transfers", "offered")),
    "/inbox/{entry}": (("ada", "entries", "ada"),),
    "/inbox/address/{proof}": (("ada", "entries", "ada"),),  # a look asks for no proof
    "/webhooks/{webhook}": (("adam", "webhooks", "whole"), ("ada", "webhooks", "lumen")),
    "/people/{person}": (("adam", "people", "ada"),),
    "/gpts/{gpt}": (
        ("ada", "gpts", "listed"),
        ("ada", "gpts", "withdrawn"),
        ("sam", "gpts", "quarantined"),
    ),
}


def _said(said: list[str], message: ConsoleMessage) -> None:
    said.append(message.text)


def _thrown(said: list[str], fault: Error) -> None:
    said.append(str(fault))


def visits_of(route: str, scene: Scene) -> list[tuple[str, str]]:
    """(person, path) of everybody who looks at this page."""
    if "{" not in route:
        return [(name, route) for name in ANYBODY]
    assert route in VISITS, f"say in VISITS who looks at {route}, and at what of the scene"
    before, _, after = route.partition("{")
    return [
        (who, before + getattr(scene, table)[key] + after.partition("}")[2])
        for who, table, key in VISITS[route]
    ]


FIRST, OTHERS = slice(0, 1), slice(1, None)
SWEEP = [
    *(pytest.param(one, FIRST, id=f"{one}-first") for one in ROUTES),
    *(
        pytest.param(one, OTHERS, id=f"{one}-others", marks=pytest.mark.slow)
        for one in ROUTES
        if len(VISITS.get(one, ANYBODY)) > 1
    ),
]


@pytest.mark.parametrize(("route", "visits"), SWEEP)
async def test_a_page_is_for_everybody_on_every_screen(
    route: str, visits: slice, scene: Scene, profiles: dict[str, BrowserContext]
) -> None:
    trouble: list[str] = []
    seen: set[str] = set()
    for who, path in visits_of(route, scene)[visits]:
        page = await profiles[who].new_page()
        said: list[str] = []
        page.on("console", partial(_said, said))
        page.on("pageerror", partial(_thrown, said))
        answer = await page.goto(path)
        assert answer is not None
        # Whoever may not look is told so; that page is looked at once, like every other.
        key = path if "{" in route else await page.title()
        if key in seen or (answer.status != 200 and "{" in route):
            trouble += [f"{who} {path}: {answer.status}"] if key not in seen else []
            await page.close()
            continue
        seen.add(key)
        for scheme in SCHEMES:
            for width in WIDTHS:
                where = f"{path} as {who or 'a visitor'}, {scheme}, {width} px"
                await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                await page.set_viewport_size({"width": width, "height": 900})
                await page.evaluate(SETTLED)
                wider = await page.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                trouble += [f"{where}: {wider} px wider than the screen"] if wider > 0 else []
                if (scheme, width) not in LOOKED_AT:
                    continue
                found = await Axe().run(page)
                assert found.response["passes"], f"{where}: nothing was looked at"
                for one in found.response["violations"]:
                    nodes = ", ".join(str(node["target"]) for node in one["nodes"][:3])
                    trouble.append(f"{where}: {one['id']}: {nodes}")
        if answer.status == 200:
            trouble += [f"{path} as {who}: {one}" for one in said]
        await page.close()

    assert trouble == []
    assert seen
