"""People and their tokens: make and find. Tokens are GitHub-style and stored as SHA-256."""

import binascii
import secrets
import string
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, union_all
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select, update

from gonogo.db.adoption import adopt, enrol
from gonogo.db.entries import SEEN_EVERY, Entered, actor_of, digest_of
from gonogo.db.people import PersonRow, PublisherRow, TokenRow
from gonogo.db.session import reading, writing
from gonogo.db.tables import StoreRow
from gonogo.ids import new_id
from gonogo.logs import log
from policies.lifecycle.kernel import Actor

_ALPHABET = string.digits + string.ascii_letters
TOKEN_PREFIX = "gng_"  # noqa: S105  # names the kind of token, public by design
_RANDOM, _CHECK, _SEED = 32, 6, 32


def mint_token(seed: bytes | None = None) -> str:
    """A new token, or the one that belongs to `seed`, 32 secret bytes.

    `gng_` + 32 random characters (190 bits) + a 6 character CRC-32, so that scanners of leaked
    secrets can tell a real one, and a typing error is seen without a look into the database."""
    number = int.from_bytes(seed or secrets.token_bytes(_SEED), "big")
    body = ""
    for _ in range(_RANDOM):  # 62 ** 32 is so much less than 2 ** 256 that no digit is favoured
        number, digit = divmod(number, len(_ALPHABET))
        body += _ALPHABET[digit]
    return TOKEN_PREFIX + body + _checksum(body)


def well_formed(token: str) -> bool:
    body = token.removeprefix(TOKEN_PREFIX)
    if not token.startswith(TOKEN_PREFIX) or len(body) != _RANDOM + _CHECK or not body.isascii():
        return False
    return secrets.compare_digest(_checksum(body[:_RANDOM]), body[_RANDOM:])


def _checksum(body: str) -> str:
    value, digits = binascii.crc32(body.encode()), ""
    while value:
        value, digit = divmod(value, 62)
        digits = _ALPHABET[digit] + digits
    return digits.rjust(_CHECK, "0")


class Identity:
    """All look-ups are of one store, except a token, which names its own."""

    def __init__(self, engine: Engine, store: str) -> None:
        self._engine, self.store = engine, store

    def ensure_store(self, name: str) -> None:
        with writing(self._engine) as session:
            if session.get(StoreRow, self.store) is None:
                session.add(StoreRow(id=self.store, name=name))

    def add_publisher(self, name: str, *, verified: bool, publisher: str | None = None) -> str:
        now = datetime.now(UTC)
        row_id = publisher or new_id("pub")
        with writing(self._engine) as session:
            row = session.get(PublisherRow, (self.store, row_id))
            if row is None:
                session.add(
                    PublisherRow(
                        store_id=self.store,
                        id=row_id,
                        name=name,
                        verified_at=now if verified else None,
                        created_at=now,
                    )
                )
            else:
                row.name, row.verified_at = name, row.verified_at or (now if verified else None)
        return row_id

    def adopt_publishers(self) -> int:
        """Have the record know every publisher that was only added here; returns how many."""
        return adopt(self._engine, self.store)

    def add_person(
        self,
        name: str,
        roles: tuple[str, ...],
        publishers: tuple[str, ...] = (),
        person: str | None = None,
    ) -> str:
        row_id = person or new_id("per")
        with writing(self._engine) as session:
            row = session.get(PersonRow, (self.store, row_id))
            if row is None:
                session.add(
                    PersonRow(
                        store_id=self.store,
                        id=row_id,
                        name=name,
                        roles=list(roles),
                        created_at=datetime.now(UTC),
                    )
                )
            else:
                row.name, row.roles = name, list(roles)
        for publisher in publishers:
            enrol(self._engine, self.store, publisher, row_id)
        return row_id

    def issue_token(self, person: str, label: str, days: int | None = None) -> str:
        """A new token of `person`. The return value is the only time it can be read."""
        token, now = mint_token(), datetime.now(UTC)
        with writing(self._engine) as session:
            session.add(
                TokenRow(
                    sha256=digest_of(token),
                    store_id=self.store,
                    person=person,
                    label=label,
                    hint=token[-4:],
                    created_at=now,
                    expires_at=now + timedelta(days=days) if days else None,
                )
            )
        return token

    def entered(self, token: str) -> Entered | None:
        """Who this token speaks for now; None when it is malformed, unknown, revoked, expired."""
        if not well_formed(token):
            return None
        now = datetime.now(UTC)
        with reading(self._engine) as session:
            row = session.get(TokenRow, digest_of(token))
            if row is None or row.store_id != self.store or row.revoked_at is not None:
                return None
            if row.expires_at is not None and row.expires_at <= now:
                return None
            person = session.get(PersonRow, (self.store, row.person))
            if person is None or person.left_at is not None:
                return None
            actor = actor_of(session, person)
        self._used(row, now)
        return Entered(actor, token=row.sha256)

    def actor(self, person: str) -> Actor | None:
        """This person as they are now; None when there is none, or they left."""
        with reading(self._engine) as session:
            row = session.get(PersonRow, (self.store, person))
            return actor_of(session, row) if row is not None and row.left_at is None else None

    def _used(self, row: TokenRow, now: datetime) -> None:
        """Note that a token is in use, at most once a minute. It holds even when that fails."""
        due = now - SEEN_EVERY
        if row.last_used_at is not None and row.last_used_at >= due:
            return
        try:
            with writing(self._engine) as session:
                session.exec(
                    update(TokenRow)
                    .where(col(TokenRow.sha256) == row.sha256)
                    .values(last_used_at=now)
                )
        except OperationalError as fault:
            log.warning("token_use_not_noted", error=type(fault).__name__)

    def names(self, ids: Iterable[str]) -> dict[str, str]:
        """Names of those of `ids` that are people or publishers, by id."""
        wanted = set(ids)
        if not wanted:
            return {}
        people, publishers = (
            select(row.id, row.name).where(row.store_id == self.store, col(row.id).in_(wanted))
            for row in (PersonRow, PublisherRow)
        )
        with reading(self._engine) as session:
            rows = session.connection().execute(union_all(people, publishers))
            return {str(one): str(name) for one, name in rows}

    def has_people(self) -> bool:
        """Whether anybody was ever added."""
        with reading(self._engine) as session:
            query = select(PersonRow.id).where(PersonRow.store_id == self.store).limit(1)
            return session.exec(query).first() is not None
