"""Pages of a GPT that changes hands: the offer, its answer, and the form that makes one."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import Form, Request
from fastapi.responses import Response
from pydantic import ValidationError

from api.deps import Services, SubjectId, Svc
from api.errors import Problem
from api.pages.forms import Key, Line, Said, fresh_key, key_of, needed, outcome
from api.pages.site import Person, SignedIn, back_to, page, page_router
from api.pages.story import story
from api.routes import transfers as routes
from api.transfers import transfer_views, visible_transfer
from gonogo.db import transfers
from gonogo.db.session import reading
from gonogo.db.transfers import TransferPicture
from policies.lifecycle.kernel import Actor

router = page_router()
MOST = 20  # open offers on one page
_What = Literal["accept", "decline", "withdraw"]


def offers_of(
    svc: Services, who: Actor, publishers: tuple[str, ...], owned: set[str] | None = None
) -> list[dict[str, Any]]:
    """Open offers of and to these publishers, as cards show them."""
    with reading(svc.engine) as session:
        rows = transfers.of_publishers(session, svc.store, publishers, MOST)
    return transfer_views(svc, who, rows, owned=owned)


@router.get("/transfers/{transfer}")
def transfer_page(
    svc: Svc, look: SignedIn, who: Person, transfer: SubjectId, said: Said = ""
) -> Response:
    """One transfer: who offers what to whom, until when, and the answer."""
    state = visible_transfer(svc, who, transfer)
    with reading(svc.engine) as session:
        row = session.get_one(TransferPicture, (svc.store, transfer))
    (view,) = transfer_views(svc, who, [row])
    receives = state.to in who.publishers
    return page(
        svc,
        look,
        "transfer.html",
        said=said,
        key=fresh_key(),
        t=view,
        your_turn=view["can"]["accept"]["allowed"],
        receives=receives,
        sees_gpt=(state.to if state.step == "accepted" else state.publisher) in who.publishers
        or look.is_staff,
        # The note stands above, beside the answer.
        events=[
            replace(one, note=None)
            for one in story(svc, look, state.id, state.publisher, state.seq)
        ],
    )


@router.post("/transfers/{transfer}")
async def answer(
    svc: Svc,
    who: Person,
    request: Request,
    transfer: SubjectId,
    key: Key,
    what: Annotated[_What, Form()],
) -> Response:
    """Accept, decline or withdraw it."""
    state = visible_transfer(svc, who, transfer)
    once, response = await key_of(request, key), Response()
    if what == "accept":
        done = await routes.accept_transfer(svc, who, state, response, once)
    elif what == "decline":
        done = await routes.decline_transfer(svc, who, state, response, None, once)
    else:
        done = await routes.withdraw_transfer(svc, who, state, response, once)
    said = {"accept": "accepted", "decline": "done", "withdraw": "done"}[what]
    return back_to(f"/transfers/{transfer}", outcome(done, said))


@router.post("/gpts/{gpt}/transfers")
async def offer(
    svc: Svc,
    who: Person,
    request: Request,
    gpt: SubjectId,
    key: Key,
    to: Annotated[str, Form(max_length=80)] = "",
    note: Line = "",
) -> Response:
    """Offer the GPT, and go to the offer's page."""
    receiver = needed(to, "name the publisher that shall get it, by its id")
    try:
        body = routes.OfferBody(to=receiver, note=note.strip() or None)
    except ValidationError as fault:
        raise Problem("not-found", "there is no publisher by that id") from fault
    response = Response()
    done = await routes.offer_gpt(svc, who, gpt, body, response, await key_of(request, key))
    if done.get("status") == "pending":
        return back_to(f"/gpts/{gpt}", "pending")
    return back_to(f"/transfers/{done['transfer']}", "offered")
