"""The pages of releases: one sentence, the rail of steps, the levers and why some are off."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Form, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.bodies import ReasonBody
from api.deps import Cursor, Services, SubjectId, Svc, etag
from api.errors import Problem
from api.judging import can_judge
from api.pages.forms import (
    Key,
    Line,
    Said,
    Short,
    Version,
    fresh_key,
    key_of,
    moment_of,
    needed,
    outcome,
)
from api.pages.site import Person, SignedIn, Viewer, back_to, page, page_router
from api.pages.story import story
from api.pages.wording import clock, duration, percent
from api.release_bodies import PauseBody, ScheduleBody
from api.routes import releases as routes
from api.subjects import is_staff, visible_release
from gonogo.db import queries
from gonogo.db.session import reading
from gonogo.db.standing import stops_on
from policies.lifecycle.kernel import Actor
from policies.lifecycle.release import LEGAL
from policies.lifecycle.release_state import Phase, Release

router = page_router()
_LEVERS = ("start", "schedule", "unschedule", "pause", "resume", "halt", "roll_back", "cancel")
_WITH_REASON = {
    "pause": "pausing",
    "halt": "halting",
    "roll_back": "rolling back",
    "cancel": "cancelling",
}
_Lever = Literal[
    "start", "schedule", "unschedule", "pause", "resume", "halt", "roll_back", "cancel"
]
# Phases in which the present step neither goes on nor is over, by how its mark looks.
_STANDING = {"paused": "still", "held": "still", "halted": "over", "rolled_back": "over"}
_STATES = {"done": "done", "current": "here", "planned": "planned"}


@router.get("/releases")
def release_list(svc: Svc, look: SignedIn, who: Person, cursor: Cursor = None) -> Response:
    """Releases this person may see, newest first."""
    found = routes.list_releases(svc, who, cursor=cursor)
    look.names.learn((who.id, *(one["publisher"] for one in found["items"])))
    for one in found["items"]:
        one["reaches"] = _reaches(one)
    return page(svc, look, "releases.html", items=found["items"], next=found["next"])


@router.get("/releases/{subject}")
def release_page(
    svc: Svc, look: SignedIn, who: Person, subject: SubjectId, said: Said = ""
) -> Response:
    """One release: who has it, what comes next, and what can be done."""
    release = visible_release(svc, who, subject)
    kinds = tuple(kind for kind in _LEVERS if release.phase in LEGAL[kind])
    reasons = [word for kind, word in _WITH_REASON.items() if kind in kinds]
    return page(
        svc,
        look,
        "release.html",
        said=said,
        key=fresh_key(),
        kinds=kinds,
        can=can_judge(svc, "release", release, who),
        needs_reason=_listed(reasons),
        **_whole(svc, look, release),
    )


@router.get("/releases/{subject}/live")
def release_live(
    svc: Svc,
    look: SignedIn,
    who: Person,
    subject: SubjectId,
    seen: Short = "",
    phase: Short = "",
) -> Response:
    """The live part, if anything moved; a reload where the levers changed too."""
    release = visible_release(svc, who, subject)
    if phase != release.phase.value:
        return Response(status_code=200, headers={"HX-Refresh": "true"})
    if seen == moment_of(release.seq, datetime.now(UTC)):
        return Response(status_code=204)
    return page(svc, look, "release_news.html", **_whole(svc, look, release))


@router.post("/releases/{subject}")
async def steer(
    svc: Svc,
    who: Person,
    request: Request,
    subject: SubjectId,
    key: Key,
    what: Annotated[_Lever, Form()],
    version: Version,
    reason: Line = "",
    local: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Pull one lever. What lets exposure grow names the version that the page showed."""
    release = await run_in_threadpool(visible_release, svc, who, subject)
    done = await _pull(
        svc, who, release, what, await key_of(request, key), etag(version), reason.strip(), local
    )
    return back_to(f"/releases/{subject}", outcome(done, "done"))


async def _pull(
    svc: Services,
    who: Actor,
    release: Release,
    what: _Lever,
    key: str,
    seen: str,
    reason: str,
    local: str,
) -> dict[str, Any]:
    response = Response()
    match what:
        case "start":
            return await routes.start_release(svc, who, release, response, key, seen)
        case "resume":
            return await routes.resume_release(svc, who, release, response, key, seen)
        case "unschedule":
            return await routes.unschedule_release(svc, who, release, response, key)
        case "schedule":
            body = _time(local, svc.pack.calendar.zone)
            return await routes.schedule_release(svc, who, release, body, response, key, seen)
        case "pause":
            pause = PauseBody(reason=reason or None)
            return await routes.pause_release(svc, who, release, pause, response, key)
    why = ReasonBody(reason=needed(reason, "a reason is missing"))
    if what == "halt":
        return await routes.halt_release(svc, who, release, why, response, key)
    if what == "roll_back":
        return await routes.roll_back_release(svc, who, release, why, response, key)
    return await routes.cancel_release(svc, who, release, why, response, key)


def _listed(words: list[str]) -> str:
    """`a, b or c`."""
    return " or ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _time(local: str, zone: str) -> ScheduleBody:
    try:
        at = datetime.fromisoformat(local)
    except ValueError:
        raise Problem("incomplete", "choose a day and a time to schedule it") from None
    return ScheduleBody(local=at.replace(tzinfo=None), zone=zone)


def _whole(svc: Services, look: Viewer, release: Release) -> dict[str, Any]:
    view = routes.get_release(svc, release, Response())
    now, zone = datetime.now(UTC), svc.pack.calendar.zone
    with reading(svc.engine) as session:
        gpt = queries.gpts(session, svc.store, {release.gpt}).get(release.gpt)
        stops = stops_on(
            session,
            svc.store,
            release.digest,
            release.gpt,
            release.publisher,
            gpt.category if gpt else None,
        )
    if stops and release.phase in (Phase.COMPLETED, Phase.ROLLING):
        # Whatever the release says of itself, a stop outranks it.
        view |= {"turn": "safety on-call", "by_when": None, "unblocks": "The stop is lifted."}
    owns = look.actor is not None and release.publisher in look.actor.publishers
    turns = {"developer": owns, "product lead": look.has("product_lead") and not owns}
    return {
        "release": view,
        "name": view["name"] or release.gpt,
        "stops": [f"stopped:{scope}" for scope in stops],
        "your_turn": turns.get(view["turn"], False),
        "steps": [_step(one, view["phase"], zone, now) for one in view["rail"]],
        "plan": _plan(view),
        "events": story(svc, look, release.id, release.publisher, release.seq),
        "sees_names": look.actor is not None and is_staff(look.actor),
        "live": not view["final"],
        "seen_at": moment_of(release.seq, now),
    }


def _step(one: dict[str, Any], phase: str, zone: str, now: datetime) -> dict[str, Any]:
    """A planned stage as a step of the rail, with the time that matters now."""
    state = _STATES[one["state"]]
    more = f"{duration(one['soak_s'])} at least" if one["soak_s"] else ""
    if one["state"] == "current" and one["over_at"]:
        more = "until " + clock(one["over_at"], zone, now) + " at least"
    elif one["state"] == "current":
        state = _STANDING.get(phase, "here")
        more = f"{duration(one['soak_s'])} at least; the clock stands"
    elif one["state"] == "planned" and one["earliest"]:
        more = "from " + clock(one["earliest"], zone, now)
    elif one["entered_at"]:
        more = "since " + clock(one["entered_at"], zone, now)
    return {"name": percent(one["weight_bp"]), "state": state, "more": more}


def _plan(view: dict[str, Any]) -> list[dict[str, Any]]:
    """Every step with when it was planned to begin, counted from the first, and when it did."""
    rail = view["rail"]
    begins = view["scheduled_at"] or (rail[0]["entered_at"] if rail else None)
    planned = datetime.fromisoformat(begins) if begins else None
    steps = []
    for one in rail:
        steps.append({**one, "planned_at": planned, "number": one["stage"] + 1})
        planned = planned + timedelta(seconds=one["soak_s"]) if planned else None
    return steps


def _reaches(view: dict[str, Any]) -> int:
    """Basis points of people who get it in new conversations now."""
    if view["phase"] == Phase.COMPLETED:
        return 10_000
    stopped = view["phase"] == Phase.HALTED or view["final"]
    return 0 if stopped else int(view["weight_bp"])
