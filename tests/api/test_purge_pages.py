"""The page of erasures: look first, ask, a second person confirms, holds forbid."""

from tests.api.store import Store
from tests.api.test_pages import HOSTILE, Browser, assert_careful
from tests.api.test_purges import closed


async def test_looking_asking_and_confirming_works_by_the_page_alone(store: Store) -> None:
    case = await closed(store)
    adam, una = Browser(store, "adam"), Browser(store, "una")
    query = f"/purges?scope=gpt&target={case['gpt']}"

    planned = await adam.page(query)
    fields = {"key": planned.hidden["key"], "scope": "gpt", "target": case["gpt"]}
    blind = await adam.send("/purges", {**fields, "what": "ask"})
    asked = await adam.send("/purges", {**fields, "what": "ask", "reason": f"A letter. {HOSTILE}"})
    own = await adam.page("/purges")
    seen = await una.page("/purges")
    (purge,) = [one["id"] for one in (await store.get("/v1/purges", "una")).json()["items"]]
    confirmed = await una.send(f"/purges/{purge}", {"key": seen.hidden["key"], "what": "confirm"})
    await store.until(f"/v1/purges/{purge}", lambda p: p["step"] == "done", by="una")
    after = await una.visit("/purges")

    assert "Would be erased:" in planned.text
    assert (blind.status_code, asked.status_code, confirmed.status_code) == (422, 303, 303)
    assert "Confirm: erase it for good" not in own.text
    assert "Confirm: erase it for good" in seen.text
    assert "because others need them" in after.text
    assert "<script>alert" not in after.text
    assert_careful(after)
    told = await Browser(store, "lea").visit(f"/submissions/{case['id']}")
    assert f"by request {purge}" in told.text
    assert "names no star" not in told.text


async def test_a_hold_is_placed_and_lifted_on_the_page(store: Store) -> None:
    case = await closed(store)
    adam, una = Browser(store, "adam"), Browser(store, "una")
    form = await adam.page(f"/purges?scope=gpt&target={case['gpt']}")
    fields = {"key": form.hidden["key"], "scope": "gpt", "target": case["gpt"]}

    held = await adam.send("/purges", {**fields, "what": "hold", "reason": "court"})
    (hold,) = [one["id"] for one in (await store.get("/v1/holds", "una")).json()["items"]]
    planned = await una.page(f"/purges?scope=gpt&target={case['gpt']}")
    lifted = await una.send(
        f"/purges/{hold}", {"key": planned.hidden["key"], "what": "lift", "reason": "over"}
    )

    assert (held.status_code, lifted.status_code) == (303, 303)
    assert hold in planned.text


async def test_the_page_is_for_keepers_and_for_what_is_there(store: Store) -> None:
    assert (await Browser(store, "lea").visit("/purges")).status_code == 403
    assert (await Browser(store, "ada").visit("/purges")).status_code == 403
    for target in ("gpt_none", "é", "a b"):
        found = await Browser(store, "adam").visit(f"/purges?scope=gpt&target={target}")
        assert found.status_code == 404
    assert (await Browser(store, "adam").visit("/purges?scope=moon&target=x")).status_code == 422
