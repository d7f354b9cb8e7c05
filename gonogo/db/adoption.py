"""Publishers that are older than their record: what their rows say becomes their first event.

An operator's command line writes rows; from here on only the record changes them.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import col, select

from gonogo.db.codec import state_of
from gonogo.db.ledger import Ledger
from gonogo.db.people import MemberRow, PublisherRow
from gonogo.db.prose import keep_prose
from gonogo.db.publishers import PublisherPicture
from gonogo.db.session import reading, writing
from policies.lifecycle.kernel import RULES, SYSTEM_ACTOR, Command
from policies.lifecycle.publisher import MACHINE
from policies.lifecycle.publisher_state import OWNER, Publisher
from policies.wire import RecordAnswer, RecordRequest

MOST = 500


def adopt(engine: Engine, store: str, publisher: str | None = None) -> int:
    """Record every publisher that has rows and no event, or the one named; returns how many.

    Repeating it changes nothing. At most `MOST` at once; the next call goes on.
    """
    query = (
        select(PublisherRow)
        .outerjoin(
            PublisherPicture,
            (col(PublisherPicture.store_id) == PublisherRow.store_id)
            & (col(PublisherPicture.id) == PublisherRow.id),
        )
        .where(PublisherRow.store_id == store, col(PublisherPicture.id).is_(None))
    )
    if publisher is not None:
        query = query.where(PublisherRow.id == publisher)
    with reading(engine) as session:
        rows = session.exec(query.order_by(col(PublisherRow.id)).limit(MOST)).all()
    for row in rows:
        _adopt(engine, row)
    return len(rows)


def enrol(engine: Engine, store: str, publisher: str, person: str) -> None:
    """Make `person` a member on the operator's word; the record's, once it knows the publisher."""
    with writing(engine) as session:
        picture = session.get(PublisherPicture, (store, publisher))
        if picture is None and session.get(MemberRow, (store, publisher, person)) is None:
            session.add(MemberRow(store_id=store, publisher=publisher, person=person))
    while picture is not None:
        state: Publisher = state_of("publisher", picture.state)
        command = _command(store, publisher, f"enrol:{state.seq}:{person}", {"person": person})
        if _record(engine, replace(command, kind="enrol"), state).outcome != "behind":
            return
        with reading(engine) as session:
            picture = session.get(PublisherPicture, (store, publisher))


def _adopt(engine: Engine, row: PublisherRow) -> None:
    with reading(engine) as session:
        members = session.exec(
            select(MemberRow.person).where(
                MemberRow.store_id == row.store_id, MemberRow.publisher == row.id
            )
        ).all()
    body = {
        "name": keep_prose(engine, row.name),
        "verified": row.verified_at is not None,
        "members": dict.fromkeys(sorted(members), OWNER),
    }
    _record(engine, _command(row.store_id, row.id, "adopt", body), None)


def _command(store: str, publisher: str, kind: str, body: dict[str, Any]) -> Command:
    return Command(
        id=f"{publisher}:{kind}",
        kind=kind,
        store=store,
        subject=publisher,
        actor=SYSTEM_ACTOR,
        at=datetime.now(UTC),
        body=body,
        on_behalf_of="operator",
    )


def _record(engine: Engine, command: Command, state: Publisher | None) -> RecordAnswer:
    # The system's own commands: there is no signature to verify.
    return Ledger(engine, b"").record(
        RecordRequest(
            kind=MACHINE.kind,
            expected_seq=state.seq if state else 0,
            command=command,
            facts=MACHINE.decide(state, command, command.at, {}),
            occurred_at=command.at,
            pack="",
            rules=RULES,
        )
    )
