"""Imported records go the whole way: scan, probes, and a queue or findings; never a silent pass."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policies.bundle.importing import read_record
from tests.api.store import MODEL, Store
from tests.api.world import World
from tests.conftest import require
from tests.fake_model import Reply
from tests.policies.bundles import OPENAPI
from tests.policies.test_importing import record

REAL = Path(__file__).parents[3] / "shared/data/gpts/gpts.jsonl"
CONTEXT = 6_000  # characters of a prompt that the scripted model takes


def reply(ask: dict[str, Any]) -> Reply:
    """A model with a small context, which says so as servers do."""
    if sum(len(message["content"]) for message in ask["messages"]) > CONTEXT:
        fault = {"message": "too long", "type": "", "code": "context_length_exceeded"}
        body = json.dumps({"error": fault})
        return Reply(status=400, raw=body, headers={"connection": "close"})
    return Reply("A moth.", model=MODEL, headers={"connection": "close"})


@pytest.fixture
def small_context(world: World) -> Iterator[None]:
    before, world.model.script = world.model.script, reply
    yield
    world.model.script = before


async def sent(store: Store, line: bytes, *, key: str | None = None) -> Any:
    files = [("files", (path, data)) for path, data in read_record(line).files.items()]
    return await store.http.post(
        "/v1/submissions", files=files, headers=store.headers("ada", Idempotency_Key=key)
    )


def line(name: str, **changes: Any) -> bytes:
    return json.dumps(record(name=name, **changes)).encode()


async def turned_to_a_person(store: Store, subject: str, seconds: float = 20) -> dict[str, Any]:
    return await store.until(
        f"/v1/submissions/{subject}",
        lambda case: case["stage"] in ("queued", "changes_requested"),
        seconds=seconds,
    )


@pytest.mark.usefixtures("small_context")
async def test_imported_gpts_reach_a_person_and_say_what_was_not_looked_at(store: Store) -> None:
    lines = {
        "plain": line("Plain", model=MODEL),
        "absent": line("Absent", category=None, knowledge=[{"name": "wings.pdf"}]),
        "long": line("Long", model=MODEL, instructions="Name moths. " * 600),
        "leaky": line("Leaky", instructions="Use ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"),
        "acting": line(
            "Acting",
            model=MODEL,
            action_schemas=[OPENAPI.decode()],
            privacy_policy_url="https://moths.example/privacy",
        ),
    }

    taken = {name: (await sent(store, one)).json() for name, one in lines.items()}
    cases = {name: await turned_to_a_person(store, it["subject"]) for name, it in taken.items()}

    assert cases["plain"]["stage"] == "queued"
    assert cases["plain"]["blocked_by"] == []
    assert cases["leaky"]["stage"] == "changes_requested"
    assert cases["acting"]["tier"] == "high"
    assert cases["long"]["stage"] == "queued"
    assert "starters:inconclusive" in cases["long"]["blocked_by"]
    assert cases["absent"]["stage"] == "queued"
    assert "starters:stand_in" in cases["absent"]["blocked_by"]


@pytest.mark.usefixtures("small_context")
async def test_the_evidence_and_the_reviewer_are_told_what_is_absent(store: Store) -> None:
    taken = (await sent(store, line("Absent", knowledge=[{"name": "wings.pdf"}]))).json()
    path = f"/v1/submissions/{taken['subject']}"
    await turned_to_a_person(store, taken["subject"])

    named = (await store.get(f"{path}/evidence", "rita")).json()["items"]
    told = [(await store.get(f"{path}/evidence/{one['digest']}", "rita")).json() for one in named]
    page = await store.http.get(
        f"/reviews/{taken['subject']}", headers={"Cookie": store.cookie_of("rita")}
    )

    pieces = json.dumps(told)
    assert "absent_knowledge" in pieces
    assert "absent_model" in pieces
    assert pieces.count("part-absent") == 2
    assert page.status_code == 200
    assert "wings.pdf" in page.text
    assert "never sent" in page.text
    assert "a part that nobody sent" in page.text


@pytest.mark.usefixtures("small_context")
async def test_the_same_record_again_is_a_repeat(store: Store) -> None:
    first = await sent(store, line("Again"), key="import-1")
    again = await sent(store, line("Again"), key="import-1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["subject"] == first.json()["subject"]


@pytest.mark.slow
@pytest.mark.usefixtures("small_context")
async def test_all_real_records_get_a_verdict_or_a_clear_finding(store: Store) -> None:
    require("real records", REAL.is_file(), f"{REAL} is not there: it comes with the shared data")
    lines = [one for one in REAL.read_bytes().splitlines() if one.strip()]

    answers = [await sent(store, one) for one in lines]

    assert [a.status_code for a in answers] == [201] * 60
    for one, answer in zip(lines, answers, strict=True):
        case = await turned_to_a_person(store, answer.json()["subject"], seconds=240)
        if case["stage"] == "changes_requested":
            assert case["why"], case
            continue
        # None of these records tells its model: whatever passed is stand-in evidence, and says so.
        too_long = len(json.loads(one)["instructions"]) > CONTEXT
        codes = {reason.partition(":")[2] for reason in case["blocked_by"]}
        starters = bool(json.loads(one)["conversation_starters"])
        assert not starters or "stand_in" in codes
        assert not (starters and too_long) or "inconclusive" in codes
