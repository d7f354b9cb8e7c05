"""The fold of a launch's events: event → state. Bodies of events are the contract here."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from policies.lifecycle import launch_fold_dates as dates
from policies.lifecycle import launch_fold_gates as gates
from policies.lifecycle.kernel import Event, instant
from policies.lifecycle.launch_freeze import seen
from policies.lifecycle.launch_state import NEXT, Counts, Held, Launch, Proposal, Status, terms_of
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


def _checked(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    done = tuple(before for before in s.terms.checks_s if before >= b["at_before_s"])
    return replace(s, checked=done, freeze=seen(b.get("freeze"), at), musts=b.get("must"))


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
    # Whoever resumes it goes on with the items that there are.
    return replace(s, status=Status(b["to"]), held=None, poll=poll, freeze=None, musts=None)


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
        musts=None,
        freeze=None,
        overridden=(),
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
    "launch:gating:started": lambda s, e, b, at: dates.gating(s, at),
    "launch:duties:reminded": dates.reminded,
    "launch:gate:attested": gates.attested,
    "launch:gate:signed": gates.signed,
    "launch:gate:measured": gates.measured,
    "launch:gate:waived": gates.waived,
    "launch:gate:lapsed": gates.lapsed,
    "launch:poll:opened": gates.poll_opened,
    "launch:poll:voted": gates.voted,
    "launch:poll:overridden": gates.overridden,
    "launch:poll:closed": gates.poll_closed,
    "launch:poll:called": gates.called,
    "launch:countdown:started": lambda s, e, b, at: replace(s, status=Status.COUNTDOWN),
    "launch:countdown:checked": _checked,
    "launch:time:resolved": dates.retimed,
    "launch:frozen": lambda s, e, b, at: replace(s, freeze=seen(b, at, waits=True)),
    "launch:freeze:overridden": _overrode,
    "launch:held": _held,
    "launch:resumed": _resumed,
    "launch:launching": lambda s, e, b, at: replace(s, status=Status.LAUNCHING),
    "launch:wave:opened": _wave_opened,
    "launch:wave:requested": lambda s, e, b, at: replace(s, wave_wanted=b["wave"]),
    "launch:finished": lambda s, e, b, at: replace(s, status=Status.LIVE, wave_wanted=None),
    "launch:postponed": dates.postponed,
    "launch:choices:reminded": dates.of_asked(reminded=True),
    "launch:choices:closed": dates.of_asked(closed=True),
    "launch:date:approved": lambda s, e, b, at: replace(s, approved_date=of_json(b["target"])),
    "launch:replanned": dates.replanned,
    "launch:brought_forward": dates.brought_forward,
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
