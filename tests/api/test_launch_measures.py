"""What the store measures for gates, in a real record: approvals, findings, hours, nobody's."""

from datetime import UTC, datetime
from typing import Any

from gonogo.db.launch_gates import Measured, measure
from gonogo.db.session import reading, writing
from gonogo.db.tables import SubmissionPicture
from policies.lifecycle.launch_terms import launch_terms_from
from tests.api.launches import Recorded, in_days, on
from tests.api.store import Store
from tests.api.test_launch_pages import words
from tests.api.test_launch_plans import bound, confirmed
from tests.api.test_pages import Browser


def gated(store: Store, *gates: dict[str, Any]) -> Recorded:
    launch = Recorded(store)
    common = {"kind": "measured", "owner_role": "product_lead", "freshness_s": 60, "most": 0}
    terms = launch_terms_from(store.app.state.services.pack) | {
        "gates": [common | gate for gate in gates]
    }
    launch.give("draft", name="Measured", tz="UTC", mode="atomic", terms=terms)
    launch.give("plan", target=on(f"{in_days(20)}T10:00"))
    return launch


def look(store: Store, launch: Recorded) -> Measured:
    svc = store.app.state.services
    with reading(svc.engine) as session:
        return measure(session, svc.store, launch.id, datetime.now(UTC), svc.pack)


def value(found: Measured, gate: str) -> Any:
    return found.gates[gate]["value"]


def changed(store: Store, submission: str, **state: Any) -> None:
    """The picture of a case, as if the record had said so."""
    svc = store.app.state.services
    with writing(svc.engine) as session:
        row = session.get(SubmissionPicture, (svc.store, submission))
        assert row is not None
        row.stage = state.get("stage", row.stage)
        row.state = {**row.state, **state}


async def test_the_part_of_must_items_whose_approval_stands(store: Store) -> None:
    launch = gated(store, {"id": "must_approved"})
    alone = value(look(store, launch), "must_approved")
    first, second = [await bound(store, launch, name) for name in ("Abacus", "Zither")]
    await bound(store, launch, "Yodel", importance="optional")

    before = value(look(store, launch), "must_approved")
    changed(store, str(first["id"]), settled=False)
    half = value(look(store, launch), "must_approved")
    changed(store, str(second["id"]), stage="queued")

    assert (alone, before, half) == (1.0, 1.0, 0.5)
    assert value(look(store, launch), "must_approved") == 0.0


async def test_must_items_whose_builders_owe_something_are_counted(store: Store) -> None:
    launch = gated(store, {"id": "duties_done"})
    case = await bound(store, launch, "Night Sky")
    await bound(store, launch, "Tides", importance="optional")

    before = value(look(store, launch), "duties_done")
    assert (await confirmed(store, case)).status_code == 200

    assert (before, value(look(store, launch), "duties_done")) == (1.0, 0.0)


async def test_findings_that_forbid_approval_are_counted_over_all_items(store: Store) -> None:
    launch = gated(store, {"id": "critical_findings"})
    first = await bound(store, launch, "Abacus")
    second = await bound(store, launch, "Zither", importance="optional")

    before = value(look(store, launch), "critical_findings")
    changed(store, str(first["id"]), blocked_by=["secret-leak:violations", "starters:missing"])
    changed(store, str(second["id"]), blocked_by=["starters:missing"])

    assert (before, value(look(store, launch), "critical_findings")) == (0.0, 3.0)


async def test_reviewers_hours_before_the_opening_are_a_share_of_those_there_are(
    store: Store,
) -> None:
    launch = gated(store, {"id": "review_capacity"})
    await bound(store, launch, "Abacus")

    found = look(store, launch).gates["review_capacity"]

    assert found["value"] == 0.0  # nothing lapses within three weeks
    assert found["holds"] is True


async def test_i7_a_measure_that_nobody_knows_never_holds_and_the_board_says_so(
    store: Store,
) -> None:
    launch = gated(store, {"id": "appeals_open"}, {"id": "quiet", "measure": "no_stop"})

    found = look(store, launch)
    page = await Browser(store, "lea").page(f"/launches/{launch.id}")

    assert (found.gates["appeals_open"]["holds"], found.gates["appeals_open"]["why"]) == (
        False, "nobody_can_measure")  # fmt: skip
    assert value(found, "quiet") == 0.0
    assert "nobody can measure this" in words(page)


async def test_a_query_for_prometheus_is_left_to_those_who_may_wait_for_it(store: Store) -> None:
    launch = gated(store, {"id": "errors", "measure": "prometheus"})

    found = look(store, launch)

    # The pack that it pins has no such query: nobody can ask anything.
    assert found.queries == {}
    assert found.gates["errors"]["why"] == "nobody_can_measure"
