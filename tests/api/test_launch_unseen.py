"""Nothing that is bound to a launch shows before it is live: every address is asked for it.

Visitors and developers of another publisher ask all the API's reads and all pages, with the ids of
what is hidden, as if somebody had told them. No answer and no header says what it is.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.api.store import Store, manifest
from tests.api.test_openapi import DOCUMENT
from tests.api.test_pages import Browser
from tests.launch_stories import Told, bind
from tests.page_routes import ROUTES

NAME, SAYS, LAUNCH = "Zephyrine Almanac", "Quolline tables of the tides.", "Operation Candlewick"
# They stay open until something happens; what they send are the events that the lists show.
_OPEN_ENDED = ("stream", "/live")
READS = sorted(
    path
    for path, item in DOCUMENT["paths"].items()
    if "get" in item and not path.endswith(_OPEN_ENDED)
)
PAGES = [path for path in ROUTES if not path.endswith(_OPEN_ENDED)]


def filled(path: str, ids: dict[str, str]) -> list[str]:
    """`path` with each hidden id in all of its places: also where another kind of id belongs."""
    if "{" not in path:
        return [path]
    found = []
    for one in ids.values():
        pieces = [piece.partition("}")[2] if "}" in piece else piece for piece in path.split("{")]
        found.append(quote(one).join(pieces))
    return found


async def asked(store: Store, by: str | None, ids: dict[str, str]) -> dict[str, Any]:
    """Address → answer, of every read as `by`; also what a search for the very words finds."""
    browser = Browser(store, by)
    answers = {}
    for word in ("Zephyrine", "Quolline", "tides", "Candlewick"):
        for path in ("/v1/catalogue/search", "/catalogue", "/launches", "/releases"):
            answers[f"{path}?q={word}"] = await browser.visit(f"{path}?q={word}")
    for path in READS:
        for url in filled(path, ids):
            answers[url] = await store.get(url, by)
    for path in PAGES:
        for url in filled(path, ids):
            answers[f"page {url}"] = await browser.visit(url)
    return answers


def telling(answers: dict[str, Any], words: tuple[str, ...]) -> set[str]:
    return {
        url
        for url, answer in answers.items()
        if any(word.lower() in f"{answer.text} {answer.headers}".lower() for word in words)
        and not url.partition("?")[2]  # a search repeats its own words
    }


@pytest.mark.slow
async def test_i6_no_address_tells_strangers_of_what_waits_for_its_launch(store: Store) -> None:
    case = await store.approved(manifest(NAME, description=SAYS, category="education"))
    told = Told(store, LAUNCH, datetime.now(UTC) + timedelta(seconds=100))
    bind(store, str(case["release"]), told.subject)
    told.counting()
    release = (await store.get(f"/v1/releases/{case['release']}", "lea")).json()
    ids = {"launch": told.subject, "release": release["id"], "gpt": case["gpt"],
           "case": case["id"], "listing": release["listing"], "digest": case["digest"],
           "publisher": store.publishers["lumen"]}  # fmt: skip
    words = (NAME, "Zephyrine", "Quolline", LAUNCH, "Candlewick", release["digest"])

    by = {who: await asked(store, who, ids) for who in (None, "ben", "lea", "ada")}
    hidden = tuple(word for word in words if word != release["digest"])

    # Asked by those who may know, the same addresses tell it: the words are the right ones.
    assert len(telling(by["lea"], words)) > 15
    assert len(telling(by["ada"], words)) > 5
    for who in (None, "ben"):
        assert telling(by[who], hidden) == set(), who
        for url, answer in by[who].items():
            assert answer.status_code < 500, url
            if ids["digest"] not in url:
                assert release["digest"] not in f"{answer.text} {answer.headers}", url
        found = [by[who][f"/v1/catalogue/search?q={word}"].json() for word in ("Quolline", "tides")]
        assert [one["items"] for one in found] == [[], []]
        listed = by[who]["/v1/catalogue"].json()
        assert (listed["items"], listed["categories"]) == ([], {})
        served = by[who][f"/v1/catalogue/{case['gpt']}/resolve"].json()
        assert (served["digest"], served["serving"]) == (None, "none")
