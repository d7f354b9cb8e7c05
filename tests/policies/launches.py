"""Roads to every state of a launch, and well-formed bodies for every command."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gonogo.packs import load_pack
from policies.lifecycle import launch
from policies.lifecycle.kernel import SYSTEM_ACTOR, Actor, iso
from policies.lifecycle.launch_permits import PERSONS_COMMANDS
from policies.lifecycle.launch_state import Launch
from policies.lifecycle.launch_terms import launch_terms_from
from policies.rules.civil_time import CivilTime
from policies.rules.target import Target
from policies.rules.target_days import days_of
from tests.builders import AMY, LEA, MAX, PIA, SENA, SOL, T0, Journal

TERMS = launch_terms_from(load_pack("default"))
MEASURED = tuple(gate["id"] for gate in TERMS["gates"] if gate["kind"] == "measured")
SYS = SYSTEM_ACTOR
OPEN: dict[str, Any] = {"freeze": None, "narrow": {}}  # what windows say: nothing
OPENING = T0 + timedelta(days=20)  # 21 April 2026, 09:00
Step = tuple[str, Actor] | tuple[str, Actor, dict[str, Any]] | float


def at(moment: datetime) -> dict[str, Any]:
    """The target that is exactly `moment`."""
    local = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    time = CivilTime(local=local, iana_tz="UTC", utc=iso(moment), tzdata="2026a")
    return Target("instant", "UTC", moment, moment, f"instant:{local}", local=time).as_json()


def shifted(target: Target, by: timedelta = timedelta(hours=1)) -> dict[str, Any]:
    """The same civil target under zone data in which it comes so much later."""

    def later(moment: datetime | None) -> datetime | None:
        return moment + by if moment else None

    return replace(
        target,
        start=later(target.start),
        end=later(target.end),
        replan_by=later(target.replan_by),
    ).as_json()


def span(label: str) -> dict[str, Any]:
    """The target of a label such as `month:2026-04` or `tbd:2026-05-31`, in UTC."""
    first, after = days_of(label)
    start, end = (datetime(d.year, d.month, d.day, tzinfo=UTC) for d in (first, after))
    precision: Any = label.partition(":")[0]
    if precision == "tbd":
        return Target("tbd", "UTC", None, None, label, replan_by=end).as_json()
    return Target(precision, "UTC", start, end, label).as_json()


def items(wave: int = 1, **over: Any) -> dict[str, Any]:
    """What the system sees of a wave of five items, all of them ready."""
    seen = {
        "must": 2, "must_ready": 2, "should": 2, "should_ready": 2,
        "optional": 1, "optional_ready": 1,
        "failing": {}, "position": 40, "holds_until": None, "wave": wave, "waves": 1,
        "tier": "low",
    }  # fmt: skip
    return seen | over


def looked(now: datetime, **values: float) -> dict[str, Any]:
    """The measured gates of the default pack as they were seen at `now`: all of them hold, but for
    what `values` says."""
    seen = dict.fromkeys(MEASURED, 0.0) | {"must_approved": 1.0} | values
    return {gate: {"holds": True, "value": seen[gate], "at": iso(now)} for gate in MEASURED}


def seen(now: datetime, wave: int = 1) -> dict[str, Any]:
    """Everything was looked at, and holds."""
    return {"items": items(wave), "gates": looked(now)} | OPEN


def clear(target: dict[str, Any], *why: str) -> dict[str, Any]:
    """What a look at an earlier date found: nothing, unless `why` says otherwise."""
    return {"forward": {"target": target, "why": list(why)}}


def body(kind: str, road: Journal[Launch]) -> dict[str, Any]:
    """What a well-formed command of `kind` brings when its giver sees the launch as it is."""
    state, now = road.past, road.now
    why = {"reason": "needed", "note": "prose:n"}
    shift = timedelta(days=15) * (1 + (state.postponements if state else 0))
    forward = state.proposal.target if state and state.proposal else None
    bodies: Mapping[str, dict[str, Any]] = {
        "draft": {"name": "Store opening", "tz": "UTC", "mode": "independent", "quorum": None,
                  "terms": TERMS},
        "amend": {"mode": "quorum", "quorum": 3},
        "plan": {"target": span("month:2026-04")},
        "narrow": {"target": at(OPENING)},
        "attest": {"gate": "policy_published", "evidence": "sha256:e"},
        "sign": {"gate": "safety_review", "verdict": "yes"},
        "waive": {"gate": "support_ready", "reason": "prose:w"},
        "vote": {"role": "product_lead", "vote": "GO", "round": state.rounds if state else 0},
        "override": {"role": "product_lead", "rationale": "prose:o",
                     "round": state.rounds if state else 0},
        "postpone": {**why, "target": at(OPENING + shift)},
        "approve_date": {"target": state.target.as_json() if state and state.target else None},
        "replan": {"target": state.target.as_json() if state and state.target else None},
        "bring_forward": {
            **why, "target": forward.as_json() if forward else at(now + timedelta(days=8))},
        "close": {"report": "sha256:r", "score": 0.2},
        "measure": {"gate": "no_stop"},
        "retime": {"target": shifted(state.target) if state and state.target else None},
        "item_left": {"release": "rel_9", "importance": "should", "why": "withdrawn"},
    }  # fmt: skip
    return dict(bodies.get(kind, why if kind in PERSONS_COMMANDS else {}))


def walk(road: Journal[Launch], *steps: Step) -> Journal[Launch]:
    """Commands with everything looked at and in order; a number is so many seconds of waiting."""
    for step in steps:
        if isinstance(step, float | int):
            road.wait(seconds=step)
            continue
        kind, actor, *over = step
        wave = road.state.wave + (0 if kind == "restore" else 1) if road.past else 1
        told = {**body(kind, road), **(over[0] if over else {})}
        ahead = clear(told["target"]) if kind == "bring_forward" else {}
        road.give(kind, actor, told, **seen(road.now, wave), **ahead)
    return road


def launched(*steps: Step) -> Callable[[], Journal[Launch]]:
    return lambda: walk(Journal(launch.MACHINE, "lch_1"), *steps)


DAY = 86_400
DRAFT: tuple[Step, ...] = (("draft", LEA),)
PLANNED: tuple[Step, ...] = (*DRAFT, ("plan", LEA))
GATING: tuple[Step, ...] = (*PLANNED, ("narrow", LEA), ("open_gates", LEA))
GREEN: tuple[Step, ...] = (
    ("attest", PIA),
    ("attest", SENA, {"gate": "support_ready"}),
    ("sign", SOL),
    *(("measure", SYS, {"gate": gate}) for gate in MEASURED),
)
POLLED: tuple[Step, ...] = (*GATING, 18.0 * DAY, *GREEN, ("begin_poll", SYS))
GO: tuple[Step, ...] = (
    ("vote", MAX),
    ("vote", SOL, {"role": "safety_oncall"}),
    ("vote", PIA, {"role": "policy_editor"}),
)
NO_GO: tuple[Step, ...] = (
    *POLLED,
    ("vote", MAX, {"vote": "NO_GO", "statement": "prose:s"}),
    *GO[1:],
)
ARMED: tuple[Step, ...] = (*POLLED, *GO, ("poll_over", SYS))
COUNTDOWN: tuple[Step, ...] = (*ARMED, 1.0 * DAY, ("start_countdown", SYS))
ITS_HOUR: tuple[Step, ...] = (*COUNTDOWN, ("check", SYS), 1.0 * DAY)
LIVE: tuple[Step, ...] = (*ITS_HOUR, ("open_wave", SYS))


def partial() -> Journal[Launch]:
    road = launched(*ITS_HOUR)()
    road.give("open_wave", SYS, {}, items=items(waves=2), gates=looked(road.now), **OPEN)
    return road


def freeze(until: datetime | None, *roles: str) -> dict[str, Any]:
    """`win_1` closes the whole store until then."""
    return {"windows": ["win_1"], "until": iso(until) if until else None, "roles": list(roles)}


def frozen_at_its_hour(
    *, minutes: int, roles: tuple[str, ...] = ("product_lead",)
) -> "Journal[Launch]":
    """Its hour came in a freeze that ends so many minutes later; after 15 it counts as missed."""
    road = launched(*ITS_HOUR)()
    stop = freeze(road.now + timedelta(minutes=minutes), *roles)
    road.give("open_wave", SYS, {}, **seen(road.now) | {"freeze": stop})
    return road


LAUNCHES: Mapping[str, Callable[[], Journal[Launch]]] = {
    "nothing": launched(),
    "draft": launched(*DRAFT),
    "planned": launched(*PLANNED),
    "gating": launched(*GATING),
    "gating, green": launched(*GATING, 18.0 * DAY, *GREEN),
    "poll": launched(*POLLED),
    "gating, green early": launched(*GATING, *GREEN),
    "gating, forward proposed": launched(*GATING, *GREEN, ("bring_forward", LEA)),
    "gating, poll failed": launched(*NO_GO, 1.0 * DAY, ("poll_over", SYS)),
    "gating, its date passed": launched(*GATING, 20.0 * DAY),
    "poll, a no-go": launched(*NO_GO),
    "poll, all go": launched(*POLLED, *GO),
    "armed": launched(*ARMED),
    "countdown": launched(*COUNTDOWN),
    "its hour": launched(*ITS_HOUR),
    "its hour, frozen": lambda: frozen_at_its_hour(minutes=10),
    "hold, frozen": lambda: frozen_at_its_hour(minutes=60),
    "live": launched(*LIVE),
    "live, soaked": launched(*LIVE, 7.0 * DAY),
    "partial": partial,
    "next wave called": lambda: walk(partial(), ("next_wave", LEA)),
    "suspended": launched(*LIVE, ("suspend", SOL)),
    "suspended, one voice": launched(*LIVE, ("suspend", SOL), ("restore", MAX)),
    "hold": launched(*GATING, ("hold", SOL)),
    "hold, countdown": launched(*COUNTDOWN, ("hold", SOL)),
    "hold, its time passed": launched(*COUNTDOWN, ("hold", SOL), 2.0 * DAY),
    "hold, one voice": launched(*GATING, ("hold", SOL), ("cancel", MAX)),
    "hold, partial": lambda: walk(partial(), ("hold", SOL)),
    "postponed": launched(*GATING, ("postpone", LEA)),
    "postponed twice": launched(*GATING, ("postpone", LEA), ("postpone", LEA)),
    "postponed, date approved": launched(
        *GATING, ("postpone", LEA), ("postpone", LEA), ("approve_date", AMY)
    ),
    "closed": launched(*LIVE, 7.0 * DAY, ("close", LEA)),
    "cancelled": launched(*GATING, ("hold", SOL), ("cancel", LEA), ("cancel", MAX)),
}
