"""What people see and change of accounts: own tokens, membership, roles. All times are UTC."""

from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlmodel import col, select

from gonogo.db.people import MemberRow, PersonRow, PublisherRow, TokenRow
from gonogo.db.queries import PAGE, Page, decode_cursor, page_of
from gonogo.db.session import reading, writing

TOKENS_SHOWN = 200


class Accounts:
    """The accounts of one store."""

    def __init__(self, engine: Engine, store: str) -> None:
        self._engine, self.store = engine, store

    def person(self, person: str) -> PersonRow | None:
        with reading(self._engine) as session:
            return session.get(PersonRow, (self.store, person))

    def people(self, after: str | None = None, limit: int = PAGE) -> Page:
        """A page of everybody, by id. Raises `ValueError` for a cursor that no list made."""
        query = select(PersonRow).where(PersonRow.store_id == self.store)
        if after:
            (last,) = decode_cursor(after)
            query = query.where(col(PersonRow.id) > last)
        with reading(self._engine) as session:
            rows = session.exec(query.order_by(col(PersonRow.id)).limit(limit + 1)).all()
        return page_of(list(rows), limit, lambda row: (row.id,))

    def memberships(self, people: tuple[str, ...]) -> dict[str, list[str]]:
        """The publishers that some people belong to, by person."""
        with reading(self._engine) as session:
            rows = session.exec(
                select(MemberRow)
                .where(MemberRow.store_id == self.store, col(MemberRow.person).in_(people))
                .order_by(col(MemberRow.publisher))
            ).all()
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row.person, []).append(row.publisher)
        return found

    def publishers(self, ids: tuple[str, ...]) -> list[PublisherRow]:
        with reading(self._engine) as session:
            rows = session.exec(
                select(PublisherRow)
                .where(PublisherRow.store_id == self.store, col(PublisherRow.id).in_(ids))
                .order_by(col(PublisherRow.id))
            )
            return list(rows)

    def tokens(self, person: str) -> list[TokenRow]:
        """A person's tokens, the newest first; at most `TOKENS_SHOWN`."""
        with reading(self._engine) as session:
            rows = session.exec(
                select(TokenRow)
                .where(TokenRow.store_id == self.store, TokenRow.person == person)
                .order_by(
                    col(TokenRow.revoked_at).is_not(None),  # those that hold come first
                    col(TokenRow.created_at).desc(),
                    col(TokenRow.sha256),
                )
                .limit(TOKENS_SHOWN)
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
