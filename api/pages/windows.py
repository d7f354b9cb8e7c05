"""Windows and embargoes on one page: what keeps exposure from growing, when, and for whom.

Staff see both and leads declare; developers see the embargoes of their own GPTs and set them.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Form, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.bodies import ReasonBody
from api.deps import PLAIN, Cursor, Services, Svc, etag
from api.errors import Problem
from api.pages.forms import Key, Line, Said, Version, fresh_key, key_of, needed, outcome
from api.pages.site import Person, SignedIn, Viewer, back_to, page, page_router
from api.pages.window_calendar import ahead, calendar_of
from api.routes import embargoes as embargo_routes
from api.routes import windows as routes
from api.streams import notes_in
from api.subjects import staff_only
from api.views import can_one, can_view
from api.windows import window_view
from gonogo.db import embargoes as embargoes_db
from gonogo.db import lists, queries
from gonogo.db import windows as windows_db
from gonogo.db.codec import state_of
from gonogo.db.prose import read_prose
from gonogo.db.session import reading
from policies.lifecycle.embargo import Embargo
from policies.lifecycle.kernel import Actor
from policies.lifecycle.window import DeclaredWindow
from policies.rules.recurrence import LONGEST
from policies.rules.target_text import LONGEST as LONGEST_TARGET
from policies.rules.windows import OVERRIDING, Span

router = page_router()
PAGE = 30
_Id = Annotated[str, Form(min_length=1, max_length=80, pattern=PLAIN)]
_Gpt = Annotated[str, Query(max_length=80)]
_Local = Annotated[str, Form(max_length=32)]


@router.get("/windows")
def window_list(
    svc: Svc,
    look: SignedIn,
    who: Person,
    said: Said = "",
    cursor: Cursor = None,
    gpt: _Gpt = "",
) -> Response:
    """Windows and embargoes, those in force first, and the next weeks. `gpt` fills in a form."""
    now, zone = datetime.now(UTC), svc.pack.calendar.zone
    if not look.is_staff and not look.has("developer"):
        raise Problem("not-allowed", "windows and embargoes are for developers and the staff")
    with reading(svc.engine) as session:
        try:
            declared, following = _windows(session, svc, look, now, cursor)
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
        kept = embargoes_db.listed(
            session,
            svc.store,
            now,
            publishers=None if look.is_staff else who.publishers,
            limit=PAGE,
        )
        held = [state_of("embargo", row.state) for row in kept.rows]
        told = lists.events_of(session, svc.store, {one.id for one in (*declared, *held)})
        scopes = {one.window.scope for one in declared}
        about = {scope.partition(":")[2] for scope in scopes if scope.startswith("gpt:")}
        named = queries.gpts(session, svc.store, about | {one.gpt for one in held} | {gpt})
    prose = read_prose(svc.engine, notes_in(told))
    words = {
        (row.subject, row.type): prose.get(row.body["note"], "(erased)")
        for row in told
        if row.body.get("note")
    }
    own = list(svc.pack.windows_in_force()) if look.is_staff else []
    look.names.learn(_people(who, declared, held))
    titles = {f"pack:{one.id}": one.title for one in svc.pack.windows}
    return page(
        svc,
        look,
        "windows.html",
        said=said,
        key=fresh_key(),
        windows=[_window(one, who, words, zone, now) for one in declared],
        next=following,
        pack=[_shown(one.as_json(), ahead(one, zone, now)) for one in own],
        embargoes=[_embargo(one, who, words, now) for one in held],
        more_embargoes=kept.next is not None,
        calendar=calendar_of(
            [*own, *(one.window for one in declared if one.status == "declared")], held, zone, now
        ),
        titles=titles | {one.id: words.get((one.id, "window:declared")) for one in declared},
        gpts={row.id: row.name for row in named.values()},
        gpt=gpt,
        categories=svc.pack.static.categories,
        declaring=can_one("window", "declare", None, who),
        may_set=look.has("developer", "product_lead"),
        overriding=[role.value for role in OVERRIDING],
    )


@router.post("/windows")
async def declare(
    svc: Svc,
    who: Person,
    request: Request,
    key: Key,
    kind: Annotated[Literal["deny", "allow"], Form()],
    begins: _Local,
    ends: _Local,
    tz: Annotated[str, Form(max_length=64)],
    rrule: Annotated[str, Form(max_length=LONGEST)] = "",
    scope: Annotated[Literal["store", "category", "publisher", "gpt"], Form()] = "store",
    target: Annotated[str, Form(max_length=80)] = "",
    applies_to: Annotated[Literal["start", "increase", "full"], Form()] = "increase",
    overrun: Annotated[Literal["finish_step", "hold"], Form()] = "finish_step",
    override_role: Annotated[str, Form(max_length=40)] = "",
    reason: Line = "",
) -> Response:
    """Declare a window: in force when this answers."""
    why = needed(reason, "say why: whoever waits for it will ask")
    try:
        first, last = datetime.fromisoformat(begins), datetime.fromisoformat(ends)
        lasts = int((last - first).total_seconds())
    except (ValueError, TypeError):
        raise Problem("incomplete", "from when to when? a day and a time each") from None
    given: dict[str, Any] = {
        "kind": kind,
        "tz": tz.strip(),
        "begins": begins,
        "scope": scope,
        "target": target.strip() or None,
        "applies_to": applies_to,
        "overrun": overrun,
        "override_role": override_role or None,
        "reason": why,
    }
    given |= {"rrule": rrule.strip(), "duration_s": lasts} if rrule.strip() else {"ends": ends}
    try:
        body = routes.WindowBody.model_validate(given)
    except ValidationError as fault:
        raise Problem("incomplete", _first(fault)) from fault
    done = await routes.declare_window(svc, who, body, Response(), await key_of(request, key))
    return back_to("/windows", outcome(done, "window_declared"))


@router.post("/windows/end")
async def end(
    svc: Svc, who: Person, request: Request, key: Key, window: _Id, version: Version, reason: Line
) -> Response:
    """End a window early, as it was shown."""
    body = ReasonBody(reason=needed(reason, "say why it ends early"))
    staff_only(who)
    seen = await run_in_threadpool(routes.seen_window, svc, who, window)
    once = await key_of(request, key)
    done = await routes.end_window(svc, who, seen, body, Response(), once, etag(version))
    return back_to("/windows", outcome(done, "window_ended"))


@router.post("/windows/embargoes")
async def change_embargo(
    svc: Svc,
    who: Person,
    request: Request,
    key: Key,
    what: Annotated[Literal["set", "move", "lift"], Form()],
    gpt: Annotated[str, Form(max_length=80)] = "",
    embargo: Annotated[str, Form(max_length=80)] = "",
    version: Version = 0,
    not_before: Annotated[str, Form(max_length=LONGEST_TARGET)] = "",
    reason: Line = "",
) -> Response:
    """Set an embargo, make it last longer, or give a voice for lifting it."""
    why, once = needed(reason, "say why"), await key_of(request, key)
    if what == "set":
        try:
            wanted = embargo_routes.EmbargoBody.model_validate(
                {"gpt": gpt.strip(), "not_before": not_before.strip(), "reason": why}
            )
        except ValidationError as fault:
            raise Problem("incomplete", "which GPT, and until when?") from fault
        done = await embargo_routes.set_embargo(svc, who, wanted, Response(), once)
        return back_to("/windows", outcome(done, "embargo_set"))
    seen = await run_in_threadpool(embargo_routes.seen_embargo, svc, who, embargo)
    if what == "lift":
        body = ReasonBody(reason=why)
        done = await embargo_routes.lift_embargo(
            svc, who, seen, body, Response(), once, etag(version)
        )
        return back_to("/windows", outcome(done, "embargo_lift"))
    moment = needed(not_before, "until when?")
    later = embargo_routes.MomentBody(not_before=moment, reason=why)
    done = await embargo_routes.move_embargo(svc, who, seen, later, Response(), once, etag(version))
    return back_to("/windows", outcome(done, "embargo_moved"))


def _windows(
    session: Session, svc: Services, look: Viewer, now: datetime, cursor: str | None
) -> tuple[list[DeclaredWindow], str | None]:
    """Nothing for people outside: which windows the store has is for its staff."""
    if not look.is_staff:
        return [], None
    found = windows_db.listed(session, svc.store, now, after=cursor, limit=PAGE)
    return [state_of("window", row.state) for row in found.rows], found.next


def _people(
    who: Actor, declared: Iterable[DeclaredWindow], held: Iterable[Embargo]
) -> set[str | None]:
    """Whose names the page shows: people, and publishers that a window is about."""
    people: set[str | None] = {who.id}
    for window in declared:
        people |= {window.declared_by, window.ended_by, window.window.scope.partition(":")[2]}
    for embargo in held:
        people |= {embargo.set_by, embargo.proposed_by, embargo.lifted_by, embargo.publisher}
    return people


def _window(
    s: DeclaredWindow, who: Actor, words: dict[tuple[str, str], str], zone: str, now: datetime
) -> dict[str, Any]:
    coming = ahead(s.window, zone, now) if s.status == "declared" else []
    return _shown(window_view(s, now), coming) | {
        "can": {"end": can_one("window", "end", s, who)},
        "note": words.get((s.id, "window:declared")),
        "end_note": words.get((s.id, "window:ended")),
    }


def _shown(window: dict[str, Any], coming: list[Span]) -> dict[str, Any]:
    """With its scope in two parts, and when it comes next, if the weeks shown hold that."""
    scope, _, target = window["scope"].partition(":")
    return window | {
        "scope": scope,
        "target": target,
        "from": coming[0][0] if coming else None,
        "until": coming[0][1] if coming else None,
    }


def _embargo(
    s: Embargo, who: Actor, words: dict[tuple[str, str], str], now: datetime
) -> dict[str, Any]:
    return embargo_routes.embargo_view(s, now) | {
        "can": can_view("embargo", s, who),
        "note": words.get((s.id, "embargo:set")),
    }


def _first(fault: ValidationError) -> str:
    """The first thing that is wrong with what was filled in."""
    one = fault.errors()[0]
    where = str(one["loc"][0]) if one["loc"] else ""
    return f"{where}: {one['msg']}".removeprefix(": ").removeprefix("Value error, ")
