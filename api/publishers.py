"""One publisher before one person: found, shown, told what proves it. Routes and pages share it."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Response
from sqlmodel import col, select

from api.bodies import Body
from api.deps import Services, SubjectId, Svc, Who, answered
from api.errors import Problem
from api.subjects import give, is_staff
from api.views import can_view, time_text
from gonogo.db.adoption import adopt
from gonogo.db.codec import state_of
from gonogo.db.people import PublisherRow
from gonogo.db.prose import keep_prose, read_prose
from gonogo.db.publishers import DomainRow, InvitationRow, PublisherPicture
from gonogo.db.queries import Page, decode_cursor, page_of
from gonogo.db.session import reading, writing
from gonogo.domains import RECORD, WELL_KNOWN, NoDomain, domain_of, new_challenge, shown
from policies.lifecycle.kernel import Actor
from policies.lifecycle.publisher_state import Publisher, Standing

# Standing → whose turn it is and what would unblock it.
TURNS: dict[Standing, tuple[str, str]] = {
    Standing.UNVERIFIED: ("owner", "A domain is proven, or the store's staff attest the name."),
    Standing.VERIFIED: ("nobody", "It is looked at again by itself."),
    Standing.LAPSING: ("owner", "What proved it is shown again before the grace ends."),
    Standing.CLOSED: ("nobody", "It is closed for good."),
}
_REVOKED = (
    "staff",
    "Somebody else of the store's staff than who revoked it reinstates it, or attests the name.",
)


def visible_publisher(svc: Services, who: Actor, subject: str) -> Publisher:
    """The publisher, for its members, people it invites and the store's staff."""
    state = _state(svc, subject)
    if state is None and adopt(svc.engine, svc.store, subject):
        state = _state(svc, subject)
    if state is None or not _may_see(state, who):
        raise Problem("not-found", f"there is no publisher {subject} that you may see")
    return state


def _state(svc: Services, subject: str) -> Publisher | None:
    with reading(svc.engine) as session:
        row = session.get(PublisherPicture, (svc.store, subject))
    return state_of("publisher", row.state) if row else None


def _may_see(state: Publisher, who: Actor) -> bool:
    return who.id in state.members or who.id in state.invited or is_staff(who)


def _seen(svc: Svc, who: Who, publisher: SubjectId) -> Publisher:
    return visible_publisher(svc, who, publisher)


SeenPublisher = Annotated[Publisher, Depends(_seen)]


def publisher_rows(
    svc: Services, who: Actor, after: str | None, limit: int
) -> tuple[Page, dict[str, str]]:
    """Publishers this person may see, newest first, and where they are invited (until when)."""
    query = select(PublisherRow).where(PublisherRow.store_id == svc.store)
    if not is_staff(who):
        query = query.where(col(PublisherRow.id).in_(who.publishers))
    if after:
        (last,) = decode_cursor(after)
        query = query.where(col(PublisherRow.id) < last)
    with reading(svc.engine) as session:
        rows = session.exec(query.order_by(col(PublisherRow.id).desc()).limit(limit + 1)).all()
        invited = session.exec(
            select(InvitationRow)
            .where(
                InvitationRow.store_id == svc.store,
                InvitationRow.person == who.id,
                InvitationRow.until > datetime.now(UTC),
            )
            .order_by(col(InvitationRow.publisher))
            .limit(limit)
        ).all()
    page = page_of(list(rows), limit, lambda row: (row.id,))
    return page, {one.publisher: time_text(one.until) or "" for one in invited}


def publisher_view(svc: Services, state: Publisher, who: Actor) -> dict[str, Any]:
    """The whole publisher for a member; invited people see who it is and what they are offered."""
    inside = who.id in state.members or is_staff(who)
    # Whoever has not accepted is nobody's colleague: only who can take it back sees who is asked.
    sees_invited = who.id in state.owners or is_staff(who)
    wanted = {ref for ref in (state.name, state.domain) if ref}
    if state.challenge:
        wanted.add(state.challenge.domain)
    prose = read_prose(svc.engine, wanted)
    turn, unblocks = TURNS[state.standing] if state.revoked_by is None else _REVOKED
    challenge = state.challenge
    mine = state.invited.get(who.id)
    return {
        "id": state.id,
        "name": prose.get(state.name or "", "(erased)"),
        "standing": state.standing.value,
        "verified": state.holds,
        "revoked": state.revoked_by is not None,
        "method": state.method,
        "domain": shown(prose[state.domain]) if state.domain in prose else None,
        "since": time_text(state.since),
        "verified_at": time_text(state.verified_at),
        "recheck_at": time_text(state.recheck_at),
        "grace_until": time_text(state.grace_until),
        "why": list(state.why) if inside else [],
        "turn": turn,
        "by_when": time_text(state.grace_until),
        "unblocks": unblocks,
        "members": dict(sorted(state.members.items())) if inside else {},
        "invited": {
            person: {"role": one.role, "until": time_text(one.until)}
            for person, one in sorted(state.invited.items())
        }
        if sees_invited
        else {},
        "invitation": None if mine is None else {"role": mine.role, "until": time_text(mine.until)},
        "challenge": _challenge_view(svc, state)
        if challenge and inside and challenge.until > datetime.now(UTC)
        else None,
        "version": state.version,
        "seq": state.seq,
        "can": can_view("publisher", state, who),
    }


def _challenge_view(svc: Services, state: Publisher) -> dict[str, Any]:
    """What to put where; either place is enough."""
    assert state.challenge is not None  # asked by the caller
    with reading(svc.engine) as session:
        row = session.get(DomainRow, (svc.store, state.challenge.domain))
    if row is None:
        return {"erased": True}
    return {
        "domain": shown(row.domain),
        "until": time_text(state.challenge.until),
        "tries": state.tries.count if state.tries else 0,
        "tried_at": time_text(state.tries.last) if state.tries else None,
        "dns": {"name": f"{RECORD}.{row.domain}", "type": "TXT", "value": row.token},
        "https": {"url": f"https://{row.domain}{WELL_KNOWN}", "content": row.token},
    }


def keep_domain(svc: Services, publisher: str, text: str) -> str:
    """The reference of a domain that is to be proven. Raises `incomplete` for what cannot be."""
    try:
        domain = domain_of(text)
    except NoDomain as fault:
        raise Problem("incomplete", str(fault), refusal={"field": "domain"}) from fault
    ref = keep_prose(svc.engine, domain)
    assert ref is not None  # a domain is not empty
    with writing(svc.engine) as session:
        session.add(
            DomainRow(
                store_id=svc.store,
                ref=ref,
                publisher=publisher,
                domain=domain,
                token=new_challenge(),
                created_at=datetime.now(UTC),
            )
        )
    return ref


async def order_publisher(
    svc: Services,
    who: Actor,
    state: Publisher,
    kind: str,
    order: dict[str, Any],
    body: Body | None,
    response: Response,
    key: str | None,
) -> dict[str, Any]:
    """Give the command `kind`; a repeat is what `body` and the person named say."""
    same = body.model_dump(mode="json") if body else {}
    named = {"person": order["person"]} if "person" in order else {}
    outcome = await give(
        svc,
        who,
        "publisher",
        state,
        kind,
        {**order, "pack": svc.pack.digest},
        key=key,
        fingerprint={"kind": kind, **named, **same},
    )
    return answered(outcome, response)
