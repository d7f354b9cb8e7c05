"""A postponed launch asks developers: until when, with what default, and says when that is over."""

from datetime import timedelta
from typing import Any

import pytest

from policies.lifecycle.kernel import iso
from policies.lifecycle.launch import MACHINE
from policies.lifecycle.launch_due import timers
from policies.lifecycle.launch_state import FINAL, Launch, Status
from tests.builders import AMY, LEA, MAX, Journal, event_of
from tests.policies.launches import GATING, OPENING, PLANNED, SYS, at, body, launched, span, walk

DAY = timedelta(days=1)
LATER = OPENING + 30 * DAY


def postponed(target: dict[str, Any] | None = None, **told: Any) -> Journal[Launch]:
    over = {"target": target or at(LATER), **told}
    return walk(launched(*GATING)(), ("postpone", LEA, over))


def kinds(road: Journal[Launch]) -> dict[str, Any]:
    return {timer.kind: timer.at for timer in timers(road.state)}


def test_a_postponement_without_a_word_about_it_asks_for_as_long_as_the_policies_say() -> None:
    road = postponed()

    asked = road.state.asked

    assert asked is not None
    assert (asked.nth, asked.default, asked.closed) == (1, "wait", False)
    assert asked.decide_by == road.now + 7 * DAY
    assert road.events[-1].body["decide_by"] == iso(road.now + 7 * DAY)


def test_until_when_and_what_counts_for_silence_are_recorded_as_they_were_previewed() -> None:
    until = OPENING + 3 * DAY

    asked = postponed(decide_by=iso(until), default="ship_alone").state.asked

    assert asked is not None
    assert (asked.decide_by, asked.default) == (until, "ship_alone")


@pytest.mark.parametrize(
    "fault",
    [
        {"decide_by": "soon"},
        {"decide_by": "2026-05-01T00:00:00"},  # of no zone
        {"decide_by": 7},
        {"decide_by": iso(OPENING - 60 * DAY)},  # behind us
        {"decide_by": iso(OPENING + 900 * DAY)},
        {"decide_by": iso(LATER - timedelta(hours=23))},  # the countdown has begun by then
        {"default": "leave"},
        {"default": ["wait"]},
        {"default": 1},
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_its_field(fault: dict[str, Any]) -> None:
    road = launched(*GATING)()

    code = road.refused("postpone", LEA, {**body("postpone", road), "target": at(LATER), **fault})

    assert code == "incomplete"


def test_i3_a_postponement_by_an_hour_holds_at_once_and_asks_nobody() -> None:
    road = launched(*GATING)()
    road.now = OPENING - timedelta(hours=2)

    state = walk(road, ("postpone", LEA, {"target": at(OPENING + timedelta(hours=1))})).state

    assert state.status is Status.POSTPONED
    assert state.asked is None


def test_an_event_from_before_developers_were_asked_means_that_nobody_was() -> None:
    road = launched(*GATING)()
    order, (fact,) = road.decide("postpone", LEA, body("postpone", road))
    fact.body.pop("decide_by")
    fact.body.pop("default")
    state = MACHINE.evolve(road.past, event_of(fact, order, len(road.events) + 1, road.now))

    assert state.status is Status.POSTPONED
    assert state.asked is None
    assert not {"remind_choices", "close_choices"} & {timer.kind for timer in timers(state)}


def test_who_says_nothing_is_reminded_a_day_before_and_the_time_ends_once() -> None:
    road = postponed()
    until = road.now + 7 * DAY
    assert kinds(road)["remind_choices"] == until - DAY
    assert road.refused("remind_choices", SYS) == "not-yet"
    assert road.refused("close_choices", SYS) == "not-yet"

    road.now = until - DAY
    road.give("remind_choices", SYS)

    assert "remind_choices" not in kinds(road)
    assert road.refused("remind_choices", SYS) == "not-yet"
    assert kinds(road)["close_choices"] == until

    road.now = until
    state = road.give("close_choices", SYS)

    assert state.asked is not None
    assert state.asked.closed
    assert "close_choices" not in kinds(road)
    assert road.refused("close_choices", SYS) == "illegal-move"


def test_with_less_than_two_days_nobody_is_asked_twice() -> None:
    road = launched(*GATING)()

    walk(road, ("postpone", LEA, {"target": at(LATER), "decide_by": iso(road.now + 2 * DAY)}))

    assert "remind_choices" not in kinds(road)


@pytest.mark.parametrize("kind", ["remind_choices", "close_choices"])
def test_no_person_ends_or_recalls_the_time_to_choose(kind: str) -> None:
    road = postponed()
    road.wait(days=8)

    assert {road.refused(kind, who) for who in (LEA, MAX, AMY)} == {"not-allowed"}


def test_a_new_date_keeps_the_deadline_and_comes_after_it() -> None:
    until = OPENING + 5 * DAY
    road = postponed(span("tbd:2026-09-30"), decide_by=iso(until))
    early, late = until + timedelta(hours=23), until + 2 * DAY

    assert road.refused("replan", LEA, {"target": at(early)}) == "not-yet"
    state = road.give("replan", LEA, {"target": at(late)})

    assert state.status is Status.GATING
    assert state.asked is not None
    assert state.asked.decide_by == until
    assert kinds(road)["close_choices"] == until


def test_a_date_is_narrowed_and_brought_forward_only_to_after_the_deadline() -> None:
    road = postponed(span("month:2026-06"), decide_by=iso(OPENING + 45 * DAY))
    road.give("replan", LEA, {"target": span("month:2026-06")})
    until = OPENING + 45 * DAY  # 5 June

    assert road.refused("narrow", LEA, {"target": at(until - DAY)}) == "not-yet"
    state = road.give("narrow", LEA, {"target": at(until + 10 * DAY)})

    assert state.opens_at == until + 10 * DAY


def test_once_the_time_is_over_any_date_will_do_that_is_no_sooner_than_the_first() -> None:
    road = postponed(span("tbd:2026-09-30"))
    road.wait(days=30)
    road.give("close_choices", SYS)

    state = road.give("replan", LEA, {"target": at(road.now + DAY)})

    assert state.status is Status.GATING


def test_a_second_postponement_asks_again() -> None:
    road = postponed()
    road.wait(days=7)
    road.give("close_choices", SYS)

    state = walk(road, ("postpone", LEA, {"target": at(LATER + 30 * DAY)})).state

    assert state.asked is not None
    assert (state.asked.nth, state.asked.closed, state.asked.reminded) == (2, False, False)
    assert state.asked.decide_by == road.now + 7 * DAY


def test_what_was_never_postponed_asks_nobody() -> None:
    road = launched(*PLANNED)()

    assert road.state.asked is None
    assert road.refused("close_choices", SYS) == "illegal-move"


def test_what_is_cancelled_asks_no_more() -> None:
    road = walk(postponed(), ("cancel", LEA), ("cancel", MAX))

    assert road.state.status in FINAL
    assert timers(road.state) == ()
