"""Newer zone data: a launch keeps the date that was announced, and its instants follow."""

from datetime import timedelta

import pytest

from policies.lifecycle.kernel import iso
from policies.lifecycle.launch_due import timers
from policies.lifecycle.launch_state import Status
from policies.rules.notice_facts import facts_of
from policies.rules.notices import tellings
from tests.builders import AMY, LEA
from tests.policies.launches import (
    COUNTDOWN,
    GATING,
    LAUNCHES,
    OPENING,
    POLLED,
    SYS,
    at,
    freeze,
    launched,
    seen,
    shifted,
    span,
    walk,
)

HOUR = timedelta(hours=1)
AHEAD_OR_STOPPED = ("planned", "gating", "poll", "armed", "countdown", "hold", "postponed")


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_the_instant_moves_and_what_was_said_stays(by: timedelta) -> None:
    road = launched(*GATING)()
    before = road.state.target
    assert before is not None

    state = road.give("retime", SYS, {"target": shifted(before, by)})

    assert state.target is not None
    assert (state.opens_at, state.target.label) == (OPENING + by, before.label)
    assert (state.status, state.postponements) == (Status.GATING, 0)
    assert road.events[-1].type == "launch:time:resolved"


def test_what_people_said_meanwhile_is_not_overwritten() -> None:
    road = launched(*GATING)()
    count = len(road.events)

    road.give("retime", SYS, {"target": at(OPENING + HOUR)})  # another civil time
    road.give("retime", SYS, {"target": road.state.target.as_json() if road.state.target else {}})

    assert len(road.events) == count


def test_the_countdown_follows_and_checks_are_made_again_where_they_came_too_soon() -> None:
    road = launched(*COUNTDOWN)()
    road.give("check", SYS, {}, **seen(road.now))
    road.wait(seconds=86_400 - 3_600)
    road.give("check", SYS, {}, **seen(road.now))
    assert road.state.checked == (86_400, 3_600)
    assert road.state.target is not None

    state = road.give("retime", SYS, {"target": shifted(road.state.target)})

    assert state.checked == (86_400,)
    steps = {timer.kind: timer.at for timer in timers(state)}
    assert steps["open_wave"] == OPENING + HOUR
    assert steps["check"] == OPENING
    assert road.wait(hours=1).refused("open_wave", SYS, {}, **seen(road.now)) == "not-yet"
    assert road.wait(hours=1).give("open_wave", SYS, {}, **seen(road.now)).wave == 1


def test_i4_nobody_votes_on_an_opening_that_is_past() -> None:
    road = launched(*POLLED)()
    poll, target = road.state.poll, road.state.target
    assert poll is not None
    assert target is not None

    sooner = road.give("retime", SYS, {"target": shifted(target, -30 * HOUR)})
    assert sooner.poll is not None
    assert (sooner.poll.closes_at, poll.closes_at) == (OPENING - 30 * HOUR, OPENING - 24 * HOUR)


def test_an_instant_that_became_past_is_missed_and_surprises_nobody() -> None:
    road = LAUNCHES["its hour"]()
    assert road.state.target is not None

    road.give("retime", SYS, {"target": shifted(road.state.target, -HOUR)})
    state = road.give("open_wave", SYS, {}, **seen(road.now))

    assert (state.held and state.held.cause, state.wave) == ("missed", 0)


def test_windows_that_were_seen_over_the_old_instant_are_forgotten() -> None:
    road = launched(*COUNTDOWN)()
    stop = freeze(OPENING + HOUR, "product_lead")
    road.give("check", SYS, {}, **seen(road.now) | {"freeze": stop})
    assert road.state.target is not None

    assert road.give("retime", SYS, {"target": shifted(road.state.target)}).freeze is None


def test_an_approved_date_moves_along_so_that_it_still_fits() -> None:
    road = launched(*GATING)()
    walk(road, ("postpone", LEA), ("postpone", LEA), ("approve_date", AMY))
    assert road.state.target is not None
    moved = shifted(road.state.target)

    road.give("retime", SYS, {"target": moved, "approved": moved})

    assert road.give("replan", LEA, {"target": moved}).status is Status.GATING


@pytest.mark.parametrize("row", ["live", "partial", "hold, partial", "closed", "cancelled"])
def test_what_is_open_or_over_is_not_moved(row: str) -> None:
    road = LAUNCHES[row]()

    assert road.refused("retime", SYS, {"target": at(OPENING + HOUR)}) == "illegal-move"


def test_a_date_to_be_decided_is_owed_by_the_same_day() -> None:
    road = walk(launched(("draft", LEA))(), ("plan", LEA, {"target": span("tbd:2026-05-31")}))
    assert road.state.target is not None
    owed = road.state.target.replan_by
    assert owed is not None

    state = road.give("retime", SYS, {"target": shifted(road.state.target)})

    assert state.target is not None
    assert state.target.replan_by == owed + HOUR


def test_leads_and_everybody_bound_to_it_are_told_the_new_instant() -> None:
    road = launched(*GATING)()
    before = road.state
    assert before.target is not None
    road.give("retime", SYS, {"target": shifted(before.target)})

    told = tellings(road.events[-1], before, road.state)
    facts = facts_of(road.events[-1], road.state)

    assert {one.notice for one in told} == {"launch_moved"}
    assert [one.audience.bound_to for one in told] == ["lch_1", None]
    assert told[1].audience.roles == {"product_lead"}
    assert (facts.at, facts.target) == (iso(OPENING + HOUR), None)


@pytest.mark.parametrize("row", sorted(set(LAUNCHES) - {"nothing", "draft"}))
def test_only_what_is_ahead_held_or_postponed_is_moved(row: str) -> None:
    road = LAUNCHES[row]()
    before = road.state
    assert before.target is not None
    told = {"target": shifted(before.target)}

    if before.wave == 0 and before.status.value in AHEAD_OR_STOPPED:
        assert road.give("retime", SYS, told).status is before.status
    else:
        assert road.refused("retime", SYS, told) == "illegal-move"
