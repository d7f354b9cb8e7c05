"""Postponing a launch, previewed: who moves, who must be asked, what breaks, and a hash to commit.

    preview(plan, request, around) ──► Preview(plan_hash) ──► commit(plan_hash), refused if another

A person sees a preview and commits its hash; the commit computes the preview again and is refused
if the hash is another by then (`still`). The hash is SHA-256 over RFC 8785 canonical JSON of what
was asked for and what follows from it. What has no consequence is not in it, nor is the passing of
time itself: only what became late, or no longer fits, in the meantime.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

import rfc8785

from policies.errors import Incomplete, StaleDecision
from policies.lifecycle.kernel import iso
from policies.rules.launch_around import Aim, Around
from policies.rules.launch_outlook import Hit, Lapse, Outlook, outlook
from policies.rules.launch_plan import Item, Plan
from policies.rules.postponing_conflicts import conflicts as conflicts_of
from policies.rules.postponing_request import (
    Answer,
    Choice,
    Conflict,
    Embargoed,
    Mode,
    Moved,
    Request,
)
from policies.rules.postponing_times import civil_delta, civil_shift


@dataclass(frozen=True)
class Preview:
    """`stays` is the plan that the launch has afterwards. `newly` is what only the new target
    meets. `conflicts` do not keep anybody from postponing (I3): they keep the date from holding."""

    request: Request
    stays: Plan
    moved: tuple[Moved, ...]
    answers: tuple[Answer, ...]
    conflicts: tuple[Conflict, ...]
    before: Outlook
    after: Outlook
    newly: Mapping[str, tuple[str, ...]]
    needs_role: str | None
    plan_hash: str

    @property
    def lapses(self) -> tuple[Lapse, ...]:
        return self.after.lapses


def preview(plan: Plan, request: Request, around: Around, zone: tzinfo, now: datetime) -> Preview:
    """`zone` is the launch's; `now` in UTC. Raises `Incomplete` for choices about what is not in
    the plan, and for a time that is already over."""
    _known(plan, request)
    if request.decide_by <= now:
        raise Incomplete("developers need time to choose", field="decide_by")
    latest = request.target.end or request.target.replan_by
    if latest is not None and latest <= now:
        raise Incomplete("the new date lies in the past", field="target")
    answers = {name: _answer(name, request) for name in plan.items}
    moved = tuple(_moved(plan, request, answers, zone))
    stays = _stays(plan, request, answers, {one.item: one for one in moved}, zone)
    before, after = (
        outlook(plan, request.source, around, now),
        outlook(stays, request.target, around, now),
    )
    conflicts = tuple(conflicts_of(plan, request, around, answers, after, now))
    newly = _newly(before, after)
    made = Preview(
        request=request,
        stays=stays,
        moved=moved,
        answers=tuple(answers.values()),
        conflicts=conflicts,
        before=before,
        after=after,
        newly=newly,
        needs_role=request.higher_role if request.nth > 1 else None,
        plan_hash="",
    )
    return replace(made, plan_hash=_hash(made, plan))


def still(made: Preview, plan_hash: str) -> None:
    """Raises `StaleDecision` unless `plan_hash` is of just this preview: something changed since a
    person looked."""
    if made.plan_hash != plan_hash:
        raise StaleDecision(
            "the plan changed since you looked; look at the preview again",
            plan_hash=made.plan_hash,
        )


def _known(plan: Plan, request: Request) -> None:
    for what in ("choices", "exposed", "embargoes"):
        strange = next((one for one in getattr(request, what) if one not in plan.items), None)
        if strange is not None:
            raise Incomplete("that item is not in the plan", field=what, item=strange)


def _answer(name: str, request: Request) -> Answer:
    if name in request.choices:
        return Answer(name, request.choices[name], "chosen")
    leaves = request.mode is Mode.DETACH
    return Answer(name, Choice.SHIP_ALONE if leaves else request.default, "default")


def _moved(
    plan: Plan, request: Request, answers: Mapping[str, Answer], zone: tzinfo
) -> Iterable[Moved]:
    """Those who wait, in the order of the plan."""
    source, target = request.source, request.target
    was_known = source.precision == "instant" and source.start is not None
    dated = target.precision == "instant" and target.start is not None
    for item in plan.items.values():
        if answers[item.id].choice is not Choice.WAIT:
            continue
        was = item.opens_at(source.start) if was_known and source.start else None
        if request.mode is Mode.HOLD_AT_CURRENT or not dated or target.start is None:
            yield Moved(item.id, was, None, item.offset_s)
            continue
        offset = _offset(item, request, zone) if was_known else item.offset_s
        moved = replace(item, offset_s=offset, not_before=_embargo(item, request, zone))
        yield Moved(item.id, was, moved.opens_at(target.start), offset)


def _offset(item: Item, request: Request, zone: tzinfo) -> int:
    """The distance at which clocks show what they showed; never before the opening."""
    start, end = request.source.start, request.target.start
    assert start is not None  # both are instants
    assert end is not None
    if not item.offset_s:
        return 0
    relative = start + timedelta(seconds=item.offset_s)
    becomes = civil_shift(relative, civil_delta(start, end, zone), zone)
    return max(0, int((becomes - end).total_seconds()))


def _embargo(item: Item, request: Request, zone: tzinfo) -> datetime | None:
    """Undecided, an embargo holds: nothing becomes public because nobody decided."""
    decided = request.embargoes.get(item.id, Embargoed.KEEP)
    if item.not_before is None or decided is Embargoed.DROP:
        return None
    start, end = request.source.start, request.target.start
    if decided is Embargoed.KEEP or start is None or end is None:
        return item.not_before
    return civil_shift(item.not_before, civil_delta(start, end, zone), zone)


def _stays(
    plan: Plan,
    request: Request,
    answers: Mapping[str, Answer],
    moved: Mapping[str, Moved],
    zone: tzinfo,
) -> Plan:
    """Who ships alone is public by then, so nobody waits for it; who withdrew is missed."""
    alone = {name for name, answer in answers.items() if answer.choice is Choice.SHIP_ALONE}
    return Plan(
        {
            name: replace(
                item,
                offset_s=moved[name].offset_s,
                not_before=_embargo(item, request, zone),
                requires=tuple(one for one in item.requires if one not in alone),
            )
            for name, item in plan.items.items()
            if name in moved
        }
    )


def _newly(before: Outlook, after: Outlook) -> Mapping[str, tuple[str, ...]]:
    """What only the new target meets, by kind."""
    kinds: dict[str, tuple[Sequence[str], Sequence[str]]] = {
        "hits": ([_hit(one) for one in before.hits], [_hit(one) for one in after.hits]),
        "broken": ([one.id for one in before.broken], [one.id for one in after.broken]),
        "lapses": (
            [f"{one.what}:{one.id}" for one in before.lapses],
            [f"{one.what}:{one.id}" for one in after.lapses],
        ),
    }
    return {
        kind: tuple(one for one in now if one not in old)
        for kind, (was, now) in kinds.items()
        for old in [frozenset(was)]
    }


def _hit(hit: Hit) -> str:
    return ":".join(part for part in (hit.what, hit.id, hit.item) if part)


def _hash(made: Preview, plan: Plan) -> str:
    return hashlib.sha256(rfc8785.dumps(_asked(made.request) | _follows(made, plan))).hexdigest()


def _asked(request: Request) -> dict[str, Any]:
    return {
        "from": _aim(request.source),
        "to": _aim(request.target),
        "mode": request.mode.value,
        "decide_by": iso(request.decide_by),
        "nth": request.nth,
        "exposed": {name: one.value if one else None for name, one in request.exposed.items()},
    }


def _aim(aim: Aim) -> list[str | None]:
    times = (aim.start, aim.end, aim.replan_by)
    return [aim.precision, aim.tz, aim.label, *(iso(at) if at else None for at in times)]


def _follows(made: Preview, plan: Plan) -> dict[str, Any]:
    after = made.after
    lists: dict[str, Iterable[list[Any]]] = {
        "moved": (
            [one.item, _or_none(one.was), _or_none(one.becomes), one.offset_s] for one in made.moved
        ),
        "items": (
            [one.id, one.wave, one.importance.value, sorted(one.requires), _or_none(one.not_before)]
            for one in plan.items.values()
        ),
        "stays": ([one.id, _or_none(one.not_before)] for one in made.stays.items.values()),
        "answers": ([one.item, one.choice.value, one.source] for one in made.answers),
        "conflicts": ([one.code, one.id, one.other] for one in made.conflicts),
        "hits": ([one.what, one.id, one.item, one.wholly] for one in after.hits),
        "broken": ([one.why, one.id, iso(one.at)] for one in after.broken),
        "lapses": ([one.what, one.id, iso(one.at)] for one in after.lapses),
        "cases": (
            [one.item, one.tier, list(one.why), iso(one.begin_from), iso(one.begin_by), one.late]
            for one in after.cases
        ),
    }
    return {
        # The order in which a database gave them is nobody's decision.
        **{name: sorted(listed, key=repr) for name, listed in lists.items()},
        "work_s": float(after.capacity.needed_s),
        "fits": bool(after.capacity),
        "role": made.needs_role,
    }


def _or_none(at: datetime | None) -> str | None:
    return iso(at) if at else None
