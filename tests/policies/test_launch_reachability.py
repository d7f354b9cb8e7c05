"""Search all that can happen to a small launch: what is reachable, and that nobody is ever stuck.

Breadth first over the deciders, with one gate, one polled role, three dates and three moments.
States that differ only in numbers that grow for ever count as one, and zone data stays as it is.
"""

from collections import deque
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from policies.errors import Refused
from policies.lifecycle.kernel import Actor
from policies.lifecycle.launch import MACHINE
from policies.lifecycle.launch_due import due, timers
from policies.lifecycle.launch_permits import LEGAL, SYSTEM_COMMANDS
from policies.lifecycle.launch_state import AHEAD, FINAL, NEXT, Launch, Status
from policies.rules.launch_turns import turns
from tests.builders import AMY, LEA, MAX, SOL, T0, Journal, command, event_of
from tests.policies.launches import OPEN, SYS, TERMS, at, body, clear, freeze, items, span

SOON, LATE = T0 + timedelta(hours=2), T0 + timedelta(days=400)
MOMENTS = (T0, SOON, LATE)
YEARS = 900 * 86_400
SMALL = TERMS | {
    "gates": [{"id": "g", "kind": "signed", "owner_role": "safety_oncall", "freshness_s": YEARS,
               "waivable_by": "product_lead", "most": None}],
    "poll_roles": ["safety_oncall"], "poll_open_before_s": YEARS, "minimum_notice_s": 0,
    "soak_s": 3600, "waves_most": 2,
}  # fmt: skip
Offer = tuple[str, Actor, Mapping[str, Any], Mapping[str, Any]]


def offers(state: Launch | None) -> Iterator[Offer]:
    road: Journal[Launch] = Journal(MACHINE, "lch_1")
    road.past = state
    for kind in LEGAL:
        if kind in ("overdue", "retime") or (state is not None and state.status not in LEGAL[kind]):
            continue
        for told in changes(kind, body(kind, road)):
            for actor in people(kind):
                for saw in looks(state, kind):
                    ahead = clear(told["target"]) if kind == "bring_forward" else {}
                    yield kind, actor, told, saw | ahead


def people(kind: str) -> tuple[Actor, ...]:
    """Who may; two where it takes two. The tables by person are tested elsewhere."""
    if kind in SYSTEM_COMMANDS:
        return (SYS,)
    if kind in ("cancel", "restore", "bring_forward"):
        return (LEA, MAX)
    named = {"sign": SOL, "vote": SOL, "hold": SOL, "suspend": SOL, "waive": MAX,
             "override": AMY, "approve_date": AMY}  # fmt: skip
    return (named.get(kind, LEA),)


def changes(kind: str, told: dict[str, Any]) -> list[dict[str, Any]]:
    more: Mapping[str, list[dict[str, Any]]] = {
        "draft": [{"terms": SMALL}],
        # Late by plan, too: after a postponement developers are asked, and nothing comes forward.
        "plan": [{"target": at(SOON)}, {"target": at(LATE)}, {"target": span("tbd:2026-05-31")}],
        "narrow": [{"target": at(SOON)}],
        "postpone": [{"target": at(LATE)}, {"target": span("tbd:2028-05-31")}],
        "approve_date": [{"target": at(LATE)}],
        "replan": [{"target": at(LATE)}],
        "bring_forward": [{"target": at(SOON)}],
        "sign": [{"gate": "g"}, {"gate": "g", "verdict": "no", "reason": "prose:n"}],
        "waive": [{"gate": "g"}],
        "vote": [{"role": "safety_oncall", "vote": word, "statement": "prose:s"}
                 for word in ("GO", "NO_GO")],
        "override": [{"role": "safety_oncall"}],
        "item_left": [{}, {"importance": "must"}],
        "amend": [],
    }  # fmt: skip
    return [told | change for change in more.get(kind, [{}])]


def looks(state: Launch | None, kind: str) -> list[dict[str, Any]]:
    wave = state.wave + (0 if kind == "restore" else 1) if state else 1
    if kind == "override_freeze":
        return [{"freeze": freeze(None, "product_lead")}]
    if kind not in ("begin_poll", "open_wave", "item_left", "restore", "override", "check"):
        return [{}]
    failing = {"rel_3": ["evidence_stale"]}
    found = [
        {"items": items(wave), **OPEN},
        {"items": items(wave, should_ready=1, failing=failing), **OPEN},
        {"items": items(wave, must_ready=1), **OPEN},
        {},
    ]
    if kind != "open_wave":
        return found
    return [*found, *({"freeze": freeze(end, "product_lead")} for end in (SOON, LATE))]


def key(s: Launch) -> Hashable:
    mark, votes = s.marks.get("g"), s.standing_votes().values()
    return (
        s.status, s.target and s.target.start, s.held and (s.held.before, s.held.cause == "missed"),
        s.proposal and (s.proposal.what, s.proposal.by), bool(s.poll and s.poll.waits_for_call),
        s.poll is None, tuple((v.vote, bool(v.override)) for v in votes), min(s.postponements, 2),
        s.approved_date is None, mark and (mark.holds or mark.waived),
        s.wave, s.wave_wanted, s.suspended_from, bool(s.excluded),
        s.held and s.held.cause == "frozen", s.freeze and (s.freeze.until, s.freeze.waits),
    )  # fmt: skip


@dataclass
class Found:
    """Every state by its key, the statuses it can move to at once, and the states after it."""

    states: dict[Hashable, Launch] = field(default_factory=dict)
    moves: set[tuple[Status, Status]] = field(default_factory=set)
    exits: dict[Hashable, set[str]] = field(default_factory=dict)
    after: dict[Hashable, set[Hashable]] = field(default_factory=dict)


def steps(state: Launch | None, offer: Offer, now: datetime) -> list[Launch]:
    """The states after each fact of the command; none if it is refused."""
    kind, actor, told, saw = offer
    order = command(kind, "lch_1", actor, told, at=now)
    try:
        facts = MACHINE.decide(state, order, now, saw)
    except Refused:
        return []
    found: list[Launch] = []
    for fact in facts:
        # Everything is recorded at one moment: how far apart things happen makes no new states.
        state = MACHINE.evolve(state, event_of(fact, order, 1, T0))
        found.append(state)
    return found


@cache
def launches() -> Found:
    found, queue = Found(), deque[Launch | None]([None])
    while queue:
        state = queue.popleft()
        for offer in offers(state):
            for now in MOMENTS:
                after = steps(state, offer, now)
                if not after:
                    continue
                for one, two in zip([state, *after[:-1]], after, strict=True):
                    if one is not None and one.status is not two.status:
                        found.moves.add((one.status, two.status))
                if state is not None and after[-1].status is not state.status:
                    found.exits.setdefault(key(state), set()).add(offer[0])
                if state is not None:
                    found.after.setdefault(key(state), set()).add(key(after[-1]))
                if key(after[-1]) not in found.states:
                    found.states[key(after[-1])] = after[-1]
                    queue.append(after[-1])
    return found


def test_every_status_of_a_launch_is_reached() -> None:
    reached = {status for move in launches().moves for status in move}

    assert reached == set(Status)


def test_every_move_of_the_table_is_made_and_no_other() -> None:
    named = {(one, two) for one, others in NEXT.items() for two in others if one is not two}

    assert launches().moves == named


def test_i10_every_state_that_is_not_final_has_an_exit_a_turn_and_a_time() -> None:
    for name, state in launches().states.items():
        if state.status in FINAL:
            assert name not in launches().after
            continue
        for now in MOMENTS:
            assert turns(state, now)
        assert due(state)
        assert timers(state)


def test_i10_from_everywhere_a_launch_can_still_come_to_its_end() -> None:
    before: dict[Hashable, set[Hashable]] = {}
    for name, others in launches().after.items():
        for other in others:
            before.setdefault(other, set()).add(name)
    ending = deque(name for name, state in launches().states.items() if state.status in FINAL)
    ends = set(ending)
    while ending:
        for name in before.get(ending.popleft(), set()) - ends:
            ends.add(name)
            ending.append(name)

    assert set(launches().states) == ends


def test_i3_every_state_ahead_is_left_by_one_persons_hold_and_postponement() -> None:
    for name, state in launches().states.items():
        if state.status in AHEAD:
            assert {"hold", "postpone"} <= launches().exits[name], state


def test_i6_no_reachable_state_is_open_without_a_poll_that_said_go() -> None:
    opened = [s for s in launches().states.values() if s.wave > 0]

    assert {s.status for s in opened} >= {Status.LIVE, Status.PARTIAL, Status.SUSPENDED}
    for state in opened:
        assert state.poll is not None
        assert state.poll.outcome == "go"
        assert all(v.vote == "GO" or v.override for v in state.standing_votes().values())


def test_i2_no_reachable_cancellation_is_one_persons_once_it_was_announced() -> None:
    cancelled = [s for s in launches().states.values() if s.status is Status.CANCELLED]

    assert any(s.target is None for s in cancelled)  # a draft
    assert any(s.target is not None for s in cancelled)


def test_the_search_is_wide_enough_to_mean_something() -> None:
    assert len(launches().states) > 300
