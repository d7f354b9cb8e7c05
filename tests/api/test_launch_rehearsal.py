"""A rehearsal of a real launch over HTTP: what would happen, and that nothing did."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.launches import Recorded, in_days
from tests.api.store import Store
from tests.api.test_launch_pages import ready
from tests.launch_stories import DAY, Told, bind

MENDED = ("person", "must_left")  # the lead looks, and goes on
QUICK = {"delay_s": 2.0}  # the poll of the test pack is over within a minute


async def gating(store: Store, days: int = 9, *names: str) -> tuple[Told, list[str]]:
    opening = (datetime.now(UTC) + days * DAY).replace(minute=0, second=0, microsecond=0)
    told = Told(store, "Opening of the store", opening).gating()
    releases = [await ready(store, name) for name in (names or ("Night Sky Guide",))]
    for release in releases:
        bind(store, release, told.subject)
    return told, releases


async def play(store: Store, subject: str, **asked: Any) -> dict[str, Any]:
    answer = await store.post(f"/v1/launches/{subject}/rehearsal", QUICK | asked, by="lea")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def whats(told: dict[str, Any]) -> list[str]:
    return [one["what"] for one in told["moments"]]


async def test_a_launch_in_order_opens_in_its_rehearsal_and_nothing_is_recorded(
    store: Store,
) -> None:
    told, _ = await gating(store)
    ledger = store.app.state.services.ledger
    before = len(ledger.events(store.app.state.services.store, told.subject))

    played = await play(store, told.subject, runs=5)

    assert (played["in_time"], played["opened_at"]) == (True, played["opening"])
    assert played["status"] == "live"
    assert {"gate:attested", "gate:signed", "poll:voted", "wave:opened"} <= set(whats(played))
    assert {one["by"] for one in played["moments"]} <= {
        "system", "product_lead", "safety_oncall", "policy_editor", "senior_reviewer",
    }  # fmt: skip
    assert played["assumed"]["ready"] == 1
    assert played["summary"]["runs"] == played["summary"]["in_time"] == 5
    assert played["waits"]
    assert len(ledger.events(store.app.state.services.store, told.subject)) == before


async def test_the_same_start_and_seed_give_the_same_rehearsal(store: Store) -> None:
    told, _ = await gating(store)

    first = await play(store, told.subject, runs=3)
    again = await play(store, told.subject, runs=3, start=first["start"], seed=first["seed"])
    other = await play(store, told.subject, runs=3, start=first["start"], seed="another")

    assert first == again
    assert first["moments"] != other["moments"]


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        ({"rejected": [{"release": "{first}", "at": "T-1m"}]}, "must_failing"),
        ({"left": [{"release": "{first}", "at": "T-1m"}]}, "must_left"),
        ({"stopped": [{"at": "T-1m", "until": "T+3h"}]}, "gates"),
        ({"stopped": [{"release": "{first}", "at": "T-1m"}]}, "must_failing"),
        ({"outages": [{"at": "T-1m", "until": "T+20m"}]}, "missed"),
        ({"holds": [{"role": "safety_oncall", "at": "T-1m"}]}, "person"),
    ],
)
async def test_what_goes_wrong_holds_it_and_is_named(
    store: Store, wrong: dict[str, Any], cause: str
) -> None:
    told, (first, _) = await gating(store, 9, "Night Sky Guide", "Tides")
    filled = {
        kind: [{k: v.format(first=first) if k == "release" else v for k, v in one.items()}
               for one in ones]
        for kind, ones in wrong.items()
    }  # fmt: skip

    played = await play(store, told.subject, **filled)

    held = next(one for one in played["moments"] if one["what"] == "held")
    assert held["code"] == cause
    assert played["in_time"] is (cause in MENDED)


async def test_who_is_away_is_who_was_waited_for(store: Store) -> None:
    told, _ = await gating(store)

    played = await play(
        store, told.subject, away=[{"role": "safety_oncall", "at": "T-9d", "until": "T+5d"}]
    )

    longest = [one for one in played["waits"] if one["who"][:1] == ["safety_oncall"]]
    assert longest
    assert played["opened_at"] is None
    assert any(one["what"] == "begin_poll" and one["why"] for one in played["blocked"])
    assert played["left"]


async def test_items_that_people_have_to_mend_stay_as_they_are_and_are_counted(
    store: Store,
) -> None:
    told, (first, second) = await gating(store, 9, "Night Sky Guide", "Tides")
    stop = {"scope": "gpt", "target": await gpt_of(store, second), "reason": "unsafe"}
    assert (await store.post("/v1/stops", stop, by="sam")).status_code == 201

    played = await play(store, told.subject)

    assert played["assumed"] == {
        "delay_s": 2.0,
        "items": 2,
        "ready": 1,
        "ready_later": 0,
        "never_ready": 1,
        "unmeasured": [],
    }
    assert played["opened_at"] is None
    assert ["must_failing"] in [one["why"] for one in played["blocked"]]
    assert first != second


async def gpt_of(store: Store, release: str) -> str:
    return str((await store.get(f"/v1/releases/{release}", "lea")).json()["gpt"])


async def test_a_date_that_is_not_exact_is_narrowed_to_ten_o_clock_or_what_was_asked(
    store: Store,
) -> None:
    launch = Recorded(store).planned(in_days(20))
    await _bound(store, launch)

    ten = await play(store, launch.id)
    asked = await play(store, launch.id, opening=f"{in_days(20)}T15:30")
    outside = await store.post(
        f"/v1/launches/{launch.id}/rehearsal", {"opening": in_days(20)}, by="lea"
    )

    at = datetime.fromisoformat(ten["opening"])
    assert datetime.fromisoformat(asked["opening"]) - at == timedelta(hours=5, minutes=30)
    assert "target:narrowed" in whats(ten)
    assert outside.status_code == 422
    assert "an opening has its time" in outside.json()["detail"]


async def _bound(store: Store, launch: Recorded) -> None:
    bind(store, await ready(store), launch.id)


@pytest.mark.parametrize(
    "wrong",
    [
        {"runs": 201},
        {"runs": True},
        {"delay_s": -1},
        {"delay_s": "NaN"},
        {"delays_s": {"emperor": 3}},
        {"seed": ""},
        {"seed": "a\nb"},
        {"seed": "x" * 81},
        {"until": "T+99999d"},
        {"until": "T-99999d"},
        {"until": "T+1y"},
        {"start": "2020-01-01T00:00:00Z"},
        {"start": 1_700_000_000},
        {"opening": "<script>"},
        {"votes": {"safety_oncall": ["MAYBE"]}},
        {"votes": {"safety_oncall": ["GO"] * 6}},
        {"outages": [{"at": "T", "until": "T"}]},
        {"outages": [{"at": "T-1m", "until": "T"}] * 51},
        {"away": [{"role": "safety_oncall", "at": "T"}]},
        {"rejected": [{"release": "rel_\u202e", "at": "T"}]},
        {"stopped": [{"at": "Tomorrow"}]},
        {"overrides_freezes": "yes"},
        {"overrides_freezes": 1},
        {"more": 1},
    ],
)
async def test_what_cannot_be_meant_is_refused(store: Store, wrong: dict[str, Any]) -> None:
    told, _ = await gating(store)

    answer = await store.post(f"/v1/launches/{told.subject}/rehearsal", wrong, by="lea")

    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_a_rehearsal_is_for_staff_of_launches_that_exist_and_have_a_date(
    store: Store,
) -> None:
    told, _ = await gating(store)
    undated = Recorded(store)
    undated.give(
        "draft", name="Some day", tz="UTC", mode="atomic", terms=_terms(store)
    )  # no date yet
    foreign = [{"release": "rel_of_nobody", "at": "T"}]

    outside = await store.post(f"/v1/launches/{told.subject}/rehearsal", {}, by="ada")
    nowhere = await store.post("/v1/launches/lch_none/rehearsal", {}, by="lea")
    early = await store.post(f"/v1/launches/{undated.id}/rehearsal", {}, by="lea")
    unknown = await store.post(
        f"/v1/launches/{told.subject}/rehearsal", {"rejected": foreign}, by="lea"
    )

    assert (outside.status_code, nowhere.status_code) == (403, 404)
    assert (early.status_code, unknown.status_code) == (422, 400)
    assert "no date to rehearse" in early.json()["detail"]
    assert "rel_of_nobody" in unknown.json()["detail"]


def _terms(store: Store) -> dict[str, Any]:
    from policies.lifecycle.launch_terms import launch_terms_from

    return launch_terms_from(store.app.state.services.pack)


async def test_somebody_gets_past_a_freeze_in_a_rehearsal_that_asks_for_it(store: Store) -> None:
    told, _ = await gating(store)
    begins = told.opening - timedelta(hours=1)
    window = {
        "kind": "deny", "tz": "UTC", "reason": "holidays", "override_role": "product_lead",
        "begins": begins.strftime("%Y-%m-%dT%H:%M"),
        "ends": (begins + 2 * DAY).strftime("%Y-%m-%dT%H:%M"),
    }  # fmt: skip
    declared = await store.post("/v1/windows", window, by="lea")
    assert declared.status_code == 201, declared.text
    quick = {"delay_s": 0.0}  # the checks of the test pack are seconds before the opening

    held = await play(store, told.subject, **quick)
    opens = await play(store, told.subject, **quick, overrides_freezes=True)

    assert (held["opened_at"], "freeze:overridden" in whats(held)) == (None, False)
    assert opens["opened_at"] == opens["opening"]
    (passed,) = [one for one in opens["moments"] if one["what"] == "freeze:overridden"]
    assert passed["by"] == "product_lead"
