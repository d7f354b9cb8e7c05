"""Before and after as values for a page, and whether a launch may be brought forward (L13)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.lifecycle.kernel import iso
from policies.rules.launch_around import Aim, Around
from policies.rules.launch_outlook import Outlook, outlook
from policies.rules.launch_plan import Plan
from policies.rules.launch_readiness import matrix


@dataclass(frozen=True)
class Change:
    """One line of a page. `what`: target, opens (of an item), hit, embargo, lapse, review (when it
    must begin), work_s. A side is None where there is nothing; times are RFC 3339 in UTC."""

    what: str
    id: str
    before: str | None
    after: str | None


def difference(before: Outlook, after: Outlook) -> tuple[Change, ...]:
    """Only what differs, in the order in which one reads it."""
    sides = [_lines(one) for one in (before, after)]
    keys = list(dict.fromkeys([*sides[0], *sides[1]]))
    order = ("target", "opens", "hit", "embargo", "lapse", "review", "work_s")
    return tuple(
        Change(what, id, sides[0].get((what, id)), sides[1].get((what, id)))
        for what, id in sorted(keys, key=lambda key: order.index(key[0]))
        if sides[0].get((what, id)) != sides[1].get((what, id))
    )


def _lines(seen: Outlook) -> Mapping[tuple[str, str], str]:
    found = {("target", "launch"): seen.aim.label}
    found |= {("opens", name): iso(at) for name, at in seen.times.items()}
    for hit in seen.hits:
        where = f"{hit.id}:{hit.item}" if hit.item else hit.id
        found["hit", where] = f"{hit.what}:{'wholly' if hit.wholly else 'partly'}"
    found |= {("embargo", one.id): one.why for one in seen.broken}
    found |= {("lapse", f"{one.what}:{one.id}"): iso(one.at) for one in seen.lapses}
    found |= {("review", case.item): iso(case.begin_by) for case in seen.cases}
    found["work_s", "reviewers"] = f"{seen.capacity.needed_s:g}"
    return found


@dataclass(frozen=True)
class Forward:
    """Truthy if the launch may be brought forward; `why` holds every reason against it as
    `code:id`: not_earlier, no_instant, notice_short (until when notice must be kept),
    gate_stale, not_ready, embargo_broken, freeze."""

    why: tuple[str, ...]

    def __bool__(self) -> bool:
        return not self.why


def may_come_forward(
    plan: Plan, source: Aim, target: Aim, around: Around, notice_s: float, now: datetime
) -> Forward:
    """The developers' minimum notice (seconds from `now`) is kept, gates are fresh at the new
    opening, and every item is ready for it. `now` in UTC."""
    why = _against(plan, source, target, around, notice_s, now)
    return Forward(tuple(dict.fromkeys(why)))


def _against(
    plan: Plan, source: Aim, target: Aim, around: Around, notice_s: float, now: datetime
) -> Iterable[str]:
    if target.start is None or target.precision != "instant":
        yield "no_instant:target"
        return
    if source.end is not None and target.start >= (source.start or source.end):
        yield "not_earlier:target"
    earliest = now + timedelta(seconds=notice_s)
    if target.start < earliest:
        yield f"notice_short:{iso(earliest)}"
    seen = outlook(plan, target, around, now)
    yield from (f"gate_stale:{one.id}" for one in seen.lapses if one.what == "sign_off")
    yield from (f"embargo_broken:{one.id}" for one in seen.broken)
    yield from (f"freeze:{one.id}" for one in seen.hits if one.what == "freeze")
    for row in matrix(plan, around.known, target.start, around.still_most_s).rows:
        if not row.ready:
            yield f"not_ready:{row.item}"
