"""One transfer before one person: seen by both sides and staff, answered by owners of a side."""

from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import union_all
from sqlmodel import Session, col, select

from api.deps import Services, SubjectId, Svc, Who
from api.errors import Problem
from api.subjects import is_staff
from api.views import can_view, time_text
from gonogo.db.adoption import adopt
from gonogo.db.codec import state_of
from gonogo.db.handover import REMEDIES, in_the_way
from gonogo.db.people import PublisherRow
from gonogo.db.prose import read_prose
from gonogo.db.publishers import PublisherPicture
from gonogo.db.session import reading
from gonogo.db.tables import GptRow
from gonogo.db.transfers import TransferPicture
from policies.lifecycle.kernel import Actor
from policies.lifecycle.publisher_state import OWNER
from policies.lifecycle.transfer import SIDE_OF, Step, Transfer, side_of

# Step → whose turn it is and what comes next (I10).
TURNS: dict[Step, tuple[str, str]] = {
    Step.OFFERED: ("receiver", "An owner of the receiving publisher accepts or declines."),
    Step.ACCEPTED: ("nobody", "It belongs to the publisher that accepted it."),
    Step.DECLINED: ("nobody", "It stays where it is; it can be offered again."),
    Step.WITHDRAWN: ("nobody", "It stays where it is; it can be offered again."),
    Step.EXPIRED: ("nobody", "Nobody answered in time; it can be offered again."),
}


def may_see_transfer(who: Actor, state: Transfer) -> bool:
    return is_staff(who) or bool({state.publisher, state.to} & set(who.publishers))


def visible_transfer(svc: Services, who: Actor, subject: str) -> Transfer:
    with reading(svc.engine) as session:
        row = session.get(TransferPicture, (svc.store, subject))
    state: Transfer | None = state_of("transfer", row.state) if row else None
    if state is None or not may_see_transfer(who, state):
        raise Problem("not-found", f"there is no transfer {subject} that you may see")
    return state


def _seen(svc: Svc, who: Who, transfer: SubjectId) -> Transfer:
    return visible_transfer(svc, who, transfer)


SeenTransfer = Annotated[Transfer, Depends(_seen)]


def transfer_views(
    svc: Services,
    who: Actor,
    rows: list[TransferPicture],
    *,
    closely: bool = False,
    owned: set[str] | None = None,
) -> list[dict[str, Any]]:
    """Those that `who` may see. `closely`: also what is in the way of open ones. `owned` are the
    publishers that `who` is an owner of, where that is known already."""
    states: list[Transfer] = [state_of("transfer", row.state) for row in rows]
    states = [state for state in states if may_see_transfer(who, state)]
    if not states:
        return []
    sides = {one for state in states for one in (state.publisher, state.to)}
    with reading(svc.engine) as session:
        names = _names(session, svc.store, sides, {state.gpt for state in states})
        if owned is None:
            owned = owned_by(session, svc.store, who.id, sides)
        blocking = {
            state.id: in_the_way(session, svc.store, state.gpt, state.publisher, state.to)
            for state in states
            if closely and state.is_open
        }
    prose = read_prose(svc.engine, {state.note for state in states if state.note})
    return [
        {
            **_view(state, names),
            "name": names.get(state.gpt),
            "note": prose.get(state.note, "(erased)") if state.note else None,
            "in_the_way": {REMEDIES[name]: ids for name, ids in blocking.get(state.id, {}).items()},
            "can": _can(state, who, owned),
        }
        for state in states
    ]


def _names(session: Session, store: str, publishers: set[str], gpts: set[str]) -> dict[str, str]:
    """Of publishers and GPTs by id, in one query."""
    named = union_all(
        select(PublisherRow.id, PublisherRow.name).where(
            PublisherRow.store_id == store, col(PublisherRow.id).in_(publishers)
        ),
        select(GptRow.id, GptRow.name).where(GptRow.store_id == store, col(GptRow.id).in_(gpts)),
    )
    return {row[0]: row[1] for row in session.execute(named)}


def _view(state: Transfer, names: dict[str, str]) -> dict[str, Any]:
    turn, unblocks = TURNS[state.step]
    return {
        "id": state.id,
        "gpt": state.gpt,
        "publisher": {"id": state.publisher, "name": names.get(state.publisher)},
        "to": {"id": state.to, "name": names.get(state.to)},
        "step": state.step.value,
        "turn": turn,
        "unblocks": unblocks,
        "by_when": time_text(state.until) if state.is_open else None,
        "until": time_text(state.until),
        "since": time_text(state.since),
        "version": state.version,
        "seq": state.seq,
    }


def _can(state: Transfer, who: Actor, owned: set[str]) -> dict[str, Any]:
    """What the machine permits, and of the publisher's people its owners alone."""
    can = can_view("transfer", state, who)
    for kind in SIDE_OF:
        if can[kind]["allowed"] and side_of(state, kind) not in owned:
            because = "only an owner of the publisher does this"
            can[kind] = {"allowed": False, "code": "not-allowed", "because": because}
    return can


def owned_by(session: Session, store: str, person: str, publishers: set[str]) -> set[str]:
    """Those of `publishers` that `person` is an owner of."""
    rows = session.exec(
        select(PublisherPicture).where(
            PublisherPicture.store_id == store, col(PublisherPicture.id).in_(publishers)
        )
    )
    return {row.id for row in rows if row.state["members"].get(person) == OWNER}


def know_both(svc: Services, *publishers: str) -> None:
    """Publishers older than their record get their first event, so that it knows their owners."""
    for publisher in publishers:
        adopt(svc.engine, svc.store, publisher)
