"""Auditors see what is signed, filter events, download proofs and the record; nobody else does."""

import json
from typing import Any

import httpx
import pytest

from gonogo.audit.installation import keeper_of
from gonogo.audit.notes import VerifierKey
from gonogo.audit.offline import verify_export, verify_proof
from tests.api.store import Store
from tests.api.test_pages import assert_careful

PATHS = ("/v1/audit", "/v1/audit/events", "/v1/audit/export", "/v1/audit/proof?event=1")
PAGES = ("/audit", "/audit/export", "/audit/proof?event=1")


def sign(store: Store) -> VerifierKey:
    """What the worker does now and then."""
    keeper = keeper_of(store.settings, store.app.state.services.engine)
    keeper.checkpoint()
    return keeper.key()


async def look(store: Store, path: str, by: str) -> httpx.Response:
    return await store.http.get(path, headers={"Cookie": store.cookie_of(by)})


@pytest.mark.parametrize("by", ["ada", "rita", "lea", "sam"])
async def test_nobody_else_gets_in(store: Store, by: str) -> None:
    for path in PATHS:
        assert (await store.get(path, by)).status_code == 403
    assert (await store.post("/v1/audit/verify", by=by)).status_code == 403
    for path in PAGES:
        assert (await look(store, path, by)).status_code == 403
    assert "/audit" not in (await look(store, "/catalogue", by)).text


async def test_a_visitor_is_asked_who_they_are(store: Store) -> None:
    for path in PATHS:
        assert (await store.get(path)).status_code == 401


async def test_an_auditor_sees_what_is_signed_and_verifies(store: Store) -> None:
    await store.submitted()
    before = (await store.get("/v1/audit", "una")).json()
    key = sign(store)

    verified = (await store.post("/v1/audit/verify", by="una")).json()
    after = (await store.get("/v1/audit", "adam")).json()

    assert (before["state"], before["checkpoints"]) == ("warn", [])
    assert (verified["ok"], verified["faults"]) == (True, [])
    assert after["verified"]["events"] == verified["events"] > 2
    assert after["keys"] == [str(key)]
    assert [c["size"] for c in after["checkpoints"]] == [verified["covered"]]


async def events(store: Store, **asked: Any) -> dict[str, Any]:
    answer = await store.get("/v1/audit/events", "una", **asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_events_are_found_by_whom_what_about_what_and_when(store: Store) -> None:
    case = await store.submitted()
    rows = (await events(store, subject=case["id"]))["items"]
    middle = rows[1]

    assert [row["position"] for row in rows] == sorted((r["position"] for r in rows), reverse=True)
    assert {r["type"] for r in (await events(store, actor=store.id_of("ada")))["items"]} == {
        "submission:opened"
    }
    assert {r["type"] for r in (await events(store, type="submission:static:*"))["items"]} == {
        "submission:static:passed"
    }
    assert (await events(store, type="submission:*", actor="per_nobody"))["items"] == []
    since = (await events(store, subject=case["id"], since=middle["recorded_at"]))["items"]
    until = (await events(store, subject=case["id"], until=middle["recorded_at"]))["items"]
    assert len(since) + len(until) == len(rows)
    assert middle in since


async def test_a_list_of_events_is_read_page_by_page(store: Store) -> None:
    await store.submitted()
    whole = [row["position"] for row in (await events(store))["items"]]

    read, cursor = [], None
    while True:
        found = await events(store, limit=2, **({"cursor": cursor} if cursor else {}))
        read += [row["position"] for row in found["items"]]
        cursor = found["next"]
        if cursor is None:
            break

    assert read == whole
    foreign = await store.get("/v1/audit/events", "una", cursor="WyJ4Il0")
    naive = await store.get("/v1/audit/events", "una", since="2026-01-01T00:00:00")
    assert (foreign.status_code, naive.status_code) == (400, 400)


async def test_a_proof_and_the_record_verify_outside(store: Store) -> None:
    case = await store.submitted()
    key = sign(store)
    position = (await events(store, subject=case["id"]))["items"][0]["position"]

    proof = await store.get("/v1/audit/proof", "una", event=str(position))
    record = await store.get("/v1/audit/export", "una")
    unknown = await store.get("/v1/audit/proof", "una", event="sub_none")

    event, _ = verify_proof(proof.json(), [key])
    report = verify_export(iter(record.content.splitlines()), [key])
    assert event.subject == case["id"]
    assert report.faults == []
    assert [one.partition(" are ")[0] for one in report.warnings] == [
        "bundles, evidence and transcripts"
    ]
    assert unknown.status_code == 404
    assert "You name stars" not in record.text


async def test_the_page_shows_it_all_and_filters(store: Store) -> None:
    case = await store.submitted()
    sign(store)

    whole = await look(store, "/audit", "una")
    nothing = await look(store, "/audit?actor=per_nobody", "una")
    one_day = await look(store, "/audit?since=2020-01-01&until=2020-01-01", "una")
    no_day = await look(store, "/audit?since=yesterday", "una")
    proof = await look(store, "/audit/proof?event=1", "una")
    record = await look(store, "/audit/export", "adam")

    assert_careful(whole)
    assert whole.status_code == 200
    assert case["id"] in whole.text
    assert "Verify now" in whole.text
    assert "Ada" in whole.text
    assert 'download="proof-1.json"' in whole.text
    assert "No event is like that" in nothing.text
    assert "No event is like that" in one_day.text
    assert no_day.status_code == 400
    assert json.loads(proof.text)["event"]["position"] == 1
    assert record.headers["content-disposition"].startswith("attachment")


async def test_verifying_from_the_page_shows_what_was_found(store: Store) -> None:
    await store.submitted()
    sign(store)
    origin = {"Origin": "http://127.0.0.1:8600", "Cookie": store.cookie_of("una")}

    told = await store.http.post("/audit/verify", headers=origin)
    page = await look(store, "/audit", "una")

    assert told.status_code == 303
    assert "It holds" in page.text
