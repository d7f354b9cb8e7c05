"""Launches over HTTP: two leads at once, results per item, a hold without the orchestrator."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.api.store import Store

DRAFT = {"name": "Store opening", "tz": "Europe/Paris"}


async def drafted(store: Store, **more: Any) -> dict[str, Any]:
    taken = await store.post("/v1/launches", DRAFT | more, by="lea")
    assert taken.status_code == 201, taken.text
    return await seen(store, taken.json()["subject"])


async def seen(store: Store, launch: str, by: str = "lea") -> dict[str, Any]:
    found = await store.get(f"/v1/launches/{launch}", by)
    assert found.status_code == 200, found.text
    view: dict[str, Any] = found.json()
    return view


async def step(
    store: Store, launch: dict[str, Any], what: str, body: Any = None, by: str = "lea"
) -> httpx.Response:
    """Give `what` on the launch as it is now."""
    now = await seen(store, launch["id"])
    return await store.post(
        f"/v1/launches/{launch['id']}/{what}", body, by=by, version=now["version"]
    )


async def in_gating(store: Store, target: str = "2030-05-04 09:00") -> dict[str, Any]:
    launch = await drafted(store)
    for what, body in (("plan", {"target": target}), ("open-gates", None)):
        answer = await step(store, launch, what, body)
        assert answer.status_code == 200, answer.text
    return await seen(store, launch["id"])


async def test_a_launch_is_drafted_planned_and_says_whose_turn_it_is(store: Store) -> None:
    launch = await drafted(store)

    planned = await step(store, launch, "plan", {"target": "2030-05"})
    shown = await seen(store, launch["id"])
    listed = (await store.get("/v1/launches", "lea", status="planned")).json()

    assert planned.status_code == 200, planned.text
    assert planned.json()["resolved"]["start"] == "2030-04-30T22:00:00.000000Z"
    assert (shown["status"], shown["turn"], shown["target"]["label"]) == (
        "planned", "product lead", "month:2030-05",
    )  # fmt: skip
    assert [one["id"] for one in listed["items"]] == [launch["id"]]
    assert {gate["status"] for gate in shown["gates"]} == {"missing"}


async def test_of_two_leads_at_once_one_plan_wins_and_the_other_gets_the_difference(
    store: Store,
) -> None:
    launch = await drafted(store)
    path = f"/v1/launches/{launch['id']}/plan"

    answers = await asyncio.gather(
        store.post(path, {"target": "2030-05"}, by="lea", version=launch["version"]),
        store.post(path, {"target": "2030-06"}, by="lou", version=launch["version"]),
    )
    now = await seen(store, launch["id"])

    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code) == (200, 409), lost.text
    assert lost.json()["type"].endswith("/stale-decision")
    told = lost.json()["refusal"]
    assert told["difference"]["target"] == {"saw": None, "now": now["target"]["label"]}
    assert [event["type"] for event in told["since"]] == ["launch:planned"]
    assert now["version"] == 2


async def test_who_decides_on_what_is_no_longer_so_is_told_what_is(store: Store) -> None:
    launch = await in_gating(store, "2030-05")
    path = f"/v1/launches/{launch['id']}/narrow"
    await store.post(path, {"target": "2030-05-04"}, by="lea", version=launch["version"])

    late = await store.post(path, {"target": "2030-05-20"}, by="lou", version=launch["version"])
    blind = await store.post(path, {"target": "2030-05-20"}, by="lou")

    assert (late.status_code, blind.status_code) == (409, 428)
    assert late.json()["refusal"]["difference"]["target"] == {
        "saw": "month:2030-05", "now": "day:2030-05-04",
    }  # fmt: skip


async def test_i3_a_hold_and_a_postponement_need_no_orchestrator(
    store: Store, cut_off: Store
) -> None:
    launch = await in_gating(store)
    path = f"/v1/launches/{launch['id']}"

    held = await cut_off.post(f"{path}/hold", {"reason": "doubt"}, by="sam", key="h")
    again = await cut_off.post(f"{path}/hold", {"reason": "doubt"}, by="sam", key="h")
    now = (await cut_off.get(path, "lea")).json()
    moved = await cut_off.post(
        f"{path}/postpone", {"target": "early 2031", "reason": "We are not ready."}, by="lea"
    )
    barred = await cut_off.post(f"{path}/hold", {"reason": "doubt"}, by="ada")

    assert held.status_code == 200, held.text
    assert again.json() == held.json()
    assert (now["status"], now["held"]["before"], now["held"]["reason"]) == (
        "hold", "gating", "doubt",
    )  # fmt: skip
    assert (moved.status_code, moved.json()["status"]) == (200, "postponed")
    assert (await seen(store, launch["id"]))["target"]["label"].startswith("season:2031")
    assert barred.status_code == 403
    resumed = await step(store, launch, "replan", {"target": "2031-02-03 10:00"})
    assert resumed.status_code == 200, resumed.text  # its workflow caught up with the record


async def test_items_are_bound_and_unbound_each_with_its_own_result(store: Store) -> None:
    launch = await in_gating(store)
    path = f"/v1/launches/{launch['id']}/items"
    case = await store.approved()
    release = case["release"]
    body = {
        "items": [
            {"release": release, "importance": "must"},
            {"release": "rel_none"},
        ]
    }

    bound = await store.post(path, body, by="lea", key="b")
    repeat = await store.post(path, body, by="lea", key="b")
    own = await store.post(path, {"items": [{"release": release, "wave": 2}]}, by="ada")
    listed = (await store.get(path, "lea")).json()
    shown = await seen(store, launch["id"])
    left = await store.post(
        f"{path}/unbind", {"releases": [release], "reason": "ship_alone"}, by="ada"
    )
    left_by_lead = await store.post(
        f"{path}/unbind", {"releases": [release], "reason": "ship_alone"}, by="lea"
    )

    results = {one["release"]: one for one in bound.json()["items"]}
    assert bound.status_code == 200, bound.text
    assert results[release]["status"] == "done"
    assert (results["rel_none"]["status"], results["rel_none"]["code"]) == (
        "refused", "not-found",
    )  # fmt: skip
    assert repeat.json()["done"] == 1
    assert own.status_code == 403  # launches are for the store's staff
    assert left.status_code == 403
    assert [(one["release"], one["importance"], one["phase"]) for one in listed["items"]] == [
        (release, "must", "bound")
    ]
    assert shown["items"] == {
        "total": 1,
        "by_wave": {"1": 1},
        "by_importance": {"must": 1},
        "by_phase": {"bound": 1},
    }
    assert left_by_lead.json()["done"] == 1
    assert (await store.get(f"/v1/releases/{release}", "lea")).json()["phase"] == "ready"


async def test_its_developer_leaves_a_launch_by_the_release_itself(store: Store) -> None:
    launch = await in_gating(store)
    case = await store.approved()
    release = case["release"]
    items = {"items": [{"release": release}]}
    await store.post(f"/v1/launches/{launch['id']}/items", items, by="lea")

    left = await store.post(f"/v1/releases/{release}/unbind", {"reason": "ship_alone"}, by="ada")

    assert left.status_code == 200, left.text
    assert left.json()["phase"] == "ready"


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("plan", {"target": "someday"}),
        ("plan", {"target": "x" * 121}),
        ("plan", {"target": "2030-05", "tz": "Mars/Olympus"}),
        ("vote", {"role": "product_lead", "round": 1, "vote": "NO_GO"}),
        ("vote", {"role": "product_lead", "round": True, "vote": "GO"}),
        ("sign", {"gate": "safety_review", "verdict": "no"}),
        ("attest", {"gate": "A; DROP TABLE launches", "evidence": "e"}),
        ("hold", {"reason": "x" * 8_001}),
        ("items", {"items": []}),
        ("items", {"items": [{"release": "rel_a"}] * 201}),
        ("items", {"items": [{"release": "rel_a"}, {"release": "rel_a"}]}),
        ("items", {"items": [{"release": "rel_a", "not_before": "2030-05-04T09:00:00"}]}),
        ("close", {"report": "done", "score": "nan"}),
        ("postpone", {"target": "2031-01", "reason": "late", "plan_hash": "zz"}),
    ],
)
async def test_what_makes_no_sense_is_refused_and_nothing_changes(
    store: Store, what: str, body: dict[str, Any]
) -> None:
    launch = await drafted(store)

    answer = await step(store, launch, what, body)

    assert answer.status_code in (409, 422), answer.text
    assert (await seen(store, launch["id"]))["version"] == launch["version"]


async def test_a_launch_is_not_for_developers_and_an_unknown_one_is_not_there(
    store: Store,
) -> None:
    launch = await drafted(store)

    for path in ("", "/can", "/events", "/items"):
        assert (await store.get(f"/v1/launches/{launch['id']}{path}", "ada")).status_code == 403
        assert (await store.get(f"/v1/launches/lch_none{path}", "lea")).status_code == 404
    can = (await store.get(f"/v1/launches/{launch['id']}/can", "sam")).json()["commands"]
    assert can["plan"]["allowed"] is False
    assert can["plan"]["because"]
