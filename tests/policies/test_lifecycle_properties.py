"""Random commands of random people at random times: what must hold after every single step."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from policies.errors import Refused
from policies.lifecycle import release, submission
from policies.lifecycle.kernel import Actor, Event, instant
from policies.lifecycle.machines import fold
from policies.lifecycle.release_launch import OPEN
from policies.lifecycle.release_state import LIVE, Phase, Release
from policies.lifecycle.submission_permits import DECIDING, LEGAL
from policies.lifecycle.submission_state import DEVELOPERS_TURN, FINAL, Stage, Submission
from policies.lifecycle.submission_system import SYSTEM_DECIDERS
from tests.builders import CAST, PUBLISHER, Journal
from tests.policies.states import (
    FROZEN,
    HOLDS,
    PREPARED,
    SYS,
    queued,
    release_body,
    submission_body,
)

actors = st.sampled_from(CAST)
gaps = st.sampled_from([0, 1, 60, 700, 3600, 90_000, 700_000, 2_700_000])  # seconds
launch_rows = st.none() | st.fixed_dictionaries(
    {
        "status": st.sampled_from(["draft", "live", "suspended", "cancelled", "closed"]),
        "wave": st.sampled_from([0, 1]),
        "excluded": st.sampled_from([None, None, ["evidence_stale"]]),
    }
)
changes: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {}, {}, {"digest": "d1"}, {"version": 2}, {"tier": "high"}, {"blocking": 1},
     {"blocked_by": ["x:y"]}, {"evidence": []}, {"note": ""}, {"clauses": []}]
)  # fmt: skip


def moves(state: Submission, events: Sequence[Event]) -> int:
    """How many of `events` change round, evidence or stage: a claim that comes along adds one."""
    count = 0
    for event in events:
        new = submission.MACHINE.evolve(state, event)
        count += (new.stage, new.round, new.evidence) != (state.stage, state.round, state.evidence)
        state = new
    return count


class ACase(RuleBasedStateMachine):
    """One submission under fire. `due` is what the review due date must be by our own account."""

    def __init__(self) -> None:
        super().__init__()
        self.case: Journal[Submission] = queued()
        self.due: datetime | None = self.case.state.due_at
        self.stopped: datetime | None = None
        self.voices: list[tuple[int, str, str]] = []  # round, verdict, who

    @rule(kind=st.sampled_from(sorted(LEGAL)), actor=actors, gap=gaps, change=changes)
    def give(self, kind: str, actor: Actor, gap: int, change: dict[str, Any]) -> None:
        self.step(kind, SYS if kind in SYSTEM_DECIDERS else actor, gap, change)

    @rule(data=st.data(), gap=gaps)
    def give_what_is_permitted(self, data: st.DataObject, gap: int) -> None:
        """Most random commands are refused; this rule goes where something happens."""
        self.case.wait(seconds=gap)
        open_to = []
        for actor in CAST:
            for kind in LEGAL:
                try:
                    submission.MACHINE.permit(self.case.state, kind, actor, self.case.now)
                except Refused:
                    continue
                open_to.append((kind, actor))
        if open_to:
            kind, actor = data.draw(st.sampled_from(open_to))
            self.step(kind, actor, 0, data.draw(changes))

    def step(self, kind: str, actor: Actor, gap: int, change: Mapping[str, Any]) -> None:
        before = self.case.wait(seconds=gap).state
        body = submission_body(kind, before, **change)
        count = len(self.case.events)
        try:
            after = self.case.give(kind, actor, body)
        except Refused:
            assert self.case.state is before
            return
        if kind in DECIDING:  # I1
            assert (body["digest"], body["version"]) == (before.digest, before.version)
            assert PUBLISHER not in actor.publishers  # I2
        for event in self.case.events[count:]:
            self.account(event, before, after)
        assert after.version == before.version + moves(before, self.case.events[count:])  # I8

    def account(self, event: Event, before: Submission, after: Submission) -> None:
        """The review's due date and its clock, kept a second time and more simply (I5)."""
        name = event.type.partition("submission:")[2]
        if name in ("static:blocked", "review:asked", "review:changes_requested"):
            self.stopped = event.occurred_at
        if name == "tests:finished" and self.due is None:
            self.due = after.due_at
        if name == "round:opened":
            if self.due is not None and self.stopped is not None:
                self.due += event.occurred_at - self.stopped
            self.stopped = None
        if name == "review:answered":
            self.due, self.stopped = instant(event.body["due_at"]), None
        if name in ("review:held", "review:approved", "review:rejected", "review:disagreed"):
            self.voices.append((after.round, name, event.actor_id))

    @invariant()
    def i5_due_dates_are_honest(self) -> None:
        state = self.case.state
        ours = state.review_due_at if state.stage is Stage.HELD else state.due_at
        assert ours == self.due
        if state.stage in DEVELOPERS_TURN:
            assert state.clock_stopped_at == self.stopped is not None
        elif state.stage not in FINAL:
            assert state.clock_stopped_at is None

    @invariant()
    def i4_whoever_is_waited_for_has_until_a_date(self) -> None:
        state = self.case.state
        if state.stage in DEVELOPERS_TURN:
            assert state.wait_until is not None
            assert state.wait_until > state.since

    @invariant()
    def i2_second_voices_are_other_peoples(self) -> None:
        decision = self.case.state.decision
        if decision is not None:
            assert decision.second != decision.by
            two = self.case.state.terms.approvals.get(self.case.state.tier or "high", 2) > 1
            assert decision.verdict == "reject" or (decision.second is not None) is two
        of_publisher = {actor.id for actor in CAST if PUBLISHER in actor.publishers}
        assert not of_publisher & {who for _, _, who in self.voices}

    @invariant()
    def i7_nothing_is_approved_past_its_evidence(self) -> None:
        state = self.case.state
        if state.stage is Stage.APPROVED:
            assert state.evidence
            assert not state.blocked_by

    @invariant()
    def claims_and_leases_go_together_and_a_decision_is_final(self) -> None:
        state = self.case.state
        assert (state.claimant is None) == (state.lease_until is None)
        assert (state.claimant is not None) is (state.stage is Stage.IN_REVIEW)
        assert (state.decision is not None) is (state.stage in (Stage.APPROVED, Stage.REJECTED))
        assert (state.voice is not None) is (state.stage is Stage.HELD)
        assert state.seq == len(self.case.events)

    @precondition(lambda self: len(self.case.events) % 7 == 0)
    @invariant()
    def the_state_is_the_fold(self) -> None:
        assert fold("submission", self.case.events) == self.case.state


class ARelease(RuleBasedStateMachine):
    """One release under fire; prechecks and windows hold, fail or were never looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.road: Journal[Release] = Journal(release.MACHINE, "rel_1")
        self.road.give("prepare", SYS, PREPARED)
        self.stages = [self.road.state.stage]
        self.resumers: set[str] = set()
        self.stood, self.bound_at = 0.0, self.road.now

    @rule(kind=st.sampled_from(sorted(release.LEGAL)), actor=actors, gap=gaps,
          precheck=st.sampled_from([HOLDS, HOLDS, FROZEN, {}, {"precheck": ("stopped:gpt",)}]),
          row=launch_rows)  # fmt: skip
    def give(
        self, kind: str, actor: Actor, gap: int, precheck: Mapping[str, Any], row: Any
    ) -> None:
        actor = SYS if kind in release.SYSTEM_COMMANDS else actor
        before = self.road.wait(seconds=gap).state
        seen = {**precheck, **({"launch": row} if row else {})}
        try:
            after = self.road.give(kind, actor, release_body(kind, self.road), **seen)
        except Refused:
            assert self.road.state is before
            return
        grows = after.stage != before.stage or (
            after.phase is Phase.ROLLING and before.phase is not Phase.ROLLING
        )
        if before.phase is Phase.BOUND and grows:  # by its launch, and in no other way
            assert (kind, row["wave"], row["excluded"]) == ("open", 1, None)
            assert row["status"] in OPEN
            assert after.stage == len(after.plan) - 1
            self.stages = []
        else:
            assert precheck == HOLDS or not grows  # I6, I7, windows
        if before.is_bound and not after.is_bound:
            self.stood += (self.road.now - self.bound_at).total_seconds()
        if after.is_bound and not before.is_bound:
            self.bound_at = self.road.now
        if after.phase in LIVE and before.phase in LIVE and not grows:
            assert after.step == before.step  # I9: pausing, holding, halting keep the stage
        if kind == "halt":
            self.resumers = set()
        if kind == "resume" and before.phase is Phase.HALTED:
            self.resumers.add(actor.id)
            assert (after.phase is Phase.ROLLING) is (len(self.resumers) == 2)  # I2
        if kind == "advance" and grows:
            assert before.step is not None
            assert before.clock_from is not None
            ran = (self.road.now - before.clock_from).total_seconds() + before.soaked_s
            assert ran >= before.step.soak_s
        self.stages.append(after.stage)

    @invariant()
    def i9_stages_climb_one_by_one_and_never_shrink(self) -> None:
        seen = [-1 if stage is None else stage for stage in self.stages]
        assert all(0 <= later - earlier <= 1 for earlier, later in pairwise(seen))

    @invariant()
    def a_bound_release_has_no_time_of_its_own(self) -> None:
        state = self.road.state
        if state.is_bound:
            assert state.phase in (Phase.BOUND, Phase.BLOCKED)
            assert state.launch
            assert (state.scheduled_at, state.stage_over_at, state.pause_until) == (None,) * 3
        assert state.is_bound or state.phase is not Phase.BOUND

    @invariant()
    def i6_the_life_of_its_approval_stands_still_exactly_while_it_is_bound(self) -> None:
        state = self.road.state
        assert state.bound_s == self.stood
        assert state.bound_from == (self.bound_at if state.is_bound else None)

    @invariant()
    def the_soak_clock_runs_exactly_while_rolling(self) -> None:
        state = self.road.state
        assert (state.clock_from is not None) is (state.phase is Phase.ROLLING)

    @invariant()
    def pauses_never_exceed_the_policy_before_a_decision(self) -> None:
        state = self.road.state
        if state.phase is Phase.PAUSED:
            assert state.pause_until is not None
            planned = (state.pause_until - state.since).total_seconds()
            assert state.paused_s + planned <= state.pause_max_s + 1e-6
        else:
            assert state.paused_by is None
            assert state.pause_until is None

    @invariant()
    def the_state_is_the_fold(self) -> None:
        assert fold("release", self.road.events) == self.road.state


TestI1ToI8OfASubmission = ACase.TestCase
TestI1ToI8OfASubmission.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=timedelta(seconds=5)
)
TestI2I6I9OfARelease = ARelease.TestCase
TestI2I6I9OfARelease.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=timedelta(seconds=5)
)
