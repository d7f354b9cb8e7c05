"""Planning a launch: a draft, its date as people type it, its items found among what is ready."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Form, Query, Request
from fastapi.responses import Response

from api.deps import SubjectId, Svc
from api.errors import Problem
from api.launch_board import board, line_view, lines
from api.launch_freezing import freeze_met
from api.launch_shown import launch_view, target_view
from api.pages.forms import Key, Line, Said, fresh_key, key_of, needed, outcome
from api.pages.launch_forms import FormAsking, FormDeciding, to_board
from api.pages.launch_parts import gate_lines
from api.pages.site import Person, SignedIn, back_to, page, page_router
from api.routes import launch_dates as dates
from api.routes import launch_items as items
from api.routes import launches as routes
from api.subjects import is_staff
from api.views import can_one, can_view
from gonogo.db import launch_lists
from gonogo.db.session import reading
from gonogo.zones import place_target
from policies.errors import Incomplete
from policies.lifecycle.launch_permits import LEGAL
from policies.rules.target_text import FORMS, LONGEST

router = page_router()
_SHOWN = 25
Typed = Annotated[str, Query(max_length=LONGEST)]
Zone = Annotated[str, Form(min_length=1, max_length=64)]
_DATED = {
    "plan": dates.plan_launch,
    "narrow": dates.narrow_launch,
    "replan": dates.replan_launch,
    "approve_date": dates.approve_date,
}
_Count = Annotated[str, Form(max_length=6)]
Mode = Annotated[Literal["atomic", "quorum", "independent"], Form()]


@router.get("/launches/new")
def new_launch(svc: Svc, look: SignedIn, who: Person) -> Response:
    """The form of a draft."""
    look.names.learn((who.id,))
    return page(
        svc,
        look,
        "launch_new.html",
        key=fresh_key(),
        drafting=can_one("launch", "draft", None, who),
        modes=svc.pack.launch.modes,
    )


@router.post("/launches")
async def draft(
    svc: Svc,
    who: Person,
    request: Request,
    key: Key,
    tz: Zone,
    name: Annotated[str, Form(max_length=200)] = "",
    mode: Mode = "independent",
    quorum: _Count = "",
) -> Response:
    """Draft a launch."""
    body = routes.DraftBody(name=_named(name), tz=tz, mode=mode, quorum=_quorum(mode, quorum))
    done = await routes.draft_launch(svc, who, body, Response(), await key_of(request, key))
    return back_to(f"/launches/{done['subject']}/plan", outcome(done, "drafted"))


@router.get("/launches/understood")
def understood(
    svc: Svc, look: SignedIn, who: Person, target: Typed = "", tz: Typed = ""
) -> Response:
    """How a typed date is understood, and what it meets of freezes: a part of the forms that ask
    for one."""
    told: dict[str, Any] = {"view": None, "because": "", "notice": None, "freeze": None}
    told["typed"] = target.strip()
    if told["typed"]:
        try:
            placed = place_target(target, tz or svc.pack.calendar.zone)
            told |= {
                "view": target_view(placed.target, datetime.now(UTC)),
                "notice": placed.notice,
                "freeze": freeze_met(svc, placed.target) if is_staff(who) else None,
            }
        except Incomplete as fault:
            told["because"] = fault.because
    return page(svc, look, "launch_understood.html", **told)


@router.get("/launches/{subject}/plan")
def plan_page(
    svc: Svc,
    look: SignedIn,
    who: Person,
    subject: SubjectId,
    said: Said = "",
    q: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """The date, the terms and the items of a launch, to be changed."""
    now = datetime.now(UTC)
    if not is_staff(who):
        raise Problem("not-found", f"there is no plan of {subject} that you may see")
    seen = board(svc, who, subject, now)
    with reading(svc.engine) as session:
        ready = launch_lists.ready_releases(session, svc.store, q.strip(), limit=_SHOWN)
    look.names.learn({who.id, *(one.publisher for one in ready)})
    launch = seen.launch
    freeze = freeze_met(svc, launch.target, launch.terms.pack) if launch.target else None
    return page(
        svc,
        look,
        "launch_plan.html",
        said=said,
        key=fresh_key(),
        launch=launch_view(launch, now),
        can=can_view("launch", launch, who),
        dating=[kind for kind in _DATED if launch.status in LEGAL[kind]],
        amending=launch.status in LEGAL["amend"],
        binding=can_one("release", "bind", None, who),
        modes=svc.pack.launch.modes,
        forms=FORMS,
        freeze=freeze,
        q=q,
        ready=ready,
        items=[line_view(one, seen) for one in lines(seen, "all", None)[:_SHOWN]],
        of=len(seen.items),
        ending=[one for one in gate_lines(svc, launch, now, {}) if one["ends_before"]],
    )


@router.post("/launches/{subject}/date")
async def set_date(
    asked: FormDeciding,
    what: Annotated[Literal["plan", "narrow", "replan", "approve_date"], Form()],
    target: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Response:
    """Plan, narrow, plan anew or approve a date."""
    body = dates.TargetBody(target=needed(target, "the date is missing"))
    return to_board(asked, await _DATED[what](asked, body), "dated", "/plan")


@router.post("/launches/{subject}/terms")
async def set_terms(
    asked: FormDeciding,
    name: Annotated[str, Form(max_length=200)] = "",
    mode: Mode = "independent",
    quorum: _Count = "",
) -> Response:
    """Change its name, its mode and its quorum."""
    body = routes.AmendBody(name=_named(name), mode=mode, quorum=_quorum(mode, quorum))
    return to_board(asked, await routes.amend_launch(asked, body), "done", "/plan")


@router.post("/launches/{subject}/items")
async def bind(
    asked: FormAsking,
    release: Annotated[list[str] | None, Form(max_length=_SHOWN)] = None,
    importance: Annotated[items.Importance, Form()] = "must",
    wave: Annotated[int, Form(ge=1, le=100)] = 1,
) -> Response:
    """Bind the chosen releases. What is refused says why; the others are bound."""
    chosen = _chosen(release)
    body = items.ItemsBody(
        items=[items.ItemBody(release=one, wave=wave, importance=importance) for one in chosen]
    )
    _told(await items.bind_items(asked.svc, asked.who, asked.launch, body, asked.key))
    return back_to(f"/launches/{asked.launch.id}/plan", "bound")


@router.post("/launches/{subject}/items/unbind")
async def unbind(
    asked: FormAsking,
    release: Annotated[list[str] | None, Form(max_length=_SHOWN)] = None,
    note: Line = "",
) -> Response:
    """Take the chosen releases out of it."""
    body = items.UnbindBody(releases=_chosen(release), reason=note.strip() or "withdrawn")
    _told(await items.unbind_items(asked.svc, asked.who, asked.launch, body, asked.key))
    return back_to(f"/launches/{asked.launch.id}/plan", "bound")


def _chosen(release: list[str] | None) -> list[str]:
    if not release:
        raise Problem("incomplete", "choose at least one item")
    return list(dict.fromkeys(release))


def _told(answer: dict[str, Any]) -> None:
    """Raises `incomplete` with the first refusal, where an item was refused."""
    refused = [one for one in answer["items"] if one["status"] == "refused"]
    if refused:
        more = f" ({len(refused)} of {answer['of']} were refused)" if answer["of"] > 1 else ""
        raise Problem(refused[0]["code"], refused[0]["because"] + more)


def _named(name: str) -> str:
    if not name.strip() or len(name.strip()) > 120:
        raise Problem("incomplete", "a name of at most 120 characters is needed")
    return name.strip()


def _quorum(mode: str, text: str) -> int | None:
    if mode != "quorum":
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise Problem("incomplete", "how many items are a quorum?")
    return int(text)
