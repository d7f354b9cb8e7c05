"""Whoever decides on a launch decides on what they saw: two leads at once do not overwrite each
other. The second is told what is different."""

from collections.abc import Iterable, Mapping
from typing import Any

from policies.errors import StaleDecision
from policies.lifecycle.kernel import Command, Event, iso
from policies.lifecycle.launch_fold import evolve
from policies.lifecycle.launch_state import Launch


def must_have_seen(state: Launch | None, command: Command) -> None:
    """Raise `StaleDecision` when the command names a version that is not the present one."""
    seen = command.body.get("version")
    if state is not None and seen is not None and seen != state.version:
        raise StaleDecision(
            "the launch moved on since you looked",
            saw={"version": seen},
            now={"version": state.version},
        )


def since(events: Iterable[Event], version: int) -> tuple[Launch | None, list[Event]]:
    """The launch as `version` showed it, and the events, out of all in order, that made later
    versions. None: nothing was there yet.

    A version is no number of an event: what the store does day by day makes none.
    """
    before: Launch | None = None
    state: Launch | None = None
    news: list[Event] = []
    for event in events:
        new = evolve(state, event)
        if new.version <= version:
            before = new
        elif state is None or new.version != state.version:
            news.append(event)
        state = new
    return before, news


def difference(before: Launch | None, now: Launch) -> dict[str, dict[str, Any]]:
    """Field → what was seen and what is. `before` None: nothing was there."""
    old, new = _fields(before) if before else {}, _fields(now)
    return {
        name: {"saw": old.get(name), "now": value}
        for name, value in new.items()
        if old.get(name) != value
    }


def _fields(s: Launch) -> Mapping[str, Any]:
    return {
        "status": s.status.value,
        "name": s.name,
        "target": s.target.label if s.target else None,
        "opens_at": iso(s.opens_at) if s.opens_at else None,
        "mode": s.mode,
        "quorum": s.quorum,
        "wave": s.wave,
        "round": s.rounds,
        "gates": {gate: _answer(mark) for gate, mark in sorted(s.marks.items())},
        "votes": {role: vote.vote for role, vote in sorted(s.standing_votes().items())},
        "held": s.held.cause if s.held else None,
        "proposed": s.proposal.what if s.proposal else None,
        "postponements": s.postponements,
    }


def _answer(mark: Any) -> str:
    if mark.lapsed:
        return "lapsed"
    return "waived" if mark.waived else "yes" if mark.holds else "no"
