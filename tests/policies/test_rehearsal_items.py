"""What a rehearsal knows of a launch's items: ready now, ready after a review, or never."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policies.rules.launch_plan import Importance, Item, plan_of
from policies.rules.launch_readiness import Known, matrix
from policies.rules.rehearsal_cast import Item as Cast
from policies.rules.rehearsal_items import GROUPS_MOST, NAMED_MOST, grouped, items_for
from tests.builders import T0

DAY = timedelta(days=1)
FINE = Known(
    approved=True,
    approval_until=T0 + 90 * DAY,
    bound_at=T0 - DAY,
    evidence_until=T0 + 90 * DAY,
    publisher_verified=True,
    duties_left=(),
    stops=(),
)
REVIEWED = T0 + 2 * DAY


def cast(items: list[Item], known: dict[str, Known], *named: str) -> dict[str, Cast]:
    plan = plan_of(items)
    settled = {"low": REVIEWED, "medium": T0 + 4 * DAY}
    tiers = {item.id: "medium" if item.id.endswith("m") else "low" for item in items}
    found = items_for(
        plan, matrix(plan, known, T0), known, tiers, settled, named=named, horizon=T0 + 30 * DAY
    )
    return {one.id: one for one in found}


def known(**other: Any) -> Known:
    return Known(**(FINE.__dict__ | other))


def test_what_a_review_settles_is_ready_when_it_is_over_and_what_people_mend_never() -> None:
    ids = ("fine", "owing", "unapproved", "late_m", "unverified", "stopped", "strange")
    found = cast(
        [Item(one) for one in ids],
        {
            "fine": FINE,
            "owing": known(duties_left=("accept_policies",)),  # a gate counts those
            "unapproved": known(approved=False, approval_until=None),
            "late_m": known(evidence_until=T0),
            "unverified": known(publisher_verified=False),
            "stopped": known(stops=("stopped:gpt",)),
        },
        *ids,
    )

    assert {one: found[one].ready_at for one in ids} == {
        "fine": T0,
        "owing": T0,
        "unapproved": REVIEWED,
        "late_m": T0 + 4 * DAY,
        "unverified": None,
        "stopped": None,
        "strange": None,
    }
    assert found["unverified"].why == "publisher_unverified"
    assert found["stopped"].why == "stopped:gpt"


def test_nothing_is_ready_before_what_it_requires_an_embargo_or_in_an_earlier_wave() -> None:
    items = [
        Item("base"),
        Item("middle", requires=("base",)),
        Item("top", requires=("middle",)),
        Item("later", wave=2),
        Item("hasty", requires=("later",)),
        Item("lost", requires=("nowhere",)),
        Item("embargoed", not_before=T0 + 9 * DAY),
        Item("after", offset_s=60),
    ]
    facts = dict.fromkeys((one.id for one in items), FINE)
    facts["base"] = known(approved=False)
    found = cast(items, facts, *facts)

    assert [found[one].ready_at for one in ("base", "middle", "top")] == [REVIEWED] * 3
    assert [found[one].ready_at for one in ("hasty", "lost", "after")] == [None] * 3
    assert found["embargoed"].ready_at == T0 + 9 * DAY


def test_evidence_ends_within_the_horizon_and_a_bound_approval_does_not() -> None:
    ids = ("ends", "lasts", "free")
    found = cast(
        [Item(one) for one in ids],
        {
            "ends": known(evidence_until=T0 + 5 * DAY),
            "lasts": known(approval_until=T0 + 5 * DAY),
            "free": known(approval_until=T0 + 6 * DAY, bound_at=None),
        },
        *ids,
    )

    assert [found[one].until for one in ids] == [T0 + 5 * DAY, None, T0 + 6 * DAY]


def test_ten_thousand_items_are_few_groups_and_failing_ones_keep_their_names() -> None:
    items = [
        Item(f"rel_{n}", wave=1 + n % 3, importance=list(Importance)[n % 2]) for n in range(10_000)
    ]
    facts = {
        one.id: known(evidence_until=T0 + timedelta(minutes=n), publisher_verified=n % 20 != 0)
        for n, one in enumerate(items, 1)
    }
    found = cast(items, facts, "rel_7")

    assert len(found) < 1_000
    assert sum(one.count for one in found.values()) == 10_000
    assert found["rel_7"].count == 1
    alone = [one for one in found.values() if one.ready_at is None and one.count == 1]
    assert len(alone) >= NAMED_MOST


casts = st.builds(
    Cast,
    st.uuids().map(str),
    st.sampled_from(("must", "should")),
    st.integers(1, 3),
    ready_at=st.sampled_from((None, T0, REVIEWED)),
    until=st.one_of(st.none(), st.integers(0, 10**6).map(lambda s: T0 + timedelta(seconds=s))),
)


@given(st.lists(casts, max_size=60, unique_by=lambda one: one.id))
def test_groups_lose_no_item(items: list[Cast]) -> None:
    found = grouped(items)

    assert sum(one.count for one in found) == len(items)
    assert len(found) <= max(GROUPS_MOST, 1)
    for kind in ("must", "should"):
        mine = [one for one in items if one.importance == kind]
        assert sum(one.count for one in found if one.importance == kind) == len(mine)
