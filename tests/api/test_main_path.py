"""From a bundle to a stable revision, through the API alone; and the ways that are barred."""

import asyncio
from pathlib import Path

from tests.api.store import Store, manifest

SAMPLES = Path(__file__).parents[2] / "samples"


async def test_a_bundle_is_reviewed_released_and_served_to_everyone(store: Store) -> None:
    case = await store.claimed()
    approved = await store.decide(case)
    assert approved.status_code == 200, approved.text
    settled = await store.until(f"/v1/submissions/{case['id']}", lambda c: bool(c["release"]))
    path = f"/v1/releases/{settled['release']}"
    ready = await store.until(path, lambda r: r.get("phase") == "ready")
    dark = await store.get(f"/v1/catalogue/{case['gpt']}/resolve", unit="u1")

    started = await store.post(f"{path}/start", by="lea", version=ready["version"])
    done = await store.until(path, lambda r: r["phase"] == "completed")
    resolve = f"/v1/catalogue/{case['gpt']}/resolve"
    served = await store.until(resolve, lambda r: r["serving"] == "stable", by=None)

    assert dark.json()["serving"] == "none"
    assert dark.json()["why"] == ["never_listed"]
    assert started.json()["phase"] == "rolling"
    assert [step["state"] for step in done["rail"]] == ["done", "done"]
    assert all(step["entered_at"] for step in done["rail"])
    assert served == {
        "gpt": case["gpt"],
        "digest": case["digest"],
        "serving": "stable",
        "why": [],
        "bucket": None,
    }
    shown = (await store.get("/v1/catalogue")).json()
    assert [entry["name"] for entry in shown["items"]] == ["Night Sky Guide"]
    assert shown["categories"] == {"education": 1}


async def test_author_cannot_approve_own_gpt(store: Store) -> None:
    case = await store.claimed()

    refusals = [await store.decide(case, by=who) for who in ("ada", "twin")]

    for refusal in refusals:
        assert refusal.status_code == 403
        assert refusal.headers["content-type"] == "application/problem+json"
        assert refusal.json()["type"].endswith("/self-approval")


async def test_a_colleague_of_the_author_cannot_even_claim(store: Store) -> None:
    case = await store.submitted()

    refusal = await store.post(f"/v1/reviews/{case['id']}/claim", by="twin")

    assert refusal.status_code == 403
    assert refusal.json()["type"] == "/problems/self-approval"


async def test_a_high_tier_needs_a_second_person(store: Store) -> None:
    spec = (SAMPLES / "parcel-desk" / "actions" / "tracking.json").read_text()
    value = manifest(
        "Parcels",
        actions=[
            {
                "name": "track",
                "openapi": "track.json",
                "auth": "api_key",
                "privacy_policy_url": "https://parcels.example/privacy",
            }
        ],
    )
    case = await store.submitted(value, **{"track.json": spec})
    await store.post(f"/v1/reviews/{case['id']}/claim", by="rita")
    case = (await store.get(f"/v1/submissions/{case['id']}", "rita")).json()

    first = await store.decide(case)
    held = (await store.get(f"/v1/submissions/{case['id']}", "rolf")).json()
    again = await store.decide(held, "confirm", by="rita")
    second = await store.decide(held, "confirm", by="rolf")

    assert case["tier"] == "high"
    assert first.json()["stage"] == "held"
    assert again.json()["type"] == "/problems/same-voice"
    assert second.json()["stage"] == "approved"


async def test_i8_a_repeat_gets_the_first_answer_and_changes_nothing(store: Store) -> None:
    case = await store.claimed()
    first = await store.decide(case, key="approve-1", note="Well made.")
    events = f"/v1/submissions/{case['id']}/events"
    before = (await store.get(events, "rita")).json()["items"]

    repeat = await store.decide(case, key="approve-1", note="Well made.")

    assert repeat.status_code == first.status_code == 200
    assert repeat.json() == first.json()
    assert (await store.get(events, "rita")).json()["items"][: len(before)] == before
    approvals = [
        e
        for e in (await store.get(events, "rita")).json()["items"]
        if e["type"] == "submission:review:approved"
    ]
    assert len(approvals) == 1


async def test_i8_a_repeat_is_answered_after_the_case_closed(store: Store) -> None:
    taken = await store.submit(key="first")
    subject = taken.json()["subject"]
    await store.until(f"/v1/submissions/{subject}", lambda c: c["stage"] == "queued")
    gone = await store.post(f"/v1/submissions/{subject}/withdraw", by="ada", key="leave")
    await asyncio.sleep(0.3)

    again = await store.submit(key="first")
    gone_again = await store.post(f"/v1/submissions/{subject}/withdraw", by="ada", key="leave")

    assert again.json() == taken.json()
    assert gone_again.json() == gone.json()
    listed = (await store.get("/v1/submissions", "ada")).json()["items"]
    assert [case["id"] for case in listed] == [subject]


async def test_a_key_means_one_command(store: Store) -> None:
    await store.submit(key="mine")

    other = await store.submit(manifest("Another"), key="mine")
    somebody_elses = await store.submit(manifest("Another"), by="ben", key="mine")

    assert other.status_code == 422
    assert other.json()["type"] == "/problems/key-reused"
    assert somebody_elses.status_code == 201


async def test_a_refusal_is_a_first_answer_too(store: Store) -> None:
    case = await store.submitted()
    path = f"/v1/submissions/{case['id']}/answer"
    first = await store.post(path, {"note": "Here."}, by="ada", key="early")

    repeat = await store.post(path, {"note": "Here."}, by="ada", key="early")

    assert first.status_code == repeat.status_code == 409
    assert repeat.json() == first.json()


async def test_a_command_is_told_to_its_giver_and_to_staff_only(store: Store) -> None:
    taken = await store.submit()
    path = f"/v1/commands/{taken.json()['command']}"

    own, staff, stranger = [await store.get(path, who) for who in ("ada", "una", "ben")]

    assert own.json()["status"] == "done"
    assert own.json()["subject"] == taken.json()["subject"]
    assert staff.status_code == 200
    assert stranger.status_code == 404
