"""Whether a command may be given to a submission now: what `can` shows, without what it must bring.

LEGAL    command → stages        access.py   role × relation        guards   evidence, time
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from policies.errors import EvidenceBlocks, IllegalMove, NotAllowed, NotYet, StaleDecision
from policies.lifecycle.kernel import Actor, Command, Relation, iso
from policies.lifecycle.submission_state import OPEN, Stage, Submission
from policies.rules.access import allow

# Command → the stages it may be given in. `submit` on nothing opens a case.
LEGAL: Mapping[str, frozenset[Stage]] = {
    "submit": OPEN | {Stage.EXPIRED},
    "withdraw": OPEN,
    "answer": frozenset({Stage.INFO_REQUESTED}),
    "claim": frozenset({Stage.QUEUED}),
    "release_claim": frozenset({Stage.IN_REVIEW}),
    "ask": frozenset({Stage.IN_REVIEW}),
    "request_changes": frozenset({Stage.IN_REVIEW}),
    "approve": frozenset({Stage.IN_REVIEW}),
    "reject": frozenset({Stage.IN_REVIEW}),
    "undo": frozenset({Stage.APPROVED, Stage.REJECTED}),
    "confirm": frozenset({Stage.HELD}),
    "disagree": frozenset({Stage.HELD}),
    # the system's own
    "scanned": frozenset({Stage.VALIDATING}),
    "tested": frozenset({Stage.TESTING}),
    "lease_over": frozenset({Stage.IN_REVIEW}),
    "warn": frozenset({Stage.INFO_REQUESTED, Stage.CHANGES_REQUESTED}),
    "expire": frozenset({Stage.INFO_REQUESTED, Stage.CHANGES_REQUESTED}),
    "overdue": frozenset({Stage.QUEUED, Stage.IN_REVIEW, Stage.HELD}),
    "settle": frozenset({Stage.APPROVED, Stage.REJECTED}),
}
SYSTEM_COMMANDS = frozenset(
    {"scanned", "tested", "lease_over", "warn", "expire", "overdue", "settle"}
)
PERSONS_COMMANDS = tuple(kind for kind in LEGAL if kind not in SYSTEM_COMMANDS)
# A person's command → the facts it may cause; `record` refuses any other.
CAUSES: Mapping[str, frozenset[str]] = {
    "submit": frozenset({"submission:opened", "submission:round:opened"}),
    "withdraw": frozenset({"submission:withdrawn"}),
    "answer": frozenset({"submission:review:answered"}),
    "claim": frozenset({"submission:review:claimed"}),
    "release_claim": frozenset({"submission:review:released"}),
    "ask": frozenset({"submission:review:asked"}),
    "request_changes": frozenset({"submission:review:changes_requested"}),
    "approve": frozenset({"submission:review:approved", "submission:review:held"}),
    "reject": frozenset({"submission:review:rejected"}),
    "undo": frozenset({"submission:review:undone"}),
    "confirm": frozenset(
        {
            "submission:review:approved",
            "submission:review:rejected",
            "submission:review:changes_requested",
        }
    ),
    "disagree": frozenset({"submission:review:disagreed"}),
}
DECIDING = frozenset({"approve", "reject", "request_changes", "confirm", "disagree"})


def relation_of(state: Submission | None, actor: Actor, publisher: str) -> Relation:
    """How `actor` stands to this case; belonging to the publisher outweighs everything."""
    if actor.is_system:
        return Relation.SYSTEM
    if publisher in actor.publishers or (state and state.submitter == actor.id):
        return Relation.OWNER
    if state is None:
        return Relation.OTHER
    if state.claimant == actor.id:
        return Relation.CLAIMANT
    if state.decision and actor.id in (state.decision.by, state.decision.second):
        return Relation.DECIDER
    if actor.id in state.spoken:
        return Relation.SPOKE
    return Relation.OTHER


def permit(state: Submission | None, kind: str, actor: Actor, now: datetime) -> None:
    """Raise the refusal that keeps `actor` from giving `kind` now; return when nothing does."""
    if kind not in LEGAL:
        raise IllegalMove(f"a submission knows no command “{kind}”", command=kind)
    if state is None:
        if kind != "submit":
            raise IllegalMove("there is no such submission", command=kind)
        return  # the owner relation of a new case is checked by decide(), which sees the publisher
    if kind in SYSTEM_COMMANDS:
        if not actor.is_system:
            raise NotAllowed(f"“{kind}” is the system's own command", command=kind)
    else:
        allow("submission", kind, actor, relation_of(state, actor, state.publisher))
    if state.stage not in LEGAL[kind]:
        raise IllegalMove(
            f"“{kind}” is not possible while the case is {state.stage.value}",
            command=kind,
            stage=state.stage.value,
            possible_in=sorted(s.value for s in LEGAL[kind]),
        )
    guard = _GUARDS.get(kind)
    if guard:
        guard(state, now)


def saw_this(state: Submission, command: Command) -> None:
    """I1: a deciding command names the digest and the version it saw."""
    saw = (command.body.get("digest"), command.body.get("version"))
    if saw != (state.digest, state.version):
        raise StaleDecision(
            "the case has moved on since you looked: read the difference and decide again",
            saw={"digest": saw[0], "version": saw[1]},
            now={"digest": state.digest, "version": state.version},
        )


def _evidence_permits(state: Submission, now: datetime) -> None:
    if state.blocked_by:
        raise EvidenceBlocks(
            "the evidence forbids approval: " + ", ".join(state.blocked_by),
            reasons=list(state.blocked_by),
        )
    if not state.evidence or state.tier is None:
        raise EvidenceBlocks("there is no evidence on this digest yet")


def _voice_permits(state: Submission, now: datetime) -> None:
    if state.voice and state.voice.verdict == "approve":
        _evidence_permits(state, now)


def _undo_in_time(state: Submission, now: datetime) -> None:
    decision = state.decision
    if state.settled or not decision or not decision.effective_at or now >= decision.effective_at:
        raise IllegalMove("the decision has taken effect; an appeal can change it now")


def _reopen_in_time(state: Submission, now: datetime) -> None:
    until = state.since + timedelta(seconds=state.terms.reopen_s)
    if state.stage is Stage.EXPIRED and now >= until:
        raise IllegalMove("it expired too long ago; submit it as a new one", until=iso(until))


def _settles_now(state: Submission, now: datetime) -> None:
    decision = state.decision
    if state.settled:
        raise IllegalMove("the decision has taken effect already")
    if decision and decision.effective_at and now < decision.effective_at:
        raise NotYet("the decision can still be undone", until=iso(decision.effective_at))


_GUARDS: Mapping[str, Callable[[Submission, datetime], None]] = {
    "approve": _evidence_permits,
    "confirm": _voice_permits,
    "undo": _undo_in_time,
    "submit": _reopen_in_time,
    "settle": _settles_now,
}
