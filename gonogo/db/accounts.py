"""What people see and change of accounts: own tokens, membership, roles. All times are UTC."""

from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlmodel import col, select

from gonogo.db.people import MemberRow, PersonRow, PublisherRow, TokenRow
from gonogo.db.session import reading, writing

PEOPLE_MOST = 1_000


class Accounts:
    """The accounts of one store."""

    def __init__(self, engine: Engine, store: str) -> None:
        self._engine, self.store = engine, store

    def person(self, person: str) -> PersonRow | None:
        with reading(self._engine) as session:
            return session.get(PersonRow, (self.store, person))

    def people(self) -> list[tuple[PersonRow, list[str]]]:
        """Everybody with the publishers they belong to, by id; at most a thousand."""
        with reading(self._engine) as session:
            rows = session.exec(
                select(PersonRow)
                .where(PersonRow.store_id == self.store)
                .order_by(col(PersonRow.id))
                .limit(PEOPLE_MOST)
            ).all()
            members = session.exec(select(MemberRow).where(MemberRow.store_id == self.store)).all()
        return [(row, sorted(m.publisher for m in members if m.person == row.id)) for row in rows]

    def publishers(self, ids: tuple[str, ...]) -> list[PublisherRow]:
        with reading(self._engine) as session:
            rows = session.exec(
                select(PublisherRow)
                .where(PublisherRow.store_id == self.store, col(PublisherRow.id).in_(ids))
                .order_by(col(PublisherRow.id))
            )
            return list(rows)

    def set_roles(self, person: str, roles: tuple[str, ...]) -> bool:
        """Replace a person's roles. False: there is no such person."""
        with writing(self._engine) as session:
            row = session.get(PersonRow, (self.store, person))
            if row is None:
                return False
            row.roles = list(roles)
        return True

    def tokens(self, person: str) -> list[TokenRow]:
        """A person's tokens, the newest first."""
        with reading(self._engine) as session:
            rows = session.exec(
                select(TokenRow)
                .where(TokenRow.store_id == self.store, TokenRow.person == person)
                .order_by(col(TokenRow.created_at).desc(), col(TokenRow.sha256))
            )
            return list(rows)

    def token(self, sha256: str) -> TokenRow | None:
        """The row of a token by its digest."""
        with reading(self._engine) as session:
            return session.get(TokenRow, sha256)

    def revoke(self, person: str, sha256: str) -> bool:
        """End one token of `person`. False: they have no such token, or it was ended before."""
        with writing(self._engine) as session:
            row = session.get(TokenRow, sha256)
            if (
                row is None
                or row.store_id != self.store
                or row.person != person
                or row.revoked_at is not None
            ):
                return False
            row.revoked_at = datetime.now(UTC)
        return True
