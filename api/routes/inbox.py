"""One's own inbox and what one wants to be told. Other people's do not exist here."""

from datetime import datetime, time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from api.bodies import Body, Instant
from api.deps import Cursor, PageSize, Services, SubjectId, Svc, Who
from api.errors import Problem
from api.schema import READ, WRITE
from gonogo.db import queries
from gonogo.notices.addresses import Addresses, TooSoon
from gonogo.notices.inbox import Entry, Inbox
from gonogo.notices.keys import ADDRESS_KEY, derived
from gonogo.notices.rendering import Renderer
from policies.lifecycle.kernel import iso
from policies.rules.notice_topics import (
    Channel,
    Preferences,
    Quiet,
    Topic,
    When,
    preferences_value,
)

router = APIRouter(prefix="/v1/me", tags=["inbox"])
_Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM")]


class InboxChannels(Body):
    inbox: Literal["now", "off"] | None = None
    mail: Literal["now", "daily", "off"] | None = None


class QuietBody(Body):
    """No mail between these times of the store's zone, except what is urgent."""

    start: _Clock
    end: _Clock


class PreferencesBody(Body):
    """What is left out goes back to its default."""

    topics: dict[Topic, InboxChannels] = Field(default={}, max_length=len(Topic))
    quiet: QuietBody | None = None

    def preferences(self) -> Preferences:
        chosen: dict[tuple[Topic, Channel], When] = {}
        for topic, channels in self.topics.items():
            for channel, word in ((Channel.INBOX, channels.inbox), (Channel.MAIL, channels.mail)):
                if word is not None:
                    chosen[topic, channel] = When(word)
        if self.quiet is None:
            return Preferences(chosen)
        start, end = (time.fromisoformat(at) for at in (self.quiet.start, self.quiet.end))
        return Preferences(chosen, Quiet(start, end))


class AddressBody(Body):
    email: Annotated[str, Field(min_length=3, max_length=320)]


class ProofBody(Body):
    """`proof` is the last part of the link in the letter."""

    proof: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ReadBody(Body):
    """`until`: the newest entry that was seen."""

    until: Instant


def inbox_of(svc: Svc) -> Inbox:
    return Inbox(svc.engine, svc.store)


def renderer_of(svc: Svc) -> Renderer:
    """Links inside the pages need no host."""
    return Renderer("", svc.pack.calendar.zone)


def addresses_of(svc: Svc) -> Addresses:
    return Addresses(svc.engine, svc.store)


Box = Annotated[Inbox, Depends(inbox_of)]
Words = Annotated[Renderer, Depends(renderer_of)]
Book = Annotated[Addresses, Depends(addresses_of)]


@router.get("/inbox", responses=READ)
def list_inbox(
    who: Who,
    box: Box,
    words: Words,
    unread: bool = False,
    cursor: Cursor = None,
    limit: PageSize = queries.PAGE,
) -> dict[str, Any]:
    """What you were told, the newest first. `unread` is the number of all unread, at most 100."""
    try:
        found = box.page(who.id, after=cursor, unread=unread, limit=limit)
    except ValueError as fault:
        raise Problem("bad-request", str(fault)) from fault
    return {
        "items": [_entry(entry, words) for entry in found.items],
        "next": found.next,
        "unread": box.unread(who.id),
    }


@router.get("/inbox/{entry}", responses=READ)
def get_inbox_entry(who: Who, box: Box, words: Words, entry: SubjectId) -> dict[str, Any]:
    """One entry with its text."""
    found = box.entry(who.id, entry)
    if found is None:
        raise Problem("not-found", f"there is no entry {entry} in your inbox")
    return {**_entry(found, words), "text": words.what(found.sheet)}


@router.put("/inbox/{entry}/read", status_code=204, responses=WRITE)
def mark_read(who: Who, box: Box, entry: SubjectId) -> Response:
    """Mark an entry as read."""
    return _marked(box.mark(who.id, entry, read=True), entry)


@router.delete("/inbox/{entry}/read", status_code=204, responses=WRITE)
def mark_unread(who: Who, box: Box, entry: SubjectId) -> Response:
    """Mark an entry as unread again."""
    return _marked(box.mark(who.id, entry, read=False), entry)


@router.put("/inbox/read", responses=WRITE)
def mark_all_read(who: Who, box: Box, body: ReadBody) -> dict[str, Any]:
    """Mark everything as read that came up to a moment."""
    return {"read": box.mark_all(who.id, body.until)}


@router.get("/notices", responses=READ)
def get_preferences(who: Who, box: Box, book: Book) -> dict[str, Any]:
    """What you are told through which channel: the whole matrix, and where mail goes."""
    return _preferences(box, book, who.id)


@router.put("/notices", responses=WRITE)
def set_preferences(who: Who, box: Box, book: Book, body: PreferencesBody) -> dict[str, Any]:
    """Choose anew. What is urgent comes by mail at once, unless mail is off for its topic."""
    box.prefer(who.id, body.preferences())
    return _preferences(box, book, who.id)


@router.put("/address", status_code=202, responses=WRITE)
def set_address(svc: Svc, who: Who, book: Book, body: AddressBody) -> dict[str, Any]:
    """Name where you want mail. A letter goes there; nothing else before you confirmed it."""
    return {"sent": ask_address(svc, book, who.id, body.email.strip())}


@router.post("/address/confirm", status_code=204, responses=WRITE)
def confirm_address(svc: Svc, who: Who, book: Book, body: ProofBody) -> Response:
    """Confirm your address with what the letter says."""
    confirm(svc, book, who.id, body.proof)
    return Response(status_code=204)


@router.delete("/address", status_code=204, responses=WRITE)
def erase_address(who: Who, book: Book) -> Response:
    """Erase your address. From now on the inbox has it all."""
    book.erase(who.id)
    return Response(status_code=204)


def ask_address(svc: Services, book: Addresses, person: str, email: str) -> bool:
    """Whether a letter was sent. Raises `illegal-move`, `malformed`, `not-yet`."""
    if svc.settings.smtp_url is None:
        raise Problem("illegal-move", "this store sends no mail: no mail server is configured")
    try:
        return book.ask(person, email)
    except TooSoon as fault:
        raise Problem("not-yet", str(fault)) from fault
    except ValueError as fault:
        raise Problem("malformed", str(fault)) from fault


def confirm(svc: Services, book: Addresses, person: str, proof: str) -> None:
    """Raises `not-found`."""
    key = derived(svc.settings.mac_key(), ADDRESS_KEY)
    if not book.confirm(person, proof, key):
        raise Problem("not-found", "this link is too old, or about another address; ask for a new")


def _preferences(box: Inbox, book: Addresses, person: str) -> dict[str, Any]:
    address = book.of(person)
    return {
        **preferences_value(box.preferences(person)),
        "mail": None
        if address is None
        else {
            "email": address.email,
            "confirmed": address.confirmed_at is not None,
            "bounced_at": _time(address.bounced_at),
        },
    }


def _entry(entry: Entry, words: Renderer) -> dict[str, Any]:
    return {
        "id": entry.id,
        "notice": entry.sheet.notice,
        "topic": entry.topic,
        "type": entry.sheet.type,
        "subject": entry.subject,
        "at": iso(entry.at),
        "read_at": _time(entry.read_at),
        "title": words.subject(entry.sheet),
        "path": entry.sheet.path,
    }


def _marked(found: bool, entry: str) -> Response:
    if not found:
        raise Problem("not-found", f"there is no entry {entry} in your inbox")
    return Response(status_code=204)


def _time(at: datetime | None) -> str | None:
    return iso(at) if at else None
