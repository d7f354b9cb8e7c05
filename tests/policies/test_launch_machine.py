"""A launch: every state × command × person; it opens by its guards alone, and anybody stops it."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from policies.errors import Refused
from policies.lifecycle.launch import MACHINE
from policies.lifecycle.launch_permits import LEGAL, PERSONS_COMMANDS, SYSTEM_COMMANDS
from policies.lifecycle.launch_state import FINAL, NEXT, Launch, Status
from tests.builders import ALF, AMY, CAST, LEA, MAX, OLA, PIA, RUI, SENA, SOL, Journal
from tests.policies.grids import cell, every_cell_is_facts_or_a_named_refusal, malformed, rows_of
from tests.policies.launches import (
    ARMED,
    COUNTDOWN,
    DAY,
    GATING,
    GO,
    GREEN,
    ITS_HOUR,
    LAUNCHES,
    LIVE,
    NO_GO,
    OPENING,
    PLANNED,
    POLLED,
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

# Where each command leads when the right person gives it now and everything looked at holds;
# `.` nobody may, `early` its time has not come.
DATES = """
                           draft amend plan narrow postpone approve replan forward cancel
nothing                  | dr    .     .    .      .        .       .      .       .
draft                    | .     dr    pl   .      .        .       .      .       ca
planned                  | .     pl    .    pl     pp       .       .      .       .
gating                   | .     ga    .    .      pp       .       .      .       .
gating, green            | .     ga    .    .      pp       .       .      .       .
gating, green early      | .     ga    .    .      pp       .       .      ga      .
gating, forward proposed | .     ga    .    .      pp       .       .      ga      .
gating, poll failed      | .     ga    .    .      pp       .       .      .       .
gating, its date passed  | .     ga    .    .      pp       .       .      .       .
poll                     | .     .     .    .      pp       .       .      .       .
poll, a no-go            | .     .     .    .      pp       .       .      .       .
poll, all go             | .     .     .    .      pp       .       .      .       .
armed                    | .     .     .    .      pp       .       .      .       .
countdown                | .     .     .    .      pp       .       .      .       .
its hour                 | .     .     .    .      pp       .       .      .       .
live                     | .     .     .    .      .        .       .      .       .
live, soaked             | .     .     .    .      .        .       .      .       .
partial                  | .     .     .    .      .        .       .      .       .
next wave called         | .     .     .    .      .        .       .      .       .
suspended                | .     .     .    .      .        .       .      .       .
suspended, one voice     | .     .     .    .      .        .       .      .       .
hold                     | .     .     .    .      pp       .       .      .       ho
hold, countdown          | .     .     .    .      pp       .       .      .       ho
hold, its time passed    | .     .     .    .      pp       .       .      .       ho
hold, one voice          | .     .     .    .      pp       .       .      .       ca
hold, partial            | .     .     .    .      .        .       .      .       .
postponed                | .     pp    .    .      pp       .       ga     .       pp
postponed twice          | .     pp    .    .      pp       pp      early  .       pp
postponed, date approved | .     pp    .    .      pp       pp      ga     .       pp
closed                   | .     .     .    .      .        .       .      .       .
cancelled                | .     .     .    .      .        .       .      .       .
"""
PEOPLE = """
                           gates attst sign waive vote risk call hold go_on wave fin susp rest close
nothing                  | .     .     .    .     .    .    .    .    .     .    .   .    .    .
draft                    | .     .     .    .     .    .    .    .    .     .    .   .    .    .
planned                  | ga    .     .    .     .    .    .    ho   .     .    .   .    .    .
gating                   | .     ga    ga   ga    .    .    .    ho   .     .    .   .    .    .
gating, green            | .     ga    ga   ga    .    .    .    ho   .     .    .   .    .    .
gating, green early      | .     ga    ga   ga    .    .    .    ho   .     .    .   .    .    .
gating, forward proposed | .     ga    ga   ga    .    .    .    ho   .     .    .   .    .    .
gating, poll failed      | .     ga    ga   ga    .    .    ga   ho   .     .    .   .    .    .
gating, its date passed  | .     ga    ga   ga    .    .    .    ho   .     .    .   .    .    .
poll                     | .     po    po   po    po   .    .    ho   .     .    .   .    .    .
poll, a no-go            | .     po    po   po    po   po   .    ho   .     .    .   .    .    .
poll, all go             | .     po    po   po    po   .    .    ho   .     .    .   .    .    .
armed                    | .     ar    ar   ar    .    .    .    ho   .     .    .   .    .    .
countdown                | .     co    co   co    .    .    .    ho   .     .    .   .    .    .
its hour                 | .     co    co   co    .    .    .    ho   .     .    .   .    .    .
live                     | .     .     .    .     .    .    .    .    .     .    .   su   .    early
live, soaked             | .     .     .    .     .    .    .    .    .     .    .   su   .    cl
partial                  | .     pa    pa   pa    .    .    .    ho   .     pa   li  su   .    early
next wave called         | .     pa    pa   pa    .    .    .    ho   .     .    li  su   .    early
suspended                | .     .     .    .     .    .    .    .    .     .    .   .    su   .
suspended, one voice     | .     .     .    .     .    .    .    .    .     .    .   .    li   .
hold                     | .     ho    ho   ho    .    .    .    .    ga    .    .   .    .    .
hold, countdown          | .     ho    ho   ho    .    .    .    .    co    .    .   .    .    .
hold, its time passed    | .     ho    ho   ho    .    .    .    .    early .    .   .    .    .
hold, one voice          | .     ho    ho   ho    .    .    .    .    ga    .    .   .    .    .
hold, partial            | .     ho    ho   ho    .    .    .    .    pa    .    .   .    .    .
postponed                | .     .     .    .     .    .    .    .    .     .    .   .    .    .
postponed twice          | .     .     .    .     .    .    .    .    .     .    .   .    .    .
postponed, date approved | .     .     .    .     .    .    .    .    .     .    .   .    .    .
closed                   | .     .     .    .     .    .    .    .    .     .    .   .    .    .
cancelled                | .     .     .    .     .    .    .    .    .     .    .   .    .    .
"""
THE_SYSTEM = """
                           measure reopen begin over  count check open  miss  left overdue
nothing                  | .       .      .     .     .     .     .     .     .    .
draft                    | .       .      .     .     .     .     .     .     dr   early
planned                  | .       .      .     .     .     .     .     early pl   early
gating                   | ga      early  early .     .     .     .     early ga   early
gating, green            | ga      early  po    .     .     .     .     early ga   ga
gating, green early      | ga      early  early .     .     .     .     early ga   early
gating, forward proposed | ga      early  early .     .     .     .     early ga   early
gating, poll failed      | ga      ga     early .     .     .     .     early ga   ga
gating, its date passed  | ga      early  .     .     .     .     .     ho    ga   ga
poll                     | po      early  .     early .     .     .     early po   .
poll, a no-go            | po      early  .     early .     .     .     early po   .
poll, all go             | po      early  .     ar    .     .     .     early po   .
armed                    | ar      early  .     .     early .     .     .     ar   .
countdown                | co      co     .     .     .     co    early .     co   .
its hour                 | co      co     .     .     .     co    li    .     co   .
live                     | .       .      .     .     .     .     .     .     .    early
live, soaked             | .       .      .     .     .     .     .     .     .    li
partial                  | pa      early  .     .     .     .     .     .     pa   early
next wave called         | pa      early  .     .     .     .     li    .     pa   early
suspended                | .       .      .     .     .     .     .     .     .    early
suspended, one voice     | .       .      .     .     .     .     .     .     .    early
hold                     | ho      early  .     .     .     .     .     .     ho   early
hold, countdown          | ho      ho     .     .     .     .     .     .     ho   early
hold, its time passed    | ho      ho     .     .     .     .     .     .     ho   ho
hold, one voice          | ho      early  .     .     .     .     .     .     ho   early
hold, partial            | ho      early  .     .     .     .     .     .     ho   early
postponed                | .       .      .     .     .     .     .     .     pp   early
postponed twice          | .       .      .     .     .     .     .     .     pp   early
postponed, date approved | .       .      .     .     .     .     .     .     pp   early
closed                   | .       .      .     .     .     .     .     .     .    .
cancelled                | .       .      .     .     .     .     .     .     .    .
"""
SHORT = {
    "approve": "approve_date", "forward": "bring_forward", "gates": "open_gates",
    "call": "call_poll", "wave": "next_wave", "susp": "suspend", "reopen": "reopen_gate",
    "begin": "begin_poll", "over": "poll_over", "count": "start_countdown", "open": "open_wave",
    "left": "item_left", "attst": "attest", "risk": "override", "rest": "restore",
    "fin": "finish", "go_on": "resume",
}  # fmt: skip
CODE = {
    Status.DRAFT: "dr", Status.PLANNED: "pl", Status.GATING: "ga", Status.POLL: "po",
    Status.ARMED: "ar", Status.COUNTDOWN: "co", Status.LAUNCHING: "la", Status.LIVE: "li",
    Status.PARTIAL: "pa", Status.SUSPENDED: "su", Status.CLOSED: "cl", Status.HOLD: "ho",
    Status.POSTPONED: "pp", Status.CANCELLED: "ca",
}  # fmt: skip


def looking(road: Journal[Launch], kind: str) -> dict[str, Any]:
    wave = road.past.wave if road.past else 0
    return seen(road.now, wave if kind == "restore" else wave + 1)


def where(row: str, kind: str) -> str:
    road = LAUNCHES[row]()
    return cell(road, kind, body(kind, road), looking(road, kind), lambda s: CODE[s.status])


@pytest.mark.parametrize("row", LAUNCHES)
def test_each_command_leads_where_the_table_says(row: str) -> None:
    tables = [rows_of(table)[row] for table in (DATES, PEOPLE, THE_SYSTEM)]
    expected = {SHORT.get(head, head): led for table in tables for head, led in table.items()}

    assert {kind: where(row, kind) for kind in LEGAL} == expected


@pytest.mark.parametrize("row", LAUNCHES)
@pytest.mark.parametrize("observed", ["all holds", "nobody looked", "must failing"])
def test_every_cell_is_facts_or_a_named_refusal(row: str, observed: str) -> None:
    for kind in (*LEGAL, "adopt"):
        road = LAUNCHES[row]()
        told, saw = body(kind, road), looking(road, kind)
        if observed == "nobody looked":
            saw = {}
        elif observed == "must failing":
            saw["items"] |= {"must_ready": 1, "failing": {"rel_1": ["evidence_stale"]}}

        every_cell_is_facts_or_a_named_refusal(road, kind, told, saw)
        every_cell_is_facts_or_a_named_refusal(road.wait(days=400), kind, told, saw)


@pytest.mark.parametrize("row", LAUNCHES)
def test_a_persons_command_that_brings_nothing_is_refused_by_name(row: str) -> None:
    road = LAUNCHES[row]()
    bring_nothing = {"open_gates", "call_poll", "resume", "next_wave", "finish"}

    for kind, actor in product(PERSONS_COMMANDS, CAST):
        try:
            MACHINE.decide(road.past, malformed(road, kind, actor), road.now, looking(road, kind))
        except Refused:
            continue
        # The second of two voices confirms what the first one said.
        second = road.state.proposal is not None and kind in ("cancel", "restore")
        assert kind in bring_nothing or second


HOSTILE: tuple[Any, ...] = (
    None,
    "",
    7,
    True,
    "x" * 10_000,
    [],
    {},
    {"a": 1},
    -1,
    float("nan"),
    "2026-04-02T09:00",
)
FIELDS = ("target", "reason", "note", "gate", "evidence", "until", "verdict", "role", "vote",
          "round", "statement", "rationale", "report", "score", "mode", "quorum", "name", "tz",
          "terms", "plan_hash", "moved")  # fmt: skip


@pytest.mark.parametrize("row", LAUNCHES)
def test_hostile_fields_are_facts_or_a_named_refusal(row: str) -> None:
    road = LAUNCHES[row]()

    for kind, field, value in product(PERSONS_COMMANDS, FIELDS, HOSTILE):
        told = body(kind, road) | {field: value}
        for actor in (LEA, SOL, PIA, AMY):
            if road.past is None or road.state.status in LEGAL[kind]:
                assert road.refused(kind, actor, told, **looking(road, kind)) != "refused"


def test_final_states_stay() -> None:
    assert set(NEXT) == set(Status)
    assert {status for status in Status if not NEXT[status]} == FINAL


def test_a_fold_refuses_a_move_that_the_table_does_not_know() -> None:
    road, live = LAUNCHES["planned"](), LAUNCHES["live"]()

    with pytest.raises(ValueError, match="is not a move"):
        MACHINE.evolve(road.state, live.events[-1])
    with pytest.raises(ValueError, match="unknown event"):
        MACHINE.evolve(road.state, replace(live.events[-1], type="launch:blessed"))
    with pytest.raises(ValueError, match="before launch:drafted"):
        MACHINE.evolve(None, live.events[-1])


@pytest.mark.parametrize("kind", sorted(SYSTEM_COMMANDS))
def test_i2_no_person_gives_what_is_the_systems_own(kind: str) -> None:
    road = LAUNCHES["its hour"]()

    for actor in CAST:
        if not actor.is_system:
            assert road.refused(kind, actor, {}, **seen(road.now)) == "not-allowed"


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
    for missing in range(len(GREEN) - 2):
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
    return road.give("open_wave", SYS, {}, gates=looked(road.now), items=items(**over))


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

    state = road.give("open_wave", SYS, {}, gates=looked(road.now), **saw)

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

    assert road.refused("open_wave", SYS, {}, gates=looked(road.now), items=ended) == (
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


# Stopping is easy (I3), going on has its guards.


@pytest.mark.parametrize(
    "row", ["planned", "gating", "poll", "armed", "countdown", "its hour", "partial"]
)
@pytest.mark.parametrize("actor", [SOL, LEA, PIA, SENA])
def test_i3_a_gate_owner_the_lead_or_safety_holds_it_at_any_moment(row: str, actor: Any) -> None:
    road = LAUNCHES[row]()
    before = road.state.status

    state = road.give("hold", actor, {"reason": "unsafe"})  # nobody looked at anything

    assert state.held is not None
    assert (state.status, state.held.before) == (Status.HOLD, before)
    assert state.held.review_by > road.now
    assert road.refused("open_wave", SYS, {}, **seen(road.now)) == "illegal-move"


def test_i3_who_owns_no_gate_does_not_hold() -> None:
    for actor in (RUI, AMY, ALF):
        road = LAUNCHES["countdown"]()
        assert road.refused("hold", actor, {"reason": "unsafe"}) == "not-allowed"


def test_i3_a_no_on_the_way_stops_it_at_once() -> None:
    for row in ("poll", "armed", "countdown"):
        road = LAUNCHES[row]()
        no = {"gate": "safety_review", "verdict": "no", "reason": "prose:r"}

        state = road.give("sign", SOL, no)

        assert (state.status, state.held and state.held.cause) == (Status.HOLD, "gate_red")
    road = LAUNCHES["gating"]()
    assert road.give("sign", SOL, no).status is Status.GATING


def test_a_hold_goes_back_to_where_it_was_when_its_gates_hold() -> None:
    road = launched(*COUNTDOWN, ("hold", SOL))()

    assert road.refused("resume", LEA, {}, gates=looked(road.now, no_stop=1)) == "evidence-blocks"
    assert road.give("resume", LEA, {}, gates=looked(road.now)).status is Status.COUNTDOWN


def test_i4_a_hold_gives_voters_back_the_time_it_took() -> None:
    road = launched(*POLLED)()
    assert road.state.poll is not None
    closes = road.state.poll.closes_at

    walk(road, 3600.0, ("hold", SOL), 7200.0, ("resume", LEA))

    assert road.state.poll.closes_at == closes + timedelta(hours=2)


def test_i4_a_hold_that_nobody_reviews_is_told_again_and_again() -> None:
    road = launched(*COUNTDOWN, ("hold", SOL))()

    assert road.wait(hours=3.9).refused("overdue", SYS) == "not-yet"
    road.wait(hours=0.1).give("overdue", SYS)
    assert road.wait(hours=23).refused("overdue", SYS) == "not-yet"
    assert road.wait(hours=1).give("overdue", SYS).told == 2


def test_i3_suspending_takes_one_and_restoring_two_who_looked() -> None:
    road = LAUNCHES["live"]()
    road.give("suspend", SOL, {"reason": "unsafe"})
    road.give("restore", MAX, {"reason": "mended"})

    assert road.refused("restore", MAX, {}, **seen(road.now, 1)) == "same-voice"
    assert road.refused("restore", LEA) == "evidence-blocks"
    failing = items(failing={"rel_2": ["stopped:gpt"]})
    state = road.give("restore", LEA, {}, items=failing)
    assert (state.status, dict(state.excluded)) == (Status.LIVE, {"rel_2": 1})


def test_i2_two_people_cancel_and_the_lead_begins() -> None:
    road = LAUNCHES["hold"]()

    assert road.refused("cancel", SOL, {"reason": "x"}) == "not-allowed"
    assert road.give("cancel", LEA, {"reason": "x"}).status is Status.HOLD
    assert road.refused("cancel", LEA, {"reason": "x"}) == "same-voice"
    assert road.give("cancel", SOL).status is Status.CANCELLED


def test_i2_a_voice_for_cancelling_does_not_outlive_the_hold() -> None:
    road = LAUNCHES["hold, one voice"]()

    walk(road, ("resume", LEA), ("hold", SOL))

    assert road.state.proposal is None
    assert road.give("cancel", LEA, {"reason": "x"}).status is Status.HOLD


# Dates (L9, L10, L13).


def test_i3_the_second_postponement_holds_at_once_and_only_its_date_waits() -> None:
    road = LAUNCHES["postponed"]()
    walk(road, ("replan", LEA))

    state = walk(road, ("postpone", LEA)).state

    assert (state.status, state.postponements) == (Status.POSTPONED, 2)
    assert road.refused("replan", LEA, body("replan", road)) == "not-yet"
    assert road.refused("approve_date", MAX, body("approve_date", road)) == "not-allowed"
    walk(road, ("approve_date", AMY))
    assert walk(road, ("replan", LEA)).state.status is Status.GATING


def test_a_second_postponement_to_no_date_is_approved_by_the_date_it_gets() -> None:
    road = LAUNCHES["postponed"]()
    walk(road, ("postpone", LEA, {"target": span("tbd:2026-09-30")}))
    july, august = span("month:2026-07"), span("month:2026-08")

    assert road.refused("replan", LEA, {"target": july}) == "not-yet"
    road.give("approve_date", AMY, {"target": july})
    assert road.refused("replan", LEA, {"target": august}) == "incomplete"
    assert road.give("replan", LEA, {"target": july}).status is Status.GATING


def test_a_new_date_reopens_gates_past_their_freshness_and_the_poll() -> None:
    road = launched(*ARMED)()
    walk(road, ("postpone", LEA), 8.0 * DAY, ("replan", LEA))

    state = road.state
    lapsed = [e.body["gate"] for e in road.events if e.type == "launch:gate:lapsed"]

    assert set(lapsed) == {"no_stop", "review_on_time", "safety_review"}
    assert state.poll is None
    assert not state.gates(road.now)


def test_a_postponement_is_later_and_nothing_else() -> None:
    road = LAUNCHES["gating"]()
    why = {"reason": "needed"}

    for sooner in (at(OPENING), at(OPENING - timedelta(days=1))):
        assert road.refused("postpone", LEA, {**why, "target": sooner}) == "incomplete"
    assert road.refused("postpone", LEA, {**why, "target": span("month:2026-03")}) == "incomplete"


def test_i3_bringing_forward_takes_fresh_gates_notice_and_two_people() -> None:
    road = LAUNCHES["gating, green early"]()
    sooner = {"reason": "ready", "target": at(road.now + timedelta(days=8))}
    too_soon = {"reason": "ready", "target": at(road.now + timedelta(days=6))}

    assert LAUNCHES["gating"]().refused("bring_forward", LEA, sooner) == "evidence-blocks"
    assert road.refused("bring_forward", LEA, too_soon) == "not-yet"
    assert road.refused("bring_forward", SOL, sooner) == "not-allowed"
    road.give("bring_forward", LEA, sooner)
    assert road.refused("bring_forward", LEA, sooner) == "same-voice"
    assert road.give("bring_forward", MAX, sooner).opens_at == road.now + timedelta(days=8)


def test_i1_the_second_voice_is_for_the_very_date_the_first_one_named() -> None:
    road = LAUNCHES["gating, forward proposed"]()
    another = {"reason": "ready", "target": at(road.now + timedelta(days=9))}

    state = road.give("bring_forward", MAX, another)

    assert state.opens_at == OPENING
    assert state.proposal is not None
    assert state.proposal.by == MAX.id


# After the opening (L8, L14, L15).


def test_a_next_wave_opens_on_the_leads_word_and_by_the_same_guards() -> None:
    road = partial()

    assert road.refused("open_wave", SYS, {}, **seen(road.now, 2)) == "illegal-move"
    walk(road, ("next_wave", LEA))
    state = road.give("open_wave", SYS, {}, gates=looked(road.now), items=items(2, waves=2))
    assert (state.status, state.wave) == (Status.LIVE, 2)


def test_a_next_wave_that_fails_holds_and_leaves_the_first_one_open() -> None:
    road = walk(partial(), ("next_wave", LEA))

    state = road.give("open_wave", SYS, {}, gates=looked(road.now), items=items(2, must_ready=0))

    assert (state.status, state.wave) == (Status.HOLD, 1)
    assert walk(road, ("resume", LEA)).state.status is Status.PARTIAL


def test_closing_needs_the_soak_a_report_and_a_score() -> None:
    road = LAUNCHES["live"]()
    whole = {"report": "sha256:r", "score": 0.2}

    assert road.refused("close", LEA, whole) == "not-yet"
    road.wait(days=7)
    for part in ({"report": "sha256:r"}, {"score": 0.2}, whole | {"score": float("inf")}):
        assert road.refused("close", LEA, part) == "incomplete"
    assert road.give("close", LEA, whole).status is Status.CLOSED


# I2: who vouches does not own it.


def test_i2_who_drafted_it_vouches_for_nothing() -> None:
    mine = launched(("draft", OLA), *GATING[1:])()

    for kind in ("attest", "sign", "waive"):
        told = body(kind, mine) | ({"gate": "support_ready"} if kind != "sign" else {})
        assert mine.refused(kind, OLA, told) == "self-approval"
    assert mine.refused("hold", OLA, {"reason": "x"}) == ""


def test_a_waiver_accepts_a_risk_for_a_time_and_only_by_the_role_the_gate_names() -> None:
    road = launched(*GATING, 18.0 * DAY, GREEN[0], GREEN[2])()
    walk(road, ("waive", MAX))

    gates = {v.gate.id: v for v in road.state.gates(road.now).verdicts}

    assert gates["support_ready"].status == "waived"
    assert road.refused("waive", MAX, {"gate": "safety_review", "reason": "p"}) == "not-allowed"
    assert road.refused("waive", SOL, {"gate": "support_ready", "reason": "p"}) == "not-allowed"
    assert gates["support_ready"].until == road.now + timedelta(days=14)


def test_a_measured_number_past_its_limit_is_red_whatever_the_look_said() -> None:
    road = LAUNCHES["gating"]()
    told = {"no_stop": {"holds": True, "value": 3, "at": "2026-04-01T09:00:00Z"}}

    road.give("measure", SYS, {"gate": "no_stop"}, gates=told)

    assert road.state.marks["no_stop"].holds is False
    assert (road.state.gates(road.now).verdicts[0].status) == "red"


@pytest.mark.parametrize(
    "look",
    [None, 7, {}, {"holds": True}, {"holds": "yes", "at": "2026-04-01T09:00:00Z", "value": 0},
     {"holds": True, "at": "yesterday", "value": 0}, {"holds": True, "at": "2026-04-01T09:00:00Z"},
     {"holds": True, "at": "2026-04-01T09:00:00Z", "value": float("nan")}],
)  # fmt: skip
def test_i7_a_look_that_makes_no_sense_does_not_hold(look: Any) -> None:
    road = LAUNCHES["gating"]()

    state = road.give("measure", SYS, {"gate": "no_stop"}, gates={"no_stop": look})

    assert state.marks["no_stop"].holds is False


def test_the_polls_roads_are_what_they_are_named() -> None:
    assert walk(launched(*POLLED)(), *GO).state.standing_votes().keys() == {
        "product_lead", "safety_oncall", "policy_editor"}  # fmt: skip
    assert launched(*NO_GO)().state.standing_votes()["product_lead"].vote == "NO_GO"
    assert launched(*LIVE)().state.opens_at == OPENING
