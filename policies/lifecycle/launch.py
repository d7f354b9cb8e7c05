"""Decide what a command does to a launch. Rows L1–L15 of the contract.

Hold, postpone and suspend take one person and no guard (I3); everything that opens, or opens
again, looks first. What had to be looked up arrives as `observed["items"]` (launch_items.py) and
`observed["gates"]` (launch_gating.py); what nobody looked at does not hold (I7).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from policies.errors import EvidenceBlocks, IllegalMove, Incomplete, NotYet, OverLimit
from policies.lifecycle import (
    launch_asking,
    launch_closing,
    launch_forward,
    launch_freeze,
    launch_gating,
    launch_moving,
    launch_poll,
    launch_retime,
    launch_system,
)
from policies.lifecycle.freezing import overriding
from policies.lifecycle.kernel import Command, Fact, Machine, iso
from policies.lifecycle.launch_bodies import held, told
from policies.lifecycle.launch_due import due
from policies.lifecycle.launch_fold import evolve
from policies.lifecycle.launch_items import items_of
from policies.lifecycle.launch_look import after
from policies.lifecycle.launch_permits import CAUSES, HUMAN_FACTS, PERSONS_COMMANDS, permit
from policies.lifecycle.launch_seen import must_have_seen
from policies.lifecycle.launch_state import COMMITTED, Launch, Status, terms_of

Facts = tuple[Fact, ...]
Observed = Mapping[str, Any]
MODES = ("atomic", "quorum", "independent")
NAME_MOST = 120
QUORUM_MOST = 100_000


def decide(
    state: Launch | None, command: Command, now: datetime, observed: Mapping[str, Any]
) -> Facts:
    """The facts `command` causes at `now` (UTC). Raises a `Refused` and changes nothing."""
    must_have_seen(state, command)
    permit(state, command.kind, command.actor, now)
    if state is None:
        return _draft(command)
    return _DECIDERS[command.kind](state, command, now, observed)


def _draft(c: Command) -> Facts:
    try:
        terms = terms_of(c.body["terms"])
    except (KeyError, TypeError) as fault:
        raise Incomplete("the terms of the policy pack are missing", field="terms") from fault
    if not terms.gates or not terms.poll_roles:
        raise Incomplete("this policy pack names no gates or no polled roles", field="terms")
    tz = c.body.get("tz")
    if not isinstance(tz, str) or not 0 < len(tz) <= 64:
        raise Incomplete("the time zone is missing", field="tz")
    body = {"tz": tz, "terms": c.body["terms"], **_named(c.body.get("name")), **_mode(c.body)}
    return (Fact("launch:drafted", body),)


def _named(name: Any) -> dict[str, Any]:
    written = name.strip() if isinstance(name, str) else ""
    if not 0 < len(written) <= NAME_MOST or not written.isprintable():
        raise Incomplete(f"a name of at most {NAME_MOST} characters in one line", field="name")
    return {"name": written}


def _mode(body: Mapping[str, Any]) -> dict[str, Any]:
    mode, quorum = body.get("mode"), body.get("quorum")
    if mode not in MODES:
        raise Incomplete("the mode is atomic, quorum or independent", field="mode")
    if mode != "quorum":
        return {"mode": mode, "quorum": None}
    if not isinstance(quorum, int) or isinstance(quorum, bool) or not 1 <= quorum <= QUORUM_MOST:
        raise Incomplete("how many items are a quorum?", field="quorum")
    return {"mode": mode, "quorum": quorum}


def _amend(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    stands = {"name": s.name, "mode": s.mode, "quorum": s.quorum}
    wanted = {**stands, **{field: c.body[field] for field in stands if field in c.body}}
    if wanted == stands:
        raise Incomplete("nothing would change", fields=sorted(stands))
    return (Fact("launch:terms:changed", {**_named(wanted["name"]), **_mode(wanted)}),)


def _open_gates(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    if s.target is None or s.target.start is None:
        raise NotYet("a date is needed first: narrow “to be decided”")
    return (Fact("launch:gating:started", {}),)


def _hold(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """L6: at once, by one person, without any look (I3)."""
    return (held(s, now, "person", **told(c.body)),)


def _resume(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """Back to where it was. Its gates hold, and its time has not passed meanwhile."""
    if s.held is None:
        raise IllegalMove("it is not on hold")
    before = s.held.before
    if before is not Status.PARTIAL and launch_moving.has_passed(s, now):
        raise NotYet("its time has passed; postpone it to a new date")
    looks = launch_gating.measured(s, now, o)
    gates = after(s, looks, now).gates(now)
    if before in COMMITTED and not gates:
        raise EvidenceBlocks("gates do not hold: " + ", ".join(gates.why), reasons=list(gates.why))
    closes = None
    if before is Status.POLL and s.poll and s.opens_at:
        # No clock runs against those who could not vote meanwhile (I4).
        closes = iso(min(s.poll.closes_at + (now - s.held.at), s.opens_at))
    return (*looks, Fact("launch:resumed", {"to": before.value, "closes_at": closes}))


def _next_wave(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    if s.wave >= s.terms.waves_most:
        raise OverLimit("that is as many waves as a launch has", limit=s.terms.waves_most)
    looks = launch_gating.measured(s, now, o)
    gates = after(s, looks, now).gates(now)
    if not gates:
        raise EvidenceBlocks("gates do not hold: " + ", ".join(gates.why), reasons=list(gates.why))
    return (*looks, Fact("launch:wave:requested", {"wave": s.wave + 1}))


def _cancel(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """L11: two people, once anybody was told; its items stay approved."""
    if s.status is Status.DRAFT:
        launch_moving.lead_first(c)
        return (Fact("launch:cancelled", {**told(c.body), "first": None}),)
    first = s.proposal if s.proposal and s.proposal.what == "cancel" else None
    if first is None:
        launch_moving.lead_first(c)
        return (Fact("launch:cancel:proposed", told(c.body)),)
    body = {"reason": first.reason, "note": first.note, "first": first.by}
    return (Fact("launch:cancelled", body),)


def _suspend(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    return (Fact("launch:suspended", told(c.body)),)


def _restore(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """L14: two people, and no window; what fails I6 by now stays dark."""
    first = s.proposal if s.proposal and s.proposal.what == "restore" else None
    if first is None:
        return (Fact("launch:restore:proposed", told(c.body)),)
    items = items_of(o)
    if items is None or items.failing_more or items.wave != s.wave:
        raise EvidenceBlocks("its items were not looked at", reasons=["items_unknown"])
    passed, dark = overriding(c, o), sorted(items.failing)
    return (Fact("launch:restored", {"first": first.by, "excluded": dark, **passed}),)


_DECIDERS: Mapping[str, Callable[[Launch, Command, datetime, Observed], Facts]] = {
    "amend": _amend,
    "plan": launch_moving.plan,
    "narrow": launch_moving.narrow,
    "open_gates": _open_gates,
    "attest": launch_gating.attest,
    "sign": launch_gating.sign,
    "waive": launch_gating.waive,
    "vote": launch_poll.vote,
    "override": launch_poll.override,
    "call_poll": launch_poll.call_poll,
    "hold": _hold,
    "resume": _resume,
    "next_wave": _next_wave,
    "finish": lambda s, c, now, o: (Fact("launch:finished", {}),),
    "postpone": launch_moving.postpone,
    "approve_date": launch_moving.approve_date,
    "replan": launch_moving.replan,
    "cancel": _cancel,
    "bring_forward": launch_forward.bring_forward,
    "override_freeze": launch_freeze.override_freeze,
    "suspend": _suspend,
    "restore": _restore,
    "close": launch_closing.close,
    "measure": launch_gating.measure,
    "reopen_gate": launch_gating.reopen_gate,
    "begin_poll": launch_poll.begin_poll,
    "poll_over": launch_poll.poll_over,
    "start_countdown": launch_system.start_countdown,
    "check": launch_system.check,
    "open_wave": launch_system.open_wave,
    "miss": launch_system.miss,
    "item_left": launch_system.item_left,
    "remind_choices": launch_asking.remind_choices,
    "close_choices": launch_asking.close_choices,
    "retime": launch_retime.retime,
    "overdue": launch_system.overdue,
    "remind_duties": launch_system.remind_duties,
}


def answer(state: Launch) -> dict[str, Any]:
    """What a command's giver is told: where the launch stands now."""
    owed = due(state)
    return {
        "launch": state.id,
        "status": state.status.value,
        "version": state.version,
        "seq": state.seq,
        "target": state.target.as_json() if state.target else None,
        "opens_at": iso(state.opens_at) if state.opens_at else None,
        "opened_at": iso(state.opened_at) if state.opened_at else None,
        "wave": state.wave,
        "round": state.poll.round if state.poll else None,
        "proposed": state.proposal.what if state.proposal else None,
        "due": {"what": owed.what, "at": iso(owed.at)} if owed else None,
    }


MACHINE: Machine[Launch] = Machine(
    kind="launch",
    state=Launch,
    decide=decide,
    permit=permit,
    evolve=evolve,
    commands=PERSONS_COMMANDS,
    answer=answer,
    causes=CAUSES,
    human_facts=HUMAN_FACTS,
)
