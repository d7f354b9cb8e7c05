"""The review desk: the queue, claims and leases, and decisions bound to what was seen (I1)."""

import json
from datetime import datetime
from typing import Any

from sqlmodel import select

from gonogo.db.session import reading
from gonogo.db.tables import CommandRow
from tests.api.store import Store, manifest
from tests.api.test_pages import Browser
from tests.faults.driver import ACTION, CHARTS


async def test_the_queue_is_ordered_by_due_date_and_says_who_may_claim(store: Store) -> None:
    first = await store.submitted(manifest("First"))
    second = await store.submitted(manifest("Second"))

    seen = (await store.get("/v1/reviews", "rita")).json()
    by_twin = (await store.get("/v1/reviews", "twin")).json()

    assert [row["id"] for row in seen["items"]] == [first["id"], second["id"]]
    row = seen["items"][0]
    assert (row["tier"], row["round"], row["overdue"], row["claimant"]) == ("low", 1, False, None)
    assert row["can"]["claim"] == {"allowed": True}
    assert by_twin["items"][0]["can"]["claim"]["code"] == "self-approval"


async def test_the_queue_is_walked_by_cursor_without_gaps_or_repeats(store: Store) -> None:
    cases = [(await store.submitted(manifest(f"Guide {n}")))["id"] for n in range(3)]

    found: list[str] = []
    cursor: str | None = None
    while True:
        extra = {"cursor": cursor} if cursor else {}
        page = (await store.get("/v1/reviews", "rita", limit=1, **extra)).json()
        found += [row["id"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert found == cases


async def test_the_queue_is_for_staff(store: Store) -> None:
    refusal = await store.get("/v1/reviews", "ada")

    assert refusal.status_code == 403


async def test_a_claim_is_held_renewed_and_given_back(store: Store) -> None:
    case = await store.claimed()
    path = f"/v1/reviews/{case['id']}"

    taken = await store.post(f"{path}/claim", by="rolf")
    by_other = await store.post(f"{path}/renew", by="rolf")
    events = (await store.get(f"/v1/submissions/{case['id']}/events", "rita")).json()["items"]
    renewed = await store.post(f"{path}/renew", by="rita")
    unchanged = (await store.get(f"/v1/submissions/{case['id']}/events", "rita")).json()["items"]
    back = await store.post(f"{path}/release", by="rita")
    after = await store.post(f"{path}/renew", by="rita")

    assert taken.status_code == 409
    assert by_other.json()["type"] == "/problems/not-claimed"
    ends = datetime.fromisoformat(renewed.json()["lease_until"])
    assert ends > datetime.fromisoformat(case["lease_until"])
    assert ends <= datetime.fromisoformat(renewed.json()["longest_until"])
    assert unchanged == events
    assert back.json()["stage"] == "queued"
    assert after.json()["type"] == "/problems/not-claimed"


async def test_i1_a_deciding_verdict_needs_the_version_it_saw(store: Store) -> None:
    case = await store.claimed()

    without = await store.decide(case, version=None)
    any_version = await store.decide(case, version="*")
    older = await store.decide(case, version=case["version"] - 1)
    garbage = await store.decide(case, version='"one"')

    assert [without.status_code, any_version.status_code] == [428, 428]
    assert [older.status_code, garbage.status_code] == [412, 412]
    assert without.headers["etag"] == f'"{case["version"]}"'
    assert (await store.decide(case)).status_code == 200


async def test_i1_a_stale_decision_is_told_the_difference(store: Store) -> None:
    case = await store.claimed()
    changed = manifest(instructions="You name stars and planets.")
    round_two = await store.submit(changed)
    assert round_two.json()["subject"] == case["id"]

    refusal = await store.decide(case)

    assert refusal.status_code == 409
    body = refusal.json()
    assert body["type"] == "/problems/stale-decision"
    assert body["refusal"]["saw"]["digest"] == case["digest"]
    assert body["refusal"]["now"]["digest"] == round_two.json()["digest"]
    assert body["difference"]["areas"] == ["instructions"]
    assert "+You name stars and planets." in body["difference"]["instructions"]


async def test_the_difference_shows_no_bundle_of_another_gpt(store: Store) -> None:
    mine = await store.submitted()
    theirs = await store.submitted(manifest("Trade Secrets"), by="ben")

    decided = await store.post(
        f"/v1/reviews/{mine['id']}/decisions",
        {"verdict": "approve", "digest": theirs["digest"]},
        by="ada",
        version=mine["version"],
    )
    asked = await store.get(
        f"/v1/submissions/{mine['id']}/difference", "ada", since=theirs["digest"]
    )
    bundle = await store.get(f"/v1/submissions/{mine['id']}/bundle", "ada", digest=theirs["digest"])

    assert decided.status_code == 409
    assert decided.json()["difference"] is None
    assert [asked.status_code, bundle.status_code] == [404, 404]


async def test_clauses_and_checklist_are_those_of_the_cases_pack(store: Store) -> None:
    case = await store.claimed()

    refusal = await store.decide(case, "reject", clauses=["harm", "style"], note="No.")

    assert refusal.status_code == 422
    (fault,) = refusal.json()["faults"]
    assert fault["pointer"] == "/body/clauses/1"
    assert "harm" in fault["known"]


async def test_a_verdict_lacking_something_says_what(store: Store) -> None:
    case = await store.claimed()
    lacking: list[tuple[str, dict[str, Any], str]] = [
        ("approve", {"checklist": ["purpose"]}, "checklist"),
        ("approve", {"digest": None}, "digest"),
        ("reject", {"note": "No."}, "clauses"),
        ("reject", {"clauses": ["harm"]}, "note"),
        ("request_changes", {"clauses": ["harm"]}, "note"),
        ("ask", {"note": "Why?"}, "reason"),
    ]

    refusals = [await store.decide(case, verdict, **more) for verdict, more, _ in lacking]

    assert [refusal.status_code for refusal in refusals] == [422] * len(lacking)
    named = [refusal.json()["refusal"]["field"] for refusal in refusals]
    assert named == [field for _, _, field in lacking]


async def test_a_question_is_answered_and_both_texts_stay_readable(store: Store) -> None:
    case = await store.claimed()
    asked = await store.decide(case, "ask", reason="unclear", note="Which sky?")

    answered = await store.post(
        f"/v1/submissions/{case['id']}/answer", {"note": "The northern one."}, by="ada"
    )

    assert asked.json()["stage"] == "info_requested"
    assert answered.json()["stage"] == "queued"
    log = (await store.get(f"/v1/submissions/{case['id']}/events", "ada")).json()
    assert sorted(log["prose"].values()) == ["The northern one.", "Which sky?"]
    assert "northern" not in str(log["items"])
    row = (await store.get("/v1/reviews", "rita")).json()["items"][0]
    assert row["preferred"] == store.id_of("rita")


async def test_a_decision_is_undone_while_it_has_no_effect(store: Store) -> None:
    case = await store.claimed()
    await store.decide(case)

    undone = await store.post(f"/v1/reviews/{case['id']}/decisions", {"verdict": "undo"}, by="rita")

    assert undone.status_code == 200, undone.text
    assert undone.json()["stage"] == "in_review"


async def test_a_rejected_bundle_does_not_come_back(store: Store) -> None:
    case = await store.claimed()
    rejected = await store.decide(case, "reject", clauses=["quality"], note="Starters fail.")

    await store.until(f"/v1/submissions/{case['id']}", lambda c: c["settled"])
    again = await store.submit()

    assert rejected.json()["stage"] == "rejected"
    assert again.status_code == 409
    assert again.json()["refusal"]["submission"] == case["id"]


async def test_a_refusal_after_the_case_is_over_is_its_first_answer(store: Store) -> None:
    case = await store.approved()
    path = f"/v1/submissions/{case['id']}/withdraw"

    refused = await store.post(path, by="ada", key="too-late")
    again = await store.post(path, by="ada", key="too-late")

    assert (refused.status_code, again.json()) == (409, refused.json())
    with reading(store.app.state.services.engine) as session:
        left = session.exec(
            select(CommandRow.kind).where(
                CommandRow.store_id == store.settings.store, CommandRow.status == "pending"
            )
        ).all()
    assert list(left) == []


async def test_what_the_first_of_two_says_is_read_outside_the_publisher_only(store: Store) -> None:
    value = manifest(actions=[ACTION])
    queued = await store.submitted(value, **{"charts.json": json.dumps(CHARTS)})
    await store.post(f"/v1/reviews/{queued['id']}/claim", by="rita")
    case = (await store.get(f"/v1/submissions/{queued['id']}", "rita")).json()
    held = await store.decide(case, note="Only between us.")
    assert held.json()["stage"] == "held", held.text
    path = f"/v1/submissions/{case['id']}"

    seen = {by: (await store.get(path, by)).json()["prose"] for by in ("ada", "twin", "rolf")}
    inside = {by: (await store.get("/v1/events", by)).text for by in ("twin", "rolf")}

    assert seen["ada"] == seen["twin"] == {}
    assert "Only between us." in seen["rolf"].values()
    assert "Only between us." not in inside["twin"]
    assert "Only between us." in inside["rolf"]
    for by, reads in (("rolf", True), ("twin", False)):
        page = await Browser(store, by).page(f"/reviews/{case['id']}")
        assert ("Only between us." in page.text) is reads
