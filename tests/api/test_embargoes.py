"""Embargoes: nothing public before the moment, in lists, search and resolve, whoever asks."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from gonogo.db.session import writing
from gonogo.db.timing import EmbargoPicture
from tests.api.store import Store

WHOEVER = (None, "ada", "ben", "rita", "lea", "sam", "adam")


def until(gpt: str, **ahead: float) -> dict[str, Any]:
    at = (datetime.now(UTC) + timedelta(**ahead)).isoformat(timespec="seconds")
    return {"gpt": gpt, "not_before": at, "reason": "press"}


async def seen(store: Store, gpt: str, by: str | None) -> list[bool]:
    """Whether `by` finds it in the list, by search, by its address, and is served it."""
    listed = (await store.get("/v1/catalogue", by)).json()["items"]
    found = (await store.get("/v1/catalogue/search", by, q="night")).json()["items"]
    one = await store.get(f"/v1/catalogue/{gpt}", by)
    served = (await store.get(f"/v1/catalogue/{gpt}/resolve", by, unit="u")).json()
    return [bool(listed), bool(found), one.status_code == 200, served["serving"] != "none"]


async def test_nothing_is_public_before_it_whoever_asks_and_all_is_after(
    store: Store, cut_off: Store
) -> None:
    gpt = (await store.released())["gpt"]
    before = [await seen(store, gpt, by) for by in WHOEVER]

    answer = await cut_off.post("/v1/embargoes", until(gpt, days=3), by="ada", key="e")
    second = await cut_off.post("/v1/embargoes", until(gpt, days=3), by="lea")
    during = [await seen(cut_off, gpt, by) for by in WHOEVER]
    told = (await store.get(f"/v1/catalogue/{gpt}/resolve", unit="u")).json()
    with writing(store.app.state.services.engine) as session:  # its time comes
        passed = datetime.now(UTC) - timedelta(seconds=1)
        session.connection().execute(update(EmbargoPicture).values(not_before=passed))
    after = [await seen(store, gpt, by) for by in WHOEVER]

    assert before == after == [[True] * 4] * len(WHOEVER)
    assert during == [[False] * 4] * len(WHOEVER)
    assert told["why"] == ["embargoed"]
    assert (answer.status_code, second.status_code) == (201, 409)
    assert second.json()["refusal"]["embargo"] == answer.json()["embargo"]


async def test_two_leads_end_it_early_and_one_person_makes_it_last(store: Store) -> None:
    gpt = (await store.released())["gpt"]
    embargo = (await store.post("/v1/embargoes", until(gpt, days=3), by="ada")).json()["embargo"]
    path = f"/v1/embargoes/{embargo}"
    first = (await store.get(path, "ada")).json()

    def body(**ahead: float) -> dict[str, Any]:
        return {name: one for name, one in until(gpt, **ahead).items() if name != "gpt"}

    earlier = await store.post(f"{path}/move", body(days=1), by="lea")
    later = await store.post(f"{path}/move", body(days=9), by="ada")
    own = await store.post(f"{path}/lift", {"reason": "early"}, by="ada", version=2)
    blind = await store.post(f"{path}/lift", {"reason": "early"}, by="lea")
    one = await store.post(f"{path}/lift", {"reason": "early"}, by="lea", version=2)
    same = await store.post(f"{path}/lift", {"reason": "early"}, by="lea", version=3)
    held = await seen(store, gpt, None)
    two = await store.post(f"{path}/lift", {"reason": "early"}, by="lou", version=3)

    assert (first["holds"], first["can"]["move"]["allowed"]) == (True, True)
    assert (earlier.status_code, later.status_code) == (409, 200)
    assert (own.status_code, blind.status_code, same.status_code) == (403, 428, 403)
    assert one.json()["status"] == "active"
    assert held == [False] * 4
    assert two.json()["status"] == "lifted"
    assert await seen(store, gpt, None) == [True] * 4


async def test_a_release_under_embargo_waits_for_its_end(store: Store) -> None:
    case = await store.approved()
    path = f"/v1/releases/{case['release']}"
    release = (await store.get(path, "lea")).json()
    body = until(case["gpt"], days=3)
    embargo = (await store.post("/v1/embargoes", body, by="lea")).json()["embargo"]

    refused = await store.post(f"{path}/start", by="lea", version=release["version"])

    assert refused.status_code == 409
    assert refused.json()["refusal"]["windows"] == [embargo]
    assert refused.json()["refusal"]["override_roles"] == []


async def test_foreign_and_malformed_embargoes_are_refused(store: Store) -> None:
    gpt = (await store.released())["gpt"]

    async def status(by: str, **changes: Any) -> int:
        body = {**until(gpt, days=3), **changes}
        return (await store.post("/v1/embargoes", body, by=by)).status_code

    assert await status("ben") == 404
    assert await status("rita") == 403
    assert await status("ada", gpt="gpt_nowhere") == 404
    for text in ("soon", "2027-13-01", "2031-05", "tbd by 2031-01-01", "2001-01-01", "x" * 200):
        assert await status("ada", not_before=text) == 422, text
    assert (await store.get("/v1/embargoes", "ada")).json()["items"] == []
    embargo = (await store.post("/v1/embargoes", until(gpt, days=3), by="ada")).json()["embargo"]
    assert (await store.get(f"/v1/embargoes/{embargo}", "ben")).status_code == 404
    assert (await store.get("/v1/embargoes", "ben")).json()["items"] == []
    assert len((await store.get("/v1/embargoes", "lea")).json()["items"]) == 1
