"""What `record` asks and does when a GPT changes hands.

Accepting is one transaction about two subjects, the transfer and the listing, so that no page and
no `resolve` ever sees one without the other. Nobody can order `listing:transferred` by itself.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, or_, select

from gonogo.db.codec import event_of
from gonogo.db.embargoes import embargo_on
from gonogo.db.erasures import PurgePicture
from gonogo.db.publishers import PublisherPicture, is_verified
from gonogo.db.purges import covers, holding
from gonogo.db.standing import stops_on
from gonogo.db.tables import (
    EventRow,
    GptRow,
    ListingPicture,
    ReleasePicture,
    RevisionRow,
    StopPicture,
    SubmissionPicture,
)
from gonogo.db.transfers import open_offer, owner_of, sides_of
from policies.errors import EvidenceBlocks, IllegalMove, NotAllowed, OverLimit, SelfApproval
from policies.lifecycle.kernel import SYSTEM, Event, event_hash
from policies.lifecycle.publisher_state import OWNER
from policies.lifecycle.transfer import Transfer, side_of
from policies.wire import RecordRequest

MOST = 20  # ids told of what is in the way
# Commands that judge a GPT. Nobody of one of its publishers, past or coming, gives them.
JUDGING: dict[str, frozenset[str]] = {
    "submission": frozenset(
        {"claim", "approve", "reject", "request_changes", "ask", "confirm", "disagree"}
    ),
    "release": frozenset({"start", "schedule"}),
    "listing": frozenset({"lift_quarantine"}),
}
# Why a GPT cannot change hands → what to do about it.
REMEDIES = {
    "submission": "withdraw its open submission, or wait for the decision to take effect",
    "release": "end or cancel its release",
    "quarantine": "wait until the quarantine or delisting is lifted",
    "stop": "wait until the stop is lifted",
    "hold": "a legal hold keeps it where it is; ask the store's staff",
    "purge": "a request to erase it is open; it is declined first",
    "embargo": "wait until its embargo is over, or have it lifted",
}


def in_the_way(
    session: Session, store: str, gpt: str, publisher: str, to: str
) -> dict[str, list[str]]:
    """What keeps `gpt` with `publisher`: by the words of `REMEDIES`, at most twenty ids each."""
    found = {
        "submission": _cases(session, store, gpt),
        "release": _ids(session, ReleasePicture, store, gpt, col(ReleasePicture.is_open)),
        "quarantine": _ids(
            session, ListingPicture, store, gpt,
            col(ListingPicture.status).in_(("quarantined", "delisted")),
        ),
        "stop": _stops(session, store, gpt, publisher, to),
        "hold": holding(session, store, "gpt", gpt),
        "purge": _purges(session, store, gpt),
        # It is of whoever set it: they would go on saying when the GPT of others may be seen.
        "embargo": _embargoes(session, store, gpt),
    }  # fmt: skip
    return {name: ids for name, ids in found.items() if ids}


def _ids(session: Session, table: Any, store: str, gpt: str, still: Any) -> list[str]:
    rows = session.exec(
        select(table.id).where(table.store_id == store, table.gpt == gpt, still).limit(MOST)
    )
    return list(rows)


def _cases(session: Session, store: str, gpt: str) -> list[str]:
    """Open cases, decisions that may still be undone, and approvals whose release is to begin."""
    rows = session.exec(
        select(SubmissionPicture).where(
            SubmissionPicture.store_id == store,
            SubmissionPicture.gpt == gpt,
            col(SubmissionPicture.is_open)
            | col(SubmissionPicture.stage).in_(("approved", "rejected")),
        )
    ).all()
    begun = set(
        session.exec(
            select(ReleasePicture.submission).where(
                ReleasePicture.store_id == store, ReleasePicture.gpt == gpt
            )
        )
    )
    return [
        row.id
        for row in rows
        if row.is_open
        or not row.state["settled"]
        or (row.state.get("release") is not None and row.id not in begun)
    ][:MOST]


def _stops(session: Session, store: str, gpt: str, *publishers: str) -> list[str]:
    """Scopes of active stops on it, on any revision of it, and on either publisher."""
    row = session.get(GptRow, (store, gpt))
    category = row.category if row else None
    found = {
        scope
        for publisher in publishers
        for scope in stops_on(session, store, None, gpt, publisher, category)
    }
    revision = session.exec(
        select(StopPicture.id)
        .join(
            RevisionRow,
            (col(RevisionRow.store_id) == StopPicture.store_id)
            & (col(RevisionRow.digest) == StopPicture.target),
        )
        .where(
            StopPicture.store_id == store,
            StopPicture.status == "active",
            StopPicture.scope == "revision",
            RevisionRow.gpt == gpt,
        )
        .limit(1)
    ).first()
    return sorted(found | ({"revision"} if revision else set()))


def _purges(session: Session, store: str, gpt: str) -> list[str]:
    wanted = [
        (col(PurgePicture.scope) == scope) & (col(PurgePicture.target) == target)
        for scope, target in covers(session, store, "gpt", gpt)
        if scope != "submission"
    ]
    rows = session.exec(
        select(PurgePicture.id)
        .where(
            PurgePicture.store_id == store,
            col(PurgePicture.step).in_(("asked", "confirmed")),
            or_(*wanted),
        )
        .limit(MOST)
    )
    return list(rows)


def _embargoes(session: Session, store: str, gpt: str) -> list[str]:
    held = embargo_on(session, store, gpt, datetime.now(UTC))
    return [held.id] if held else []


def check_offer(session: Session, request: RecordRequest, body: dict[str, Any]) -> None:
    """The rules that span subjects, when a GPT is offered. Raises a `Refused`."""
    store, gpt, giving = request.command.store, body["gpt"], body["publisher"]
    _by_an_owner(session, request, giving)
    row = session.get(GptRow, (store, gpt))
    if row is None or owner_of(session, store, gpt, row.publisher) != giving:
        raise IllegalMove("this GPT is not of that publisher", gpt=gpt, publisher=giving)
    other = open_offer(session, store, gpt)
    if other is not None:
        raise OverLimit("this GPT is offered already; withdraw that offer first", transfer=other.id)
    _both_stand(session, store, giving, body["to"])
    _free(session, store, gpt, giving, body["to"])


def check_answer(session: Session, request: RecordRequest, state: Transfer) -> None:
    """When somebody answers an offer; accepting asks everything anew. Raises a `Refused`."""
    command = request.command
    _by_an_owner(session, request, side_of(state, command.kind))
    if command.kind != "accept":
        return
    row = session.get(GptRow, (command.store, state.gpt))
    first = row.publisher if row else ""
    if owner_of(session, command.store, state.gpt, first) != state.publisher:
        raise IllegalMove("this GPT is no longer of the publisher that offered it", gpt=state.gpt)
    _both_stand(session, command.store, state.publisher, state.to)
    _free(session, command.store, state.gpt, state.publisher, state.to)


def _by_an_owner(session: Session, request: RecordRequest, publisher: str) -> None:
    picture = session.get(PublisherPicture, (request.command.store, publisher))
    members = picture.state["members"] if picture else {}
    if members.get(request.command.actor.id) != OWNER:
        raise NotAllowed(
            f"only an owner of {publisher} does this", command=request.command.kind,
            publisher=publisher,
        )  # fmt: skip


def _both_stand(session: Session, store: str, giving: str, receiving: str) -> None:
    for publisher, who in ((giving, "the giving"), (receiving, "the receiving")):
        if not is_verified(session, store, publisher):
            raise EvidenceBlocks(
                f"{who} publisher is not verified; it verifies a domain or its name first",
                publisher=publisher,
                reasons=["publisher_unverified"],
            )


def _free(session: Session, store: str, gpt: str, giving: str, receiving: str) -> None:
    blocking = in_the_way(session, store, gpt, giving, receiving)
    if blocking:
        told = "; ".join(f"{REMEDIES[name]} ({', '.join(ids)})" for name, ids in blocking.items())
        raise IllegalMove(f"it cannot change hands yet: {told}", in_the_way=blocking)


CONFLICT = "you belong to a publisher that had this GPT or gets it, so somebody else decides"


def check_conflict(session: Session, request: RecordRequest, state: Any) -> None:
    """I2: who belongs to a publisher that had this GPT, or gets it, does not judge it."""
    command = request.command
    if command.kind not in JUDGING.get(request.kind, ()):
        return
    gpt = getattr(state, "gpt", None)
    if gpt and in_conflict(session, command.store, {gpt}, command.actor.publishers):
        raise SelfApproval(CONFLICT, gpt=gpt)


def in_conflict(
    session: Session, store: str, gpts: Collection[str], publishers: Collection[str]
) -> set[str]:
    """Those of `gpts` that members of `publishers` do not judge (I2). At most one query."""
    return sides_of(session, store, gpts, publishers) if gpts and publishers else set()


def check_owner(session: Session, store: str, gpt: str, publisher: str) -> None:
    """A case of a GPT is opened, and opened again, by whoever owns it now."""
    now = owner_of(session, store, gpt, publisher)
    if now != publisher:
        raise IllegalMove("this GPT changed hands; its present publisher submits it", gpt=gpt)


def project_owner(session: Session, state: Transfer) -> bool:
    """Draw the owner of the GPT from an accepted transfer. True: something differed."""
    row = session.get(GptRow, (state.store, state.gpt))
    if row is None or row.publisher == state.to:
        return False
    row.publisher = state.to
    return True


def listing_event(session: Session, accepted: Event, state: Transfer) -> Event | None:
    """The listing's event that belongs to `accepted`; None: the GPT was never listed."""
    row = session.exec(
        select(ListingPicture).where(
            ListingPicture.store_id == state.store, ListingPicture.gpt == state.gpt
        )
    ).first()
    if row is None:
        return None
    last = session.get_one(EventRow, (state.store, row.id, row.seq))
    return Event(
        store=state.store,
        position=accepted.position + 1,
        subject=row.id,
        seq=row.seq + 1,
        type="listing:transferred",
        actor_id=SYSTEM,
        command_id=accepted.command_id,
        caused_by=accepted.subject,
        occurred_at=accepted.occurred_at,
        recorded_at=datetime.now(UTC),
        pack=accepted.pack,
        rules=accepted.rules,
        body={"from": state.publisher, "to": state.to},
        prev=event_hash(event_of(last)),
    )
