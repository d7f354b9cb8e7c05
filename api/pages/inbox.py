"""The inbox and what one wants to be told."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from api.deps import Cursor, SubjectId, Svc
from api.errors import Problem
from api.pages.forms import Said, fresh_key
from api.pages.site import Person, SignedIn, back_to, page, page_router
from api.pages.transfers import offers_of
from api.routes.inbox import Book, Box, PreferencesBody, Words, ask_address, confirm
from gonogo.notices.inbox import Entry
from gonogo.notices.rendering import Renderer
from policies.lifecycle.kernel import instant
from policies.rules.notice_topics import PERSONS_CHANNELS, Topic, allowed

router = page_router()
_PAGE = 40


@router.get("/inbox")
def inbox(
    svc: Svc,
    look: SignedIn,
    who: Person,
    box: Box,
    words: Words,
    said: Said = "",
    unread: bool = False,
    cursor: Cursor = None,
) -> Response:
    """What happened, the newest first; what belongs to one subject stands together."""
    try:
        found = box.page(who.id, after=cursor, unread=unread, limit=_PAGE)
    except ValueError as fault:
        raise Problem("bad-request", str(fault)) from fault
    return page(
        svc,
        look,
        "inbox.html",
        groups=_groups(found.items, words),
        next=found.next,
        unread_only=unread,
        offers=[] if cursor else offers_of(svc, who, who.publishers),
        key=fresh_key(),
        until=found.items[0].at if found.items and not cursor else datetime.now(UTC),
        said=said,
    )


@router.get("/inbox/preferences")
def preferences_page(
    svc: Svc, look: SignedIn, who: Person, box: Box, book: Book, said: Said = ""
) -> Response:
    """Topics by channels, quiet hours, and where mail goes."""
    chosen = box.preferences(who.id)
    return page(
        svc,
        look,
        "preferences.html",
        topics=[topic for topic in Topic if _concerns(topic, look)],
        when={(t, c): chosen.when(t, c) for t in Topic for c in PERSONS_CHANNELS},
        allowed={channel: allowed(channel) for channel in PERSONS_CHANNELS},
        quiet=chosen.quiet,
        address=book.of(who.id),
        mails=svc.settings.smtp_url is not None,
        said=said,
    )


@router.post("/inbox/preferences")
async def choose(request: Request, who: Person, box: Box) -> Response:
    """Keep what was chosen; topics that the form did not show stay as they are."""
    form = await request.form(max_fields=60)
    kept = await run_in_threadpool(box.preferences, who.id)
    topics: dict[str, dict[str, Any]] = {}
    for topic in Topic:
        for channel in PERSONS_CHANNELS:
            given = form.get(f"{topic.value}.{channel.value}")
            word = given if isinstance(given, str) else kept.when(topic, channel).value
            topics.setdefault(topic.value, {})[channel.value] = word
    start, end = form.get("quiet_start"), form.get("quiet_end")
    try:
        body = PreferencesBody.model_validate(
            {"topics": topics, "quiet": {"start": start, "end": end} if start and end else None}
        )
    except ValidationError as fault:
        raise Problem("malformed", "choose from what the page offers") from fault
    await run_in_threadpool(box.prefer, who.id, body.preferences())
    return back_to("/inbox/preferences", "done")


@router.post("/inbox/address")
def name_address(
    svc: Svc, who: Person, book: Book, email: Annotated[str, Form(max_length=320)] = ""
) -> Response:
    """Have a letter sent to an address; an empty one erases what is there."""
    if not email.strip():
        book.erase(who.id)
        return back_to("/inbox/preferences", "done")
    sent = ask_address(svc, book, who.id, email.strip())
    return back_to("/inbox/preferences", "letter-sent" if sent else "done")


@router.get("/inbox/address/{proof}")
def address_page(svc: Svc, look: SignedIn, who: Person, book: Book, proof: SubjectId) -> Response:
    """Where the link of the letter leads. A look changes nothing: programs follow links, too."""
    return page(svc, look, "address.html", proof=proof, address=book.of(who.id))


@router.post("/inbox/address/{proof}")
def confirm_here(svc: Svc, who: Person, book: Book, proof: SubjectId) -> Response:
    confirm(svc, book, who.id, proof)
    return back_to("/inbox/preferences", "confirmed")


@router.post("/inbox/read")
def read_all(who: Person, box: Box, until: Annotated[str, Form(max_length=40)]) -> Response:
    """Mark as read what was on the page; what came meanwhile stays unread."""
    try:
        moment = instant(until)
    except ValueError as fault:
        raise Problem("malformed", "until is a time with its zone") from fault
    box.mark_all(who.id, moment)
    return back_to("/inbox", "done")


@router.get("/inbox/{entry}")
def open_entry(
    svc: Svc, look: SignedIn, who: Person, box: Box, words: Words, entry: SubjectId
) -> Response:
    """One notice. To have opened it is to have read it: that is all this GET changes."""
    found = box.entry(who.id, entry)
    if found is None:
        raise Problem("not-found", "this is not in your inbox")
    box.mark(who.id, entry, read=True)
    return page(
        svc,
        replace(look, unread=box.unread(who.id)),  # the count was read before this was
        "notice.html",
        entry=found,
        title=words.subject(found.sheet),
        paragraphs=words.what(found.sheet).split("\n\n"),
    )


@router.post("/inbox/{entry}/unread")
def unread_again(who: Person, box: Box, entry: SubjectId) -> Response:
    """Keep it for later."""
    if not box.mark(who.id, entry, read=False):
        raise Problem("not-found", "this is not in your inbox")
    return back_to("/inbox")


@router.post("/inbox/{entry}/read")
def read_one(who: Person, box: Box, entry: SubjectId) -> Response:
    if not box.mark(who.id, entry, read=True):
        raise Problem("not-found", "this is not in your inbox")
    return back_to("/inbox")


def _groups(entries: list[Entry], words: Renderer) -> list[dict[str, Any]]:
    """Neighbours about one subject become one group."""
    return [
        {
            "name": (listed := list(group))[0].sheet.name,
            "path": listed[0].sheet.path,
            "unread": sum(one.read_at is None for one in listed),
            "items": [{"entry": one, "title": words.subject(one.sheet)} for one in listed],
        }
        for _, group in groupby(entries, key=lambda one: one.subject)
    ]


def _concerns(topic: Topic, look: SignedIn) -> bool:
    """Whether anything of this topic may ever reach somebody with these roles."""
    developer = look.has("developer")
    staff = look.has("reviewer", "senior_reviewer", "product_lead", "safety_oncall")
    return {
        Topic.MY_GPTS: developer,
        Topic.PROGRESS: developer,
        Topic.DEADLINES: developer or staff,
        Topic.REVIEWS: look.has("reviewer", "senior_reviewer"),
        Topic.RELEASES: look.has("product_lead"),
        Topic.SAFETY: True,
        Topic.WEBHOOKS: developer or look.has("administrator"),
        Topic.RECORD: look.has("administrator", "auditor"),
    }[topic]
