"""Roads to every state of every machine, and well-formed bodies for every command."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gonogo.packs import load_pack
from policies.lifecycle import listing, release, stop, submission
from policies.lifecycle.kernel import SYSTEM_ACTOR, iso
from policies.lifecycle.listing_state import Listing
from policies.lifecycle.release_state import Release
from policies.lifecycle.stop import Stop
from policies.lifecycle.submission_permits import DECIDING
from policies.lifecycle.submission_state import Stage, Submission
from policies.lifecycle.terms import terms_from
from tests.builders import ADA, LEA, MAX, PUBLISHER, RUI, SENA, SOL, T0, Journal

PACK = load_pack("default")
TERMS = terms_from(PACK)
# I6 and the windows were looked at: it holds, and nothing is frozen.
HOLDS: dict[str, Any] = {"precheck": (), "freeze": None}
FROZEN: dict[str, Any] = {
    "precheck": (),
    "freeze": {
        "windows": ["win_1"],
        "until": iso(T0 + timedelta(hours=3)),
        "roles": ["product_lead"],
    },
}
SYS = SYSTEM_ACTOR


def submission_body(kind: str, state: Submission | None, **changes: Any) -> dict[str, Any]:
    """What a well-formed command of `kind` brings when its giver sees `state` as it is."""
    bodies: Mapping[str, dict[str, Any]] = {
        "submit": {
            "gpt": "gpt_a",
            "publisher": PUBLISHER,
            "digest": f"d{state.round + 1}" if state else "d1",
            "terms": TERMS,
        },
        "ask": {"reason": "unclear", "note": "prose:q"},
        "answer": {"note": "prose:a"},
        "disagree": {"note": "prose:n"},
        "scanned": {"evidence": ["e1"], "blocking": 0, "rules": [], "tier": "low", "reasons": []},
        "tested": {
            "evidence": ["f1"],
            "blocked_by": [],
            "why": [],
            "due_at": iso(T0 + timedelta(days=3)),
            "incomplete": False,
        },
        "settle": {"release": "rel_1"},
        "request_changes": {"clauses": ["quality"], "note": "prose:c"},
        "reject": {"clauses": ["harm"], "note": "prose:r"},
        "approve": {"checklist": TERMS["checklist"]},
    }
    body = dict(bodies.get(kind, {}))
    if state is not None and kind in DECIDING:
        body |= {"digest": state.digest, "version": state.version}
    return body | changes


def give(case: Journal[Submission], kind: str, actor: Any, **changes: Any) -> Submission:
    return case.give(kind, actor, submission_body(kind, case.past, **changes))


def queued(tier: str = "low") -> Journal[Submission]:
    case = Journal(submission.MACHINE, "sub_1")
    give(case, "submit", ADA)
    give(case, "scanned", SYS, tier=tier)
    give(case, "tested", SYS)
    return case


def walked(*road: tuple[str, Any], tier: str = "low") -> Callable[[], Journal[Submission]]:
    """A road from the queue onwards."""

    def walk() -> Journal[Submission]:
        case = queued(tier)
        for kind, actor in road:
            give(case, kind, actor)
        return case

    return walk


def _upto(count: int) -> Callable[[], Journal[Submission]]:
    def walk() -> Journal[Submission]:
        case = Journal(submission.MACHINE, "sub_1")
        for kind, actor in (("submit", ADA), ("scanned", SYS))[:count]:
            give(case, kind, actor)
        return case

    return walk


def _expired() -> Journal[Submission]:
    case = walked(("claim", RUI), ("request_changes", RUI))()
    give(case.wait(days=31), "expire", SYS)
    return case


def _settled() -> Journal[Submission]:
    case = walked(("claim", RUI), ("approve", RUI))()
    give(case.wait(minutes=11), "settle", SYS)
    return case


def _escalated() -> Journal[Submission]:
    # No command leads here yet (row S18); the stage exists, so the rules must bear it.
    case = walked(("claim", RUI))()
    case.past = replace(case.state, stage=Stage.ESCALATED, claimant=None, lease_until=None)
    return case


SUBMISSIONS: Mapping[str, Callable[[], Journal[Submission]]] = {
    "nothing": _upto(0),
    "validating": _upto(1),
    "testing": _upto(2),
    "queued": queued,
    "in_review": walked(("claim", RUI)),
    "info_requested": walked(("claim", RUI), ("ask", RUI)),
    "changes_requested": walked(("claim", RUI), ("request_changes", RUI)),
    "held": walked(("claim", RUI), ("approve", RUI), tier="high"),
    "escalated": _escalated,
    "approved": walked(("claim", RUI), ("approve", RUI)),
    "approved by two": walked(("claim", RUI), ("approve", RUI), ("confirm", SENA), tier="high"),
    "settled": _settled,
    "rejected": walked(("claim", RUI), ("reject", RUI)),
    "withdrawn": walked(("withdraw", ADA)),
    "expired": _expired,
}

PLAN = [stage.model_dump(mode="json") for stage in PACK.rollout.first]
PREPARED: dict[str, Any] = {
    "gpt": "gpt_a",
    "publisher": PUBLISHER,
    "submission": "sub_1",
    "listing": "lst_1",
    "digest": "d1",
    "previous": None,
    "plan": PLAN,
    "max_lateness_s": 900,
    "pause_max_s": 30 * 86400,
}


# The row of a launch that opened its first wave, as a release's workflow reads it.
OPENED: dict[str, Any] = {"launch": {"status": "live", "wave": 1, "excluded": None}}


def release_body(kind: str, road: Journal[Release]) -> dict[str, Any]:
    bodies: Mapping[str, dict[str, Any]] = {
        "bind": {"launch": "lch_1", "wave": 1, "importance": "must"},
        "prepare": PREPARED,
        "choose": {"launch": "lch_1", "nth": 1, "choice": "ship_alone"},
        "schedule": {"at": iso(road.now + timedelta(hours=2))},
        "retime": {
            "time": {
                "local": "2026-04-01T13:00:00",
                "iana_tz": "Europe/Paris",
                "utc": iso(T0 + timedelta(hours=3)),
                "tzdata": "y",
            }
        },
        "pause": {"reason": "numbers look odd"},
        "hold": {"cause": "no_data"},
    }
    return bodies.get(kind, {"reason": "needed"})


def released(*road: tuple[str, Any] | float) -> Callable[[], Journal[Release]]:
    """A road of commands under a holding precheck; a number is that many seconds of waiting."""

    def walk() -> Journal[Release]:
        journal = Journal(release.MACHINE, "rel_1")
        journal.give("prepare", SYS, PREPARED)
        for step in road:
            if isinstance(step, tuple):
                journal.give(step[0], step[1], release_body(step[0], journal), **HOLDS)
            else:
                journal.wait(seconds=step)
        return journal

    return walk


def _blocked() -> Journal[Release]:
    journal = released(("schedule", LEA), 7200)()
    journal.give("fire", SYS, {}, precheck=("evidence_stale",))
    return journal


def _opened() -> Journal[Release]:
    journal = released(("bind", LEA), 60)()
    journal.give("open", SYS, {}, **HOLDS, **OPENED)
    return journal


def _passed_over() -> Journal[Release]:
    journal = released(("bind", LEA), 60)()
    row = {**OPENED["launch"], "excluded": ["evidence_stale"]}
    journal.give("open", SYS, {}, **HOLDS, launch=row)
    return journal


def _chose(choice: str) -> Callable[[], Journal[Release]]:
    """Its launch was postponed, and its developer wants this."""

    def walk() -> Journal[Release]:
        journal = released(("bind", LEA), 60)()
        asked = {"nth": 1, "decide_by": iso(T0 + timedelta(days=7)), "default": "wait",
                 "at": iso(journal.now), "closed": False}  # fmt: skip
        row = {"status": "postponed", "wave": 0, "excluded": None, "asked": asked}
        body = release_body("choose", journal) | {"choice": choice}
        journal.give("choose", ADA, body, launch=row)
        return journal

    return walk


RELEASES: Mapping[str, Callable[[], Journal[Release]]] = {
    "nothing": lambda: Journal(release.MACHINE, "rel_1"),
    "ready": released(),
    "bound": released(("bind", LEA)),
    "passed over": _passed_over,
    "ships alone": _chose("ship_alone"),
    "withdrawn": _chose("withdraw"),
    "opened": _opened,
    "scheduled": released(("schedule", LEA)),
    "scheduled, its hour": released(("schedule", LEA), 7200),
    "missed": released(("schedule", LEA), 7200 + 901, ("fire", SYS)),
    "blocked": _blocked,
    "rolling": released(("start", LEA)),
    "rolling, soaked": released(("start", LEA), 86400),
    "paused": released(("start", LEA), ("pause", LEA)),
    "paused by developer": released(("start", LEA), ("pause", ADA)),
    "held": released(("start", LEA), ("hold", SYS)),
    "halted": released(("start", LEA), ("halt", SOL)),
    "halted, one voice": released(("start", LEA), ("halt", SOL), ("resume", MAX)),
    "rolled_back": released(("start", LEA), ("roll_back", LEA)),
    "completed": released(
        ("start", LEA), 86400, ("advance", SYS), 86400, ("advance", SYS), 172800, ("advance", SYS)
    ),
    "cancelled": released(("cancel", LEA)),
    "superseded": released(("start", LEA), ("supersede", SYS)),
}


def listing_body(kind: str) -> dict[str, Any]:
    if kind == "expose":
        return {
            "digest": "d1",
            "release": "rel_1",
            "weight_bp": 2500,
            "visibility": "unlisted_search",
            "gpt": "gpt_a",
            "publisher": PUBLISHER,
            "submission": "sub_1",
        }
    if kind in listing.SYSTEM_COMMANDS:
        return {"release": "rel_1"}
    return {"reason": "unsafe"}


def listed(*road: tuple[str, Any]) -> Callable[[], Journal[Listing]]:
    def walk() -> Journal[Listing]:
        journal = Journal(listing.MACHINE, "lst_1")
        first = listing_body("expose") | {"weight_bp": 500, "visibility": "link"}
        journal.give("expose", SYS, first)
        for kind, actor in road:
            journal.give(kind, actor, listing_body(kind))
        return journal

    return walk


LISTINGS: Mapping[str, Callable[[], Journal[Listing]]] = {
    "nothing": lambda: Journal(listing.MACHINE, "lst_1"),
    "listed": listed(),
    "listed, halted": listed(("halt", SYS)),
    "listed, stable": listed(("promote", SYS)),
    "unlisted": listed(("unlist", ADA)),
    "unlisted, empty": listed(("retract", SYS)),
    "quarantined": listed(("quarantine", SOL)),
}


def stop_body(kind: str, scope: str = "gpt") -> dict[str, Any]:
    return {"scope": scope, "target": PUBLISHER, "reason": "unsafe", "publisher": PUBLISHER}


def stopped(scope: str, *road: tuple[str, Any]) -> Callable[[], Journal[Stop]]:
    def walk() -> Journal[Stop]:
        journal = Journal(stop.MACHINE, "stp_1")
        for kind, actor in (("place", SOL), *road):
            journal.give(kind, actor, stop_body(kind, scope))
        return journal

    return walk


STOPS: Mapping[str, Callable[[], Journal[Stop]]] = {
    "nothing": lambda: Journal(stop.MACHINE, "stp_1"),
    "active": stopped("gpt"),
    "lifted": stopped("gpt", ("lift", LEA)),
}
