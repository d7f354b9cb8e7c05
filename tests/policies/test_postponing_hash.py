"""What a preview holds whatever is asked for, and what changes its hash."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import StaleDecision
from policies.rules.launch_around import Around, Embargo, Hours, SignOff, Span
from policies.rules.launch_plan import Item, Plan, plan_of
from policies.rules.launch_readiness import Check, Holds, Known, approval_clock, matrix
from policies.rules.postponing import Preview, preview, still
from policies.rules.postponing_request import Choice, Exposed, Mode, Request
from tests.policies.launch_plans import acyclic
from tests.policies.postponements import (
    AROUND,
    DAY,
    FRESH,
    JANUARY,
    NEW,
    NOW,
    PLAN,
    REQUEST,
    ZONE,
    at,
    knowing,
    known_of,
    postponed,
    requests,
)


@st.composite
def whole(draw: st.DrawFn) -> tuple[Plan, Request, Around]:
    plan = draw(acyclic(most=5))
    known = draw(known_of(tuple(plan.items)))
    cap = draw(st.none() | st.integers(0, 60 * 86_400))
    return plan, draw(requests(plan)), replace(AROUND, known=known, still_most_s=cap)


@given(whole())
def test_i6_no_approval_is_lost_in_vain_and_none_is_kept_that_must_not_be(
    given_: tuple[Plan, Request, Around],
) -> None:
    plan, request, around = given_

    seen = preview(plan, request, around, ZONE, NOW)

    lapsed = {(one.what, one.id) for one in seen.lapses}
    for name in plan.items:
        known: Known = around.known[name]
        if name not in seen.stays.items:
            assert not {("approval", name), ("evidence", name)} & lapsed
            continue
        opens = seen.after.times.get(name, seen.after.until)
        holds = known.approval_until is None or opens < approval_clock(
            known.approval_until, known.bound_at, opens, around.still_most_s
        )
        assert (("approval", name) in lapsed) is not holds
        fresh = known.evidence_until is None or opens < known.evidence_until
        assert (("evidence", name) in lapsed) is not fresh
    assert {case.item for case in seen.after.cases} == {
        one.id for one in seen.lapses if one.what != "sign_off"
    }


@given(whole())
def test_a_preview_and_the_readiness_matrix_agree(given_: tuple[Plan, Request, Around]) -> None:
    plan, request, around = given_
    seen = preview(plan, replace(request, target=JANUARY), around, ZONE, NOW)

    rows = matrix(seen.stays, around.known, NEW, around.still_most_s).rows

    failing = {
        (what, row.item)
        for row in rows
        for what, check in [
            ("approval", Check.APPROVAL_LASTS),
            ("evidence", Check.EVIDENCE_LASTS),
        ]
        if row.cells[check].holds is Holds.NO
    }
    assert failing == {(one.what, one.id) for one in seen.lapses}


@given(whole())
def test_everybody_is_accounted_for_once(given_: tuple[Plan, Request, Around]) -> None:
    plan, request, around = given_

    seen = preview(plan, request, around, ZONE, NOW)

    assert [one.item for one in seen.answers] == list(plan.items)
    waiting = [one.item for one in seen.answers if one.choice is Choice.WAIT]
    assert [one.item for one in seen.moved] == waiting == list(seen.stays.items)
    for name, choice in request.choices.items():
        assert {one.item: one.choice for one in seen.answers}[name] is choice


MATTERS: Mapping[str, Callable[[], Preview]] = {
    "another date": lambda: postponed(target=at(2024, 1, 11, 10)),
    "another old date": lambda: postponed(source=at(2023, 12, 12, 11)),
    "another mode": lambda: postponed(mode=Mode.HOLD_AT_CURRENT),
    "a choice": lambda: postponed(choices={"c": Choice.WITHDRAW}),
    "a choice of the default": lambda: postponed(choices={"c": Choice.WAIT}),
    "another deadline": lambda: postponed(decide_by=NOW + 4 * DAY),
    "the second time": lambda: postponed(nth=2),
    "what is exposed": lambda: postponed(exposed={"a": Exposed.CONTINUE}),
    "an item more": lambda: postponed(plan_of([*PLAN.items.values(), Item("d")])),
    "an item less": lambda: postponed(plan_of([Item("a"), Item("b", requires=("a",))])),
    "a requirement": lambda: postponed(plan_of([Item("a"), Item("b"), Item("c", offset_s=86_400)])),
    "an offset": lambda: postponed(
        plan_of([Item("a"), Item("b", requires=("a",)), Item("c", offset_s=60)])
    ),
    "a wave": lambda: postponed(
        plan_of([Item("a"), Item("b", requires=("a",)), Item("c", offset_s=86_400, wave=2)])
    ),
    "evidence that lapses": lambda: postponed(around=knowing(a=replace(FRESH, evidence_until=NOW))),
    "an approval that was over when bound": lambda: postponed(
        around=knowing(a=replace(FRESH, approval_until=NOW - 2 * DAY))
    ),
    "a freeze that is hit": lambda: postponed(
        around=replace(AROUND, freezes=[Span("f", NOW, NOW + 400 * DAY)])
    ),
    "an embargo that breaks": lambda: postponed(
        around=replace(AROUND, embargoes=[Embargo("press", NOW)])
    ),
    "a sign-off that lapses": lambda: postponed(
        around=replace(AROUND, sign_offs=[SignOff("legal", NOW)])
    ),
}
CHANGES_NOTHING: Mapping[str, Callable[[], Preview]] = {
    "the same again": postponed,
    "the same in another order": lambda: postponed(plan_of(list(PLAN.items.values())[::-1])),
    "some minutes later": lambda: postponed(now=NOW + timedelta(minutes=9)),
    "evidence that still outlives it": lambda: postponed(
        around=knowing(a=replace(FRESH, evidence_until=NOW + 299 * DAY))
    ),
    "an approval whose clock stands still anyway": lambda: postponed(
        around=knowing(a=replace(FRESH, approval_until=NOW + DAY))
    ),
    "a freeze elsewhere": lambda: postponed(
        around=replace(AROUND, freezes=[Span("f", NOW, NOW + DAY)])
    ),
    "an embargo that holds": lambda: postponed(
        around=replace(AROUND, embargoes=[Embargo("press", NOW + 400 * DAY)])
    ),
    "a reviewer more": lambda: postponed(around=replace(AROUND, hours=Hours(reviewers=3.0))),
}


@pytest.mark.parametrize("what", MATTERS)
def test_whatever_matters_changes_the_hash_and_the_commit_is_refused(what: str) -> None:
    changed = MATTERS[what]()

    assert changed.plan_hash != postponed().plan_hash
    with pytest.raises(StaleDecision) as refused:
        still(changed, postponed().plan_hash)
    assert refused.value.detail == {"plan_hash": changed.plan_hash}


@pytest.mark.parametrize("what", CHANGES_NOTHING)
def test_what_changes_nothing_keeps_the_hash(what: str) -> None:
    still(CHANGES_NOTHING[what](), postponed().plan_hash)


@given(whole(), st.integers(0, 60))
def test_the_hash_is_a_function_of_what_is_seen(
    given_: tuple[Plan, Request, Around], seconds: int
) -> None:
    """Two previews have one hash exactly if nothing that a page shows of them differs."""
    plan, request, around = given_
    first = preview(plan, request, around, ZONE, NOW)

    second = preview(plan, request, around, ZONE, NOW + timedelta(seconds=seconds))

    def shown(seen: Preview) -> tuple[Any, ...]:
        after = seen.after
        return (seen.moved, seen.answers, seen.conflicts, after.hits, after.lapses, after.cases)

    assert (first.plan_hash == second.plan_hash) == (shown(first) == shown(second))


def test_a_plan_of_ten_thousand_items_is_previewed_in_a_moment() -> None:
    plan = plan_of(Item(f"rel_{n}", requires=(f"rel_{n - 1}",) if n else ()) for n in range(10_000))
    stale = replace(FRESH, evidence_until=NOW)
    around = replace(AROUND, known=dict.fromkeys(plan.items, stale))
    started = time.process_time()

    seen = preview(plan, REQUEST, around, ZONE, NOW)

    assert len(seen.after.cases) == 10_000
    assert time.process_time() - started < 10
