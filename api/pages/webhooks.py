"""Webhooks on pages: make one, see its secret once, watch its deliveries, send again."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

from fastapi import Form
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError

from api.deps import Svc
from api.errors import Problem
from api.pages.forms import Said
from api.pages.site import Person, SignedIn, back_to, page, page_router
from api.routes import webhooks as routes
from api.routes.webhooks import (
    Book,
    Mine,
    ReplayBody,
    WebhookBody,
    WebhookChange,
    may_manage,
    owned,
)
from gonogo.notices.outlook import Outlook

router = page_router()
B = TypeVar("B", bound=BaseModel)
_Short = Annotated[str, Form(max_length=80)]
_Long = Annotated[str, Form(max_length=4_100)]
_SHOWN = 40


@router.get("/webhooks")
def webhooks_page(svc: Svc, look: SignedIn, who: Person, book: Book, said: Said = "") -> Response:
    """The viewer's endpoints, and a form for another."""
    return page(
        svc,
        look,
        "webhooks.html",
        items=routes.list_webhooks(svc, who, book)["items"],
        publishers=owned(svc, who),
        whole=may_manage(svc, who, None),
        said=said,
    )


@router.post("/webhooks")
def create(
    svc: Svc,
    look: SignedIn,
    who: Person,
    book: Book,
    label: _Short,
    url: Annotated[str, Form(max_length=2_000)],
    types: _Long = "",
    publisher: _Short = "",
) -> Response:
    """Make it, and show its secret on the page that answers: it is not readable again."""
    body = _sent(WebhookBody, label=label, url=url, types=types, publisher=publisher or None)
    made = routes.create_webhook(svc, who, book, body, Response())
    return page(svc, look, "webhook_secret.html", hook=made)


@router.get("/webhooks/{webhook}")
def webhook_page(svc: Svc, look: SignedIn, row: Mine, said: Said = "") -> Response:
    """One endpoint with its newest deliveries."""
    found = Outlook(svc.engine, svc.store).of(row.id, limit=_SHOWN)
    return page(
        svc,
        look,
        "webhook.html",
        hook=routes.view(row),
        deliveries=[routes.delivery_view(*one) for one in found],
        said=said,
    )


@router.post("/webhooks/{webhook}")
def change(
    who: Person,
    row: Mine,
    book: Book,
    label: _Short,
    url: Annotated[str, Form(max_length=2_000)],
    types: _Long = "",
) -> Response:
    body = _sent(WebhookChange, label=label, url=url, types=types)
    routes.change_webhook(who, row, book, body)
    return back_to(f"/webhooks/{row.id}", "done")


@router.post("/webhooks/{webhook}/{order}")
async def order(
    svc: Svc, look: SignedIn, who: Person, row: Mine, book: Book, order: str
) -> Response:
    """The buttons of an endpoint."""
    here = f"/webhooks/{row.id}"
    match order:
        case "test":
            routes.test_webhook(row, book)
        case "switch-off":
            routes.change_webhook(who, row, book, WebhookChange(state="disabled"))
        case "switch-on":
            routes.change_webhook(who, row, book, WebhookChange(state="active"))
        case "remove":
            routes.remove_webhook(who, row, book)
            return back_to("/webhooks", "done")
        case "secret":
            made = routes.rotate_webhook(who, row, book, Response())
            return page(svc, look, "webhook_secret.html", hook=routes.view(row) | made)
        case "replay":
            since = datetime.now(UTC) - timedelta(days=3)
            await routes.replay_webhook(svc, who, row, ReplayBody(since=since))
        case _ if order.startswith("dlv_") and len(order) <= 80:
            await routes.replay_webhook(svc, who, row, ReplayBody(delivery=order))
        case _:
            raise Problem("not-found", "there is no such button")
    return back_to(here, "done")


def _sent(kind: type[B], *, url: str, types: str, **more: str | None) -> B:
    """The body a route takes, out of a form. Raises `malformed`."""
    try:
        return kind.model_validate({"url": url.strip(), "types": types.split(), **more})
    except ValidationError as fault:
        where = ".".join(str(part) for part in fault.errors()[0]["loc"])
        raise Problem("malformed", f"{where}: {fault.errors()[0]['msg']}") from fault
