"""Sending bundles, good and hostile; following a case; who sees what of it."""

import asyncio
import time
from typing import Any

import pytest

from api.middleware import MAX_BODY
from tests.api.store import Store, files_of, manifest


async def test_all_faults_of_a_bundle_come_at_once(store: Store) -> None:
    value = manifest("", category="cooking", starters=["ok", 7], colour="red")

    refusal = await store.submit(value, **{"stray.txt": "x"})

    assert refusal.status_code == 422
    assert refusal.json()["type"] == "/problems/bundle-refused"
    places = {(fault["file"], fault["pointer"]) for fault in refusal.json()["faults"]}
    assert {("gpt.yaml", "/colour"), ("gpt.yaml", "/starters/1"), ("stray.txt", "")} <= places


HOSTILE_PATHS: list[tuple[str, str]] = [
    ("../../etc/passwd", "path-traversal"),
    ("/etc/passwd", "path-absolute"),
    ("C:evil.txt", "path-absolute"),
    ("a\\b.txt", "path-backslash"),
    ("a\x00b.txt", "path-control"),
    ("a\u202eb.txt", "path-control"),
    ("GPT.YAML", "path-collision"),
    ("a//b.txt", "path-empty-step"),
    ("n" * 300, "path-too-long"),
]


async def test_a_hostile_path_is_a_named_fault(store: Store) -> None:
    for path, code in HOSTILE_PATHS:
        refusal = await store.submit(manifest(), **{path: "x"})
        assert refusal.status_code == 422
        assert code in {fault["code"] for fault in refusal.json()["faults"]}


async def test_a_hostile_filename_of_a_form_is_a_named_fault(store: Store) -> None:
    parts = [("files", ("gpt.yaml", b"schema: 1")), ("files", ("../x.txt", b"x"))]

    refusal = await store.http.post("/v1/submissions", files=parts, headers=store.headers("ada"))

    assert refusal.status_code == 422
    assert "path-traversal" in {fault["code"] for fault in refusal.json()["faults"]}


MALFORMED: list[tuple[Any, int]] = [
    ({"files": [{"path": "gpt.yaml"}]}, 422),
    ({"files": [{"path": "gpt.yaml", "base64": "!!"}]}, 422),
    ({"files": [{"path": "a", "text": ""}, {"path": "a", "text": ""}]}, 400),
    ({"files": "gpt.yaml"}, 422),
    ({"files": [], "surprise": 1}, 422),
    ([], 422),
]


async def test_a_malformed_body_is_a_problem(store: Store) -> None:
    for body, status in MALFORMED:
        refusal = await store.post("/v1/submissions", body, by="ada")
        assert refusal.status_code == status
        assert refusal.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/submissions", "/v1/stops"])
async def test_a_body_beyond_the_limit_is_413(store: Store, path: str) -> None:
    async def endless() -> Any:
        for _ in range(MAX_BODY // 2**20 + 2):
            yield b" " * 2**20

    refusal = await store.http.post(
        path,
        content=endless(),
        headers={**store.headers("sam"), "content-type": "application/json"},
    )

    assert refusal.status_code == 413
    assert refusal.json()["type"] == "/problems/too-large"


async def test_a_bundle_is_submitted_for_ones_own_publisher_only(store: Store) -> None:
    body = {"files": files_of(manifest()), "publisher": store.publishers["marrow"]}

    foreign = await store.post("/v1/submissions", body, by="ada")
    nobodys = await store.submit(by="rita")

    assert foreign.status_code == 403
    assert nobodys.status_code == 422


async def test_a_case_is_seen_by_its_publisher_and_staff_only(store: Store) -> None:
    case = await store.submitted()
    paths = ["", "/can", "/events", "/evidence", "/bundle", "/events/stream"]

    strangers = [await store.get(f"/v1/submissions/{case['id']}{path}", "ben") for path in paths]
    nobody = await store.get(f"/v1/submissions/{case['id']}")

    assert {answer.status_code for answer in strangers} == {404}
    assert nobody.status_code == 401
    assert (await store.get("/v1/submissions", "ben")).json()["items"] == []


async def test_evidence_is_listed_and_opens_only_what_it_names(store: Store) -> None:
    case = await store.submitted()
    other = await store.submitted(manifest("Another"), by="ben")
    base = f"/v1/submissions/{case['id']}/evidence"

    found = (await store.get(base, "ada")).json()["items"]
    whole = (await store.get(f"{base}/{found[1]['digest']}", "ada")).json()
    transcript = whole["cases"][0]["transcript"]
    said = await store.get(f"{base}/{found[1]['digest']}/transcripts/{transcript}", "ada")
    foreign = await store.get(f"{base}/{other['evidence'][0]}", "ada")
    unnamed = await store.get(f"{base}/{found[0]['digest']}/transcripts/{transcript}", "ada")
    as_evidence = await store.get(f"{base}/{transcript}", "ada")

    assert [item["kind"] for item in found] == ["static", "dynamic"]
    assert all(item["current"] and item["dated"] and item["round"] == 1 for item in found)
    assert found[0]["summary"] == {
        "blocking": 0,
        "advisory": 0,
        "tier": "low",
        "reasons": [],
        "rules": [],
    }
    assert found[1]["summary"]["stand_in"] is False
    assert said.json()["answer"] == "A star."
    assert [foreign.status_code, unnamed.status_code, as_evidence.status_code] == [404] * 3


async def test_a_bundle_is_shown_with_its_files(store: Store) -> None:
    case = await store.submitted(manifest(knowledge=["notes.md"]), **{"notes.md": "# Stars\n"})

    shown = (await store.get(f"/v1/submissions/{case['id']}/bundle", "rita")).json()

    assert shown["digest"] == case["digest"]
    assert shown["manifest"]["name"] == "Night Sky Guide"
    assert [(file["path"], file["bytes"]) for file in shown["files"]] == [("notes.md", 8)]


async def test_the_difference_starts_at_what_was_approved_last(store: Store) -> None:
    approved = await store.approved()
    path = "/v1/submissions"
    first = await store.get(f"{path}/{approved['id']}/difference", "rita")

    update = await store.submitted(manifest(starters=["Where is Orion?"]))
    shown = (await store.get(f"{path}/{update['id']}/difference", "rita")).json()

    assert first.status_code == 404
    assert (shown["from"], shown["to"]) == (approved["digest"], update["digest"])
    assert shown["areas"] == ["starters"]


async def test_a_long_poll_ends_with_the_change(store: Store) -> None:
    case = await store.submitted()
    path = f"/v1/submissions/{case['id']}"

    waiting = asyncio.create_task(store.get(path, "ada", wait=20, version=case["version"]))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    await store.post(f"/v1/reviews/{case['id']}/claim", by="rita")
    answer = await waiting

    assert answer.json()["stage"] == "in_review"
    assert time.monotonic() - began < 3


async def test_a_long_poll_ends_with_its_time(store: Store) -> None:
    case = await store.submitted()
    path = f"/v1/submissions/{case['id']}"

    began = time.monotonic()
    same = await store.get(path, "ada", wait=1, version=case["version"])
    waited = time.monotonic() - began
    known_to_differ = await store.get(path, "ada", wait=30, version=case["version"] + 1)

    assert same.json()["version"] == case["version"]
    assert 0.9 < waited < 3
    assert known_to_differ.status_code == 200


HOSTILE_PARAMETERS: list[str] = [
    "/v1/submissions?limit=0",
    "/v1/submissions?limit=201",
    "/v1/submissions?stage=nowhere",
    "/v1/submissions?cursor=%00",
    "/v1/submissions?cursor=e30",
    "/v1/submissions?cursor=WyIxIl0x",
    "/v1/submissions?cursor=" + "A" * 500,
    "/v1/submissions?gpt=%00",
    "/v1/reviews?cursor=WyJhIiwiYiJd",
    "/v1/reviews?stage=approved",
    "/v1/releases?phase=%27",
    "/v1/releases?cursor=bnVsbA",
    "/v1/stops?cursor=WyIyIiwieCJd",
    "/v1/events?after=-1",
    "/v1/events?after=99999999999999999999",
    "/v1/catalogue?limit=1000",
    "/v1/catalogue?cursor=W10",
    "/v1/catalogue/search",
    "/v1/catalogue/search?q=",
    "/v1/catalogue/search?q=a%00b",
    "/v1/catalogue/search?q=" + "x" * 101,
    "/v1/catalogue/gpt%00/resolve",
    "/v1/submissions/sub%00",
    "/v1/commands/" + "c" * 81,
    "/v1/submissions/x?wait=61",
    "/v1/submissions/x/evidence/zz",
]


async def test_hostile_parameters_are_problems_not_faults(store: Store) -> None:
    for path in HOSTILE_PARAMETERS:
        answer = await store.get(path, "una")
        assert answer.status_code in (400, 404, 422), path
        assert answer.headers["content-type"] == "application/problem+json"
