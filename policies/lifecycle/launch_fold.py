"""The fold of a launch's events: event → state. Bodies of events are the contract here."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from policies.lifecycle.kernel import Event, instant, instant_or_none
from policies.lifecycle.launch_freeze import seen
from policies.lifecycle.launch_look import measured_mark
from policies.lifecycle.launch_state import (
    NEXT,
    Asked,
    Counts,
    Held,
    Launch,
    Poll,
    Proposal,
    Status,
    Vote,
    terms_of,
)
from policies.rules.gates import Mark
from policies.rules.target import of_json

Body = Mapping[str, Any]


def evolve(state: Launch | None, event: Event) -> Launch:
    """Apply one recorded event. Raises `ValueError` on one that the table does not know."""
    body, at = event.body, event.occurred_at
    if event.type == "launch:drafted":
        return _drafted(event, body, at)
    if state is None:
        raise ValueError(f"{event.type} before launch:drafted on {event.subject}")
    change = _CHANGES.get(event.type)
    if change is None:
        raise ValueError(f"unknown event {event.type} on {event.subject}")
    new: Launch = change(state, event, body, at)
    if new.status is not state.status:
        if new.status not in NEXT[state.status]:
            raise ValueError(f"{event.type}: {state.status} → {new.status} is not a move")
        # A voice for something was given about another situation.
        new = replace(new, since=at, told=0, told_at=None, proposal=None)
    # What the store does day by day makes nobody's command one about something else.
    moved = not (event.type == "launch:duties:reminded" or body.get("routine"))
    return replace(new, seq=event.seq, version=state.version + moved)


def _drafted(e: Event, b: Body, at: datetime) -> Launch:
    return Launch(
        id=e.subject,
        store=e.store,
        name=b["name"],
        tz=b["tz"],
        drafted_by=e.actor_id,
        terms=terms_of(b["terms"]),
        mode=b["mode"],
        quorum=b["quorum"],
        status=Status.DRAFT,
        since=at,
        seq=e.seq,
    )


def _new_date(s: Launch, status: Status, target: Any, **changes: Any) -> Launch:
    """Another date: what was said and checked for the old one does not count for it."""
    return replace(
        s,
        status=status,
        target=of_json(target),
        poll=None,
        checked=(),
        held=None,
        proposal=None,
        told=0,
        told_at=None,
        freeze=None,
        overridden=(),
        **changes,
    )


def _marked(s: Launch, mark: Mark) -> Launch:
    return replace(s, marks={**s.marks, mark.gate: mark})


def _attested(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    mark = Mark(b["gate"], True, e.actor_id, at, instant(b["until"]), evidence=b["evidence"])
    return _marked(s, mark)


def _signed(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    yes = b["verdict"] == "yes"
    mark = Mark(b["gate"], yes, e.actor_id, at, instant(b["until"]), reason=b.get("reason"))
    return _marked(s, mark)


def _measured(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    return _marked(s, measured_mark(s.marks.get(b["gate"]), b, e.actor_id, at))


def _waived(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    old = s.marks.get(b["gate"])
    mark = Mark(b["gate"], bool(old and old.holds), e.actor_id, at, instant(b["until"]),
                value=old.value if old else None, waived=True, reason=b["reason"])  # fmt: skip
    return _marked(s, mark)


def _lapsed(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    return _marked(s, replace(s.marks[b["gate"]], lapsed=True))


def _poll_opened(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    poll = Poll(b["round"], opened_at=at, closes_at=instant(b["closes_at"]))
    return replace(s, status=Status.POLL, poll=poll, rounds=b["round"])


def _voted(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    vote = Vote(b["round"], b["role"], b["vote"], e.actor_id, at, b.get("statement"))
    return replace(s, votes=(*s.votes, vote))


def _overridden(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    """The NO-GO stays what it is; who accepted its risk stands beside it."""
    stands = s.standing_votes()[b["role"]]
    votes = tuple(replace(v, override=e.actor_id) if v is stands else v for v in s.votes)
    return replace(s, votes=votes)


def _poll_closed(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    assert s.poll is not None  # NEXT: only from an open poll
    status = Status.ARMED if b["outcome"] == "go" else Status.GATING
    return replace(s, status=status, poll=replace(s.poll, outcome=b["outcome"]))


def _called(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    assert s.poll is not None  # there was one to be called again
    return replace(s, poll=replace(s.poll, called_again=True))


def _checked(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    done = tuple(before for before in s.terms.checks_s if before >= b["at_before_s"])
    return replace(s, checked=done, freeze=seen(b.get("freeze"), at))


def _gating(s: Launch, at: datetime) -> Launch:
    """Builders are told what they owe now; a point that is behind us reminds nobody again."""
    start = s.target.start if s.target else None
    behind = tuple(
        before
        for before in s.terms.duties_remind_s
        if start is not None and at >= start - timedelta(seconds=before)
    )
    return replace(s, status=Status.GATING, reminded=behind)


def _reminded(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    done = tuple(before for before in s.terms.duties_remind_s if before >= b["before_s"])
    return replace(s, reminded=done)


def _held(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    held = Held(
        cause=b["cause"],
        before=s.status,
        by=e.actor_id,
        at=at,
        review_by=instant(b["review_by"]),
        why=tuple(b.get("why", ())),
        failing=tuple(b.get("failing", ())),
        reason=b.get("reason"),
        note=b.get("note"),
    )
    known = replace(s.freeze, waits=False) if s.freeze else None
    freeze = seen(b["freeze"], at) if b.get("freeze") else known
    return replace(s, status=Status.HOLD, held=held, wave_wanted=None, freeze=freeze)


def _resumed(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    poll = s.poll
    if poll and b.get("closes_at"):
        poll = replace(poll, closes_at=instant(b["closes_at"]))
    return replace(s, status=Status(b["to"]), held=None, poll=poll, freeze=None)


def _overrode(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    """What is left of the freeze is seen at the next look."""
    passed = tuple(dict.fromkeys((*s.overridden, *b["windows"])))
    return replace(s, overridden=passed, freeze=None)


def _dark(s: Launch, releases: Iterable[str], wave: int) -> Mapping[str, int]:
    return {**s.excluded, **{str(release): wave for release in releases}}


def _wave_opened(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    partial = b["wave"] < b["waves"] or b["excluded"]
    return replace(
        s,
        status=Status.PARTIAL if partial else Status.LIVE,
        wave=b["wave"],
        waves=max(b["waves"], b["wave"]),
        wave_wanted=None,
        opened_at=s.opened_at or at,
        wave_at=at,
        excluded=_dark(s, b["excluded"], b["wave"]),
        freeze=None,
        overridden=(),
    )


def _postponed(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    return _new_date(
        s,
        Status.POSTPONED,
        b["to"],
        postponements=b["nth"],
        postponed_by=e.actor_id,
        promised_from=_promised_from(s, b),
        approved_date=None,
        asked=_asked(b, at),
    )


def _promised_from(s: Launch, b: Body) -> datetime | None:
    """However often it is postponed, and however widely: nothing opens before this."""
    starts = instant_or_none((b.get("from") or {}).get("start"))
    return max(filter(None, (starts, s.promised_from)), default=None)


def _asked(b: Body, at: datetime) -> Asked | None:
    """Events written before developers were asked name no time."""
    if b.get("decide_by") is None:
        return None
    return Asked(b["nth"], at, instant(b["decide_by"]), b.get("default") or "wait")


def _of_asked(**changes: Any) -> Callable[[Launch, Event, Body, datetime], Launch]:
    def change(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
        assert s.asked is not None  # only what was asked is reminded of and closed
        return replace(s, asked=replace(s.asked, **changes))

    return change


def _retimed(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    """The date is the same, its instants are not: looks that its new countdown asks for later are
    made again, and windows were asked about another moment."""
    target = of_json(b["target"])
    poll, opens = s.poll, target.start
    if poll and b["closes_at"]:
        poll = replace(poll, closes_at=instant(b["closes_at"]))
    checked = tuple(
        before
        for before in s.checked
        if opens is not None and at >= opens - timedelta(seconds=before)
    )
    return replace(
        s,
        target=target,
        approved_date=of_json(b["approved"]) if b["approved"] else None,
        poll=poll,
        checked=checked,
        freeze=None,
    )


def _suspended(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    before = s.held.before if s.held else s.status
    return replace(
        s,
        status=Status.SUSPENDED,
        suspended_from=before,
        held=None,
        wave_wanted=None,
        freeze=None,
    )


def _restored(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    assert s.suspended_from is not None  # it is suspended
    excluded = _dark(s, b["excluded"], s.wave)
    return replace(s, status=s.suspended_from, suspended_from=None, excluded=excluded)


def _proposed(what: Any) -> Callable[[Launch, Event, Body, datetime], Launch]:
    def change(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
        target = of_json(b["target"]) if b.get("target") else None
        told = Proposal(what, e.actor_id, at, target, b.get("reason"), b.get("note"))
        return replace(s, proposal=told)

    return change


def _closed(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    """Closed before reports were filed by the store itself, `report` is what its lead wrote."""
    return replace(
        s,
        status=Status.CLOSED,
        report=b["report"],
        lessons=b["lessons"] if "lessons" in b else b["report"],
        score=b["score"],
        unscored=b.get("unscored"),
        wave_wanted=None,
    )


def _counted(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    counts = Counts(b["wave"], b["must"], b["must_ready"], b["ready"], at, b["quorum_met"])
    return replace(s, counts=counts, waves=max(b["waves"], s.wave, 1))


_CHANGES: Mapping[str, Any] = {
    "launch:terms:changed": lambda s, e, b, at: replace(
        s, name=b["name"], mode=b["mode"], quorum=b["quorum"]
    ),
    "launch:planned": lambda s, e, b, at: replace(
        s, status=Status.PLANNED, target=of_json(b["target"])
    ),
    "launch:target:narrowed": lambda s, e, b, at: replace(s, target=of_json(b["target"])),
    "launch:gating:started": lambda s, e, b, at: _gating(s, at),
    "launch:duties:reminded": _reminded,
    "launch:gate:attested": _attested,
    "launch:gate:signed": _signed,
    "launch:gate:measured": _measured,
    "launch:gate:waived": _waived,
    "launch:gate:lapsed": _lapsed,
    "launch:poll:opened": _poll_opened,
    "launch:poll:voted": _voted,
    "launch:poll:overridden": _overridden,
    "launch:poll:closed": _poll_closed,
    "launch:poll:called": _called,
    "launch:countdown:started": lambda s, e, b, at: replace(s, status=Status.COUNTDOWN),
    "launch:countdown:checked": _checked,
    "launch:time:resolved": _retimed,
    "launch:frozen": lambda s, e, b, at: replace(s, freeze=seen(b, at, waits=True)),
    "launch:freeze:overridden": _overrode,
    "launch:held": _held,
    "launch:resumed": _resumed,
    "launch:launching": lambda s, e, b, at: replace(s, status=Status.LAUNCHING),
    "launch:wave:opened": _wave_opened,
    "launch:wave:requested": lambda s, e, b, at: replace(s, wave_wanted=b["wave"]),
    "launch:finished": lambda s, e, b, at: replace(s, status=Status.LIVE, wave_wanted=None),
    "launch:postponed": _postponed,
    "launch:choices:reminded": _of_asked(reminded=True),
    "launch:choices:closed": _of_asked(closed=True),
    "launch:date:approved": lambda s, e, b, at: replace(s, approved_date=of_json(b["target"])),
    "launch:replanned": lambda s, e, b, at: _gating(_new_date(s, Status.GATING, b["target"]), at),
    "launch:brought_forward": lambda s, e, b, at: _gating(
        _new_date(s, Status.GATING, b["target"], promised_from=None), at
    ),
    "launch:forward:proposed": _proposed("forward"),
    "launch:cancel:proposed": _proposed("cancel"),
    "launch:restore:proposed": _proposed("restore"),
    "launch:cancelled": lambda s, e, b, at: replace(s, status=Status.CANCELLED, held=None),
    "launch:suspended": _suspended,
    "launch:restored": _restored,
    "launch:closed": _closed,
    "launch:items:counted": _counted,
    "launch:overdue": lambda s, e, b, at: replace(s, told=b["nth"], told_at=at),
}
