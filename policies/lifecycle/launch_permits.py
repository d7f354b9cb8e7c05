"""Whether a command may be given to a launch now: what `can` shows, without what it must bring.

LEGAL    command → statuses      access.py   role × relation      guards   roles that the pack names
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from policies.errors import IllegalMove, NotAllowed, SameVoice
from policies.lifecycle.kernel import Actor, Relation, Role
from policies.lifecycle.launch_state import AHEAD, COMMITTED, FINAL, Launch, Status
from policies.rules.access import allow

# Gates are answered from here to the last wave.
ANSWERING = frozenset(
    {Status.GATING, Status.POLL, Status.ARMED, Status.COUNTDOWN, Status.HOLD, Status.PARTIAL}
)
LEGAL: Mapping[str, frozenset[Status]] = {
    "draft": frozenset(),
    "amend": frozenset({Status.DRAFT, Status.PLANNED, Status.GATING, Status.POSTPONED}),
    "plan": frozenset({Status.DRAFT}),
    "narrow": frozenset({Status.PLANNED, Status.GATING}),
    "open_gates": frozenset({Status.PLANNED}),
    "attest": ANSWERING,
    "sign": ANSWERING,
    "waive": ANSWERING,
    "vote": frozenset({Status.POLL}),
    "override": frozenset({Status.POLL}),
    "call_poll": frozenset({Status.GATING}),
    "hold": AHEAD | {Status.PARTIAL},
    "resume": frozenset({Status.HOLD}),
    "next_wave": frozenset({Status.PARTIAL}),
    "finish": frozenset({Status.PARTIAL}),
    "postpone": AHEAD | {Status.HOLD, Status.POSTPONED},
    "approve_date": frozenset({Status.POSTPONED}),
    "replan": frozenset({Status.POSTPONED}),
    "cancel": frozenset({Status.DRAFT, Status.HOLD, Status.POSTPONED}),
    "bring_forward": frozenset({Status.GATING, Status.POLL, Status.ARMED}),
    "override_freeze": frozenset(
        {
            Status.GATING,
            Status.POLL,
            Status.ARMED,
            Status.COUNTDOWN,
            Status.HOLD,
            Status.PARTIAL,
        }
    ),
    "suspend": frozenset({Status.LIVE, Status.PARTIAL, Status.HOLD}),
    "restore": frozenset({Status.SUSPENDED}),
    "close": frozenset({Status.LIVE, Status.PARTIAL}),
    # the system's own
    "measure": ANSWERING,
    "reopen_gate": ANSWERING,
    "remind_duties": COMMITTED | {Status.GATING},
    "begin_poll": frozenset({Status.GATING}),
    "poll_over": frozenset({Status.POLL}),
    "start_countdown": frozenset({Status.ARMED}),
    "check": frozenset({Status.COUNTDOWN}),
    "open_wave": frozenset({Status.COUNTDOWN, Status.PARTIAL}),
    "miss": frozenset({Status.PLANNED, Status.GATING, Status.POLL}),
    "item_left": frozenset(Status) - FINAL - {Status.LIVE, Status.SUSPENDED, Status.LAUNCHING},
    "remind_choices": frozenset(Status) - FINAL,
    "close_choices": frozenset(Status) - FINAL,
    "retime": AHEAD | {Status.HOLD, Status.POSTPONED},
    "overdue": frozenset(
        {
            Status.DRAFT,
            Status.PLANNED,
            Status.GATING,
            Status.HOLD,
            Status.POSTPONED,
            Status.PARTIAL,
            Status.LIVE,
            Status.SUSPENDED,
        }
    ),
}
SYSTEM_COMMANDS = frozenset(
    {
        "measure",
        "reopen_gate",
        "remind_duties",
        "begin_poll",
        "poll_over",
        "start_countdown",
        "check",
        "open_wave",
        "miss",
        "item_left",
        "remind_choices",
        "close_choices",
        "retime",
        "overdue",
    }
)
PERSONS_COMMANDS = tuple(kind for kind in LEGAL if kind not in SYSTEM_COMMANDS)
# A person's command → the facts it may cause; `record` refuses any other.
CAUSES: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"launch:drafted"}),
    "amend": frozenset({"launch:terms:changed"}),
    "plan": frozenset({"launch:planned"}),
    "narrow": frozenset({"launch:target:narrowed"}),
    "open_gates": frozenset({"launch:gating:started"}),
    "attest": frozenset({"launch:gate:attested"}),
    "sign": frozenset({"launch:gate:signed", "launch:held"}),
    "waive": frozenset({"launch:gate:waived"}),
    "vote": frozenset({"launch:poll:voted"}),
    "override": frozenset({"launch:poll:overridden"}),
    "call_poll": frozenset({"launch:poll:called"}),
    "hold": frozenset({"launch:held"}),
    "resume": frozenset({"launch:resumed", "launch:gate:measured"}),
    "next_wave": frozenset({"launch:wave:requested", "launch:gate:measured"}),
    "finish": frozenset({"launch:finished"}),
    "postpone": frozenset({"launch:postponed"}),
    "approve_date": frozenset({"launch:date:approved"}),
    "replan": frozenset({"launch:replanned", "launch:gate:lapsed"}),
    "cancel": frozenset({"launch:cancel:proposed", "launch:cancelled"}),
    "bring_forward": frozenset(
        {"launch:forward:proposed", "launch:brought_forward", "launch:gate:measured"}
    ),
    "override_freeze": frozenset(
        {"launch:freeze:overridden", "launch:resumed", "launch:gate:measured"}
    ),
    "suspend": frozenset({"launch:suspended"}),
    "restore": frozenset({"launch:restore:proposed", "launch:restored"}),
    "close": frozenset({"launch:closed"}),
}
# The system holds, measures and lets gates lapse; the rest only a person causes.
HUMAN_FACTS = frozenset(fact for facts in CAUSES.values() for fact in facts) - {
    "launch:held",
    "launch:gate:lapsed",
    "launch:gate:measured",
}


def relation_of(state: Launch | None, actor: Actor) -> Relation:
    """The owner of a launch is who drafted it."""
    if actor.is_system:
        return Relation.SYSTEM
    return Relation.OWNER if state and state.drafted_by == actor.id else Relation.OTHER


def permit(state: Launch | None, kind: str, actor: Actor, now: datetime) -> None:
    """Raise the refusal that keeps `actor` from giving `kind` now; return when nothing does."""
    if kind not in LEGAL:
        raise IllegalMove(f"a launch knows no command “{kind}”", command=kind)
    if kind in SYSTEM_COMMANDS:
        if not actor.is_system:
            raise NotAllowed(f"“{kind}” is the system's own command", command=kind)
    else:
        allow("launch", kind, actor, relation_of(state, actor))
    if state is None:
        if kind != "draft":
            raise IllegalMove("there is no such launch", command=kind)
        return
    named = _NAMED_ROLES.get(kind)
    if named and not named(state) & set(actor.roles):
        wanted = sorted(named(state))
        raise NotAllowed(
            f"“{kind}” needs a role that this launch names: {', '.join(wanted) or 'nobody'}",
            command=kind,
            roles=wanted,
        )
    if state.status not in LEGAL[kind]:
        raise IllegalMove(
            f"“{kind}” is not possible while the launch is {state.status.value}",
            command=kind,
            status=state.status.value,
            possible_in=sorted(s.value for s in LEGAL[kind]),
        )
    guard = _GUARDS.get(kind)
    if guard:
        guard(state, actor)


def _owners(kind: str) -> Callable[[Launch], set[str]]:
    return lambda s: {gate.owner_role for gate in s.terms.gates if gate.kind == kind}


_NAMED_ROLES: Mapping[str, Callable[[Launch], set[str]]] = {
    "attest": _owners("attested"),
    "sign": _owners("signed"),
    "waive": lambda s: {gate.waivable_by for gate in s.terms.gates if gate.waivable_by},
    "vote": lambda s: set(s.terms.poll_roles),
    "override": lambda s: {s.terms.risk_role},
    "approve_date": lambda s: {s.terms.date_role},
    "hold": lambda s: (
        {gate.owner_role for gate in s.terms.gates}
        | {Role.PRODUCT_LEAD.value, Role.SAFETY_ONCALL.value}
    ),
}


def _another_person(state: Launch, actor: Actor) -> None:
    """I2: the second of two voices is another person's."""
    if state.proposal and state.proposal.by == actor.id:
        raise SameVoice("you gave the first voice; a second person is needed")


def _holds_what_was_open(state: Launch, actor: Actor) -> None:
    if state.held and state.held.before is Status.PARTIAL:
        raise IllegalMove("a wave is open already: resume, then finish, suspend or close it")


def _something_is_open(state: Launch, actor: Actor) -> None:
    """Of a hold, only one between two waves keeps anything open."""
    if state.held and state.held.before is not Status.PARTIAL:
        raise IllegalMove("nothing of it is open, so nothing can be taken down")


def _cancelled_by_two(state: Launch, actor: Actor) -> None:
    _holds_what_was_open(state, actor)
    _another_person(state, actor)


def _a_date_to_approve(state: Launch, actor: Actor) -> None:
    if state.postponements < 2:
        raise IllegalMove("only the date of a second postponement needs this approval")
    if state.postponed_by == actor.id:
        raise SameVoice("you postponed it; another person approves the new date")


def _voted_already(state: Launch, actor: Actor) -> None:
    # Also where another person of that role voted since: what was said in this round stays said.
    if any(v.by == actor.id and state.poll and v.round == state.poll.round for v in state.votes):
        raise SameVoice("you voted in this poll; somebody else accepts the risk")


def _a_time_to_open(state: Launch, actor: Actor) -> None:
    """Windows are got past for one opening, so there has to be one."""
    if state.status is Status.PARTIAL and state.wave_wanted is None:
        raise IllegalMove("no wave was called, so nothing waits for a window")
    if state.status is Status.HOLD and state.held and state.held.cause != "frozen":
        raise IllegalMove("no window holds it")
    if state.opens_at is None:
        raise IllegalMove("the instant of the opening is not known yet; narrow the target")


def _a_round_failed(state: Launch, actor: Actor) -> None:
    if state.poll is None or not state.poll.waits_for_call:
        raise IllegalMove("no poll waits to be called again")


def _no_wave_wanted(state: Launch, actor: Actor) -> None:
    if state.wave_wanted is not None:
        raise IllegalMove("the next wave was called already", wave=state.wave_wanted)


_GUARDS: Mapping[str, Callable[[Launch, Actor], None]] = {
    "cancel": _cancelled_by_two,
    "restore": _another_person,
    "suspend": _something_is_open,
    "postpone": _holds_what_was_open,
    "approve_date": _a_date_to_approve,
    "override": _voted_already,
    "override_freeze": _a_time_to_open,
    "call_poll": _a_round_failed,
    "next_wave": _no_wave_wanted,
}
