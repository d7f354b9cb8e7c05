"""Looking ahead in a launch over HTTP: readiness, previews, forecasts, duties."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.kept import Order
from api.routes import launch_dates
from api.routes.launch_plans import previewed
from policies.lifecycle.kernel import Actor
from tests.api.launches import Recorded, in_days, on
from tests.api.store import PEOPLE, Store, manifest

CHECKS = [
    "approved",
    "approval_lasts",
    "evidence_lasts",
    "publisher_verified",
    "duties_done",
    "no_stop",
    "requirements_ready",
]


async def bound(store: Store, launch: Recorded, name: str, **more: Any) -> dict[str, Any]:
    """A case whose release is bound to `launch`."""
    case = await store.approved(manifest(name))
    path = f"/v1/releases/{case['release']}"
    await store.until(path, lambda r: r["phase"] == "ready")
    answer = await store.app.state.services.gateway.send(
        Order(
            machine="release",
            kind="bind",
            subject=case["release"],
            gpt=case["gpt"],
            actor=Actor(store.id_of("lea"), PEOPLE["lea"]),
            body={"launch": launch.id, "wave": 1, "importance": "must", **more},
        )
    )
    assert answer.answer is not None
    await store.until(path, lambda r: r["phase"] == "bound")
    return case


async def confirmed(store: Store, case: dict[str, Any]) -> Any:
    return await store.post(f"/v1/duties/{case['publisher']}/accept_policies", by="ada")


def asked(target: str, **more: Any) -> dict[str, Any]:
    decide_by = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    return {"target": target, "decide_by": decide_by, **more}


async def test_readiness_names_what_is_missing_until_it_is_done(store: Store) -> None:
    launch = Recorded(store).planned(in_days(20))
    case = await bound(store, launch, "Night Sky")
    path = f"/v1/launches/{launch.id}/readiness"

    before = (await store.get(path, "lea")).json()
    done = await confirmed(store, case)
    after = (await store.get(path, "lea")).json()

    (row,) = before["rows"]
    assert list(row["checks"]) == CHECKS
    assert row["checks"]["duties_done"] == {"holds": "no", "why": "accept_policies"}
    assert (row["ready"], before["quorum"]["met"]) == (False, False)
    assert before["failing_by"]["duties_done"] == 1
    assert done.status_code == 200, done.text
    assert after["rows"][0]["ready"], after["rows"]
    assert after["quorum"] == {"met": True, "short": {}, "spare": 0}
    assert after["critical_path"]["total_s"] == 0


async def test_duties_are_shown_and_what_the_store_sees_is_not_confirmed(store: Store) -> None:
    launch = Recorded(store).planned(in_days(20))
    case = await bound(store, launch, "Night Sky")
    path = f"/v1/duties/{case['publisher']}"

    shown = (await store.get(path, "ada")).json()["items"]
    outside = await store.get(path, "ben")
    measured = await store.post(f"{path}/verify_profile", by="ada")
    unknown = await store.post(f"{path}/dance", by="ada")
    foreign = await store.post(f"{path}/accept_policies", by="ben")
    await confirmed(store, case)
    again = await confirmed(store, case)
    now = {one["id"]: one["done"] for one in (await store.get(path, "lea")).json()["items"]}

    assert {one["id"]: (one["done"], one["measured"]) for one in shown} == {
        "accept_policies": (False, False),
        "verify_profile": (True, True),
        "publish_as_public": (True, True),
    }
    assert (outside.status_code, measured.status_code, unknown.status_code) == (404, 400, 404)
    assert foreign.status_code == 404  # whoever does not belong to it does not see it
    assert again.status_code == 200
    assert now["accept_policies"] is True


async def test_a_preview_changes_nothing_and_its_hash_is_what_it_shows(store: Store) -> None:
    launch = Recorded(store).planned(f"{in_days(20)}T10:00")
    first = await bound(store, launch, "Night Sky")
    second = await bound(store, launch, "Tides", requires=[first["release"]])
    path = f"/v1/launches/{launch.id}/postponement/preview"
    body = asked(f"{in_days(40)}T10:00")

    seen = (await store.post(path, body, by="lea")).json()
    again = (await store.post(path, body, by="lea")).json()
    leaving = body | {"choices": {first["release"]: "withdraw"}}
    other = (await store.post(path, leaving, by="lea")).json()
    events = len(store.app.state.services.ledger.events(store.app.state.services.store, launch.id))

    assert seen["plan_hash"] == again["plan_hash"] != other["plan_hash"]
    assert {one["item"] for one in seen["moved"]} == {first["release"], second["release"]}
    assert seen["conflicts"] == []
    assert other["conflicts"] == [
        {"code": "requires_withdrawn", "id": second["release"], "other": first["release"]}
    ]
    assert seen["difference"][0]["what"] == "target"
    assert seen["counts"] == {"moved": 2, "flagged": 0, "lapses": 0, "reviews": 0}
    assert events == 2


async def test_evidence_that_ages_before_the_new_date_is_reviewed_again_in_time(
    store: Store,
) -> None:
    """The pack lets evidence live for ninety days; an approval's clock stands still."""
    launch = Recorded(store).planned(f"{in_days(20)}T10:00")
    case = await bound(store, launch, "Night Sky")
    path = f"/v1/launches/{launch.id}/postponement/preview"

    seen = (await store.post(path, asked(f"{in_days(120)}T10:00"), by="lea")).json()

    assert [(one["what"], one["id"]) for one in seen["lapses"]] == [("evidence", case["release"])]
    (review,) = seen["reviews"]
    assert review["begin_from"] < review["begin_by"]
    assert not review["late"]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"target": "soon"}, 422),
        ({"target": "2001-01-01"}, 422),
        ({"mode": "wish"}, 422),
        ({"choices": {"rel_none": "wait"}}, 422),
        ({"decide_by": "2020-01-01T00:00:00Z"}, 422),
        ({"more": 1}, 422),
    ],
)
async def test_a_preview_of_what_cannot_be_meant_says_why(
    store: Store, wrong: dict[str, Any], status: int
) -> None:
    launch = Recorded(store).planned(in_days(20))
    path = f"/v1/launches/{launch.id}/postponement/preview"

    answer = await store.post(path, asked(in_days(40)) | wrong, by="lea")

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_a_forecast_is_repeated_until_something_happens(store: Store) -> None:
    launch = Recorded(store).planned(in_days(20))
    empty = await store.get(f"/v1/launches/{launch.id}/forecast", "lea")
    await bound(store, launch, "Night Sky")
    path = f"/v1/launches/{launch.id}/forecast"

    told = (await store.get(path, "lea")).json()
    again = (await store.get(path, "lea")).json()

    assert empty.status_code == 400
    assert (told["cases"], told["pending"]) == (1, 0)
    assert told["probability"] > 0.99
    assert told["seed"] == again["seed"]
    assert told["past"]["approved"] >= 1


async def test_looking_ahead_is_for_staff_and_of_launches_that_exist(store: Store) -> None:
    launch = Recorded(store).planned(in_days(20))
    for path in ("readiness", "forecast"):
        outside = await store.get(f"/v1/launches/{launch.id}/{path}", "ada")
        nowhere = await store.get(f"/v1/launches/lch_none/{path}", "lea")
        assert (outside.status_code, nowhere.status_code) == (403, 404)


async def test_a_postponement_names_what_was_seen_and_is_refused_when_that_changed(
    store: Store,
) -> None:
    launch = Recorded(store).planned(f"{in_days(20)}T10:00")
    first = await bound(store, launch, "Night Sky")
    path = f"/v1/launches/{launch.id}"
    body = asked(f"{in_days(40)}T10:00")
    seen = (await store.post(f"{path}/postponement/preview", body, by="lea")).json()
    second = await bound(store, launch, "Tides")
    order = {"target": body["target"], "reason": "unexpected", "preview": body}

    stale = await store.post(f"{path}/postpone", order | {"plan_hash": seen["plan_hash"]}, by="lea")
    told = stale.json()
    looked = (await store.post(f"{path}/postponement/preview", body, by="lea")).json()
    other = await store.post(
        f"{path}/postpone",
        order | {"target": f"{in_days(50)}T10:00", "plan_hash": looked["plan_hash"]},
        by="lea",
    )
    key = "postpone-once"
    order |= {"plan_hash": looked["plan_hash"]}
    done = await store.post(f"{path}/postpone", order, by="lea", key=key)
    again = await store.post(f"{path}/postpone", order, by="lea", key=key)
    last = store.app.state.services.ledger.events(store.app.state.services.store, launch.id)[-1]

    assert (stale.status_code, told["type"]) == (409, "/problems/stale-decision")
    assert other.status_code == 422
    assert (done.status_code, again.status_code) == (200, 200), done.text
    assert again.headers["Idempotent-Replayed"] == "true"
    assert last.type == "launch:postponed"
    assert (last.body["plan_hash"], last.body["moved"]) == (looked["plan_hash"], 2)
    assert {first["release"], second["release"]} == {one["item"] for one in looked["moved"]}


async def test_of_two_leads_who_saw_the_same_preview_one_postpones_and_the_other_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one's hash still held when it was compared, a moment before the first was done."""
    launch = Recorded(store).planned(f"{in_days(20)}T10:00")
    path = f"/v1/launches/{launch.id}"
    body = asked(f"{in_days(60)}T10:00")
    looked = (await store.post(f"{path}/postponement/preview", body, by="lou")).json()
    order = {"target": body["target"], "reason": "quality", "preview": body}

    def overtaken(*given: Any) -> Any:
        made = previewed(*given)
        launch.give("postpone", target=on(in_days(40)), reason="unexpected")
        return made

    monkeypatch.setattr(launch_dates, "previewed", overtaken)
    late = await store.post(
        f"{path}/postpone", order | {"plan_hash": looked["plan_hash"]}, by="lou"
    )
    state = (await store.get(path, "lou")).json()

    assert (late.status_code, late.json()["type"]) == (409, "/problems/stale-decision"), late.text
    told = late.json()["refusal"]
    assert told["difference"]["postponements"] == {"saw": 0, "now": 1}
    assert [event["type"] for event in told["since"]] == ["launch:postponed"]
    assert state["target"]["label"] == f"day:{in_days(40)}"


async def test_kept_forecasts_are_listed_and_scored_in_the_report(store: Store) -> None:
    launch = Recorded(store).planned(f"{in_days(20)}T10:00")
    await bound(store, launch, "Night Sky")
    path = f"/v1/launches/{launch.id}"

    kept = await store.post(f"{path}/forecasts", {}, by="lea")
    listed = (await store.get(f"{path}/forecasts", "lea")).json()["items"]
    told = (await store.get(f"{path}/report", "lea")).json()
    page = await store.get(f"{path}/report.html", "lea")
    outside = [
        (await store.get(f"{path}/{what}", "ada")).status_code
        for what in ("report", "report.html", "forecasts")
    ]
    nowhere = await store.get("/v1/launches/lch_none/report", "lea")

    assert kept.status_code == 201, kept.text
    assert listed == [kept.json()]
    assert told["score"]["forecasts"] == 1  # all is approved already, so it was met early
    assert told["score"]["brier"] < 0.01
    assert [one["what"] for one in told["timeline"]] == ["drafted", "planned"]
    assert "Lea" not in str(told)
    assert "Lea" in page.text
    assert page.headers["content-disposition"] == f'attachment; filename="{launch.id}.html"'
    assert (outside, nowhere.status_code) == ([403, 403, 403], 404)
