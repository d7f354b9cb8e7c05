"""Decide what a command does to a submission. Rows S1–S21 of the contract.

`permit` answers whether this actor may give this command now (what `can` shows); `decide` adds what
the command itself must bring, and returns the facts. Both raise one named refusal.
"""

from collections.abc import Callable, Mapping

from datetime import datetime, timedelta
from typing import Any

from policies.errors import (
    EvidenceBlocks,
    IllegalMove,
    Incomplete,
    NotAllowed,
    NotYet,
    StaleDecision,
)
from policies.lifecycle.kernel import Actor, Command, Fact, Machine, Relation, iso
from policies.lifecycle.submission_state import FINAL, OPEN, Stage, Submission, evolve
from policies.rules.access import allow

Facts = tuple[Fact, ...]

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
            f"“{kind}” is not possible while the case is {state.stage.value}", command=kind,
            stage=state.stage.value, possible_in=sorted(s.value for s in LEGAL[kind]),
        )
    guard = _GUARDS.get(kind)
    if guard:
        guard(state, now)


def _evidence_permits(state: Submission, now: datetime) -> None:
    if state.blocked_by:
        raise EvidenceBlocks("the evidence forbids approval: " + ", ".join(state.blocked_by),
                             reasons=list(state.blocked_by))
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


def decide(
    state: Submission | None, command: Command, now: datetime, observed: Mapping[str, Any]
) -> Facts:
    """The facts `command` causes at `now` (UTC). Raises a `Refused` and changes nothing."""
    body = command.body
    if command.kind == "submit":
        allow("submission", "submit", command.actor,
              relation_of(state, command.actor, str(body.get("publisher", ""))))
    permit(state, command.kind, command.actor, now)
    if state is None:
        return _open(command)
    if command.kind in DECIDING:
        _saw_this(state, command)
    return _DECIDERS[command.kind](state, command, now, observed)


def _saw_this(state: Submission, command: Command) -> None:
    """I1: a deciding command names the digest and the version it saw."""
    saw = (command.body.get("digest"), command.body.get("version"))
    if saw != (state.digest, state.version):
        raise StaleDecision(
            "the case has moved on since you looked: read the difference and decide again",
            saw={"digest": saw[0], "version": saw[1]},
            now={"digest": state.digest, "version": state.version},
        )


def _required(body: Mapping[str, Any], field: str, what: str) -> Any:
    value = body.get(field)
    if not value:
        raise Incomplete(f"{what} is missing", field=field)
    return value


def _open(command: Command) -> Facts:
    b = command.body
    return (Fact("submission:opened", {
        "gpt": b["gpt"], "publisher": b["publisher"], "digest": b["digest"], "terms": b["terms"],
    }),)


def _submit(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    digest = c.body["digest"]
    if digest == s.digest and s.stage is not Stage.EXPIRED:
        raise IllegalMove("this digest is under way already; withdraw, or submit another one",
                          digest=digest, stage=s.stage.value)
    return (Fact("submission:round:opened", {"digest": digest, "round": s.round + 1}),)


def _withdraw(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    return (Fact("submission:withdrawn", {"lease_freed": s.claimant}),)


def _scanned(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    b, evidence = c.body, tuple(c.body["evidence"])
    if b["blocking"]:
        return (Fact("submission:static:blocked", {
            "rules": b["rules"], "until": iso(now + timedelta(seconds=s.terms.changes_s)),
        }, evidence),)
    return (Fact("submission:static:passed", {
        "tier": b["tier"], "reasons": b["reasons"],
        "until": iso(now + timedelta(seconds=s.terms.testing_max_s)),
    }, evidence),)


def _tested(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    b = c.body
    return (Fact("submission:tests:finished", {
        "blocked_by": b["blocked_by"], "why": b["why"], "due_at": b["due_at"],
        "incomplete": b["incomplete"],
    }, tuple(b["evidence"])),)


def _claim(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    until = now + timedelta(seconds=s.terms.lease_s)
    return (Fact("submission:review:claimed",
                 {"lease_until": iso(until), "limit": s.terms.claims}),)


def _release_claim(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    why = "released" if c.actor.id == s.claimant else "reassigned"
    return (Fact("submission:review:released", {"why": why, "claimant": s.claimant}),)


def _lease_over(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    return (Fact("submission:review:released", {"why": "lease_over", "claimant": s.claimant}),)


def _ask(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    return (Fact("submission:review:asked", {
        "reason": _required(c.body, "reason", "a reason code"),
        "note": _required(c.body, "note", "the question"),
        "until": iso(now + timedelta(seconds=s.terms.info_s)),
    }),)


def _answer(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    if c.body.get("digest") not in (None, s.digest):
        raise StaleDecision("a new digest is a new round: submit it instead", now=s.digest)
    return (Fact("submission:review:answered", {
        "note": _required(c.body, "note", "the answer"), "due_at": iso(c.due["answer"]),
    }),)


def _judgement(s: Submission, c: Command, verdict: str) -> dict[str, Any]:
    return {"verdict": verdict, "digest": s.digest, "version": s.version,
            "note": c.body.get("note"), "clauses": list(c.body.get("clauses") or ())}


def _request_changes(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    _required(c.body, "clauses", "at least one clause")
    _required(c.body, "note", "what to change")
    return _consequence(s, _judgement(s, c, "request_changes"), now)


def _approve(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    left = sorted(set(s.terms.checklist) - set(c.body.get("checklist") or ()))
    if left:
        raise Incomplete("the checklist is not complete: " + ", ".join(left), field="checklist",
                         left=left)
    judged = _judgement(s, c, "approve")
    if s.terms.approvals.get(s.tier or "high", 2) > 1:
        return (Fact("submission:review:held", {
            **judged, "cause": "second_person", "due_at": iso(c.due["second"]),
        }, s.evidence),)
    return _consequence(s, judged, now)


def _reject(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    _required(c.body, "clauses", "at least one clause")
    _required(c.body, "note", "the reason")
    return _consequence(s, _judgement(s, c, "reject"), now)


def _consequence(s: Submission, judged: dict[str, Any], now: datetime) -> Facts:
    """What a verdict does once all voices it needs are there; its clocks start now (S14)."""
    terms = s.terms
    if judged["verdict"] == "request_changes":
        until = iso(now + timedelta(seconds=terms.changes_s))
        return (Fact("submission:review:changes_requested", {**judged, "until": until},
                     s.evidence),)
    effective = now + timedelta(seconds=terms.undo_s)
    life = terms.approval_life_s if judged["verdict"] == "approve" else terms.appeal_s
    word = "approved" if judged["verdict"] == "approve" else "rejected"
    return (Fact(f"submission:review:{word}", {
        **judged, "effective_at": iso(effective),
        "expires_at" if word == "approved" else "appeal_until": iso(now + timedelta(seconds=life)),
    }, s.evidence),)


def _confirm(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    voice = s.voice
    if voice is None:
        raise IllegalMove("nothing is held for a second person")
    return _consequence(s, {
        "verdict": voice.verdict, "digest": s.digest, "version": s.version, "note": voice.note,
        "clauses": list(voice.clauses), "first": voice.by,
    }, now)


def _disagree(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    return (Fact("submission:review:disagreed",
                 {"note": _required(c.body, "note", "why you disagree")}),)


def _undo(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    return (Fact("submission:review:undone", {
        "lease_until": iso(now + timedelta(seconds=s.terms.lease_s)), "limit": s.terms.claims,
    }),)


def _expire(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    if s.wait_until and now < s.wait_until:
        raise NotYet("the developer still has time", until=iso(s.wait_until))
    return (Fact("submission:expired", {"why": [s.stage.value]}),)


def _warn(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    until = iso(s.wait_until) if s.wait_until else None
    return (Fact("submission:warned", {"until": until, "warning": s.warnings + 1}),)


def _overdue(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    step = s.ladder_steps + 1
    names = ("nudge", "breach", "escalation")
    return (Fact("submission:overdue", {"step": step, "what": names[min(step, 3) - 1]}),)


def _settle(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    return (Fact("submission:decision:settled", {"release": c.body.get("release")}),)


_DECIDERS: Mapping[str, Callable[[Submission, Command, datetime, Mapping[str, Any]], Facts]] = {
    "submit": _submit, "withdraw": _withdraw, "scanned": _scanned, "tested": _tested,
    "claim": _claim, "release_claim": _release_claim, "lease_over": _lease_over, "ask": _ask,
    "answer": _answer, "request_changes": _request_changes, "approve": _approve, "reject": _reject,
    "confirm": _confirm, "disagree": _disagree, "undo": _undo, "expire": _expire, "warn": _warn,
    "overdue": _overdue, "settle": _settle,
}


def answer(state: Submission) -> dict[str, Any]:
    """What a command's giver is told: where the case stands now."""
    return {
        "submission": state.id, "stage": state.stage.value, "version": state.version,
        "round": state.round, "digest": state.digest, "seq": state.seq,
        "due_at": iso(state.due_at) if state.due_at else None,
        "lease_until": iso(state.lease_until) if state.lease_until else None,
        "effective_at": iso(state.decision.effective_at)
        if state.decision and state.decision.effective_at else None,
        "release": state.release,
    }


MACHINE: Machine[Submission] = Machine(
    kind="submission", state=Submission, decide=decide, permit=permit, evolve=evolve,
    commands=PERSONS_COMMANDS, answer=answer,
    human_facts=frozenset({
        "submission:opened", "submission:round:opened", "submission:withdrawn",
        "submission:review:claimed", "submission:review:asked", "submission:review:answered",
        "submission:review:changes_requested", "submission:review:approved",
        "submission:review:rejected", "submission:review:held", "submission:review:disagreed",
        "submission:review:undone",
    }),
)

