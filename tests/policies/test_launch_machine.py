"""A launch: every state × command × person; it opens by its guards alone, and anybody stops it."""

import json
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from gonogo.db.codec import state_json, state_of
from policies.errors import Refused
from policies.lifecycle.launch import MACHINE
from policies.lifecycle.launch_permits import LEGAL, PERSONS_COMMANDS, SYSTEM_COMMANDS
from policies.lifecycle.launch_state import FINAL, NEXT, Launch, Status
from tests.builders import AMY, CAST, LEA, PIA, SOL, Journal
from tests.policies.grids import cell, every_cell_is_facts_or_a_named_refusal, malformed, rows_of
from tests.policies.launches import (
    LAUNCHES,
    body,
    clear,
    freeze,
    seen,
)

# Where each command leads when the right person gives it now and everything looked at holds;
# `.` nobody may, `early` its time has not come.
DATES = """
                           draft amend plan narrow postpone approve replan forward cancel thaw
nothing                  | dr    .     .    .      .        .       .      .       .       .
draft                    | .     dr    pl   .      .        .       .      .       ca      .
planned                  | .     pl    .    pl     pp       .       .      .       .       .
gating                   | .     ga    .    .      pp       .       .      .       .       ga
gating, green            | .     ga    .    .      pp       .       .      .       .       ga
gating, green early      | .     ga    .    .      pp       .       .      ga      .       ga
gating, forward proposed | .     ga    .    .      pp       .       .      ga      .       ga
gating, poll failed      | .     ga    .    .      pp       .       .      .       .       ga
gating, its date passed  | .     ga    .    .      pp       .       .      .       .       ga
poll                     | .     .     .    .      pp       .       .      .       .       po
poll, a no-go            | .     .     .    .      pp       .       .      .       .       po
poll, all go             | .     .     .    .      pp       .       .      .       .       po
armed                    | .     .     .    .      pp       .       .      .       .       ar
countdown                | .     .     .    .      pp       .       .      .       .       co
its hour                 | .     .     .    .      pp       .       .      .       .       co
its hour, frozen         | .     .     .    .      pp       .       .      .       .       co
hold, frozen             | .     .     .    .      pp       .       .      .       ho      co
live                     | .     .     .    .      .        .       .      .       .       .
live, soaked             | .     .     .    .      .        .       .      .       .       .
partial                  | .     .     .    .      .        .       .      .       .       .
next wave called         | .     .     .    .      .        .       .      .       .       pa
suspended                | .     .     .    .      .        .       .      .       .       .
suspended, one voice     | .     .     .    .      .        .       .      .       .       .
hold                     | .     .     .    .      pp       .       .      .       ho      .
hold, countdown          | .     .     .    .      pp       .       .      .       ho      .
hold, its time passed    | .     .     .    .      pp       .       .      .       ho      .
hold, one voice          | .     .     .    .      pp       .       .      .       ca      .
hold, partial            | .     .     .    .      .        .       .      .       .       .
postponed                | .     pp    .    .      pp       .       ga     .       pp      .
postponed twice          | .     pp    .    .      pp       pp      early  .       pp      .
postponed, date approved | .     pp    .    .      pp       pp      ga     .       pp      .
closed                   | .     .     .    .      .        .       .      .       .       .
cancelled                | .     .     .    .      .        .       .      .       .       .
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
its hour, frozen         | .     co    co   co    .    .    .    ho   .     .    .   .    .    .
hold, frozen             | .     ho    ho   ho    .    .    .    .    early .    .   .    .    .
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
hold, partial            | .     ho    ho   ho    .    .    .    .    pa    .    .   su   .    .
postponed                | .     .     .    .     .    .    .    .    .     .    .   .    .    .
postponed twice          | .     .     .    .     .    .    .    .    .     .    .   .    .    .
postponed, date approved | .     .     .    .     .    .    .    .    .     .    .   .    .    .
closed                   | .     .     .    .     .    .    .    .    .     .    .   .    .    .
cancelled                | .     .     .    .     .    .    .    .    .     .    .   .    .    .
"""
THE_SYSTEM = """
                           measure reopen begin over  count check open  miss  left overdue duties
nothing                  | .       .      .     .     .     .     .     .     .    .       .
draft                    | .       .      .     .     .     .     .     .     dr   early   .
planned                  | .       .      .     .     .     .     .     early pl   early   .
gating                   | ga      early  early .     .     .     .     early ga   early   early
gating, green            | ga      early  po    .     .     .     .     early ga   ga      ga
gating, green early      | ga      early  early .     .     .     .     early ga   early   early
gating, forward proposed | ga      early  early .     .     .     .     early ga   early   early
gating, poll failed      | ga      ga     early .     .     .     .     early ga   ga      ga
gating, its date passed  | ga      early  .     .     .     .     .     ho    ga   ga      .
poll                     | po      early  .     early .     .     .     early po   .       po
poll, a no-go            | po      early  .     early .     .     .     early po   .       po
poll, all go             | po      early  .     ar    .     .     .     early po   .       po
armed                    | ar      early  .     .     early .     .     .     ar   .       ar
countdown                | co      co     .     .     .     co    early .     co   .       co
its hour                 | co      co     .     .     .     co    li    .     co   .       .
its hour, frozen         | co      co     .     .     .     co    li    .     co   .       .
hold, frozen             | ho      ho     .     .     .     .     .     .     ho   early   .
live                     | .       .      .     .     .     .     .     .     .    early   .
live, soaked             | .       .      .     .     .     .     .     .     .    li      .
partial                  | pa      early  .     .     .     .     .     .     pa   early   .
next wave called         | pa      early  .     .     .     .     li    .     pa   early   .
suspended                | .       .      .     .     .     .     .     .     .    early   .
suspended, one voice     | .       .      .     .     .     .     .     .     .    early   .
hold                     | ho      early  .     .     .     .     .     .     ho   early   .
hold, countdown          | ho      ho     .     .     .     .     .     .     ho   early   .
hold, its time passed    | ho      ho     .     .     .     .     .     .     ho   ho      .
hold, one voice          | ho      early  .     .     .     .     .     .     ho   early   .
hold, partial            | ho      early  .     .     .     .     .     .     ho   early   .
postponed                | .       .      .     .     .     .     .     .     pp   early   .
postponed twice          | .       .      .     .     .     .     .     .     pp   early   .
postponed, date approved | .       .      .     .     .     .     .     .     pp   early   .
closed                   | .       .      .     .     .     .     .     .     .    .       .
cancelled                | .       .      .     .     .     .     .     .     .    .       .
"""
ASKING = """
                           remind chosen
nothing                  | .      .
draft                    | .      .
planned                  | .      .
gating                   | .      .
gating, green            | .      .
gating, green early      | .      .
gating, forward proposed | .      .
gating, poll failed      | .      .
gating, its date passed  | .      .
poll                     | .      .
poll, a no-go            | .      .
poll, all go             | .      .
armed                    | .      .
countdown                | .      .
its hour                 | .      .
its hour, frozen         | .      .
hold, frozen             | .      .
live                     | .      .
live, soaked             | .      .
partial                  | .      .
next wave called         | .      .
suspended                | .      .
suspended, one voice     | .      .
hold                     | .      .
hold, countdown          | .      .
hold, its time passed    | .      .
hold, one voice          | .      .
hold, partial            | .      .
postponed                | early  early
postponed twice          | early  early
postponed, date approved | early  early
closed                   | .      .
cancelled                | .      .
"""
SHORT = {
    "approve": "approve_date", "forward": "bring_forward", "gates": "open_gates",
    "call": "call_poll", "wave": "next_wave", "susp": "suspend", "reopen": "reopen_gate",
    "begin": "begin_poll", "over": "poll_over", "count": "start_countdown", "open": "open_wave",
    "left": "item_left", "attst": "attest", "risk": "override", "rest": "restore",
    "fin": "finish", "go_on": "resume", "thaw": "override_freeze", "remind": "remind_choices",
    "chosen": "close_choices", "duties": "remind_duties",
}  # fmt: skip
CODE = {
    Status.DRAFT: "dr", Status.PLANNED: "pl", Status.GATING: "ga", Status.POLL: "po",
    Status.ARMED: "ar", Status.COUNTDOWN: "co", Status.LAUNCHING: "la", Status.LIVE: "li",
    Status.PARTIAL: "pa", Status.SUSPENDED: "su", Status.CLOSED: "cl", Status.HOLD: "ho",
    Status.POSTPONED: "pp", Status.CANCELLED: "ca",
}  # fmt: skip


def looking(road: Journal[Launch], kind: str) -> dict[str, Any]:
    wave = road.past.wave if road.past else 0
    saw = seen(road.now, wave if kind == "restore" else wave + 1)
    return saw | {"freeze": freeze(None, "product_lead")} if kind == "override_freeze" else saw


def where(row: str, kind: str) -> str:
    road = LAUNCHES[row]()
    told = body(kind, road)
    saw = looking(road, kind) | (clear(told["target"]) if kind == "bring_forward" else {})
    return cell(road, kind, told, saw, lambda s: CODE[s.status])


@pytest.mark.parametrize("row", LAUNCHES)
def test_each_command_leads_where_the_table_says(row: str) -> None:
    tables = [rows_of(table)[row] for table in (DATES, PEOPLE, THE_SYSTEM, ASKING)]
    expected = {SHORT.get(head, head): led for table in tables for head, led in table.items()}

    # Zone data is a matter of its own: test_launch_retime.
    assert {kind: where(row, kind) for kind in LEGAL.keys() - {"retime"}} == expected


@pytest.mark.parametrize("row", LAUNCHES)
@pytest.mark.parametrize("observed", ["all holds", "nobody looked", "must failing", "frozen"])
def test_every_cell_is_facts_or_a_named_refusal(row: str, observed: str) -> None:
    for kind in (*LEGAL, "adopt"):
        road = LAUNCHES[row]()
        told, saw = body(kind, road), looking(road, kind)
        if observed == "nobody looked":
            saw = {}
        elif observed == "must failing":
            saw["items"] |= {"must_ready": 1, "failing": {"rel_1": ["evidence_stale"]}}
        elif observed == "frozen":
            saw |= {"freeze": freeze(None), "narrow": {"win_2": None}}

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
          "terms", "plan_hash", "moved", "windows", "override")  # fmt: skip


@pytest.mark.parametrize("row", LAUNCHES)
def test_hostile_fields_are_facts_or_a_named_refusal(row: str) -> None:
    road = LAUNCHES[row]()

    for kind, field, value in product(PERSONS_COMMANDS, FIELDS, HOSTILE):
        told = body(kind, road) | {field: value}
        for actor in (LEA, SOL, PIA, AMY):
            if road.past is None or road.state.status in LEGAL[kind]:
                assert road.refused(kind, actor, told, **looking(road, kind)) != "refused"


@pytest.mark.parametrize("row", [row for row in LAUNCHES if row != "nothing"])
def test_a_state_comes_back_from_its_row_as_it_was(row: str) -> None:
    state = LAUNCHES[row]().state

    assert state_of("launch", json.loads(json.dumps(state_json("launch", state)))) == state


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
