"""Search all that can happen: what is reachable, and that nobody is ever stuck (I10).

Breadth first over the deciders, at three moments, over a small choice of
what commands bring. States that differ only in numbers that grow for ever count as one.
"""

import itertools
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from api.views import TURNS, submission_view
from policies.errors import Refused
from policies.lifecycle import listing, listing_state, release, release_state
from policies.lifecycle import submission as submission_rules
from policies.lifecycle import submission_state as submission
from policies.lifecycle.kernel import Actor, Machine
from policies.lifecycle.listing_state import Listing, Status
from policies.lifecycle.release_state import Phase, Release
from policies.lifecycle.submission_permits import LEGAL as SUBMISSION_LEGAL
from policies.lifecycle.submission_state import Stage, Submission
from policies.lifecycle.submission_system import SYSTEM_DECIDERS
from tests.builders import ADA, LEA, MAX, RUI, SENA, SOL, T0, TOM, Journal, command, event_of
from tests.policies.states import (
    FROZEN,
    HOLDS,
    PREPARED,
    SYS,
    listing_body,
    release_body,
    submission_body,
)

# At once, at the hour for which releases are scheduled, and long after.
MOMENTS = (T0, T0 + timedelta(hours=2), T0 + timedelta(days=400))
Offer = tuple[str, Actor, Mapping[str, Any], Mapping[str, Any]]


@dataclass
class Found:
    """Every state that was reached, by its key, and every move between stages with its command."""

    states: dict[Hashable, Any] = field(default_factory=dict)
    moves: set[tuple[Any, Any]] = field(default_factory=set)
    exits: dict[Hashable, set[str]] = field(default_factory=dict)


def explore(
    machine: Machine[Any],
    subject: str,
    offers: Callable[[Any], Iterator[Offer]],
    key: Callable[[Any], Hashable],
    place: Callable[[Any], Any],
) -> Found:
    found, queue = Found(), deque([None])
    while queue:
        state = queue.popleft()
        for kind, actor, body, observed in offers(state):
            for now in MOMENTS:
                after = _after(machine, subject, state, (kind, actor, body, observed), now)
                if after is None or after is state:
                    continue
                if state is not None and place(after) != place(state):
                    found.moves.add((place(state), place(after)))
                    found.exits.setdefault(key(state), set()).add(kind)
                if key(after) not in found.states:
                    found.states[key(after)] = after
                    queue.append(after)
    return found


def _after(machine: Machine[Any], subject: str, state: Any, offer: Offer, now: Any) -> Any:
    kind, actor, body, observed = offer
    order = command(kind, subject, actor, body, at=now)
    try:
        facts = machine.decide(state, order, now, observed)
    except Refused:
        return None
    # Everything is recorded at one moment: how far apart things happen must not make new states.
    for fact in facts:
        state = machine.evolve(state, event_of(fact, order, 1, T0))
    return state


REVIEWERS = (RUI, SENA, TOM)


def submission_offers(state: Submission | None) -> Iterator[Offer]:
    for kind in SUBMISSION_LEGAL:
        system = kind in SYSTEM_DECIDERS
        people = (SYS,) if system else (ADA, LEA, *REVIEWERS)
        changes: list[dict[str, Any]] = [{}]
        if kind == "scanned":
            changes = [{}, {"tier": "high"}, {"blocking": 1}, {"evidence": []}]
        if kind == "tested":
            changes = [{}, {"blocked_by": ["starters:errors"]}]
        for change in changes:
            body = submission_body(kind, state, **change)
            for actor in people:
                yield kind, actor, body, {}


def submission_key(s: Submission) -> Hashable:
    voices = tuple(v and (v.by, v.second) for v in (s.voice, s.decision))
    return (
        s.stage, s.tier, s.blocked_by, s.claimant, frozenset(s.spoken), voices, s.settled,
        s.clock_stopped_at is None, s.due_at is None, min(s.round, 2), min(s.ladder_steps, 1),
    )  # fmt: skip


@cache
def submissions() -> Found:
    return explore(
        submission_rules.MACHINE, "sub_1", submission_offers, submission_key, lambda s: s.stage
    )


def release_offers(state: Release | None) -> Iterator[Offer]:
    road = Journal(release.MACHINE, "rel_1")
    for kind in release.LEGAL:
        people = (SYS,) if kind in release.SYSTEM_COMMANDS else (ADA, LEA, MAX, SOL)
        for actor in people:
            for precheck in (HOLDS, FROZEN, {"precheck": ("stopped:gpt",)}):
                for row in launch_rows(kind):
                    yield kind, actor, release_body(kind, road), precheck | row


def launch_rows(kind: str) -> list[dict[str, Any]]:
    if kind not in ("open", "let_go", "recheck"):
        return [{}]
    rows = itertools.product(("gating", "live", "cancelled"), (None, ["evidence_stale"]))
    return [{"launch": {"status": s, "wave": 1, "excluded": x}} for s, x in rows]


def release_key(s: Release) -> Hashable:
    left = s.pause_max_s - s.paused_s > 0
    frozen = bool(s.frozen_by), s.frozen_until is None
    return s.phase, s.stage, s.proposed_by, s.paused_by, left, s.launch, s.is_bound, frozen


@cache
def releases() -> Found:
    return explore(release.MACHINE, "rel_1", release_offers, release_key, lambda s: s.phase)


def listing_offers(state: Listing | None) -> Iterator[Offer]:
    for kind in listing.LEGAL:
        for actor in (SYS,) if kind in listing.SYSTEM_COMMANDS else (ADA, SOL):
            for which in ("rel_1", "rel_2"):
                body = listing_body(kind)
                yield kind, actor, {**body, "release": which}, {}


def listing_key(s: Listing) -> Hashable:
    return s.status, s.before, s.exposure, s.withheld


@cache
def listings() -> Found:
    return explore(listing.MACHINE, "lst_1", listing_offers, listing_key, lambda s: s.status)


def test_every_stage_of_a_submission_is_reached_but_those_named_for_later() -> None:
    reached = {state.stage for state in submissions().states.values()}

    assert set(Stage) - reached == submission.LATER == {Stage.ESCALATED}


def test_every_move_of_a_submission_is_made_but_those_named_for_later() -> None:
    escalated = {(stage, Stage.ESCALATED) for stage in Stage}
    escalated |= {(Stage.ESCALATED, stage) for stage in Stage}
    # S5 and S6: the policy decides; S13: only approvals are held so far.
    later = {
        (Stage.TESTING, Stage.APPROVED),
        (Stage.TESTING, Stage.HELD),
        (Stage.HELD, Stage.REJECTED),
        (Stage.HELD, Stage.CHANGES_REQUESTED),
    }
    named = {(one, two) for one, others in submission.NEXT.items() for two in others}

    assert submissions().moves == {
        move for move in named - later - escalated if move[0] is not move[1]
    }


def test_every_phase_of_a_release_is_reached_but_those_named_for_later() -> None:
    reached = {state.phase for state in releases().states.values()}

    assert set(Phase) - reached == release_state.LATER == {Phase.BAKING}


def test_every_move_of_a_release_is_made_but_those_named_for_later() -> None:
    named = {
        (one, two)
        for one, others in release_state.NEXT.items()
        for two in others
        if not {one, two} & release_state.LATER
    }

    assert named - releases().moves == set()
    # In one command: opened by its launch, it rolls, and is held where I6 does not hold any more.
    assert releases().moves - named == {(Phase.BOUND, Phase.HELD)}


def test_every_status_and_move_of_a_listing_is_reached_but_those_named_for_later() -> None:
    later = {Status.DELISTED}
    named = {
        (one, two)
        for one, others in listing_state.NEXT.items()
        for two in others
        if not {one, two} & later
    }

    assert {state.status for state in listings().states.values()} == set(Status) - later
    assert later == listing_state.LATER
    assert listings().moves == named


@pytest.mark.parametrize("found", [submissions, releases], ids=["submission", "release"])
def test_i10_every_state_that_is_not_final_has_an_exit(found: Callable[[], Found]) -> None:
    final = submission.FINAL | release_state.FINAL

    for key, state in found().states.items():
        place = state.stage if isinstance(state, Submission) else state.phase
        assert place in final or found().exits.get(key), state


def test_i10_every_listing_can_be_taken_down_and_put_back() -> None:
    for key, state in listings().states.items():
        empty = state.exposure.stable is None and state.exposure.candidate is None
        exits = listings().exits[key]

        assert exits & {"quarantine", "lift_quarantine"}
        assert state.status is Status.QUARANTINED or empty or exits & {"unlist", "relist"}


def test_i10_no_case_waits_for_its_developer_alone() -> None:
    """Our own stages end by us or by time, with a fresh reviewer if the others have all spoken."""
    fresh = Actor("per_new", ("reviewer",))
    ours = {"scanned", "tested", "claim", "release_claim", "confirm", "disagree", "expire", "ask"}

    for key, state in submissions().states.items():
        if state.stage in submission.FINAL or ours & submissions().exits.get(key, set()):
            continue
        kind = "claim" if state.stage is Stage.QUEUED else "disagree"
        offer: Offer = (kind, fresh, submission_body(kind, state), {})
        assert _after(submission_rules.MACHINE, "sub_1", state, offer, T0), state


def test_i10_every_stage_says_whose_turn_it_is() -> None:
    assert set(TURNS) == set(Stage)
    assert all(turn and unblocks for turn, unblocks in TURNS.values())


def test_i10_every_open_case_says_by_when() -> None:
    for state in submissions().states.values():
        view = submission_view(state, None)

        assert view["turn"]
        assert state.stage in submission.FINAL or view["by_when"], state


def test_i5_the_review_clock_stands_exactly_in_the_developers_stages() -> None:
    for state in submissions().states.values():
        waits = {Stage.INFO_REQUESTED, Stage.CHANGES_REQUESTED, Stage.EXPIRED, Stage.WITHDRAWN}

        if state.clock_stopped_at is None:
            assert state.stage not in submission.DEVELOPERS_TURN
        else:
            assert state.stage in waits


def test_i2_no_reachable_decision_has_one_voice_where_two_are_needed() -> None:
    approved = [s for s in submissions().states.values() if s.stage is Stage.APPROVED]

    assert {s.tier for s in approved} == {"low", "high"}
    for state in approved:
        assert state.decision
        assert state.decision.second != state.decision.by
        assert (state.decision.second is not None) is (state.tier == "high")


def test_i7_no_reachable_approval_has_evidence_that_blocks() -> None:
    for state in submissions().states.values():
        if state.stage is Stage.APPROVED:
            assert state.evidence
            assert not state.blocked_by


def test_i9_every_live_release_can_be_halted_or_rolled_back_by_one_person() -> None:
    for state in releases().states.values():
        if state.phase not in release_state.LIVE:
            continue
        road: Journal[Release] = Journal(release.MACHINE, "rel_1")
        road.past = state
        assert road.refused("roll_back", SOL, {"reason": "unsafe"}) == ""
        assert state.phase is Phase.HALTED or road.refused("halt", SOL, {"reason": "x"}) == ""


def test_the_search_is_wide_enough_to_mean_something() -> None:
    assert len(submissions().states) > 500
    assert len(releases().states) > 40
    assert len(listings().states) > 20
    assert replace(next(iter(releases().states.values())), seq=0).digest == PREPARED["digest"]
