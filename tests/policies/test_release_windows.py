"""Releases under windows: they wait by themselves, go on by themselves, and never grow inside."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.errors import Refused
from policies.lifecycle.kernel import iso
from policies.lifecycle.release_state import FINAL, Phase, Release
from policies.lifecycle.release_windows import JITTER_S, moves_for, thaws_at
from policies.rules.windows import Window, verdict, window_of
from tests.builders import ADA, LEA, SOL, T0, Journal
from tests.policies.states import FROZEN, HOLDS, RELEASES, SYS, release_body

DAY = 86400
UNTIL = T0 + timedelta(hours=3)
BOTH: dict[str, Any] = {**FROZEN, "freeze": {**FROZEN["freeze"], "windows": ["win_1", "win_2"]}}
NOBODY: dict[str, Any] = {**FROZEN, "freeze": {**FROZEN["freeze"], "roles": []}}
OVERRIDE = {"override": {"reason": "incident_fix", "note": "prose:o"}}


def fired(**observed: Any) -> Journal[Release]:
    road = RELEASES["scheduled, its hour"]()
    road.give("fire", SYS, {}, **observed)
    return road


def test_a_start_inside_a_window_is_refused_with_the_next_legal_time() -> None:
    road = RELEASES["ready"]()

    with pytest.raises(Refused) as refused:
        road.give("start", LEA, {}, **FROZEN)

    assert refused.value.code == "not-yet"
    assert refused.value.detail["until"] == iso(UNTIL)
    assert refused.value.detail["windows"] == ["win_1"]
    assert refused.value.detail["override_roles"] == ["product_lead"]


def test_scheduling_into_a_window_is_refused_and_may_be_overridden_with_a_reason() -> None:
    road = RELEASES["ready"]()
    body = release_body("schedule", road)

    assert road.refused("schedule", LEA, body, **FROZEN) == "not-yet"
    no_reason = {**body, "override": {"note": "prose:o"}}
    assert road.refused("schedule", LEA, no_reason, **FROZEN) == "incomplete"
    assert road.refused("schedule", LEA, body | OVERRIDE, **NOBODY) == "not-allowed"
    state = road.give("schedule", LEA, body | OVERRIDE, **FROZEN)

    assert state.phase is Phase.SCHEDULED
    assert state.overridden == ("win_1",)
    told = road.events[-1].body
    assert told["override"] == {"windows": ["win_1"], "reason": "incident_fix"}
    assert told["note"] == "prose:o"


def test_an_override_needs_a_role_of_every_window_in_the_way() -> None:
    road, both = RELEASES["ready"](), {**BOTH["freeze"], "roles": ["product_lead", "safety_oncall"]}
    lea_too = replace(LEA, roles=("product_lead", "safety_oncall"))

    assert road.refused("start", LEA, OVERRIDE, precheck=(), freeze=both) == "not-allowed"
    assert road.give("start", lea_too, OVERRIDE, precheck=(), freeze=both).stage == 0


def test_a_scheduled_start_that_meets_a_window_waits_and_goes_on_by_itself() -> None:
    road = fired(**FROZEN)

    assert road.state.phase is Phase.BLOCKED
    assert road.state.why == ("frozen:win_1",)
    assert road.state.frozen_until == UNTIL
    seq = road.state.seq
    assert road.give("recheck", SYS, {}, **FROZEN).seq == seq  # the same says nothing new
    assert road.give("recheck", SYS, {}, **BOTH).why == ("frozen:win_1", "frozen:win_2")
    road.wait(hours=1, seconds=JITTER_S)
    assert road.give("recheck", SYS, {}, **HOLDS).stage == 0
    assert road.state.frozen_by == ()


def test_after_an_outage_a_start_that_waited_is_held_for_a_person() -> None:
    road = fired(**FROZEN).wait(hours=1, seconds=901)

    state = road.give("recheck", SYS, {}, **HOLDS)

    assert state.phase is Phase.HELD
    assert state.why == ("missed", iso(UNTIL))


def test_a_window_that_ended_early_lets_it_start_at_once() -> None:
    assert fired(**FROZEN).give("recheck", SYS, {}, **HOLDS).stage == 0


def test_what_else_came_in_its_way_is_a_persons_matter_again() -> None:
    road = fired(**FROZEN)

    state = road.give("recheck", SYS, {}, precheck=("stopped:gpt",), freeze=None)

    assert (state.phase, state.why) == (Phase.BLOCKED, ("stopped:gpt",))
    assert road.give("recheck", SYS, {}, **HOLDS).phase is Phase.READY


def test_a_window_without_an_end_gives_the_start_back_to_people() -> None:
    endless = {"windows": ["win_1"], "until": None, "roles": []}
    road = fired(precheck=(), freeze=endless)

    assert road.state.phase is Phase.BLOCKED
    assert road.give("recheck", SYS, {}, **HOLDS).phase is Phase.READY


def test_a_frozen_stage_keeps_its_exposure_and_its_soak_clock() -> None:
    road = RELEASES["rolling, soaked"]()
    before = road.state

    state = road.give("advance", SYS, {}, **FROZEN)

    assert (state.phase, state.step) == (Phase.ROLLING, before.step)
    assert (state.clock_from, state.why) == (before.clock_from, ("frozen:win_1",))
    assert road.events[-1].body == {"next": 1, "windows": ["win_1"], "until": iso(UNTIL)}
    assert road.give("advance", SYS, {}, **FROZEN).seq == state.seq
    assert road.give("advance", SYS, {}, **HOLDS).stage == 1
    assert (road.state.frozen_by, road.state.why) == ((), ())


def test_i3_whatever_windows_say_pausing_halting_and_rolling_back_work() -> None:
    for kind, actor in (("pause", ADA), ("halt", SOL), ("roll_back", LEA)):
        road = RELEASES["rolling, soaked"]()
        road.give("advance", SYS, {}, **FROZEN)

        state = road.give(kind, actor, release_body(kind, road), **FROZEN)

        assert state.phase is not Phase.ROLLING
        assert state.frozen_by == ()


def test_a_pause_is_resumed_inside_a_window_since_nobody_more_sees_it() -> None:
    paused, halted = RELEASES["paused"]().state, RELEASES["halted, one voice"]()

    assert moves_for(paused, "resume") == ()
    assert moves_for(halted.state, "resume") == ("start", "increase")
    assert halted.refused("resume", LEA, {}, **FROZEN) == "not-yet"


def test_i7_windows_nobody_looked_at_are_closed() -> None:
    road = RELEASES["scheduled, its hour"]()

    assert road.give("fire", SYS, {}, precheck=()).why == ("frozen:windows_unknown",)


def test_those_that_waited_for_one_window_go_on_spread_over_a_minute() -> None:
    state = fired(**FROZEN).state

    times = {thaws_at(replace(state, id=f"rel_{n}")) for n in range(200)}

    assert len(times) > 30
    for one in times:
        assert one is not None
        assert UNTIL <= one < UNTIL + timedelta(seconds=JITTER_S)


ZONES = {"Europe/Paris": ZoneInfo("Europe/Paris")}


@st.composite
def some_windows(draw: st.DrawFn) -> Window:
    begins = draw(st.datetimes(datetime(2026, 3, 25), datetime(2026, 4, 15)))
    value: dict[str, Any] = {
        "kind": draw(st.sampled_from(("deny", "deny", "allow"))),
        "tz": "Europe/Paris",
        "begins": begins.isoformat(timespec="minutes"),
        "applies_to": draw(st.sampled_from(("start", "increase", "full"))),
        "overrun": draw(st.sampled_from(("finish_step", "hold"))),
    }
    if draw(st.booleans()):
        ends = begins + timedelta(hours=draw(st.integers(1, 100)))
        value["ends"] = ends.isoformat(timespec="minutes")
    else:
        value["rrule"] = draw(st.sampled_from(("FREQ=DAILY", "FREQ=WEEKLY")))
        value["duration_s"] = draw(st.integers(1, 40)) * 3600
    return window_of(value, f"win_{draw(st.integers(0, 10**6))}")


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.lists(some_windows(), max_size=3), st.integers(1, 2 * DAY)), max_size=25),
    st.booleans(),
)
def test_under_any_sequence_of_windows_a_release_never_grows_inside_a_deny_window(
    turns: Sequence[tuple[list[Window], int]], by_schedule: bool
) -> None:
    """People change the windows at every turn; the workflow does what the state calls for."""
    road = RELEASES["ready"]()
    if by_schedule:
        road.give("schedule", LEA, release_body("schedule", road), **HOLDS)
    for windows, wait in turns:
        road.wait(seconds=wait)
        before = road.state
        if before.phase in FINAL:
            return
        kind = {
            Phase.READY: "start",
            Phase.SCHEDULED: "fire",
            Phase.BLOCKED: "recheck",
            Phase.HELD: "resume",
        }.get(before.phase, "advance")
        moves = moves_for(before, kind)
        look = verdict(windows, ZONES, {"store"}, moves, road.now)
        seen = None if look else {"windows": look.windows, "until": look.until, "roles": ()}
        try:
            actor = LEA if kind in ("start", "resume") else SYS
            after = road.give(kind, actor, {}, precheck=(), freeze=seen)
        except Refused:
            continue
        if after.stage != before.stage:
            for window in windows:
                if window.kind == "deny" and window.stops(moves):
                    assert verdict([window], ZONES, {"store"}, moves, road.now)
        else:
            assert after.step == before.step


PARIS = {"local": "2026-04-01T13:00:00", "iana_tz": "Europe/Paris", "tzdata": "x"}


def test_newer_zone_data_moves_the_start_and_keeps_the_civil_time() -> None:
    road = RELEASES["ready"]()
    at, moved = iso(T0 + timedelta(hours=2)), iso(T0 + timedelta(hours=3))
    road.give("schedule", LEA, {"at": at, "time": {**PARIS, "utc": at}}, **HOLDS)
    again = {"time": {**PARIS, "utc": moved, "tzdata": "y"}}

    state = road.give("retime", SYS, again)
    seq = state.seq

    assert state.scheduled_at == T0 + timedelta(hours=3)
    assert state.scheduled_local is not None
    assert (state.scheduled_local["local"], state.scheduled_local["tzdata"]) == (
        PARIS["local"],
        "y",
    )
    assert road.events[-1].body["was"] == at
    assert road.give("retime", SYS, again).seq == seq
    other = {"time": {**again["time"], "local": "2026-04-01T14:00:00", "utc": at}}
    assert road.give("retime", SYS, other).seq == seq  # a person was faster
    assert road.refused("retime", LEA, again) == "not-allowed"
