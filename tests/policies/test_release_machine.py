"""A release: every phase × command × person; it only grows by its guards and its plan."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from policies.errors import Refused
from policies.lifecycle.release import LEGAL, MACHINE, PERSONS_COMMANDS
from policies.lifecycle.release_state import FINAL, NEXT, Phase
from tests.builders import ADA, CAST, LEA, MAX, OLA, SOL
from tests.policies.grids import cell, every_cell_is_facts_or_a_named_refusal, malformed, rows_of
from tests.policies.states import HOLDS, OPENED, PREPARED, RELEASES, SYS, release_body, released

# Where each command leads when the right person gives it now and I6 holds; `.` nobody may,
# `early` its time has not come.
BY_PEOPLE = """
                     start sched unsch bind unbind cancel pause resume halt roll_back choose
nothing            | .     .     .     .    .      .      .     .      .    .         .
ready              | rl    sc    .     bo   .      ca     .     .      .    .         .
bound              | .     .     .     bo   re     ca     .     .      .    .         .
passed over        | .     .     .     bo   re     ca     .     .      .    .         .
ships alone        | rl    sc    .     bo   .      ca     .     .      .    .         .
withdrawn          | .     .     .     .    .      ca     .     .      .    .         re
opened             | .     .     .     .    .      .      pa    .      ha   ro        .
scheduled          | rl    sc    re    .    .      ca     .     .      .    .         .
scheduled, its hour| rl    sc    re    .    .      ca     .     .      .    .         .
missed             | .     .     .     .    .      ca     .     rl     ha   ro        .
blocked            | rl    .     .     .    .      ca     .     .      .    .         .
rolling            | .     .     .     .    .      .      pa    .      ha   ro        .
rolling, soaked    | .     .     .     .    .      .      pa    .      ha   ro        .
paused             | .     .     .     .    .      .      .     rl     ha   ro        .
paused by developer| .     .     .     .    .      .      .     rl     ha   ro        .
held               | .     .     .     .    .      .      .     rl     ha   ro        .
halted             | .     .     .     .    .      .      .     ha     .    ro        .
halted, one voice  | .     .     .     .    .      .      .     rl     .    ro        .
rolled_back        | .     .     .     .    .      .      .     .      .    .         .
completed          | .     .     .     .    .      .      .     .      .    .         .
cancelled          | .     .     .     .    .      .      .     .      .    .         .
superseded         | .     .     .     .    .      .      .     .      .    .         .
"""
BY_THE_SYSTEM = """
                     prepare fire  recheck open  let_go advance p_over hold  super retime settle
nothing            | re      .     .       .     .      .       .      .     .     .      .
ready              | .       .     .       .     .      .       .      .     su    .      .
bound              | .       .     .       rl    early  .       .      .     su    .      early
passed over        | .       .     bo      .     early  .       .      .     su    .      early
ships alone        | .       .     .       .     .      .       .      .     su    .      .
withdrawn          | .       .     .       .     .      .       .      .     su    .      .
opened             | .       .     .       .     .      early   .      he    su    .      .
scheduled          | .       early .       .     .      .       .      .     su    sc     .
scheduled, its hour| .       rl    .       .     .      .       .      .     su    sc     .
missed             | .       .     .       .     .      .       .      .     su    .      .
blocked            | .       .     re      .     .      .       .      .     su    .      early
rolling            | .       .     .       .     .      early   .      he    su    .      .
rolling, soaked    | .       .     .       .     .      rl      .      he    su    .      .
paused             | .       .     .       .     .      .       early  .     su    .      .
paused by developer| .       .     .       .     .      .       early  .     su    .      .
held               | .       .     .       .     .      .       .      .     su    .      .
halted             | .       .     .       .     .      .       .      .     su    .      .
halted, one voice  | .       .     .       .     .      .       .      .     su    .      .
rolled_back        | .       .     .       .     .      .       .      .     .     .      .
completed          | .       .     .       .     .      .       .      .     .     .      .
cancelled          | .       .     .       .     .      .       .      .     .     .      .
superseded         | .       .     .       .     .      .       .      .     .     .      .
"""
SHORT = {"sched": "schedule", "unsch": "unschedule", "p_over": "pause_over", "super": "supersede"}
CODE = {
    Phase.READY: "re", Phase.BOUND: "bo", Phase.SCHEDULED: "sc", Phase.BLOCKED: "bl",
    Phase.ROLLING: "rl", Phase.PAUSED: "pa", Phase.HELD: "he", Phase.HALTED: "ha",
    Phase.ROLLED_BACK: "ro", Phase.COMPLETED: "co", Phase.CANCELLED: "ca", Phase.SUPERSEDED: "su",
}  # fmt: skip


def where(row: str, kind: str) -> str:
    journal = RELEASES[row]()
    seen = HOLDS | OPENED
    return cell(journal, kind, release_body(kind, journal), seen, lambda s: CODE[s.phase])


@pytest.mark.parametrize("row", RELEASES)
def test_each_command_leads_where_the_table_says(row: str) -> None:
    tables = [rows_of(table)[row] for table in (BY_PEOPLE, BY_THE_SYSTEM)]
    expected = {SHORT.get(head, head): led for table in tables for head, led in table.items()}

    assert {kind: where(row, kind) for kind in LEGAL} == expected


@pytest.mark.parametrize("row", RELEASES)
@pytest.mark.parametrize(
    "observed", [HOLDS, {}, {"precheck": ("evidence_stale",)}, HOLDS | OPENED, OPENED]
)
def test_every_cell_is_facts_or_a_named_refusal(row: str, observed: Mapping[str, Any]) -> None:
    for kind in (*LEGAL, "adopt"):
        journal = RELEASES[row]()
        body = release_body(kind, journal)

        every_cell_is_facts_or_a_named_refusal(journal, kind, body, observed)
        every_cell_is_facts_or_a_named_refusal(journal.wait(days=40), kind, body, observed)


@pytest.mark.parametrize("row", RELEASES)
def test_a_persons_command_that_brings_nothing_is_refused_by_name(row: str) -> None:
    journal = RELEASES[row]()

    for kind, actor in product(PERSONS_COMMANDS, CAST):
        try:
            MACHINE.decide(journal.past, malformed(journal, kind, actor), journal.now, HOLDS)
        except Refused:
            continue
        assert kind in {"start", "unschedule", "pause", "resume"}


def test_final_phases_stay() -> None:
    assert set(NEXT) == set(Phase)
    assert {phase for phase in Phase if not NEXT[phase]} == FINAL


@pytest.mark.parametrize("row", ["ready", "blocked", "scheduled", "paused", "held", "missed"])
@pytest.mark.parametrize("observed", [{}, {"precheck": ("stopped:gpt",)}])
def test_i6_nothing_starts_or_grows_without_a_precheck_that_holds(
    row: str, observed: Mapping[str, Any]
) -> None:
    for kind in ("start", "resume"):
        journal = RELEASES[row]()

        assert journal.refused(kind, LEA, {}, **observed) in ("evidence-blocks", "illegal-move")


def test_i6_the_two_who_resume_a_halt_both_need_the_precheck() -> None:
    for row in ("halted", "halted, one voice"):
        journal = RELEASES[row]()

        assert journal.refused("resume", LEA, {}, precheck=("stopped:store",)) == "evidence-blocks"


def test_i6_a_schedule_that_fires_without_the_precheck_is_blocked_and_told() -> None:
    journal = RELEASES["scheduled, its hour"]()

    state = journal.give("fire", SYS, {}, precheck=("approval_expired", "stopped:gpt"))

    assert (state.phase, state.why) == (Phase.BLOCKED, ("approval_expired", "stopped:gpt"))


def test_i7_a_precheck_nobody_made_blocks() -> None:
    journal = RELEASES["scheduled, its hour"]()

    assert journal.give("fire", SYS).why == ("precheck_missing",)


def test_i7_a_stage_does_not_grow_when_nobody_looked() -> None:
    journal = RELEASES["rolling, soaked"]()

    state = journal.give("advance", SYS)

    assert (state.phase, state.stage) == (Phase.HELD, 0)
    assert state.why == ("precheck", "precheck_missing")


def test_nobody_wakes_up_to_a_launch_that_came_late() -> None:
    journal = released(("schedule", LEA), 7200 + 901)()

    state = journal.give("fire", SYS, **HOLDS)

    assert (state.phase, state.why[0], state.stage) == (Phase.HELD, "missed", None)


def test_a_stage_never_ends_before_its_soak() -> None:
    journal = RELEASES["rolling"]()

    assert journal.wait(seconds=86399).refused("advance", SYS, {}, **HOLDS) == "not-yet"
    assert journal.wait(seconds=1).give("advance", SYS, **HOLDS).stage == 1


@pytest.mark.parametrize("stop", ["pause", "hold"])
def test_i9_pause_and_hold_keep_exposure_and_stop_the_soak_clock(stop: str) -> None:
    journal = RELEASES["rolling"]()
    journal.wait(hours=20)

    stopped = journal.give(stop, SYS if stop == "hold" else LEA, release_body(stop, journal))
    resumed = journal.wait(days=5).give("resume", LEA, **HOLDS)

    assert (stopped.stage, stopped.step, stopped.stage_over_at) == (0, resumed.step, None)
    assert resumed.stage_over_at == journal.now + timedelta(hours=4)


def test_i9_a_halt_keeps_the_stage_and_resuming_returns_to_it() -> None:
    journal = RELEASES["halted"]()
    halted = journal.state

    journal.give("resume", LEA, **HOLDS)
    resumed = journal.give("resume", MAX, **HOLDS)

    assert (halted.stage, halted.step) == (resumed.stage, resumed.step)


def test_i2_two_people_resume_a_halt() -> None:
    journal = RELEASES["halted"]()

    proposed = journal.give("resume", LEA, **HOLDS)

    assert (proposed.phase, proposed.proposed_by) == (Phase.HALTED, LEA.id)
    assert journal.refused("resume", LEA, {}, **HOLDS) == "same-voice"
    assert journal.give("resume", MAX, **HOLDS).phase is Phase.ROLLING


def test_i2_a_new_halt_forgets_the_voice_for_resuming_the_old_one() -> None:
    journal = RELEASES["halted"]()
    journal.give("resume", LEA, **HOLDS)
    journal.give("resume", MAX, **HOLDS)

    state = journal.give("halt", SOL, {"reason": "again"})

    assert state.proposed_by is None


def test_i2_a_voice_is_used_up_even_where_the_first_stage_begins_by_it() -> None:
    journal = RELEASES["missed"]()
    journal.give("halt", SOL, {"reason": "wait"})
    journal.give("resume", LEA, **HOLDS)
    journal.give("resume", MAX, **HOLDS)
    journal.give("pause", MAX)

    assert journal.refused("resume", LEA, {}, **HOLDS) == ""


def test_i2_a_lead_of_the_publisher_starts_and_resumes_nothing_but_stops_everything() -> None:
    for row in ("ready", "scheduled", "blocked"):
        assert RELEASES[row]().refused("start", OLA, {}, **HOLDS) == "self-approval"
    for row in ("held", "halted"):
        assert RELEASES[row]().refused("resume", OLA, {}, **HOLDS) == "not-allowed"
    for kind in ("pause", "halt", "roll_back"):
        assert RELEASES["rolling"]().refused(kind, OLA, {"reason": "x"}) == ""


def test_i3_one_person_halts_pauses_and_rolls_back_without_any_guard() -> None:
    for kind, actor in (("halt", SOL), ("halt", LEA), ("pause", ADA), ("roll_back", ADA)):
        journal = RELEASES["rolling"]()

        # Nobody looked at anything, and the last look was bad.
        assert journal.refused(kind, actor, {"reason": "unsafe"}) == ""
        assert journal.refused(kind, actor, {"reason": "unsafe"}, precheck=("no",)) == ""


@pytest.mark.parametrize("at", ["2026-04-02T09:00:00", "tomorrow", 7, "2020-01-01T00:00:00Z"])
def test_a_time_without_zone_or_in_the_past_is_refused(at: Any) -> None:
    ready, rolling = RELEASES["ready"](), RELEASES["rolling"]()

    assert ready.refused("schedule", LEA, {"at": at}) == "incomplete"
    assert rolling.refused("pause", LEA, {"until": at}) == "incomplete"


def test_who_is_served_already_is_rolled_back_not_cancelled() -> None:
    assert RELEASES["held"]().refused("cancel", LEA, {"reason": "x"}) == "illegal-move"
    assert RELEASES["missed"]().refused("cancel", LEA, {"reason": "x"}) == ""


def test_a_fold_refuses_a_move_that_the_table_does_not_know() -> None:
    journal = RELEASES["ready"]()
    halted = RELEASES["halted"]().events[-1]

    with pytest.raises(ValueError, match="is not a move"):
        MACHINE.evolve(journal.state, halted)
    with pytest.raises(ValueError, match="unknown event"):
        MACHINE.evolve(journal.state, replace(halted, type="release:blessed"))
    with pytest.raises(ValueError, match="before release:prepared"):
        MACHINE.evolve(None, halted)


def test_a_release_is_prepared_once() -> None:
    assert RELEASES["ready"]().refused("prepare", SYS, PREPARED) == "illegal-move"
