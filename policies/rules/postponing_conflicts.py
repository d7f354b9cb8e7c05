"""What needs a decision before a new date of a launch can be kept."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from policies.rules.launch_around import Around
from policies.rules.launch_outlook import Outlook
from policies.rules.launch_plan import Item, Plan, falls_with
from policies.rules.launch_readiness import Known, approval_clock
from policies.rules.postponing_request import Answer, Choice, Conflict, Exposed, Request


def conflicts(
    plan: Plan,
    request: Request,
    around: Around,
    answers: Mapping[str, Answer],
    after: Outlook,
    now: datetime,
) -> Iterable[Conflict]:
    withdrawn = [name for name, one in answers.items() if one.choice is Choice.WITHDRAW]
    fallen = falls_with(plan, withdrawn)
    for name, item in plan.items.items():
        choice = answers[name].choice
        undecided = item.not_before is not None and name not in request.embargoes
        if choice is Choice.WAIT and undecided:
            yield Conflict("embargo_undecided", name)
        if request.exposed.get(name, Exposed.CONTINUE) is None:
            yield Conflict("exposed_undecided", name)
        if name in fallen:
            yield Conflict("requires_withdrawn", name, fallen[name])
        if choice is Choice.SHIP_ALONE:
            for one in item.requires:
                if one in answers and answers[one].choice is Choice.WAIT:
                    yield Conflict("requires_waiting", name, one)
            yield from _alone(item, request, around, now)
    yield from (Conflict("review_late", case.item) for case in after.cases if case.late)
    if not after.capacity:
        yield Conflict("no_capacity", "reviewers")
    yield from (Conflict("embargo_broken", one.id, one.why) for one in after.broken)
    yield from (Conflict("freeze", hit.id, hit.item) for hit in after.hits if hit.what == "freeze")


def _alone(item: Item, request: Request, around: Around, now: datetime) -> Iterable[Conflict]:
    """What leaves the launch opens at the time it had, or at once; its approval's clock runs on
    from now."""
    known = around.known.get(item.id, Known())
    source = request.source
    own = item.opens_at(source.start) if source.precision == "instant" and source.start else now
    opens = max(now, own)
    if known.approval_until is not None:
        until = approval_clock(known.approval_until, known.bound_at, now, around.still_most_s)
        if until <= opens:
            yield Conflict("approval_lapsed", item.id)
    if known.evidence_until is not None and known.evidence_until <= opens:
        yield Conflict("evidence_lapsed", item.id)
