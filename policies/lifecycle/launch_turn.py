"""Whose turn a launch is, by when, and what unblocks it, as codes (I10). Pages have the words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.lifecycle.kernel import Role
from policies.lifecycle.launch_due import due, timers
from policies.lifecycle.launch_state import FINAL, Launch, Status
from policies.rules.gates import Gates

STORE = "system"
NOBODY = "nobody"
LEAD = (Role.PRODUCT_LEAD.value,)
_CANCELLERS = (Role.PRODUCT_LEAD.value, Role.SAFETY_ONCALL.value, Role.ADMINISTRATOR.value)
_RESTORERS = (Role.PRODUCT_LEAD.value, Role.SAFETY_ONCALL.value)


@dataclass(frozen=True)
class Turn:
    """`roles` have the turn; `system` is the store itself, `nobody` ends the list of cares. `what`
    says what unblocks it: a word of `launch_due.Due`, or wait_poll, countdown, opening, second,
    over. `of` names the gates, or the polled roles, that are meant."""

    roles: tuple[str, ...]
    by_when: datetime | None
    what: str
    of: tuple[str, ...] = ()


def turn(s: Launch, now: datetime) -> Turn:
    """At `now` (UTC)."""
    if s.status in FINAL:
        return Turn((NOBODY,), None, "over")
    owed = due(s)
    by = owed.at if owed else None
    if s.proposal is not None:
        roles = _RESTORERS if s.proposal.what == "restore" else _CANCELLERS
        return Turn(roles, by, f"second_{s.proposal.what}")
    match s.status:
        case Status.GATING:
            return _gating(s, now, by)
        case Status.POLL:
            return _poll(s, by)
        case Status.ARMED:
            return Turn((STORE,), _starts(s), "countdown")
        case Status.COUNTDOWN | Status.LAUNCHING:
            return Turn((STORE,), s.opens_at, "opening")
        case Status.SUSPENDED:
            return Turn(_RESTORERS, by, "decide_suspension")
    what = owed.what if owed else "plan"
    if what == "open_wave":
        return Turn((STORE,), by, what)
    return Turn((s.terms.date_role,) if what == "approve_date" else LEAD, by, what)


def _gating(s: Launch, now: datetime, by: datetime | None) -> Turn:
    gates = s.gates(now)
    in_the_way = [one.gate for one in gates.verdicts if not one]
    if in_the_way:
        owners = tuple(dict.fromkeys(gate.owner_role for gate in in_the_way))
        return Turn(owners, by, "gates", tuple(gate.id for gate in in_the_way))
    if s.poll and s.poll.waits_for_call:
        return Turn(LEAD, by, "call_poll")
    if s.opens_at is None:
        return Turn(LEAD, by, "narrow")
    opens = s.opens_at - timedelta(seconds=s.terms.poll_open_before_s)
    return Turn((STORE,), opens, "wait_poll" if now < opens else "quorum")


def _poll(s: Launch, by: datetime | None) -> Turn:
    stand = s.standing_votes()
    silent = tuple(role for role in s.terms.poll_roles if role not in stand)
    against = tuple(
        role for role, vote in stand.items() if vote.vote == "NO_GO" and vote.override is None
    )
    if silent:
        return Turn(silent, by, "vote", silent)
    if against:
        return Turn((s.terms.risk_role, *against), by, "change_or_override", against)
    abstained = tuple(role for role, vote in stand.items() if vote.vote == "ABSTAIN")
    if abstained:
        return Turn(abstained, by, "abstained", abstained)
    return Turn((STORE,), by, "poll_over")


def _starts(s: Launch) -> datetime | None:
    own = [one.at for one in timers(s) if one.kind == "start_countdown"]
    return own[0] if own else s.opens_at


def gates_green(gates: Gates) -> int:
    """How many let a launch pass."""
    return sum(1 for one in gates.verdicts if one)
