"""What a postponement would do, looked up and previewed before anybody commits it."""

from collections import Counter
from datetime import datetime, timedelta

from gonogo.db.launch_duties import asked_of, duties_left
from gonogo.db.launch_items import items_of_launch
from gonogo.db.session import reading
from gonogo.demo.launch.stage import Stage, clock
from gonogo.zones import zone_named
from policies.lifecycle.launch_state import Launch
from policies.rules import launch_opening as seen
from policies.rules.launch_around import Around, Hours, SignOff, Span
from policies.rules.launch_plan import Importance, Item, plan_of
from policies.rules.launch_readiness import Known
from policies.rules.postponing import Preview, preview
from policies.rules.postponing_request import Request
from policies.rules.target import Target
from policies.rules.windows import spans

REVIEWERS = 2.0
EFFORT_S = {"low": 1800.0, "medium": 2700.0, "high": 5400.0}
TO_CHOOSE = timedelta(days=7)  # that developers have: wait, ship alone or withdraw
_DAY = "%-d %B %Y"


def previewed(stage: Stage, launch: Launch, target: Target, at: datetime) -> Preview:
    """Everything that follows from postponing `launch` to `target` at `at`. Changes nothing."""
    assert launch.target is not None  # it was planned
    with reading(stage.engine) as session:
        items = items_of_launch(session, stage.store, launch.id).items
        left = duties_left(session, stage.store, launch.id, asked_of(stage.pack, stage.pack))
    plan = plan_of(
        Item(
            one.release,
            one.wave,
            Importance(one.importance),
            one.requires,
            one.offset_s,
            one.not_before,
        )
        for one in items
    )
    request = Request(
        source=launch.target,
        target=target,
        decide_by=at + TO_CHOOSE,
        nth=launch.postponements + 1,
        higher_role=launch.terms.date_role,
    )
    tiers = stage.pack.review.tiers
    around = Around(
        calendar=stage.pack.calendar,
        hours=Hours(REVIEWERS),
        known={one.release: _known(one, left.get(one.release)) for one in items},
        tiers={one.release: one.tier for one in items},
        effort_s=EFFORT_S,
        due_business_s={name: float(tier.due_business_s) for name, tier in tiers.items()},
        evidence_life_s=float(stage.pack.testing.evidence_life_s),
        freezes=_freezes(stage, target),
        sign_offs=[
            SignOff(mark.gate, mark.until)
            for mark in launch.marks.values()
            if mark.holds and not mark.lapsed
        ],
    )
    return preview(plan, request, around, zone_named(launch.tz), at)


def _freezes(stage: Stage, target: Target) -> list[Span]:
    """When the pack's windows let nothing start, as far as that touches `target`."""
    if target.start is None or target.end is None:
        return []
    return [
        Span(window.id, *span)
        for window in stage.pack.windows_in_force()
        if window.kind == "deny"
        for span in spans(window, zone_named(window.tz), target.start, target.end)
    ]


def _known(item: seen.Item, left: tuple[str, ...] | None) -> Known:
    standing = item.standing
    return Known(
        approved=standing.approved_digest == standing.digest,
        approval_until=standing.approval_until,
        bound_at=standing.bound_from,
        evidence_until=standing.evidence_until,
        publisher_verified=standing.publisher_verified,
        duties_left=left,
        stops=standing.stops,
    )


def told(made: Preview) -> tuple[str, ...]:
    """The preview as notes of the timeline."""
    lapses = Counter(lapse.what for lapse in made.lapses)
    gates = [lapse.id for lapse in made.lapses if lapse.what == "sign_off"]
    found = [f"items that would wait: {len(made.moved)}; to be decided: {len(made.conflicts)}"]
    if lapses["evidence"] or lapses["approval"]:
        found.append(
            f"before {clock(made.after.until, _DAY)} evidence of {lapses['evidence']} would be too "
            f"old and {lapses['approval']} approvals would end: bound, their clock stands still"
        )
        found.append(_reviews(made))
    found += [
        f"the freeze {hit.id} lies in it{' from end to end' if hit.wholly else ''}"
        for hit in made.after.hits
        if hit.what == "freeze"
    ]
    if gates:
        found.append(f"answers that would lapse: {', '.join(gates)}")
    if made.needs_role:
        found.append(f"the new date will need the approval of the {made.needs_role}")
    return tuple(found)


def _reviews(made: Preview) -> str:
    """Backwards from the earliest opening: begin by; from the latest: not before."""
    cases, hours = made.after.cases, made.after.capacity.needed_s / 3600
    by, since = min(one.begin_by for one in cases), max(one.begin_from for one in cases)
    said = f"{len(cases)} reviews ({hours:.0f} h) must begin by {clock(by, _DAY)}"
    if any(one.late for one in cases):
        said += (
            f", and not before {clock(since, _DAY)} or they would be too old again: no day fits, "
            "so a narrower date is needed"
        )
    return said
