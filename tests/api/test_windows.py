"""Windows: declared at once, observed by releases, told while planning."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.store import Store

UTC_NOW = "%Y-%m-%dT%H:%M:%S"


def window(hours_from: float = -1, hours_to: float = 24, **changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    value = {
        "kind": "deny",
        "tz": "UTC",
        "begins": (now + timedelta(hours=hours_from)).strftime(UTC_NOW),
        "ends": (now + timedelta(hours=hours_to)).strftime(UTC_NOW),
        "reason": "holidays",
        **changes,
    }
    return {name: one for name, one in value.items() if one is not None}


async def ready(store: Store) -> dict[str, Any]:
    case = await store.approved()
    release: dict[str, Any] = (await store.get(f"/v1/releases/{case['release']}", "lea")).json()
    return release


async def test_i3_a_window_is_declared_without_the_orchestrator_and_told(
    store: Store, cut_off: Store
) -> None:
    body = window(note="Everybody is away.")

    declared = await cut_off.post("/v1/windows", body, by="lea", key="w")
    repeat = await cut_off.post("/v1/windows", body, by="lea", key="w")

    assert declared.status_code == 201
    subject = declared.json()["window"]
    assert declared.headers["location"] == f"/v1/windows/{subject}"
    assert repeat.json()["window"] == subject
    one = (await cut_off.get(f"/v1/windows/{subject}", "rita")).json()
    assert (one["kind"], one["in_force"], one["override_role"]) == ("deny", True, None)
    assert one["can"]["end"]["allowed"] is False
    assert (await cut_off.get(f"/v1/windows/{subject}", "ada")).status_code == 403
    listed = (await cut_off.get("/v1/windows", "lea")).json()
    assert [w["id"] for w in listed["items"]] == [subject]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"kind": "perhaps"}, 422),
        ({"ends": None}, 422),
        ({"rrule": "FREQ=DAILY", "duration_s": 3600}, 422),
        ({"begins": "2026-12-18T12:00:00Z"}, 422),
        ({"scope": "gpt"}, 422),
        ({"target": "gpt_x"}, 422),
        ({"override_role": "developer"}, 422),
        ({"ends": None, "rrule": "FREQ=SECONDLY", "duration_s": 3600}, 422),
        ({"ends": None, "rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "duration_s": 3600}, 422),
        ({"ends": None, "rrule": "FREQ=DAILY;" + "X" * 500, "duration_s": 3600}, 422),
        ({"tz": "Mars/Olympus"}, 422),
        ({"tz": "../../etc/passwd"}, 422),
        ({"begins": "2020-01-01T00:00:00", "ends": "2020-01-02T00:00:00"}, 422),
        ({"scope": "gpt", "target": "gpt_nowhere"}, 404),
    ],
)
async def test_a_malformed_window_is_refused(
    store: Store, change: dict[str, Any], status: int
) -> None:
    answer = await store.post("/v1/windows", window(**change), by="lea")

    assert answer.status_code == status, answer.text
    assert (await store.get("/v1/windows", "lea")).json()["items"] == []


async def test_only_leads_and_administrators_declare_and_end(store: Store) -> None:
    statuses = [
        (await store.post("/v1/windows", window(), by=by)).status_code
        for by in ("ada", "rita", "una", "adam")
    ]
    subject = (await store.get("/v1/windows", "lea")).json()["items"][0]["id"]
    refused = await store.post(f"/v1/windows/{subject}/end", {"reason": "over"}, by="rita")
    ended = await store.post(f"/v1/windows/{subject}/end", {"reason": "over"}, by="lea")
    again = await store.post(f"/v1/windows/{subject}/end", {"reason": "over"}, by="lea")

    assert statuses == [403, 403, 403, 201]
    assert refused.status_code == 403
    assert ended.json()["status"] == "ended"
    assert again.status_code == 409


async def test_a_frozen_start_is_refused_with_the_next_legal_time_and_can_be_overridden(
    store: Store,
) -> None:
    release = await ready(store)
    path = f"/v1/releases/{release['id']}"
    body = window(override_role="product_lead")
    declared = (await store.post("/v1/windows", body, by="adam")).json()["window"]

    refused = await store.post(f"{path}/start", by="lea", version=release["version"])
    later = datetime.now(UTC) + timedelta(hours=2)
    frozen = await store.post(
        f"{path}/schedule", {"at": later.isoformat()}, by="lea", version=release["version"]
    )
    open_ = await store.post(
        f"{path}/schedule",
        {"at": (later + timedelta(days=2)).isoformat()},
        by="lea",
        version=release["version"],
    )
    seen = (await store.get(path, "lea")).json()
    started = await store.post(
        f"{path}/start",
        {"override": {"reason": "A fix that cannot wait."}},
        by="lea",
        version=seen["version"],
    )

    assert (refused.status_code, frozen.status_code) == (409, 409)
    told = refused.json()
    assert told["type"] == "/problems/not-yet"
    assert told["refusal"]["windows"] == [declared]
    assert told["refusal"]["until"].startswith(body["ends"])
    assert told["refusal"]["override_roles"] == ["product_lead"]
    assert open_.json()["phase"] == "scheduled"
    assert started.json()["phase"] == "rolling"
    log = (await store.get(f"{path}/events", "lea")).json()
    entered = next(e for e in log["items"] if e["type"] == "release:stage:entered")
    assert entered["body"]["override"]["windows"] == [declared]
    assert entered["body"]["override"]["reason"] == "stated"
    assert "A fix that cannot wait." in log["prose"].values()


async def test_planning_tells_the_freezes_that_the_climb_would_meet(store: Store) -> None:
    release = await ready(store)
    path = f"/v1/releases/{release['id']}"
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=5)
    await store.post(
        f"{path}/schedule", {"at": at.isoformat()}, by="lea", version=release["version"]
    )

    before = (await store.get(path, "ada")).json()
    body = window(4, 9)
    declared = (await store.post("/v1/windows", body, by="lea")).json()["window"]
    after = (await store.get(path, "ada")).json()

    assert before["conflicts"] == []
    assert [c["stage"] for c in after["conflicts"]] == [0]
    assert after["conflicts"][0]["windows"] == [declared]
    assert after["conflicts"][0]["next_legal"].startswith(body["ends"])
    assert after["rail"][0]["frozen_by"] == [declared]
    assert after["rail"][0]["earliest"].startswith(body["ends"])


async def test_a_frozen_stage_tells_until_when_and_can_be_rolled_back(store: Store) -> None:
    release = await store.rolling()
    path = f"/v1/releases/{release['id']}"
    declared = (await store.post("/v1/windows", window(), by="lea")).json()["window"]
    seen = (await store.get(path, "lea")).json()

    resumed = await store.post(f"{path}/resume", by="lea", version=seen["version"])
    frozen = await store.until(path, lambda r: r["frozen_by"] != [])
    back = await store.post(f"{path}/roll-back", {"reason": "wrong"}, by="lea")

    assert resumed.json()["phase"] == "rolling"  # nobody more sees it by that
    assert frozen["frozen_by"] == [declared]
    assert (frozen["phase"], frozen["turn"]) == ("rolling", "system")
    assert (frozen["weight_bp"], frozen["by_when"]) == (2500, frozen["frozen_until"])
    assert back.json()["phase"] == "rolled_back"
