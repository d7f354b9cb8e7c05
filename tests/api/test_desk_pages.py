"""Pages of GPTs, stops, policy and operations: what they say, and that their forms work."""

from typing import Any

import pytest

from api.pages.policy import opening_hours
from policies.pack import Calendar
from tests.api.store import Store, manifest
from tests.api.test_pages import HOSTILE, Browser, assert_careful


async def listing_of(store: Store, gpt: str) -> dict[str, Any]:
    found: dict[str, Any] = (await store.get(f"/v1/listings/{gpt}", "lea")).json()
    return found


async def test_a_gpt_shows_its_line_of_revisions_and_what_is_served(store: Store) -> None:
    listing = await store.released()
    again = await store.submitted(manifest(description="Planets, too."))
    gpt, first = listing["gpt"], listing["exposure"]["stable"]

    page = await Browser(store, "ada").page(f"/gpts/{gpt}")

    assert page.text.count('class="digest"') >= 2
    assert first[:12] in page.text
    assert again["digest"][:12] in page.text
    assert "to everyone" in page.text
    assert f"/submissions/{again['id']}" in page.links
    assert f"/mine/new?gpt={gpt}" in page.links


async def test_a_developer_takes_a_gpt_from_the_store_and_brings_it_back(store: Store) -> None:
    gpt = (await store.released())["gpt"]
    ada, seen = Browser(store, "ada"), []

    for what in ("unlist", "relist"):
        form = await ada.page(f"/gpts/{gpt}")
        hidden = {name: form.hidden[name] for name in ("key", "version")}
        answer = await ada.send(f"/gpts/{gpt}", {**hidden, "what": what})
        seen.append((answer.status_code, (await listing_of(store, gpt))["status"]))

    assert seen == [(303, "unlisted"), (303, "listed")]


async def test_safety_quarantines_and_lifts_on_the_page_of_the_gpt(store: Store) -> None:
    gpt = (await store.released())["gpt"]
    sam = Browser(store, "sam")
    form = await sam.page(f"/gpts/{gpt}")
    fields = {**form.hidden, "what": "quarantine"}

    without = await sam.send(f"/gpts/{gpt}", fields)
    taken = await sam.send(f"/gpts/{gpt}", {**fields, "reason": f"Reported. {HOSTILE}"})
    told = await sam.visit(f"/gpts/{gpt}")
    form = await sam.page(f"/gpts/{gpt}")
    lifted = await sam.send(f"/gpts/{gpt}", {**form.hidden, "what": "lift_quarantine"})

    assert without.status_code == 422
    assert taken.status_code == lifted.status_code == 303
    assert "Nobody is served it" in told.text
    assert "<script>alert" not in told.text
    assert (await listing_of(store, gpt))["status"] == "listed"


async def test_a_gpt_of_somebody_else_does_not_exist_for_a_developer(store: Store) -> None:
    case = await store.submitted()

    answer = await Browser(store, "ben").visit(f"/gpts/{case['gpt']}")
    nothing = await Browser(store, "ben").visit("/gpts/gpt_nothing")

    assert answer.status_code == nothing.status_code == 404


async def test_a_stop_is_placed_and_lifted_by_forms(store: Store) -> None:
    gpt = (await store.submitted())["gpt"]
    sam = Browser(store, "sam")
    form = await sam.page(f"/stops?scope=gpt&target={gpt}")
    filled = {"key": form.hidden["key"], "scope": "gpt", "target": gpt}

    unsaid = await sam.send("/stops", filled)
    placed = await sam.send("/stops", {**filled, "reason": f"Bad advice. {HOSTILE}"})
    page = await sam.visit("/stops")
    lift = next(
        str(attrs["action"])
        for attrs in (await sam.page("/stops")).all("form")
        if str(attrs.get("action")).endswith("/lift")
    )
    lifted = await sam.send(lift, {"key": "k1", "version": 1, "reason": "It was mended."})

    assert [unsaid.status_code, placed.status_code, lifted.status_code] == [422, 303, 303]
    assert_careful(page)
    assert "Night Sky Guide" in page.text
    assert "Bad advice." in page.text
    assert "<script>alert" not in page.text
    assert "It was mended." in (await sam.page("/stops")).text


async def test_who_stopped_a_publisher_is_told_why_somebody_else_lifts_it(store: Store) -> None:
    publisher = store.publishers["lumen"]
    sam = Browser(store, "sam")
    fields = {"key": "k", "scope": "publisher", "target": publisher, "reason": "Under attack."}

    await sam.send("/stops", fields)
    own, other = await sam.page("/stops"), await Browser(store, "lea").page("/stops")

    assert "is lifted by another person than placed it" in own.text
    assert "Lift it" not in own.text
    assert "Lift it" in other.text


@pytest.mark.parametrize("target", ["gpt_nothing", "no id", "gpt_\u202e", "' or 1=1 --"])
async def test_a_stop_needs_something_to_bite_on(store: Store, target: str) -> None:
    fields = {"key": "k", "scope": "gpt", "target": target, "reason": "r"}

    answer = await Browser(store, "sam").send("/stops", fields)

    assert answer.status_code == 404
    assert (await store.get("/v1/stops", "sam")).json()["items"] == []


async def test_stops_are_for_staff(store: Store) -> None:
    assert (await Browser(store, "ada").visit("/stops")).status_code == 403


async def test_operations_tell_what_is_well_and_what_waits(store: Store) -> None:
    await store.submitted()

    page = await Browser(store, "adam").visit("/operations")

    assert_careful(page)
    for words in ("Database", "Temporal answers", "poller", "GB free", "Waiting for review"):
        assert words in page.text, words


async def test_operations_stay_readable_while_the_orchestrator_is_away(
    store: Store, cut_off: Store
) -> None:
    page = await Browser(cut_off, "adam").visit("/operations")

    assert page.status_code == 200
    assert "Temporal does not answer" in page.text
    assert "Commands are kept" in page.text


@pytest.mark.parametrize("by", ["ada", "rita", "una"])
async def test_operations_are_for_operators(store: Store, by: str) -> None:
    assert (await Browser(store, by).visit("/operations")).status_code == 403


async def test_everybody_reads_the_policy_before_submitting(store: Store) -> None:
    page = await Browser(store, None).visit("/policy")

    assert_careful(page)
    for words in ("Secrets stay secret", "two people", "25 %", "Every day, all day"):
        assert words.lower() in page.text.lower(), words


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ((0, 1, 2, 3, 4), "Monday to Friday, 09:00 to 17:00"),
        ((0, 2, 5), "Monday, Wednesday, Saturday, 09:00 to 17:00"),
        ((0, 1, 2, 3, 4, 5, 6), "every day, 09:00 to 17:00"),
    ],
)
def test_opening_hours_read_as_people_say_them(days: tuple[int, ...], said: str) -> None:
    calendar = Calendar(zone="Europe/London", days=days, open_from="09:00", open_until="17:00")

    assert opening_hours(calendar) == said
