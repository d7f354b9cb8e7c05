"""Decide what a command does to a release. The system only halts or holds; people roll back.

What had to be looked up arrives as `observed["precheck"]`: the codes of what of I6 does not hold at
this moment (empty: exposure may start or grow; absent: nobody looked, so it may not). Windows that
freeze it are the matter of `release_windows`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from policies.errors import EvidenceBlocks, IllegalMove, Incomplete, NotAllowed, NotYet
from policies.lifecycle.freezing import frozen, overriding
from policies.lifecycle.kernel import (
    Actor,
    Command,
    Fact,
    Machine,
    Relation,
    instant,
    iso,
)
from policies.lifecycle.release_choice import WITHDRAWN, choose, settle
from policies.lifecycle.release_launch import bind, let_go, may_return, open_, stage_entered, unbind
from policies.lifecycle.release_state import FINAL, LIVE, Phase, Release, evolve
from policies.lifecycle.release_windows import (
    kept_back,
    noted,
    retimed,
    step_on,
    thawed,
)
from policies.rules.access import allow

Facts = tuple[Fact, ...]

LEGAL: Mapping[str, frozenset[Phase]] = {
    "start": frozenset({Phase.READY, Phase.SCHEDULED, Phase.BLOCKED}),
    "schedule": frozenset({Phase.READY, Phase.SCHEDULED}),
    "unschedule": frozenset({Phase.SCHEDULED}),
    "bind": frozenset({Phase.READY, Phase.BOUND, Phase.BLOCKED}),
    "unbind": frozenset({Phase.BOUND, Phase.BLOCKED}),
    "choose": frozenset({Phase.BOUND, Phase.BLOCKED, Phase.READY}),
    "cancel": frozenset({Phase.READY, Phase.SCHEDULED, Phase.BOUND, Phase.BLOCKED, Phase.HELD}),
    "pause": frozenset({Phase.ROLLING}),
    "resume": frozenset({Phase.PAUSED, Phase.HELD, Phase.HALTED}),
    "halt": frozenset({Phase.ROLLING, Phase.PAUSED, Phase.HELD}),
    "roll_back": LIVE,
    # the system's own
    "prepare": frozenset(),
    "fire": frozenset({Phase.SCHEDULED}),
    "retime": frozenset({Phase.SCHEDULED}),
    "recheck": frozenset({Phase.BLOCKED}),
    "open": frozenset({Phase.BOUND}),
    "let_go": frozenset({Phase.BOUND, Phase.BLOCKED}),
    "settle": frozenset({Phase.BOUND, Phase.BLOCKED}),
    "advance": frozenset({Phase.ROLLING}),
    "pause_over": frozenset({Phase.PAUSED}),
    "hold": frozenset({Phase.ROLLING}),
    "supersede": frozenset(Phase) - FINAL,
}
SYSTEM_COMMANDS = frozenset(
    {"prepare", "fire", "retime", "recheck", "open", "let_go", "settle"}
    | {"advance", "pause_over", "hold", "supersede"}
)
PERSONS_COMMANDS = tuple(kind for kind in LEGAL if kind not in SYSTEM_COMMANDS)


def relation_of(state: Release, actor: Actor) -> Relation:
    if actor.is_system:
        return Relation.SYSTEM
    if state.publisher in actor.publishers:
        return Relation.OWNER
    if state.proposed_by == actor.id:
        return Relation.SPOKE
    return Relation.OTHER


def permit(state: Release | None, kind: str, actor: Actor, now: datetime) -> None:
    """Raise the refusal that keeps `actor` from giving `kind` now."""
    if kind not in LEGAL:
        raise IllegalMove(f"a release knows no command “{kind}”", command=kind)
    if kind in SYSTEM_COMMANDS and not actor.is_system:
        raise NotAllowed(f"“{kind}” is the system's own command", command=kind)
    if state is None:
        if kind != "prepare":
            raise IllegalMove("there is no such release", command=kind)
        return
    if kind not in SYSTEM_COMMANDS:
        relation = relation_of(state, actor)
        allow("release", kind, actor, relation)
        if (
            kind == "resume"
            and relation is Relation.OWNER
            and (state.phase is not Phase.PAUSED or state.paused_by not in (actor.id,))
        ):
            raise NotAllowed("a developer resumes only a pause of their own", command=kind)
        if kind == "cancel" and state.stage is not None:
            raise IllegalMove("somebody is served already: roll back instead", command=kind)
        if kind == "start" and state.is_bound:
            raise IllegalMove("it is bound to a launch: unbind it first", launch=state.launch)
        if kind in ("start", "schedule", "bind") and state.is_withdrawn:
            raise IllegalMove(WITHDRAWN, command=kind)
        if kind == "choose" and not state.is_bound and not state.is_withdrawn:
            raise IllegalMove("it is bound to no launch that could ask", command=kind)
    if state.phase not in LEGAL[kind]:
        raise IllegalMove(
            f"“{kind}” is not possible while the release is {state.phase.value}",
            command=kind,
            phase=state.phase.value,
            possible_in=sorted(p.value for p in LEGAL[kind]),
        )


def decide(
    state: Release | None, command: Command, now: datetime, observed: Mapping[str, Any]
) -> Facts:
    """The facts `command` causes at `now` (UTC). Raises a `Refused` and changes nothing."""
    permit(state, command.kind, command.actor, now)
    if state is None:
        return (Fact("release:prepared", dict(command.body)),)
    return _DECIDERS[command.kind](state, command, now, observed)


def _failing(observed: Mapping[str, Any]) -> list[str]:
    """Unknown never means safe: a precheck nobody made fails."""
    return list(observed.get("precheck", ("precheck_missing",)))


def _must_hold(observed: Mapping[str, Any]) -> None:
    failing = _failing(observed)
    if failing:
        raise EvidenceBlocks(
            "exposure may not start or grow: " + ", ".join(failing), reasons=failing
        )


def _start(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    _must_hold(o)
    return noted(stage_entered(s, 0), overriding(c, o))


def _time(value: Any, field: str) -> datetime:
    try:
        return instant(value)
    except ValueError as fault:
        raise Incomplete("a time with its zone is needed", field=field) from fault


def _schedule(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    if not c.body.get("at"):
        raise Incomplete("the time is missing", field="at")
    at = _time(c.body["at"], "at")
    if at <= now:
        raise Incomplete("the time is in the past; start it instead", field="at", now=iso(now))
    scheduled = (Fact("release:scheduled", {"at": iso(at), "time": c.body.get("time")}),)
    return noted(scheduled, overriding(c, o))


def _fire(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    if s.scheduled_at is None or now < s.scheduled_at:
        raise NotYet("its time has not come")
    if now > s.scheduled_at + timedelta(seconds=s.max_lateness_s):
        # After an outage nobody wants a surprise launch at 03:00: a person decides.
        return (Fact("release:held", {"cause": "missed", "why": [iso(s.scheduled_at)]}),)
    failing = _failing(o)
    if failing:
        return (Fact("release:blocked", {"why": failing}),)
    stop = frozen(o)
    return kept_back(stop) if stop else stage_entered(s, 0)


def _recheck(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    failing = _failing(o)
    if s.frozen_by:
        # What else came in its way needs a person; so does the start then.
        return (Fact("release:blocked", {"why": failing}),) if failing else thawed(s, now, o)
    return () if failing or not may_return(s, o) else (Fact("release:cleared", {}),)


def _advance(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    over = s.stage_over_at
    if over is None or now < over:
        raise NotYet("the stage has not soaked long enough", until=iso(over) if over else None)
    failing = _failing(o)
    if failing:
        return (Fact("release:held", {"cause": "precheck", "why": failing}),)
    return step_on(s, o)


def _pause(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    left = s.pause_max_s - s.paused_s
    if left <= 0:
        # Stopping the climb is never refused (I3): with no pause left it waits for a decision.
        return (Fact("release:held", {"cause": "pauses_used_up"}),)
    latest = now + timedelta(seconds=left)
    until = min(_time(c.body["until"], "until"), latest) if c.body.get("until") else latest
    if until <= now:
        raise Incomplete("the end of the pause is in the past", field="until", now=iso(now))
    return (
        Fact(
            "release:paused",
            {
                "until": iso(until),
                "reason": c.body.get("reason") or "unstated",
                "note": c.body.get("note"),
            },
        ),
    )


def _pause_over(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    if s.pause_until and now < s.pause_until:
        raise NotYet("the pause is not over", until=iso(s.pause_until))
    return (Fact("release:held", {"cause": "pause_over"}),)


def _resume(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    _must_hold(o)
    if s.phase is Phase.HALTED and s.proposed_by is None:
        return (Fact("release:resume:proposed", {}),)
    override = overriding(c, o)
    if s.stage is None:
        return noted(stage_entered(s, 0), override)
    resumed = (Fact("release:resumed", {"stage": s.stage, "first": s.proposed_by}),)
    return noted(resumed, override)


def _reason(fact: str) -> Callable[[Release, Command, datetime, Mapping[str, Any]], Facts]:
    def decider(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
        if not c.body.get("reason"):
            raise Incomplete("a reason is missing", field="reason")
        return (Fact(fact, {"reason": c.body["reason"], "note": c.body.get("note")}),)

    return decider


_DECIDERS: Mapping[str, Callable[[Release, Command, datetime, Mapping[str, Any]], Facts]] = {
    "start": _start,
    "bind": bind,
    "unbind": unbind,
    "open": open_,
    "let_go": let_go,
    "choose": choose,
    "settle": settle,
    "schedule": _schedule,
    "fire": _fire,
    "retime": retimed,
    "recheck": _recheck,
    "advance": _advance,
    "pause": _pause,
    "pause_over": _pause_over,
    "resume": _resume,
    "hold": lambda s, c, now, o: (
        Fact("release:held", {"cause": c.body["cause"], "why": c.body.get("why", [])}),
    ),
    "unschedule": lambda s, c, now, o: (Fact("release:unscheduled", {}),),
    "cancel": _reason("release:cancelled"),
    "halt": _reason("release:halted"),
    "roll_back": _reason("release:rolled_back"),
    "supersede": _reason("release:superseded"),
}


def answer(state: Release) -> dict[str, Any]:
    step = state.step
    over = state.stage_over_at
    return {
        "release": state.id,
        "phase": state.phase.value,
        "version": state.version,
        "seq": state.seq,
        "digest": state.digest,
        "stage": state.stage,
        "weight_bp": step.weight_bp if step else 0,
        "stages": len(state.plan),
        "stage_over_at": iso(over) if over else None,
        "scheduled_at": iso(state.scheduled_at) if state.scheduled_at else None,
        "launch": state.launch,
        "wave": state.wave,
        "why": list(state.why),
        "frozen_until": iso(state.frozen_until) if state.frozen_until else None,
    }


MACHINE: Machine[Release] = Machine(
    kind="release",
    state=Release,
    decide=decide,
    permit=permit,
    evolve=evolve,
    commands=PERSONS_COMMANDS,
    answer=answer,
    causes={
        "start": frozenset({"release:stage:entered"}),
        "schedule": frozenset({"release:scheduled"}),
        "unschedule": frozenset({"release:unscheduled"}),
        "bind": frozenset({"release:bound"}),
        "unbind": frozenset({"release:unbound"}),
        "choose": frozenset({"release:launch:chosen", "release:unbound"}),
        "cancel": frozenset({"release:cancelled"}),
        "pause": frozenset({"release:paused", "release:held"}),
        "resume": frozenset(
            {"release:resume:proposed", "release:resumed", "release:stage:entered"}
        ),
        "halt": frozenset({"release:halted"}),
        "roll_back": frozenset({"release:rolled_back"}),
    },
    human_facts=frozenset(
        {
            "release:scheduled",
            "release:unscheduled",
            "release:bound",
            "release:launch:chosen",
            "release:paused",
            "release:resumed",
            "release:resume:proposed",
            "release:halted",
            "release:rolled_back",
            "release:cancelled",
        }
    ),
)
