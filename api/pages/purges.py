"""Erasing on a page: look first, ask, another person confirms; legal holds beside it."""

from typing import Annotated, Any, Literal

from fastapi import Form, Query, Request
from fastapi.responses import Response

from api.bodies import ReasonBody
from api.deps import Cursor, SubjectId, Svc
from api.erased import sentence
from api.pages.forms import Key, Line, Said, fresh_key, key_of, needed, outcome, plain_id
from api.pages.site import Person, SignedIn, back_to, page, page_router
from api.routes import purges as routes
from gonogo.db.erasures import tombstones
from gonogo.db.prose import read_prose
from gonogo.db.session import reading
from policies.lifecycle.kernel import iso

router = page_router()
PAGE = 30
_Chosen = Literal["", "submission", "gpt", "publisher", "person"]
_ID = Annotated[str, Query(max_length=80)]


@router.get("/purges")
def purge_list(
    svc: Svc,
    look: SignedIn,
    who: Person,
    said: Said = "",
    cursor: Cursor = None,
    scope: _Chosen = "",
    target: _ID = "",
) -> Response:
    """Requests, holds, and with `scope` and `target` a dry run of what would be erased."""
    keeper = routes.keeper_of(who)
    items = routes.list_purges(svc, keeper, cursor=cursor, limit=PAGE)
    holds = routes.list_holds(svc, keeper, limit=PAGE)["items"]
    target = target.strip()
    planned = routes.plan_purge(svc, keeper, scope, _plain(target)) if scope and target else None
    look.names.learn(_people(items["items"], holds))
    _texts(svc, items["items"])
    return page(
        svc,
        look,
        "purges.html",
        said=said,
        key=fresh_key(),
        items=items["items"],
        next=items["next"],
        holds=holds,
        scope=scope,
        target=target,
        planned=planned,
        me=who.id,
    )


@router.post("/purges")
async def ask(
    svc: Svc,
    who: Person,
    request: Request,
    key: Key,
    what: Annotated[Literal["ask", "hold"], Form()],
    scope: Annotated[Literal["submission", "gpt", "publisher", "person"], Form()],
    target: Annotated[str, Form(max_length=80)] = "",
    reason: Line = "",
) -> Response:
    """Ask for an erasure, or forbid it."""
    keeper = routes.keeper_of(who)
    why = needed(reason, "say who wants it, and on what ground")
    body = routes.PurgeBody(scope=scope, target=_plain(target.strip()), reason=why)
    give = routes.ask_purge if what == "ask" else routes.place_hold
    done = await give(svc, keeper, body, Response(), await key_of(request, key))
    return back_to("/purges", outcome(done, "purge_asked" if what == "ask" else "held"))


@router.post("/purges/{subject}")
async def answer(
    svc: Svc,
    who: Person,
    request: Request,
    subject: SubjectId,
    key: Key,
    what: Annotated[Literal["confirm", "decline", "lift"], Form()],
    reason: Line = "",
) -> Response:
    """The second person's word: on a request, or on lifting a hold."""
    keeper, once = routes.keeper_of(who), await key_of(request, key)
    if what == "confirm":
        done = await routes.confirm_purge(svc, keeper, subject, Response(), once)
        return back_to("/purges", outcome(done, "purge_confirmed"))
    why = ReasonBody(reason=needed(reason, "say why"))
    give = routes.decline_purge if what == "decline" else routes.lift_hold
    done = await give(svc, keeper, subject, why, Response(), once)
    return back_to("/purges", outcome(done, "done"))


def _plain(target: str) -> str:
    return plain_id(target, "there is nothing by that id")


def _people(items: list[dict[str, Any]], holds: list[dict[str, Any]]) -> set[str | None]:
    found: set[str | None] = {one["asked_by"] for one in items}
    found |= {one["confirmed_by"] for one in items}
    found |= {one["target"] for one in items if one["scope"] in ("person", "publisher")}
    return found | {one[by] for one in holds for by in ("placed_by", "lifted_by")}


def _texts(svc: Svc, items: list[dict[str, Any]]) -> None:
    """Why each was asked, in words where words were given."""
    notes = {one["note"] for one in items if one["note"]}
    prose = read_prose(svc.engine, notes)
    with reading(svc.engine) as session:
        buried = tombstones(session, notes - prose.keys())
    for one in items:
        row = buried.get(one["note"] or "")
        told = {"at": iso(row.erased_at), "by": row.purge} if row else None
        one["why"] = (prose.get(one["note"]) or sentence(told)) if one["note"] else None
