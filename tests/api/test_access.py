"""What a request leaves behind for operators: an id, one line, a measured time; no secrets."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY

from gonogo.logs import configure_logs
from tests.api.store import Store

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    configure_logs("INFO", (), "api")
    yield lambda: [
        line
        for line in map(json.loads, written.getvalue().splitlines())
        if line["event"] == "request"
    ]
    logging.basicConfig(handlers=[], force=True)
    structlog.reset_defaults()


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("req-from-the-proxy_1.2", True),
        ("short", False),
        ("x" * 65, False),
        ('"}\\n{"forged":1', False),
        ("with space in it", False),
    ],
)
async def test_a_well_formed_request_id_is_taken_over(store: Store, given: str, kept: bool) -> None:
    answer = await store.http.get("/healthz", headers={"X-Request-ID": given})

    assert (answer.headers["x-request-id"] == given) is kept
    assert kept or answer.headers["x-request-id"].startswith("req_")


async def test_a_request_is_one_line_with_its_ids_and_without_its_words(
    store: Store, lines: Lines
) -> None:
    case = await store.submitted()
    token = store.token_of("ada")
    before = len(lines())
    await store.get(f"/v1/submissions/{case['id']}", "ada", secret="hidden-in-query")
    await store.http.get(f"/nowhere/{token}?token={token}")

    seen, lost = lines()[before:]
    assert seen["route"] == "/v1/submissions/{subject}"
    assert (seen["method"], seen["status"]) == ("GET", 200)
    assert seen["actor_id"] == store.id_of("ada")
    assert seen["subject"] == case["id"]
    assert seen["request_id"].startswith("req_")
    assert seen["ms"] >= 0
    assert lost["route"] == "unmatched"
    assert "actor_id" not in lost
    assert token not in json.dumps(lines())
    assert "hidden-in-query" not in json.dumps(lines())


async def test_commands_are_counted_by_kind_and_outcome(store: Store) -> None:
    count = "gonogo_command_seconds_count"

    def done(kind: str, outcome: str) -> float:
        return sample(count, kind=kind, outcome=outcome)

    before = done("submission/submit", "answered"), done("submission/approve", "refused")
    case = await store.claimed()
    await store.decide(case, by="rita", checklist=[])

    assert done("submission/submit", "answered") == before[0] + 1
    assert done("submission/claim", "answered") >= 1


async def test_a_stop_is_measured_from_the_order_to_its_force(store: Store) -> None:
    before = sample("gonogo_stop_seconds_count"), sample("gonogo_stop_seconds_sum")
    body = {"scope": "store", "reason": "incident"}
    answer = await store.post("/v1/stops", body, by="sam")

    assert answer.status_code == 201
    assert sample("gonogo_stop_seconds_count") == before[0] + 1
    assert 0 < sample("gonogo_stop_seconds_sum") - before[1] < 10


async def test_routes_are_labels_and_what_clients_type_is_none(store: Store) -> None:
    for number in range(5):
        await store.http.get(f"/nowhere/{number}")
        await store.http.request(f"ODD{number}", "/healthz")

    labels = [s.labels for m in REGISTRY.collect() for s in m.samples if "route" in s.labels]
    assert not any("nowhere" in one["route"] or "ODD" in one["method"] for one in labels)
    assert {"unmatched", "/healthz"} <= {one["route"] for one in labels}
