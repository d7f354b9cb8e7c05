"""Stops as safety on-call sees them: which hold, why, since when, by whom; place one, lift one."""

from typing import Annotated, Any, Literal

from fastapi import Form, Query, Request
from fastapi.responses import Response

from api.bodies import ReasonBody
from api.deps import Cursor, Services, SubjectId, Svc, etag
from api.pages.forms import Key, Line, Said, Version, fresh_key, key_of, needed, outcome, plain_id
from api.pages.site import Person, SignedIn, back_to, page, page_router
from api.routes import stops as routes
from api.streams import notes_in
from api.subjects import staff_only, visible_stop
from api.views import can_one
from gonogo.db import lists, queries
from gonogo.db.prose import read_prose
from gonogo.db.session import reading

router = page_router()
PAGE = 30
_Scope = Literal["store", "category", "publisher", "gpt", "revision"]


@router.get("/stops")
def stop_list(
    svc: Svc,
    look: SignedIn,
    who: Person,
    said: Said = "",
    cursor: Cursor = None,
    scope: _Scope = "gpt",
    target: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """All stops, those in force first. `scope` and `target` fill in the form."""
    staff_only(who)
    found = routes.list_stops(svc, who, cursor=cursor, limit=PAGE)
    items = found["items"]
    look.names.learn(
        one for s in items for one in (s["placed_by"], s["lifted_by"], s["target"], target)
    )
    _name(svc, items)
    for stop in items:
        if stop["scope"] == "publisher":
            stop["about"] = look.names.get(stop["target"], stop["target"])
    active = sum(stop["status"] == "active" for stop in items)
    asked: list[dict[str, Any]] = [{"scope": scope, "target": target, "id": "", "reason": ""}]
    _about(svc, asked)
    return page(
        svc,
        look,
        "stops.html",
        items=items,
        next=found["next"],
        active=active,
        more_active=active == len(items) and found["next"] is not None,
        said=said,
        key=fresh_key(),
        scope=scope,
        target=target,
        about=look.names.get(target, "") if scope == "publisher" else asked[0]["about"],
        categories=svc.pack.static.categories,
        place=can_one("stop", "place", None, who),
    )


@router.post("/stops")
async def place(
    svc: Svc,
    who: Person,
    request: Request,
    key: Key,
    scope: Annotated[_Scope, Form()],
    target: Annotated[str, Form(max_length=80)] = "",
    reason: Line = "",
) -> Response:
    """Place a stop: in force when this answers."""
    target = target.strip()
    if scope != "store":
        needed(target, "say which one: an id, a digest or a category")
    why = needed(reason, "say why it is stopped")
    if target:
        plain_id(target, f"there is no {scope} by that id")
    body = routes.StopBody(scope=scope, target=target or None, reason=why)
    done = await routes.place(svc, who, body, Response(), await key_of(request, key))
    return back_to("/stops", outcome(done, "stopped"))


@router.post("/stops/{subject}/lift")
async def lift(
    svc: Svc,
    who: Person,
    request: Request,
    subject: SubjectId,
    key: Key,
    version: Version,
    reason: Line = "",
) -> Response:
    """Lift one, as it was shown."""
    why = needed(reason, "say why it may be served again")
    stop = visible_stop(svc, who, subject)
    done = await routes.lift(
        svc,
        who,
        stop,
        ReasonBody(reason=why),
        Response(),
        await key_of(request, key),
        etag(version),
    )
    return back_to("/stops", outcome(done, "lifted"))


def _name(svc: Services, items: list[dict[str, Any]]) -> None:
    """Add what each stop is about and the sentences people gave as reasons."""
    _about(svc, items)
    with reading(svc.engine) as session:
        rows = lists.events_of(session, svc.store, {s["id"] for s in items})
    prose = read_prose(svc.engine, notes_in(rows))
    told = {
        (row.subject, row.type): prose.get(row.body["note"], "(erased)")
        for row in rows
        if row.body.get("note")
    }
    for stop in items:
        stop["note"] = told.get((stop["id"], "stop:placed"))
        stop["lift_note"] = told.get((stop["id"], "stop:lifted"))


def _about(svc: Services, items: list[dict[str, Any]]) -> None:
    """The name of the GPT a stop is about, for its own scope and a revision's."""
    with reading(svc.engine) as session:
        owners = lists.gpts_of_digests(
            session, svc.store, {s["target"] for s in items if s["scope"] == "revision"}
        )
        ids = {s["target"] for s in items if s["scope"] == "gpt"} | set(owners.values())
        named = queries.gpts(session, svc.store, ids)
    for stop in items:
        about = stop["target"] if stop["scope"] == "gpt" else owners.get(stop["target"])
        row = named.get(about or "")
        stop["gpt"] = row.id if row else None
        stop["about"] = row.name if row else "" if stop["scope"] == "store" else stop["target"]
