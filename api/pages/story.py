"""What the pages of one case show: whose turn it is, its way, its events, its evidence."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from api.compare import difference_between
from api.deps import Services
from api.erased import sentence
from api.pages.site import Viewer
from api.streams import INTERNAL, events_after
from api.subjects import is_staff
from api.views import submission_view
from gonogo.db import lists, queries
from gonogo.db.people import MemberRow
from gonogo.db.session import reading
from gonogo.notices.outlook import Outlook, Receipt
from gonogo.objects import ObjectFault
from policies.bundle.parts import Bundle
from policies.lifecycle.kernel import iso
from policies.lifecycle.release_state import Phase
from policies.lifecycle.submission_state import Stage, Submission

_TRANSCRIPTS = 40  # on one page; the JSON routes have them all
_STEPS = ("Scan", "Tests", "Review", "Decision", "Release")
_AT: Mapping[Stage, int] = {
    Stage.VALIDATING: 0,
    Stage.TESTING: 1,
    Stage.QUEUED: 2,
    Stage.IN_REVIEW: 2,
    Stage.HELD: 2,
    Stage.ESCALATED: 2,
    Stage.INFO_REQUESTED: 2,
    Stage.CHANGES_REQUESTED: 2,
    Stage.APPROVED: 3,
    Stage.REJECTED: 3,
    Stage.WITHDRAWN: 2,
    Stage.EXPIRED: 2,
}


@dataclass(frozen=True)
class Told:
    """One event as a page tells it. `who` begins a sentence."""

    type: str
    who: str
    at: datetime
    body: Mapping[str, Any]
    note: str | None
    seq: int
    told: Receipt | None = None  # who was told of it, for staff


def case_facts(svc: Services, look: Viewer, case: Submission) -> dict[str, Any]:
    """What every page of a case needs: the view, its name, whose turn, what its release does."""
    with reading(svc.engine) as session:
        gpt = queries.gpts(session, svc.store, {case.gpt}).get(case.gpt)
        release = queries.release(session, svc.store, case.release) if case.release else None
    view = submission_view(case, gpt)
    decision = case.decision
    if decision and decision.effective_at and not case.settled:
        view |= {
            "turn": "nobody",
            "by_when": iso(decision.effective_at),
            "unblocks": "Then the decision takes effect. Until then it can be undone.",
        }
    elif release is not None and release.phase is Phase.COMPLETED:
        view |= {"turn": "nobody", "unblocks": "Everyone is served this revision."}
    elif release is not None:
        view |= {"unblocks": "The approval stands. Its release goes on from here."}
    return {
        "case": view,
        "name": view["name"] or case.gpt,
        "release_phase": release.phase.value if release else None,
        "is_owner": _owns(look, case),
        "your_turn": _is_your_turn(look, case, view["turn"]),
        "whose": _claimant(look, case),
        "steps": _steps(case),
    }


def story(svc: Services, look: Viewer, subject: str, publisher: str, seq: int) -> list[Told]:
    """The newest events of a subject whose last is `seq`, newest first, as this viewer may read
    them. A subject with more than a page of events has the rest in its JSON list."""
    actor = look.actor
    inside = actor is not None and is_staff(actor) and publisher not in actor.publishers
    told = events_after(svc, subject, max(0, seq - queries.MOST), queries.MOST, inside=inside)
    actors = {event["actor"] for event in told["items"]}
    named = actors if inside else _members(svc, actors, {publisher})
    gave = {e["body"]["from"] for e in told["items"] if e["type"] == "listing:transferred"}
    former = _members(svc, actors - named, gave) if gave and not inside else set()
    look.names.learn({*named, publisher, actor.id if actor else None})
    receipts = Outlook(svc.engine, svc.store).told(subject) if inside else {}
    found = []
    for event in reversed(told["items"]):
        note = event["body"].get("note")
        hidden = event["type"] in INTERNAL and not inside
        found.append(
            Told(
                type=event["type"],
                who="The former publisher"
                if event["actor"] in former
                else _who(look, event["actor"], named),
                at=datetime.fromisoformat(event["occurred_at"]),
                body=event["body"],
                note=None
                if hidden or note is None
                else told["prose"].get(note) or sentence(told["erased"].get(note)),
                seq=event["seq"],
                told=receipts.get(event["position"]),
            )
        )
    return found


def evidence(svc: Services, case: Submission) -> dict[str, Any]:
    """`scan` and `tests` of the present round, None where there is none or it cannot be read."""
    found: dict[str, Any] = {"scan": None, "tests": None}
    for digest in case.evidence:
        try:
            value = svc.objects.get_json(digest)
        except ObjectFault:
            continue
        if value.get("kind") == "static":
            found["scan"] = value
        elif value.get("kind") == "dynamic":
            judged = value["gate"]["suites"]
            found["tests"] = value | {
                "verdicts": {one["suite"]: one for one in judged},
                "waivers": _each_once(w for one in judged for w in one["waivers"]),
            }
    return found


def transcripts(
    svc: Services, tests: Mapping[str, Any] | None, disturbing: Collection[str]
) -> list[dict[str, Any]]:
    """What was asked and answered, in the order it was asked. `disturbs`: to be shown blurred, for
    it is a violation or of a suite that the pack marks so."""
    found = []
    for one in (tests or {}).get("cases", ())[:_TRANSCRIPTS]:
        suite, number, _ = one["case"].split("/")
        line = {
            "number": number,
            "outcome": one["outcome"],
            "suite": suite,
            "disturbs": one["outcome"] == "violation" or suite in disturbing,
            "missing": False,
            "asked": "",
            "answer": "",
            "fault": None,
        }
        try:
            said = svc.objects.get_json(one["transcript"])
        except ObjectFault:
            line["missing"] = True
        else:
            asked = [m["content"] for m in said["messages"] if m["role"] == "user"]
            line |= {
                "asked": asked[-1] if asked else "",
                "answer": said["answer"],
                "fault": said["fault"],
            }
        found.append(line)
    return found


def bundle_view(svc: Services, case: Submission) -> dict[str, Any] | None:
    """The bundle under review; None when the object store cannot give it."""
    try:
        bundle: Bundle = svc.objects.get_bundle(case.digest)
    except ObjectFault:
        return None
    on = bundle.manifest.capabilities.model_dump()
    return {
        "manifest": bundle.manifest,
        "capabilities": [name for name, is_on in on.items() if is_on],
        "files": [(path, len(data)) for path, data in sorted(bundle.files.items())],
    }


def changed_since(svc: Services, case: Submission) -> list[tuple[str, dict[str, Any]]]:
    """The differences a reviewer sees first, each with what it is a difference to: the revision
    that was approved last, and the round before where that is another one."""
    with reading(svc.engine) as session:
        approved = lists.last_approved(session, case)
        rounds = lists.rounds_of(session, case) if case.round > 1 else []
    earlier = [digest for digest in rounds if digest != case.digest]
    bases = [("the approved revision", approved)]
    if earlier and earlier[-1] != approved:
        bases.append(("the round before", earlier[-1]))
    found = []
    for since, base in bases:
        if base is not None and base != case.digest:
            changes = difference_between(svc, case.gpt, base, case.digest)
            if changes is not None:
                found.append((since, changes))
    return found


def clauses_of(svc: Services, case: Submission) -> dict[str, str]:
    """Titles of the clauses of the pack this case pins, by id."""
    return {clause.id: clause.title for clause in svc.packs(case.terms.pack).review.clauses}


def _each_once(values: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _owns(look: Viewer, case: Submission) -> bool:
    return look.actor is not None and case.publisher in look.actor.publishers


def _is_your_turn(look: Viewer, case: Submission, turn: str) -> bool:
    if turn == "developer":
        return _owns(look, case)
    return look.actor is not None and case.claimant == look.actor.id


def _claimant(look: Viewer, case: Submission) -> str:
    """Who holds the claim, for colleagues; developers deal with the store, not with a name."""
    if case.claimant is None or look.actor is None or not is_staff(look.actor):
        return ""
    return look.names.get(case.claimant, case.claimant)


def _who(look: Viewer, actor: str, named: set[str]) -> str:
    if actor == "system":
        return "The store"
    if look.actor is None or actor == look.actor.id:
        return "You"
    return look.names.get(actor, actor) if actor in named else "The store’s staff"


def _members(svc: Services, people: set[str], publishers: set[str]) -> set[str]:
    """Those of `people` who belong to them: developers deal with the store, not with names."""
    with reading(svc.engine) as session:
        rows = session.exec(
            select(MemberRow.person).where(
                MemberRow.store_id == svc.store,
                col(MemberRow.publisher).in_(publishers),
                col(MemberRow.person).in_(people),
            )
        )
        return set(rows)


def _steps(case: Submission) -> list[dict[str, str]]:
    at = _AT[case.stage]
    stopped = case.stage in (Stage.REJECTED, Stage.WITHDRAWN, Stage.EXPIRED)
    if case.stage is Stage.CHANGES_REQUESTED and case.tier is None:
        at = 0  # the scan sent it back, nobody reviewed it yet
    if case.release is not None:
        at = 4
    return [
        {
            "name": name,
            "more": "",
            "state": "done"
            if index < at
            else "planned"
            if index > at
            else "over"
            if stopped
            else "here",
        }
        for index, name in enumerate(_STEPS)
    ]
