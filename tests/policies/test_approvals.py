"""I6: exposure may grow only if every part holds, and every part that does not is told at once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.approvals import Standing, exposure_may_grow
from tests.builders import T0

DAY = timedelta(days=1)
GOOD = Standing(
    approved_digest="d1",
    digest="d1",
    approval_until=T0 + DAY,
    approval_settled=True,
    evidence_until=T0 + DAY,
    evidence_blocks=(),
    publisher_verified=True,
    stops=(),
    listing_status="listed",
)
# Each part on its own: unknown or failing, and the code that tells it.
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"approved_digest": None}, "approval_missing"),
    ({"approved_digest": "d0"}, "approval_of_another_digest"),
    ({"approval_settled": False}, "approval_can_still_be_undone"),
    ({"approval_until": None}, "approval_expired"),
    ({"approval_until": T0}, "approval_expired"),
    ({"evidence_until": None}, "evidence_stale"),
    ({"evidence_until": T0}, "evidence_stale"),
    ({"evidence_blocks": None}, "evidence_missing"),
    ({"evidence_blocks": ("a:violations",)}, "evidence:a:violations"),
    ({"publisher_verified": False}, "publisher_unverified"),
    ({"stops": ("store",)}, "stopped:store"),
    ({"listing_status": "quarantined"}, "quarantined"),
    ({"listing_status": "delisted"}, "delisted"),
    ({"listing_status": "unheard-of"}, "unheard-of"),
]


@pytest.mark.parametrize("status", [None, "listed", "unlisted"])
def test_i6_exposure_may_grow_when_every_part_holds(status: str | None) -> None:
    assert exposure_may_grow(replace(GOOD, listing_status=status), T0).why == ()


@pytest.mark.parametrize(("fault", "code"), FAULTS)
def test_i6_any_single_part_that_is_unknown_or_failing_blocks(
    fault: dict[str, Any], code: str
) -> None:
    precheck = exposure_may_grow(replace(GOOD, **fault), T0)

    assert not precheck
    assert precheck.why == (code,)


@given(st.lists(st.sampled_from(FAULTS), unique_by=lambda fault: next(iter(fault[0]))))
def test_i6_every_reason_is_told_at_once(faults: list[tuple[dict[str, Any], str]]) -> None:
    standing = GOOD
    for fault, _ in faults:
        standing = replace(standing, **fault)

    precheck = exposure_may_grow(standing, T0)

    told = {code for _, code in faults}
    if told & {"approval_missing", "approval_of_another_digest"}:
        told -= {"approval_can_still_be_undone"}  # of no interest while there is none
    assert set(precheck.why) == told
    assert bool(precheck) is (not faults)


@given(st.timedeltas(min_value=timedelta(0), max_value=3 * DAY))
def test_i6_what_has_aged_stays_too_old(later: timedelta) -> None:
    fresh = exposure_may_grow(GOOD, T0 + later)

    assert bool(fresh) is (later < DAY)
    if not fresh:
        assert set(fresh.why) == {"approval_expired", "evidence_stale"}


def test_i6_every_stop_and_every_finding_is_named() -> None:
    standing = replace(GOOD, stops=("gpt", "store"), evidence_blocks=("a:x", "b:y"))

    assert exposure_may_grow(standing, T0).why == (
        "evidence:a:x",
        "evidence:b:y",
        "stopped:gpt",
        "stopped:store",
    )
