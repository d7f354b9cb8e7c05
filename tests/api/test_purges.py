"""Erasing over HTTP: a dry run, two people, tombstones that say when and by whose request."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from gonogo.db.session import engine_of, writing
from gonogo.db.signin import SessionRow
from gonogo.temporal import connect
from tests.api.store import Store, manifest


async def closed(store: Store) -> dict[str, Any]:
    """A rejected case with a note and transcripts."""
    case = await store.claimed(manifest(f"Sky {uuid.uuid4().hex[:8]}"))
    answer = await store.decide(case, "reject", clauses=["quality"], note="It names no star.")
    assert answer.status_code == 200, answer.text
    path = f"/v1/submissions/{case['id']}"
    return await store.until(path, lambda now: bool(now["settled"]))


async def ask(store: Store, scope: str, target: str, by: str = "adam") -> Any:
    body = {"scope": scope, "target": target, "reason": "Asked for by letter."}
    return await store.post("/v1/purges", body, by=by)


async def test_two_people_erase_and_the_tombstone_tells(store: Store) -> None:
    case = await closed(store)
    gpt, path = case["gpt"], f"/v1/submissions/{case['id']}"

    planned = (await store.get("/v1/purges/plan", "adam", scope="gpt", target=gpt)).json()
    asked = await ask(store, "gpt", gpt)
    purge = asked.json()["subject"]
    alone = await store.post(f"/v1/purges/{purge}/confirm", by="adam")
    before = (await store.get(f"{path}/bundle", "lea")).status_code
    confirmed = await store.post(f"/v1/purges/{purge}/confirm", by="una")
    done = await store.until(f"/v1/purges/{purge}", lambda p: p["step"] == "done", by="una")
    events = (await store.get(f"{path}/events", "lea")).json()
    bundle = await store.get(f"{path}/bundle", "lea")
    again = await store.post(f"/v1/purges/{purge}/confirm", by="una")

    assert planned["erased"]["prose"] >= 1
    assert planned["erased"]["objects"] >= 1  # the bundle; others may have the same transcripts
    assert (planned["holds"], planned["in_use"]) == ([], [])
    assert (asked.status_code, alone.status_code, before) == (201, 403, 200)
    assert alone.json()["type"] == "/problems/same-voice"
    assert (confirmed.status_code, again.status_code) == (200, 409)
    assert done["erased"] == planned["erased"]
    assert not any("names no star" in text for text in events["prose"].values())
    assert {one["by"] for one in events["erased"].values()} == {purge}
    assert bundle.status_code == 404
    assert f"by request {purge}" in bundle.json()["detail"]
    row = (await store.get(path, "lea")).json()
    assert row["name"] == "(erased)"


async def test_a_hold_and_an_open_case_forbid_it(store: Store) -> None:
    case, busy = await closed(store), await store.submitted(manifest("Other"))
    held = {"scope": "publisher", "target": case["publisher"], "reason": "court_order"}
    hold = (await store.post("/v1/holds", held, by="una")).json()["subject"]

    refused = await ask(store, "gpt", case["gpt"])
    own = await store.post(f"/v1/holds/{hold}/lift", {"reason": "over"}, by="una")
    lifted = await store.post(f"/v1/holds/{hold}/lift", {"reason": "over"}, by="adam")
    open_case = await ask(store, "gpt", busy["gpt"])
    after = await ask(store, "gpt", case["gpt"])

    assert (refused.status_code, refused.json()["refusal"]["holds"]) == (409, [hold])
    assert (own.status_code, lifted.status_code) == (403, 200)
    assert open_case.json()["refusal"]["subjects"] == [busy["id"]]
    assert after.status_code == 201
    declined = await store.post(
        f"/v1/purges/{after.json()['subject']}/decline", {"reason": "withdrawn"}, by="adam"
    )
    assert declined.json()["step"] == "declined"


async def test_a_person_is_erased_with_their_way_in(store: Store) -> None:
    person = store.id_of("rolf")
    store.token_of("rolf")

    purge = (await ask(store, "person", person)).json()["subject"]
    await store.post(f"/v1/purges/{purge}/confirm", by="una")
    await store.until(f"/v1/purges/{purge}", lambda p: p["step"] == "done", by="una")

    assert (await store.get("/v1/me", "rolf")).status_code == 401
    people = (await store.get("/v1/people", "adam")).json()["items"]
    assert {p["name"] for p in people if p["person"] == person} == {"(erased)"}


async def test_only_keepers_ask_and_only_for_what_is_there(store: Store) -> None:
    for by in ("ada", "lea", "sam", "rita"):
        assert (await ask(store, "gpt", "gpt_x", by=by)).status_code == 403
        assert (await store.get("/v1/purges", by)).status_code == 403
    assert (await ask(store, "gpt", "gpt_x")).status_code == 404
    assert (await ask(store, "store", "x")).status_code == 422
    assert (await ask(store, "gpt", "x" * 81)).status_code == 422
    assert (await store.get("/v1/purges/prg_none", "adam")).status_code == 404
    assert (
        await store.post("/v1/holds/hld_none/lift", {"reason": "x"}, by="adam")
    ).status_code == 404
    assert (await store.get("/v1/purges", "adam")).json() == {"items": [], "next": None}


async def test_the_daily_sweep_tells_what_it_let_go(store: Store) -> None:
    old = datetime.now(UTC) - timedelta(days=40)
    engine = engine_of(store.settings.database)
    with writing(engine) as session:
        session.add(SessionRow(
            sha256=uuid.uuid4().hex, store_id=store.settings.store, person=store.id_of("ada"),
            how="token", agent="x", created_at=old, last_seen_at=old, idle_at=old, expires_at=old,
        ))  # fmt: skip
    engine.dispose()

    client = await connect(store.settings)
    swept = []
    for _ in range(2):
        run = client.execute_workflow(
            "RetentionSweep", store.settings.store, id=f"sweep-{uuid.uuid4().hex}",
            task_queue=store.settings.task_queue,
        )  # fmt: skip
        swept.append(await run)
    (told,) = (await store.get("/v1/purges", "una")).json()["items"]

    assert swept == [1, 0]
    assert (told["scope"], told["step"], told["asked_by"]) == ("retention", "done", "system")
    assert told["erased"]["sessions"] == 1
