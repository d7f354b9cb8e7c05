"""A GPT's own pages: mine as a list, and one with its revisions, its listing, what can be done."""

from typing import Annotated, Any, Literal

from fastapi import Form, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.bodies import ReasonBody
from api.deps import Cursor, Services, SubjectId, Svc, etag
from api.errors import Problem
from api.judging import can_judge
from api.pages.forms import Key, Line, Said, Version, fresh_key, key_of, needed, outcome
from api.pages.site import Person, SignedIn, Viewer, back_to, page, page_router
from api.pages.story import Told, story
from api.release_views import listing_view, release_view
from api.routes import listings as routes
from api.subjects import is_staff, listing_row, may_see, visible_listing
from api.views import can_one, submission_view
from gonogo.db import gpts, lists, queries
from gonogo.db.codec import state_of
from gonogo.db.session import reading
from gonogo.db.standing import stops_on
from gonogo.db.tables import GptRow, ListingPicture, ReleasePicture, SubmissionPicture
from gonogo.db.transfers import gpt_and_offer
from policies.lifecycle.kernel import Actor

router = page_router()
PAGE = 30
REVISIONS = 50  # on one page; a line longer than that says so
_Lever = Literal["unlist", "relist", "quarantine", "lift_quarantine"]


@router.get("/mine")
def my_gpts(
    svc: Svc, look: SignedIn, who: Person, said: Said = "", cursor: Cursor = None
) -> Response:
    """The viewer's GPTs, the newest first, each with whose turn it is."""
    with reading(svc.engine) as session:
        try:
            found = gpts.page(
                session, svc.store, publishers=who.publishers, after=cursor, limit=PAGE
            )
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
        ids = {row.id for row in found.rows}
        cases = gpts.newest_cases(session, svc.store, ids)
        releases = gpts.newest_releases(session, svc.store, ids)
        listed = lists.listed_as(session, svc.store, ids)
        waiting = gpts.waiting_for(session, svc.store, who.publishers)
    items = [
        _standing(row, cases.get(row.id), releases.get(row.id), listed.get(row.id))
        for row in found.rows
    ]
    return page(
        svc, look, "mine.html", items=items, next=found.next, waiting=waiting, said=said, who=who
    )


@router.get("/gpts/{gpt}")
def gpt_page(svc: Svc, look: SignedIn, who: Person, gpt: SubjectId, said: Said = "") -> Response:
    """One GPT: where it stands in the store, its line of revisions, what this person can do."""
    with reading(svc.engine) as session:
        row, offer = gpt_and_offer(session, svc.store, gpt)
        if row is None or not may_see(who, row.publisher):
            raise Problem("not-found", f"there is no GPT {gpt} that you may see")
        cases = queries.submissions(session, svc.store, gpt=gpt, limit=REVISIONS).rows
        releases = lists.releases(session, svc.store, gpt=gpt, limit=REVISIONS).rows
        listing = listing_row(session, svc.store, gpt)
        is_owner = row.publisher in who.publishers
        revisions = gpts.revisions_of(session, svc.store, gpt, REVISIONS + 1)
        digests = {listing.stable, listing.candidate} - {None} if listing else set()
        stops = {
            scope
            for digest in digests or {None}
            for scope in stops_on(session, svc.store, digest, row.id, row.publisher, row.category)
        }
    newest = cases[0] if cases else None
    return page(
        svc,
        look,
        "gpt.html",
        said=said,
        key=fresh_key(),
        gpt=row,
        is_owner=is_owner,
        offer=offer if is_owner else None,
        readable={one.id for one in (*cases, *releases) if may_see(who, one.publisher)},
        is_staff=is_staff(who),
        standing=_standing(row, newest, releases[0] if releases else None, listing),
        stops=[f"stopped:{scope}" for scope in sorted(stops)],
        revisions=_line(revisions[:REVISIONS], cases, listing),
        more_revisions=len(revisions) > REVISIONS,
        releases=[release_view(state_of("release", one.state), row) for one in releases],
        events=_told(svc, look, listing),
        **_levers(svc, who, row, listing, newest),
    )


@router.post("/gpts/{gpt}")
async def steer(
    svc: Svc,
    who: Person,
    request: Request,
    gpt: SubjectId,
    key: Key,
    what: Annotated[_Lever, Form()],
    version: Version,
    reason: Line = "",
) -> Response:
    """Change the listing: its developer unlists and relists, safety quarantines and lifts."""
    listing = await run_in_threadpool(visible_listing, svc, who, gpt)
    once, response = await key_of(request, key), Response()
    match what:
        case "unlist":
            done = await routes.unlist(svc, who, listing, response, once)
        case "relist":
            done = await routes.relist(svc, who, listing, response, once)
        case "quarantine":
            body = ReasonBody(reason=needed(reason, "say why it is quarantined"))
            done = await routes.quarantine(svc, who, listing, body, response, once)
        case "lift_quarantine":
            note = routes.LiftBody(note=reason.strip() or None)
            done = await routes.lift_quarantine(
                svc, who, listing, response, note, once, etag(version)
            )
    return back_to(f"/gpts/{gpt}", outcome(done, what))


def _standing(
    gpt: GptRow,
    case: SubmissionPicture | None,
    release: ReleasePicture | None,
    listing: ListingPicture | None,
) -> dict[str, Any]:
    """Where a GPT stands: the case or release that moves, else its listing; whose turn it is."""
    told: dict[str, Any] = {"case": None, "release": None, "listing": None}
    if case is not None:
        told["case"] = submission_view(case.state, gpt)
    if release is not None:
        told["release"] = release_view(state_of("release", release.state), gpt)
    if listing is not None:
        told["listing"] = listing_view(state_of("listing", listing.state), gpt)
    moves = _moves(told["case"], told["release"])
    out = listing is not None and listing.status in ("quarantined", "delisted")
    now = told["listing"] if out else moves or told["listing"] or told["case"]
    now = now or {}
    return {
        **told,
        "gpt": gpt,
        "moves": "release" if moves and moves is told["release"] else "case",
        "turn": now.get("turn", "developer"),
        "by_when": now.get("by_when"),
        "unblocks": now.get("unblocks", "Submit its first revision."),
    }


def _moves(case: dict[str, Any] | None, release: dict[str, Any] | None) -> dict[str, Any] | None:
    released = case and release and case["release"] == release["id"]
    if case and not released and (not case["final"] or case["stage"] == "approved"):
        return case
    return release if release is not None and not release["final"] else None


def _line(
    revisions: list[Any], cases: list[SubmissionPicture], listing: ListingPicture | None
) -> list[dict[str, Any]]:
    """Each revision with the newest case that is about it, and whether people are served it."""
    about: dict[str, SubmissionPicture] = {}
    for case in cases:  # the newest comes first and stays
        about.setdefault(case.digest, case)
    return [
        {
            "digest": one.digest,
            "at": one.created_at,
            "name": one.name,
            "case": about.get(one.digest),
            "is_stable": listing is not None and listing.stable == one.digest,
            "is_candidate": listing is not None and listing.candidate == one.digest,
        }
        for one in revisions
    ]


def _levers(
    svc: Services,
    who: Actor,
    gpt: GptRow,
    listing: ListingPicture | None,
    newest: SubmissionPicture | None,
) -> dict[str, Any]:
    """What this person can do, and why not: the listing's commands and, for an open case, its."""
    can: dict[str, Any] = {}
    kinds: list[str] = []
    if listing is not None:
        can = can_judge(svc, "listing", state_of("listing", listing.state), who)
        if gpt.publisher in who.publishers:
            kinds.append("relist" if listing.status == "unlisted" else "unlist")
        if is_staff(who):
            kinds.append("lift_quarantine" if listing.status == "quarantined" else "quarantine")
    open_case = newest if newest is not None and newest.is_open else None
    if open_case is not None:
        case = state_of("submission", open_case.state)
        can |= {kind: can_one("submission", kind, case, who) for kind in ("withdraw", "submit")}
    return {
        "can": can,
        "kinds": kinds,
        "open_case": open_case,
        "version": listing.version if listing else 0,
        "may_stop": can_one("stop", "place", None, who)["allowed"],
    }


def _told(svc: Services, look: Viewer, listing: ListingPicture | None) -> list[Told]:
    if listing is None:
        return []
    return story(svc, look, listing.id, listing.publisher, listing.seq)
