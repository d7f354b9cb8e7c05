"""The way of a launch to its opening, the opening itself, and what follows it (L1–L8, L15)."""

from datetime import timedelta
from typing import Any

import pytest

from policies.lifecycle.launch_state import Launch, Status
from tests.builders import LEA, Journal
from tests.policies.launches import (
    ARMED,
    COUNTDOWN,
    DAY,
    GATING,
    GREEN,
    ITS_HOUR,
    LAUNCHES,
    MEASURED,
    OPEN,
    OPENING,
    PLANNED,
    SYS,
    at,
    body,
    items,
    launched,
    looked,
    partial,
    seen,
    span,
    walk,
)

# The way to the opening (L1–L7).


def test_a_launch_goes_from_a_draft_to_everyone() -> None:
    road = LAUNCHES["live"]()

    assert (road.state.status, road.state.wave, road.state.opened_at) == (Status.LIVE, 1, OPENING)
    assert [e.type for e in road.events][-2:] == ["launch:launching", "launch:wave:opened"]


def test_a_month_is_narrowed_inside_but_never_moved_by_it() -> None:
    road = launched(*PLANNED)()

    assert road.refused("narrow", LEA, {"target": span("month:2026-05")}) == "incomplete"
    assert road.refused("narrow", LEA, {"target": span("month:2026-04")}) == "incomplete"
    assert road.give("narrow", LEA, {"target": at(OPENING)}).opens_at == OPENING
    assert road.state.postponements == 0


def test_a_date_to_be_decided_has_a_day_by_which_it_is_owed() -> None:
    road = walk(launched(("draft", LEA))(), ("plan", LEA, {"target": span("tbd:2026-05-31")}))

    assert road.refused("open_gates", LEA) == "not-yet"
    assert road.wait(days=60).refused("overdue", SYS) == "not-yet"
    assert road.wait(days=2).give("overdue", SYS).told == 1
    assert road.refused("overdue", SYS) == "not-yet"  # told, and told again only a day later


def test_the_poll_opens_two_days_before_with_gates_and_items_in_order() -> None:
    road = launched(*GATING, 17.9 * DAY, *GREEN)()

    assert road.refused("begin_poll", SYS, **seen(road.now)) == "not-yet"
    road.wait(days=0.1)
    assert road.refused("begin_poll", SYS, gates=looked(road.now)) == "evidence-blocks"
    assert road.refused("begin_poll", SYS, items=items(must_ready=1)) == "evidence-blocks"
    assert road.give("begin_poll", SYS, **seen(road.now)).status is Status.POLL


def test_i7_no_poll_opens_over_a_gate_nobody_answered() -> None:
    for missing in range(len(GREEN) - len(MEASURED)):  # what is measured is looked at anyway
        answered = [step for number, step in enumerate(GREEN) if number != missing]
        road = launched(*GATING, 18.0 * DAY, *answered)()

        assert road.refused("begin_poll", SYS, **seen(road.now)) == "evidence-blocks"


@pytest.mark.parametrize("before_s", [86_400, 3_600, 300])
def test_a_gate_that_went_stale_holds_the_countdown_at_its_check(before_s: int) -> None:
    road = launched(*COUNTDOWN)()
    road.wait(seconds=86_400 - before_s)

    held = road.give("check", SYS, {}, gates=looked(road.now, no_stop=1))

    assert (held.status, held.held and held.held.cause) == (Status.HOLD, "gates")
    assert held.held is not None
    assert held.held.why == ("no_stop:red",)
    assert held.held.review_by == road.now + timedelta(hours=4)


def test_i7_a_measurement_that_nobody_made_again_goes_stale() -> None:
    road = launched(*COUNTDOWN, ("check", SYS), 0.96 * DAY)()

    held = road.give("check", SYS, {})

    assert held.held is not None
    assert "no_stop:stale" in held.held.why


def test_whoever_wakes_late_makes_one_check_for_all_that_were_due() -> None:
    road = launched(*COUNTDOWN, 86_000.0)()

    checked = road.give("check", SYS, {}, **seen(road.now))

    assert checked.checked == (86_400, 3_600)
    assert road.refused("check", SYS, {}, **seen(road.now)) == "not-yet"


# The opening.


def opening(road: Journal[Launch], **over: Any) -> Launch:
    return road.give("open_wave", SYS, {}, gates=looked(road.now), **OPEN, items=items(**over))


def test_i6_an_unready_must_item_holds_the_opening() -> None:
    state = opening(LAUNCHES["its hour"](), must_ready=1, failing={"rel_1": ["evidence_stale"]})

    assert state.held is not None
    assert (state.status, state.held.cause) == (Status.HOLD, "must_failing")
    assert (state.held.failing, state.wave) == (("rel_1",), 0)


def test_i6_what_else_fails_stays_dark_and_waits_for_the_next_wave() -> None:
    failing = {"rel_4": ["stopped:gpt"], "rel_3": ["evidence_stale"]}
    state = opening(LAUNCHES["its hour"](), should_ready=0, failing=failing)

    assert (state.status, state.wave) == (Status.PARTIAL, 1)
    assert dict(state.excluded) == {"rel_3": 1, "rel_4": 1}


@pytest.mark.parametrize(
    "saw",
    [
        {},
        {"items": None},
        {"items": {"must": 2}},
        {"items": items(must="2")},
        {"items": items(must_ready=3)},
        {"items": items(wave=2)},
        {"items": items(failing=["rel_1"])},
        {"items": items(holds_until="soon")},
    ],
)
def test_i7_what_nobody_saw_or_what_makes_no_sense_opens_nothing(saw: dict[str, Any]) -> None:
    road = LAUNCHES["its hour"]()

    state = road.give("open_wave", SYS, {}, gates=looked(road.now), **OPEN, **saw)

    assert (state.status, state.wave) == (Status.HOLD, 0)


def test_i6_more_failing_items_than_can_be_named_hold_the_opening() -> None:
    many = {f"rel_{number}": ["evidence_stale"] for number in range(501)}

    for over in ({"failing": many}, {"failing_more": True}):
        state = opening(LAUNCHES["its hour"](), **over)
        assert (state.status, state.held and state.held.cause) == (
            Status.HOLD,
            "too_many_failing",
        )


def test_i6_what_ended_since_it_was_seen_is_looked_at_again() -> None:
    road = LAUNCHES["its hour"]()
    ended = items(holds_until="2026-04-21T08:59:59Z")

    assert road.refused("open_wave", SYS, {}, gates=looked(road.now), **OPEN, items=ended) == (
        "evidence-blocks"
    )


@pytest.mark.parametrize(
    ("mode", "quorum", "ready", "cause"),
    [
        ("atomic", None, 5, None),
        ("atomic", None, 4, "not_all_ready"),
        ("quorum", 4, 4, None),
        ("quorum", 4, 3, "quorum"),
        ("independent", None, 2, None),
    ],
)
def test_each_mode_opens_by_its_own_count(
    mode: str, quorum: int | None, ready: int, cause: str | None
) -> None:
    amended = ("amend", LEA, {"mode": mode, "quorum": quorum})
    start = () if mode == "independent" else (amended,)
    road = walk(launched(*GATING, *start)(), *ITS_HOUR[len(GATING) :])

    left = ready - 2
    state = opening(road, should_ready=min(left, 2), optional_ready=max(left - 2, 0))

    assert (state.held.cause if state.held else None) == cause
    assert (state.wave == 1) is (cause is None)


def test_a_launch_of_nothing_does_not_open() -> None:
    none = dict.fromkeys(("must", "should", "optional"), 0)
    ready = {f"{kind}_ready": 0 for kind in none}

    state = opening(LAUNCHES["its hour"](), **none, **ready)

    assert (state.held and state.held.cause) == "nothing_ready"


def test_nobody_wakes_up_to_a_launch_that_came_late() -> None:
    in_time, late = LAUNCHES["its hour"](), LAUNCHES["its hour"]()

    assert opening(in_time.wait(minutes=15)).status is Status.LIVE
    state = opening(late.wait(minutes=15, seconds=1))
    assert (state.status, state.held and state.held.cause) == (Status.HOLD, "missed")


def test_a_date_that_passes_before_the_way_began_holds_it() -> None:
    road = LAUNCHES["gating, its date passed"]()

    state = road.give("miss", SYS)

    assert (state.status, state.held and state.held.cause) == (Status.HOLD, "missed")
    assert road.refused("resume", LEA) == "not-yet"
    assert walk(road, ("postpone", LEA)).state.status is Status.POSTPONED


def test_an_item_that_leaves_is_counted_and_a_broken_quorum_stops_the_way() -> None:
    quorum = ("amend", LEA, {"mode": "quorum", "quorum": 4})
    gating = launched(*GATING, quorum)()
    armed = walk(launched(*GATING, quorum)(), *ARMED[len(GATING) :])
    few = items(optional=0, optional_ready=0, should=1, should_ready=1)

    counted = gating.give("item_left", SYS, body("item_left", gating), items=few)
    held = armed.give("item_left", SYS, body("item_left", armed), items=few)

    assert (counted.status, counted.counts and counted.counts.quorum_met) == (
        Status.GATING,
        False,
    )
    assert (held.status, held.held and held.held.cause) == (Status.HOLD, "quorum")


def test_a_must_item_that_leaves_the_countdown_is_not_forgotten() -> None:
    road = launched(*COUNTDOWN)()
    left = {"release": "rel_1", "importance": "must", "why": "stopped"}

    state = road.give("item_left", SYS, left, items=items(must=1, must_ready=1))

    assert (state.status, state.held and state.held.cause) == (Status.HOLD, "must_left")


def test_a_must_item_that_leaves_at_the_last_second_is_not_outrun_by_the_opening() -> None:
    """It is gone from the record, and whoever tells the launch so has not arrived yet."""
    road = LAUNCHES["its hour"]()

    state = opening(road, must=1, must_ready=1)

    assert state.held is not None
    assert (state.status, state.held.cause, state.wave) == (Status.HOLD, "must_left", 0)


def test_whoever_resumes_goes_on_with_the_must_items_that_there_are() -> None:
    road = launched(*COUNTDOWN, ("check", SYS), 0.95 * DAY)()
    left = {"release": "rel_1", "importance": "must", "why": "stopped"}
    road.give("item_left", SYS, left, items=items(must=1, must_ready=1))
    fewer = {"items": items(must=1, must_ready=1), "gates": looked(road.now), **OPEN}
    road.give("resume", LEA, body("resume", road), **fewer)
    road.wait(seconds=0.05 * DAY)

    assert opening(road, must=1, must_ready=1).status is Status.LIVE


def test_another_item_that_leaves_at_the_last_second_holds_nothing() -> None:
    assert opening(LAUNCHES["its hour"](), should=1, should_ready=1).status is Status.LIVE


# After the opening (L8, L14, L15).


def test_a_next_wave_opens_on_the_leads_word_and_by_the_same_guards() -> None:
    road = partial()

    assert road.refused("open_wave", SYS, {}, **seen(road.now, 2)) == "illegal-move"
    walk(road, ("next_wave", LEA))
    state = road.give("open_wave", SYS, {}, gates=looked(road.now), **OPEN, items=items(2, waves=2))
    assert (state.status, state.wave) == (Status.LIVE, 2)


def test_a_next_wave_days_later_is_called_over_gates_looked_at_anew() -> None:
    road = partial().wait(days=2)

    assert road.refused("next_wave", LEA) == "evidence-blocks"
    state = road.give("next_wave", LEA, {}, gates=looked(road.now))
    assert (state.wave_wanted, state.marks["no_stop"].at) == (2, road.now)


def test_a_next_wave_that_fails_holds_and_leaves_the_first_one_open() -> None:
    road = walk(partial(), ("next_wave", LEA))

    state = road.give(
        "open_wave", SYS, {}, gates=looked(road.now), **OPEN, items=items(2, must_ready=0)
    )

    assert (state.status, state.wave) == (Status.HOLD, 1)
    assert walk(road, ("resume", LEA)).state.status is Status.PARTIAL
