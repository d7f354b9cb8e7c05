"""Before and after as values for a page; L13: what is against bringing a launch forward."""

from dataclasses import replace
from typing import Any

import pytest

from policies.rules.launch_around import Around, SignOff, Span
from policies.rules.launch_plan import Item, Plan, plan_of
from policies.rules.launch_readiness import Known
from policies.rules.postponing_difference import difference, may_come_forward
from policies.rules.postponing_request import Choice
from tests.policies.postponements import (
    AROUND,
    DAY,
    DECEMBER,
    EARLY_2024,
    FRESH,
    NEW,
    NOW,
    PLAN,
    Aimed,
    at,
    knowing,
    postponed,
)


def test_before_and_after_differ_in_what_a_page_shows() -> None:
    stale = knowing(a=replace(FRESH, evidence_until=NOW + 15 * DAY))
    freeze = Span("yearly", NEW - DAY, NEW + DAY)
    seen = postponed(around=replace(stale, freezes=[freeze]), choices={"c": Choice.WITHDRAW})

    lines = [
        (one.what, one.id, one.before, one.after) for one in difference(seen.before, seen.after)
    ]

    assert lines == [
        ("target", "launch", "instant:2023-12-12T18:00", "instant:2024-01-10T18:00"),
        ("opens", "a", "2023-12-12T18:00:00.000000Z", "2024-01-10T18:00:00.000000Z"),
        ("opens", "b", "2023-12-12T18:00:00.000000Z", "2024-01-10T18:00:00.000000Z"),
        ("opens", "c", "2023-12-13T18:00:00.000000Z", None),
        ("hit", "yearly", None, "freeze:wholly"),
        ("lapse", "evidence:a", None, "2023-12-15T18:00:00.000000Z"),
        ("review", "a", None, "2024-01-08T18:00:00.000000Z"),
        ("work_s", "reviewers", "0", "3600"),
    ]
    assert difference(seen.after, seen.after) == ()


FORWARD = at(2023, 12, 7, 10)


def against(
    plan: Plan = PLAN, around: Around = AROUND, target: Aimed = FORWARD, notice_s: float = 86_400.0
) -> tuple[str, ...]:
    return may_come_forward(plan, DECEMBER, target, around, notice_s, NOW).why


def test_a_launch_whose_items_are_ready_comes_forward() -> None:
    assert against() == ()


@pytest.mark.parametrize(
    ("why", "changed"),
    [
        ("notice_short:2023-12-10T18:00:00.000000Z", {"notice_s": 10 * 86_400.0}),
        ("no_instant:target", {"target": EARLY_2024}),
        ("not_earlier:target", {"target": DECEMBER}),
        ("not_earlier:target", {"target": at(2023, 12, 13, 10)}),
        (
            "gate_stale:legal",
            {"around": replace(AROUND, sign_offs=[SignOff("legal", NOW + DAY)])},
        ),
        ("freeze:f", {"around": replace(AROUND, freezes=[Span("f", NOW, NOW + 9 * DAY)])}),
        ("embargo_broken:a", {"plan": plan_of([Item("a", not_before=NOW + 8 * DAY)])}),
        ("not_ready:c", {"around": knowing(c=replace(FRESH, duties_left=("profile",)))}),
        ("not_ready:c", {"around": knowing(c=Known())}),
    ],
)
def test_what_is_against_coming_forward_is_named(why: str, changed: dict[str, Any]) -> None:
    assert against(**changed) == (why,)
