"""Where a person gets mail: asked for, confirmed by a link that only its reader has, erased."""

import hmac
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from gonogo.db.notices import AddressRow, DeliveryRow, NoticeRow
from gonogo.db.session import reading, writing
from gonogo.ids import new_id
from gonogo.notices.mailing import CONFIRM, confirmation, is_email
from gonogo.notices.rows import delivery_row
from policies.rules.notice_topics import Channel

HOLDS = timedelta(days=3)
PAUSE = timedelta(minutes=1)  # between two letters that somebody can have sent to anybody


class TooSoon(RuntimeError):
    """Another address was named a moment ago."""


class Addresses:
    """Of one store. Every method is one transaction."""

    def __init__(self, engine: Engine, store: str) -> None:
        self._engine, self.store = engine, store

    def of(self, person: str) -> AddressRow | None:
        with reading(self._engine) as session:
            return session.get(AddressRow, (self.store, person))

    def keep(self, person: str, email: str) -> None:
        """An address somebody vouches for: an administrator, or a provider who checked it.
        Raises `ValueError` for what is none."""
        if not is_email(email):
            raise ValueError("a plain address is needed: name@host.example")
        now = datetime.now(UTC)
        with writing(self._engine) as session:
            session.merge(
                AddressRow(
                    store_id=self.store, person=person, email=email, set_at=now, confirmed_at=now
                )
            )

    def ask(self, person: str, email: str, now: datetime | None = None) -> bool:
        """Keep an address and send it a letter to confirm it; until then it gets nothing else.
        False: it is theirs already. Raises `ValueError`, `TooSoon`."""
        if not is_email(email):
            raise ValueError("a plain address is needed: name@host.example")
        at = now or datetime.now(UTC)
        with writing(self._engine) as session:
            row = session.get(AddressRow, (self.store, person))
            if row is not None and row.email == email and row.confirmed_at is not None:
                return False
            if self._has_letter(session, person, at - PAUSE):
                raise TooSoon("wait a minute before you ask for another letter")
            session.merge(AddressRow(store_id=self.store, person=person, email=email, set_at=at))
            for letter in self._letter(person, at):
                session.add(letter)
        return True

    def confirm(self, person: str, proof: str, key: bytes, now: datetime | None = None) -> bool:
        """False: the link is too old, of another address, or somebody else's."""
        at = now or datetime.now(UTC)
        with writing(self._engine) as session:
            row = session.get(AddressRow, (self.store, person))
            if row is None or at - row.set_at > HOLDS:
                return False
            if not hmac.compare_digest(confirmation(key, row).encode(), proof.encode()):
                return False
            row.confirmed_at = row.confirmed_at or at
            session.add(row)
        return True

    def erase(self, person: str) -> bool:
        with writing(self._engine) as session:
            row = session.get(AddressRow, (self.store, person))
            if row is not None:
                session.delete(row)
            return row is not None

    def _has_letter(self, session: Session, person: str, since: datetime) -> bool:
        """Letters count, not the address: that is gone once it is erased."""
        letter = session.exec(
            select(DeliveryRow.id)
            .join(
                NoticeRow,
                (col(NoticeRow.store_id) == col(DeliveryRow.store_id))
                & (col(NoticeRow.id) == col(DeliveryRow.notice_id)),
            )
            .where(
                DeliveryRow.store_id == self.store,
                DeliveryRow.recipient == person,
                DeliveryRow.channel == Channel.MAIL.value,
                DeliveryRow.created_at > since,
                NoticeRow.notice == CONFIRM,
            )
        ).first()
        return letter is not None

    def _letter(self, person: str, now: datetime) -> tuple[NoticeRow, DeliveryRow]:
        """About no event, so its ids are minted."""
        notice = NoticeRow(
            store_id=self.store,
            id=new_id("ntc"),
            notice=CONFIRM,
            position=0,
            subject=person,
            type=CONFIRM,
            facts={},
            created_at=now,
        )
        return notice, delivery_row(notice, Channel.MAIL, person, now)
