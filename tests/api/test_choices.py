"""What becomes of a release whose launch is postponed: its developer says it, over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.launches import Recorded, in_days, on
from tests.api.store import Store
from tests.api.test_launch_plans import asked, bound


def postponed(launch: Recorded, **told: Any) -> None:
    launch.give("postpone", target=on(f"{in_days(60)}T10:00"), reason="capacity", **told)


def says(launch: Recorded, choice: str, nth: int = 1) -> dict[str, Any]:
    return {"launch": launch.id, "nth": nth, "choice": choice}


async def test_a_developer_is_asked_waits_and_leaves_before_the_time_is_over(store: Store) -> None:
    launch = Recorded(store).planned(f"{in_days(20)}T10:00")
    case = await bound(store, launch, "Night Sky")
    path = f"/v1/releases/{case['release']}"
    unasked = await store.post(f"{path}/choose", says(launch, "wait"), by="ada")
    postponed(launch)

    shown = (await store.get(path, "ada")).json()
    waits = await store.post(f"{path}/choose", says(launch, "wait"), by="ada")
    told = (await store.get(path, "ada")).json()
    leaves = await store.post(f"{path}/choose", says(launch, "ship_alone"), by="ada")
    after = (await store.get(path, "ada")).json()

    assert unasked.status_code == 409
    assert shown["asked"]["launch"] == launch.id
    assert (shown["asked"]["nth"], shown["asked"]["default"], shown["asked"]["open"]) == (
        1, "wait", True,
    )  # fmt: skip
    assert shown["chosen"] is None
    assert waits.status_code == 200, waits.text
    assert (told["phase"], told["chosen"]["choice"]) == ("bound", "wait")
    assert leaves.json()["phase"] == "ready"
    assert (after["launch"], after["chosen"]["choice"]) == (None, "ship_alone")
    assert after["chosen"]["by_default"] is False


async def test_nobody_starts_what_was_withdrawn_until_its_developer_puts_it_back(
    store: Store,
) -> None:
    launch = Recorded(store).planned(f"{in_days(20)}T10:00")
    case = await bound(store, launch, "Night Sky")
    path = f"/v1/releases/{case['release']}"
    postponed(launch)

    gone = await store.post(f"{path}/choose", says(launch, "withdraw"), by="ada")
    version = gone.json()["version"]
    start = await store.post(f"{path}/start", by="lea", version=version)
    can = (await store.get(f"{path}/can", "lea")).json()["commands"]
    back = await store.post(f"{path}/choose", says(launch, "ship_alone"), by="ada")
    again = (await store.get(f"{path}/can", "lea")).json()["commands"]

    assert gone.json()["phase"] == "ready"
    assert (start.status_code, start.json()["type"].rpartition("/")[2]) == (409, "illegal-move")
    assert {can[kind]["allowed"] for kind in ("start", "schedule", "bind")} == {False}
    assert "withdrew" in can["start"]["because"]
    assert back.status_code == 200, back.text
    assert again["start"]["allowed"]


async def test_only_the_publishers_people_choose_and_only_what_was_asked(store: Store) -> None:
    launch = Recorded(store).planned(f"{in_days(20)}T10:00")
    case = await bound(store, launch, "Night Sky")
    path = f"/v1/releases/{case['release']}/choose"
    postponed(launch)

    answers = {
        "staff": await store.post(path, says(launch, "wait"), by="lea"),
        "others": await store.post(path, says(launch, "wait"), by="ben"),
        "later": await store.post(path, says(launch, "wait", nth=2), by="ada"),
        "elsewhere": await store.post(path, {**says(launch, "wait"), "launch": "lch_x"}, by="ada"),
    }

    assert {name: one.status_code for name, one in answers.items()} == {
        "staff": 403, "others": 404, "later": 409, "elsewhere": 409,
    }  # fmt: skip


@pytest.mark.parametrize(
    "fault",
    [
        {"choice": "leave"},
        {"choice": None},
        {"choice": ["wait"]},
        {"nth": 0},
        {"nth": "1"},
        {"nth": True},
        {"nth": 10**12},
        {"launch": "rel_1"},
        {"launch": "lch_" + "x" * 100},
        {"launch": "lch_\u202egnp"},
        {"launch": {"$ne": 1}},
        {"note": "<script>alert(1)</script>"},
    ],
)
async def test_a_choice_that_is_no_choice_is_malformed(store: Store, fault: dict[str, Any]) -> None:
    body = {"launch": "lch_1", "nth": 1, "choice": "wait", **fault}

    answer = await store.post("/v1/releases/rel_nobody/choose", body, by="ada")
    many = await store.post("/v1/publishers/pub_nobody/choices", body, by="ada")

    assert {answer.status_code, many.status_code} <= {404, 422}
    assert many.status_code == 422 or answer.status_code == 404


async def test_a_publisher_says_it_for_all_of_its_releases_at_once(store: Store) -> None:
    launch = Recorded(store).planned(f"{in_days(20)}T10:00")
    cases = [await bound(store, launch, name) for name in ("Night Sky", "Tides")]
    publisher = cases[0]["publisher"]
    path = f"/v1/publishers/{publisher}/choices"
    postponed(launch, default="ship_alone")

    before = (await store.get(path, "ada")).json()["items"]
    outside = await store.get(path, "ben")
    done = await store.post(path, says(launch, "wait"), by="ada")
    named = {**says(launch, "withdraw"), "releases": [cases[0]["release"]]}
    some = await store.post(path, named, by="ada")
    twice = await store.post(path, {**named, "releases": [cases[0]["release"]] * 2}, by="ada")
    after = (await store.get(path, "ada")).json()["items"]

    assert [(one["launch"], one["silent"], one["open"]) for one in before] == [(launch.id, 2, True)]
    assert before[0]["default"] == "ship_alone"
    assert outside.status_code == 404
    assert (done.json()["done"], done.json()["of"]) == (2, 2), done.text
    assert some.json()["done"] == 1, some.text
    assert twice.status_code == 422
    assert {r["release"]: (r["choice"], r["bound"]) for r in after[0]["releases"]} == {
        cases[0]["release"]: ("withdraw", False),
        cases[1]["release"]: ("wait", True),
    }


async def test_a_postponement_over_http_says_until_when_and_what_counts(store: Store) -> None:
    launch = Recorded(store).planned(f"{in_days(20)}T10:00")
    await bound(store, launch, "Night Sky")
    body = asked(f"{in_days(60)}T10:00", default="withdraw")
    seen = (
        await store.post(f"/v1/launches/{launch.id}/postponement/preview", body, by="lea")
    ).json()

    done = await store.post(
        f"/v1/launches/{launch.id}/postpone",
        {"target": body["target"], "reason": "capacity", "plan_hash": seen["plan_hash"],
         "preview": body},
        by="lea",
    )  # fmt: skip
    shown = (await store.get(f"/v1/launches/{launch.id}", "lea")).json()["choices"]

    assert done.status_code == 200, done.text
    assert datetime.fromisoformat(shown["decide_by"]) == datetime.fromisoformat(body["decide_by"])
    assert (shown["default"], shown["silent"], shown["wait"], shown["open"]) == (
        "withdraw", 1, 0, True,
    )  # fmt: skip


async def test_a_deadline_behind_us_or_after_the_countdown_began_is_refused(store: Store) -> None:
    launch = Recorded(store).planned(f"{in_days(20)}T10:00")
    path, now = f"/v1/launches/{launch.id}/postpone", datetime.now(UTC)
    body = {"target": f"{in_days(60)}T10:00", "reason": "capacity"}

    late = {**body, "decide_by": (now + timedelta(days=61)).isoformat()}
    past = {**body, "decide_by": (now - timedelta(days=1)).isoformat()}
    answers = [await store.post(path, one, by="lea") for one in (late, past)]
    plain = await store.post(path, body, by="lea")

    assert [one.status_code for one in answers] == [422, 422], answers[0].text
    assert "countdown" in answers[0].json()["detail"]
    assert "a time ahead" in answers[1].json()["detail"]
    assert plain.status_code == 200, plain.text  # I3: without a word about it, it holds at once
