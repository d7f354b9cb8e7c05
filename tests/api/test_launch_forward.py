"""Bringing a launch forward: what is in the way is shown first, then two people say so."""

from datetime import timedelta

from api.views import time_text
from tests.api.store import Store, manifest
from tests.api.test_launch_levers import sent
from tests.api.test_launch_pages import ahead, ready, words
from tests.api.test_pages import HOSTILE, Browser
from tests.launch_stories import DAY, Told, bind


def answered(store: Store, opening: timedelta) -> Told:
    """In gating, with every gate answered and no notice owed."""
    told = Told(store, "Opening of the store", ahead(opening), minimum_notice_s=0)
    told.gating()
    told.now = ahead(timedelta(0))
    told.give("attest", "pia", {"gate": "policy_published", "evidence": told.say("Version 7.")})
    told.give("waive", "lou", {"gate": "support_ready", "reason": told.say("Staffed.")})
    told.give("sign", "sam", {"gate": "safety_review", "verdict": "yes"})
    return told


async def test_two_people_bring_it_forward_from_its_page(store: Store) -> None:
    case = await store.approved(manifest("Night Sky Guide"))
    release = str(case["release"])
    await store.post(f"/v1/duties/{case['publisher']}/accept_policies", by="ada")
    told = answered(store, 9 * DAY)
    bind(store, release, told.subject)
    board = f"/launches/{told.subject}"
    wanted = ahead(4 * DAY)
    sooner = wanted.strftime("%Y-%m-%dT%H:%MZ")
    page = f"{board}/forward?target={sooner}"

    seen = words(await Browser(store, "lea").page(page))
    first = await sent(store, "lea", page, f"{board}/forward", target=sooner, note="Ready.")
    again = await sent(store, "lea", page, f"{board}/forward", target=sooner, note="Ready.")
    waiting = words(await Browser(store, "lou").page(f"{board}/forward"))
    second = await sent(store, "lou", f"{board}/forward", f"{board}/forward",
                        target=sooner, note="Ready.")  # fmt: skip
    after = (await store.get(f"/v1/launches/{told.subject}", "lea")).json()

    assert "gates hold, every item is ready" in seen, seen[seen.index("What is in the way") :][:900]
    assert first[:2] == (303, f"{board}?said=launch-forward-first"), first[2][:600]
    assert again[0] == 403
    assert "Agree: bring it forward" in waiting
    assert second[:2] == (303, f"{board}?said=launch-forward"), second[2][:600]
    assert after["opens_at"] == time_text(wanted)
    assert after["status"] == "gating"


async def test_what_is_in_the_way_is_listed_and_refuses_the_command_too(store: Store) -> None:
    release = await ready(store)
    told = answered(store, 9 * DAY)
    bind(store, release, told.subject)
    gpt = (await store.get(f"/v1/releases/{release}", "lea")).json()["gpt"]
    until = ahead(8 * DAY).strftime("%Y-%m-%dT%H:%MZ")
    embargo = {"gpt": gpt, "not_before": until, "reason": "press"}
    set_ = await store.post("/v1/embargoes", embargo, by="lea")
    path = f"/v1/launches/{told.subject}"
    sooner = {"target": ahead(4 * DAY).strftime("%Y-%m-%dT%H:%MZ")}

    seen = await store.post(f"{path}/forward/preview", sooner, by="lea")
    version = (await store.get(path, "lea")).headers["ETag"]
    given = {**sooner, "reason": "ready"}
    refused = await store.post(f"{path}/bring-forward", given, by="lea", version=version)
    later = await store.post(
        f"{path}/forward/preview", {"target": ahead(30 * DAY).strftime("%Y-%m-%dT%H:%MZ")}, by="lea"
    )
    odd = await store.post(f"{path}/forward/preview", {"target": HOSTILE}, by="lea")
    outside = await store.post(f"{path}/forward/preview", sooner, by="ada")

    assert set_.status_code == 201, set_.text
    assert {"code": "embargo_broken", "id": release, "name": "Night Sky Guide"} in (
        seen.json()["why"]
    )
    assert seen.json()["may"] is False
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/evidence-blocks")
    assert f"embargo_broken:{release}" in refused.text
    assert (later.status_code, odd.status_code, outside.status_code) == (422, 422, 403)


async def test_gates_in_the_way_are_named_by_their_titles(store: Store) -> None:
    told = Told(store, "Opening", ahead(9 * DAY)).gating()
    sooner = ahead(4 * DAY).strftime("%Y-%m-%dT%H:%MZ")

    page = await Browser(store, "lea").page(f"/launches/{told.subject}/forward?target={sooner}")

    assert "Support and appeals are staffed for the first week: no answer yet" in words(page)
    assert "support_ready" not in page.text
