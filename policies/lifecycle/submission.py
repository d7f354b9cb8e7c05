"""Decide what a command does to a submission. Rows S1–S21 of the contract.

`permit` answers whether this actor may give this command now (what `can` shows); `decide` adds what
the command itself must bring, and returns the facts. Both raise one named refusal.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from policies.errors import IllegalMove, Incomplete, StaleDecision
from policies.lifecycle.kernel import Command, Fact, Machine, iso
from policies.lifecycle.submission_fold import evolve
from policies.lifecycle.submission_permits import (
    CAUSES,
    DECIDING,
    PERSONS_COMMANDS,
    permit,
    relation_of,
    saw_this,
)
from policies.lifecycle.submission_state import Stage, Submission
from policies.lifecycle.submission_system import SYSTEM_DECIDERS
from policies.rules.access import allow

Facts = tuple[Fact, ...]


def decide(
    state: Submission | None, command: Command, now: datetime, observed: Mapping[str, Any]
) -> Facts:
    """The facts `command` causes at `now` (UTC). Raises a `Refused` and changes nothing."""
    body = command.body
    if command.kind == "submit":
        allow(
            "submission",
            "submit",
            command.actor,
            relation_of(state, command.actor, str(body.get("publisher", ""))),
        )
    permit(state, command.kind, command.actor, now)
    if state is None:
        return _open(command)
    if command.kind in DECIDING:
        saw_this(state, command)
    return _DECIDERS[command.kind](state, command, now, observed)


def _required(body: Mapping[str, Any], field: str, what: str) -> Any:
    value = body.get(field)
    if not value:
        raise Incomplete(f"{what} is missing", field=field)
    return value


def _due(command: Command, name: str) -> str:
    """A deadline that the edge resolved on the business calendar."""
    if name not in command.due:
        raise Incomplete(f"the deadline “{name}” was not resolved", field=f"due/{name}")
    return iso(command.due[name])


def _open(command: Command) -> Facts:
    return (
        Fact(
            "submission:opened",
            {
                field: _required(command.body, field, f"“{field}”")
                for field in ("gpt", "publisher", "digest", "terms")
            },
        ),
    )


def _submit(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    digest = _required(c.body, "digest", "the digest")
    if digest == s.digest and s.stage is not Stage.EXPIRED:
        raise IllegalMove(
            "this digest is under way already; withdraw, or submit another one",
            digest=digest,
            stage=s.stage.value,
        )
    return (Fact("submission:round:opened", {"digest": digest, "round": s.round + 1}),)


def _withdraw(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    return (Fact("submission:withdrawn", {"lease_freed": s.claimant}),)


def _claim(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    until = now + timedelta(seconds=s.terms.lease_s)
    return (
        Fact("submission:review:claimed", {"lease_until": iso(until), "limit": s.terms.claims}),
    )


def _release_claim(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    why = "released" if c.actor.id == s.claimant else "reassigned"
    return (Fact("submission:review:released", {"why": why, "claimant": s.claimant}),)


def _ask(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    return (
        Fact(
            "submission:review:asked",
            {
                "reason": _required(c.body, "reason", "a reason code"),
                "note": _required(c.body, "note", "the question"),
                "until": iso(now + timedelta(seconds=s.terms.info_s)),
            },
        ),
    )


def _answer(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    if c.body.get("digest") not in (None, s.digest):
        raise StaleDecision("a new digest is a new round: submit it instead", now=s.digest)
    return (
        Fact(
            "submission:review:answered",
            {
                "note": _required(c.body, "note", "the answer"),
                "due_at": _due(c, "answer"),
            },
        ),
    )


def _judgement(s: Submission, c: Command, verdict: str) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "digest": s.digest,
        "version": s.version,
        "note": c.body.get("note"),
        "clauses": list(c.body.get("clauses") or ()),
    }


def _request_changes(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    _required(c.body, "clauses", "at least one clause")
    _required(c.body, "note", "what to change")
    return _consequence(s, _judgement(s, c, "request_changes"), now)


def _approve(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    left = sorted(set(s.terms.checklist) - set(c.body.get("checklist") or ()))
    if left:
        raise Incomplete(
            "the checklist is not complete: " + ", ".join(left), field="checklist", left=left
        )
    judged = _judgement(s, c, "approve")
    if s.terms.approvals.get(s.tier or "high", 2) > 1:
        return (
            Fact(
                "submission:review:held",
                {
                    **judged,
                    "cause": "second_person",
                    "due_at": _due(c, "second"),
                },
                s.evidence,
            ),
        )
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
        return (
            Fact("submission:review:changes_requested", {**judged, "until": until}, s.evidence),
        )
    effective = now + timedelta(seconds=terms.undo_s)
    life = terms.approval_life_s if judged["verdict"] == "approve" else terms.appeal_s
    word = "approved" if judged["verdict"] == "approve" else "rejected"
    return (
        Fact(
            f"submission:review:{word}",
            {
                **judged,
                "effective_at": iso(effective),
                "expires_at" if word == "approved" else "appeal_until": iso(
                    now + timedelta(seconds=life)
                ),
            },
            s.evidence,
        ),
    )


def _confirm(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    voice = s.voice
    if voice is None:
        raise IllegalMove("nothing is held for a second person")
    return _consequence(
        s,
        {
            "verdict": voice.verdict,
            "digest": s.digest,
            "version": s.version,
            "note": voice.note,
            "clauses": list(voice.clauses),
            "first": voice.by,
        },
        now,
    )


def _disagree(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    return (
        Fact(
            "submission:review:disagreed", {"note": _required(c.body, "note", "why you disagree")}
        ),
    )


def _undo(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    return (
        Fact(
            "submission:review:undone",
            {
                "lease_until": iso(now + timedelta(seconds=s.terms.lease_s)),
                "limit": s.terms.claims,
            },
        ),
    )


_DECIDERS: Mapping[str, Callable[[Submission, Command, datetime, Mapping[str, Any]], Facts]] = {
    **SYSTEM_DECIDERS,
    "submit": _submit,
    "withdraw": _withdraw,
    "claim": _claim,
    "release_claim": _release_claim,
    "ask": _ask,
    "answer": _answer,
    "request_changes": _request_changes,
    "approve": _approve,
    "reject": _reject,
    "confirm": _confirm,
    "disagree": _disagree,
    "undo": _undo,
}


def answer(state: Submission) -> dict[str, Any]:
    """What a command's giver is told: where the case stands now."""
    return {
        "submission": state.id,
        "stage": state.stage.value,
        "version": state.version,
        "round": state.round,
        "digest": state.digest,
        "seq": state.seq,
        "due_at": iso(state.due_at) if state.due_at else None,
        "lease_until": iso(state.lease_until) if state.lease_until else None,
        "effective_at": iso(state.decision.effective_at)
        if state.decision and state.decision.effective_at
        else None,
        "release": state.release,
    }


MACHINE: Machine[Submission] = Machine(
    kind="submission",
    state=Submission,
    decide=decide,
    permit=permit,
    evolve=evolve,
    commands=PERSONS_COMMANDS,
    answer=answer,
    causes=CAUSES,
    human_facts=frozenset(
        {
            "submission:opened",
            "submission:round:opened",
            "submission:withdrawn",
            "submission:review:claimed",
            "submission:review:asked",
            "submission:review:answered",
            "submission:review:changes_requested",
            "submission:review:approved",
            "submission:review:rejected",
            "submission:review:held",
            "submission:review:disagreed",
            "submission:review:undone",
        }
    ),
)
