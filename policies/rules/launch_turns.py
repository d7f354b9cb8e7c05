"""Everything anybody can do for a launch now, by when, and what is in the way: codes, no prose.

    turns(state, now) → Turn(who=("safety_oncall",), what="answer_gate", of="safety_review", …)

The first is what the launch waits for, and `headline` says that alone; the others can be done
meanwhile. Only final states have none (I10).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.lifecycle.kernel import SYSTEM, Role
from policies.lifecycle.launch_due import due, timers
from policies.lifecycle.launch_freeze import lateness_ends
from policies.lifecycle.launch_items import Items, in_the_way
from policies.lifecycle.launch_moving import has_passed
from policies.lifecycle.launch_poll import above_the_line, lets_pass
from policies.lifecycle.launch_state import COMMITTED, FINAL, Launch, Status
from policies.rules.gates import GateVerdict, ending_before

_LEAD = (Role.PRODUCT_LEAD.value,)
_TWO = (Role.PRODUCT_LEAD.value, Role.SAFETY_ONCALL.value)
_CANCELLERS = (*_TWO, Role.ADMINISTRATOR.value)
NOBODY = "nobody"
# Why nobody answers a NO-GO in the place of safety: it is above the line, or nobody looked (I7).
FINAL_WORD, LINE_UNKNOWN = "final", "line_unknown"


@dataclass(frozen=True)
class Turn:
    """`who`: roles, any of which may, or `system`. `what` they do, `of` which gate or role.
    `by`: when it is due (UTC). `why`: what is in the way until then, as codes."""

    who: tuple[str, ...]
    what: str
    of: str | None = None
    by: datetime | None = None
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Headline:
    """`roles` have the turn; `system` is the store itself, `nobody` ends the list of cares. `of`
    names the gates, the polled roles or the proposal that are meant; `why` as in `Turn`."""

    roles: tuple[str, ...]
    by_when: datetime | None
    what: str
    of: tuple[str, ...] = ()
    why: tuple[str, ...] = ()


def headline(s: Launch, now: datetime, items: Items | None = None) -> Headline:
    """What the launch waits for at `now` (UTC): the first of its turns and all that are alike."""
    found = turns(s, now, items)
    if not found:
        return Headline((NOBODY,), None, "over")
    first = found[0]
    alike = [one for one in found if one.what == first.what and _is_final(one) is _is_final(first)]
    return Headline(
        _called(first, alike),
        first.by,
        first.what,
        tuple(one.of for one in alike if one.of),
        tuple(dict.fromkeys(code for one in alike for code in one.why)),
    )


def _called(first: Turn, alike: list[Turn]) -> tuple[str, ...]:
    """Gates call for their owners: the risk of one is accepted where it cannot be answered."""
    if first.what == "answer_gate":
        owners = dict.fromkeys(one.who[0] for one in alike)
        return tuple(who for who in owners if who != SYSTEM) or (SYSTEM,)
    roles = [role for one in alike for role in one.who]
    if _is_final(first):
        roles += _LEAD  # who may postpone it
    return tuple(dict.fromkeys(roles))


def _is_final(turn: Turn) -> bool:
    return bool({FINAL_WORD, LINE_UNKNOWN} & set(turn.why))


def turns(s: Launch, now: datetime, items: Items | None = None) -> tuple[Turn, ...]:
    """At least one for every state that is not final. `items`, where somebody counted them."""
    if s.status in FINAL:
        return ()
    return (*_second_voice(s), *_OF[s.status](s, now, items))


def _by(s: Launch) -> datetime | None:
    owed = due(s)
    return owed.at if owed else None


def _lead(what: str) -> Callable[[Launch, datetime, Items | None], list[Turn]]:
    return lambda s, now, items: [Turn(_LEAD, what, by=_by(s))]


def _second_voice(s: Launch) -> list[Turn]:
    if s.proposal is None:
        return []
    who = _TWO if s.proposal.what == "restore" else _CANCELLERS
    return [Turn(who, "second_voice", of=s.proposal.what, by=_by(s))]


def _planned(s: Launch, now: datetime, items: Items | None) -> list[Turn]:
    decided = s.target is not None and s.target.start is not None
    return [Turn(_LEAD, "open_gates" if decided else "narrow", by=_by(s))]


def _gating(s: Launch, now: datetime, items: Items | None) -> list[Turn]:
    by, found = _by(s), []
    if s.opens_at is None:
        found.append(Turn(_LEAD, "narrow", by=by))
    found += _gates_owed(s, now, by)
    if s.poll and s.poll.waits_for_call:
        found.append(Turn(_LEAD, "call_poll", of=s.poll.outcome, by=by))
    short = in_the_way(s, items) if items else ()
    if short:
        found.append(Turn(_LEAD, "items", by=by, why=short))
    return found or [_systems(s, "begin_poll")]


def _gates_owed(s: Launch, now: datetime, by: datetime | None) -> list[Turn]:
    return [_answer(v, by) for v in s.gates(now).verdicts if not v]


def _answer(verdict: GateVerdict, by: datetime | None) -> Turn:
    """Its owner answers; where somebody may accept the risk instead, they are named, too."""
    gate = verdict.gate
    machine = gate.kind == "measured" and verdict.status != "red"
    who: tuple[str, ...] = (SYSTEM,) if machine else (gate.owner_role,)
    if gate.waivable_by and gate.waivable_by not in who:
        who = (*who, gate.waivable_by)
    return Turn(who, "answer_gate", of=gate.id, by=by, why=(verdict.status,))


def _poll(s: Launch, now: datetime, items: Items | None) -> list[Turn]:
    stand, silent, against = s.standing_votes(), [], []
    for role in s.terms.poll_roles:
        vote = stand.get(role)
        if vote is None or vote.vote == "ABSTAIN":
            why = ("abstained",) if vote else ()
            silent.append(Turn((role,), "vote", of=role, by=_by(s), why=why))
        elif not lets_pass(vote):
            against.append(_no_go(s, role, items))
    return [*silent, *against] or [_systems(s, "poll_over")]


def _no_go(s: Launch, role: str, items: Items | None) -> Turn:
    """Who said it may change their mind; others may take its risk, but not in safety's place."""
    never = role == Role.SAFETY_ONCALL and above_the_line(s, items)
    if not never:
        who: tuple[str, ...] = tuple(dict.fromkeys((role, s.terms.risk_role)))
        return Turn(who, "answer_no_go", of=role, by=_by(s), why=("no_go",))
    why = FINAL_WORD if items else LINE_UNKNOWN
    return Turn((role,), "answer_no_go", of=role, by=_by(s), why=("no_go", why))


def _on_the_way(s: Launch, now: datetime, items: Items | None) -> list[Turn]:
    """The system goes on; whose answer ends before the opening can still renew it."""
    opening = s.opens_at
    return [
        _systems(s, "open_wave"),
        *_past_freeze(s, opening),
        *(
            Turn((v.gate.owner_role,), "renew_gate", of=v.gate.id, by=v.until, why=(v.status,))
            for v in (ending_before(s.terms.gates, s.marks, now, opening) if opening else ())
            if v.gate.kind != "measured"
        ),
    ]


def _past_freeze(s: Launch, by: datetime | None) -> list[Turn]:
    """Whoever the windows over the opening name may get past them. Several roles have to be one
    person's, which no turn can say."""
    roles = set(s.freeze.roles) if s.freeze else set()
    if s.freeze is None or len(roles) != 1:
        return []
    why = tuple(f"frozen:{window}" for window in s.freeze.windows)
    return [Turn(tuple(roles), "override_freeze", by=by or _by(s), why=why)]


def _systems(s: Launch, fallback: str) -> Turn:
    """The system's next step on the way, at its time."""
    steps = [
        t
        for t in timers(s)
        if t.kind not in ("overdue", "miss", "reopen_gate", "measure", "remind_duties")
    ]
    step = steps[0] if steps else None
    return Turn((SYSTEM,), step.kind if step else fallback, by=step.at if step else _by(s))


def _hold(s: Launch, now: datetime, items: Items | None) -> list[Turn]:
    assert s.held is not None  # on hold
    by, why = s.held.review_by, (s.held.cause, *s.held.why)
    if s.held.before is not Status.PARTIAL and has_passed(s, now):
        last = lateness_ends(s)
        in_time = s.held.cause == "frozen" and last is not None and now <= last
        past = _past_freeze(s, last) if in_time else []
        return [Turn(_LEAD, "postpone", by=by, why=("date_passed",)), *past]
    owed = _gates_owed(s, now, by) if s.held.before in COMMITTED else []
    return [*owed, Turn(_LEAD, "resume", by=by, why=why)]


def _postponed(s: Launch, now: datetime, items: Items | None) -> list[Turn]:
    if s.postponements > 1 and s.approved_date is None:
        return [Turn((s.terms.date_role,), "approve_date", by=_by(s))]
    return [Turn(_LEAD, "replan", by=_by(s))]


def _partial(s: Launch, now: datetime, items: Items | None) -> list[Turn]:
    if s.wave_wanted is not None:
        return [_systems(s, "open_wave"), *_past_freeze(s, None)]
    left = tuple(sorted(r for r, wave in s.excluded.items() if wave == s.wave))[:20]
    # Stale gates keep the next wave from being called; finishing needs none.
    return [Turn(_LEAD, "next_wave_or_finish", by=_by(s), why=left), *_gates_owed(s, now, _by(s))]


def _live(s: Launch, now: datetime, items: Items | None) -> list[Turn]:
    soaked = (s.wave_at or s.since) + timedelta(seconds=s.terms.soak_s)
    why = ("soaking",) if now < soaked else ()
    return [Turn(_LEAD, "close", by=_by(s), why=why)]


_OF: Mapping[Status, Callable[[Launch, datetime, Items | None], list[Turn]]] = {
    Status.DRAFT: _lead("plan"),
    Status.PLANNED: _planned,
    Status.GATING: _gating,
    Status.POLL: _poll,
    Status.ARMED: _on_the_way,
    Status.COUNTDOWN: _on_the_way,
    Status.LAUNCHING: _on_the_way,
    Status.PARTIAL: _partial,
    Status.LIVE: _live,
    Status.SUSPENDED: lambda s, now, items: [Turn(_TWO, "restore", by=_by(s))],
    Status.HOLD: _hold,
    Status.POSTPONED: _postponed,
}
