"""Sessions of browsers: open, look up, list, end. Every method blocks and is one transaction."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, ScalarResult
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, delete, select, update

from gonogo.db.entries import SEEN_EVERY, Entered, actor_of, digest_of
from gonogo.db.people import PersonRow, TokenRow
from gonogo.db.session import reading, writing
from gonogo.db.signin import SessionRow
from gonogo.logs import log

SESSIONS_MOST = 20  # of one person; another one ends the least recently seen
KEPT_FOR = timedelta(days=7)  # ended ones, for whoever wonders about their sign-ins
_ID_BYTES = 32


@dataclass(frozen=True)
class Lifetimes:
    """How long a session holds at most, and how long without being used."""

    at_most: timedelta
    idle: timedelta


class BrowserSessions:
    """The sessions of one store."""

    def __init__(self, engine: Engine, store: str, lifetimes: Lifetimes) -> None:
        self._engine, self.store, self._lifetimes = engine, store, lifetimes

    def open(
        self, person: str, how: str, *, agent: str, token: str | None = None, old: str = ""
    ) -> str:
        """A new session. The return value is its id, which can be read only now.

        `token` is the secret the person showed: the session does not outlive it. `old` is the id
        a browser came with; it ends, so that no id from before signing in means anything after.
        """
        session_id, now = secrets.token_urlsafe(_ID_BYTES), datetime.now(UTC)
        with writing(self._engine) as session:
            if old:
                _end(session, now, col(SessionRow.sha256) == digest_of(old))
            expires_at = now + self._lifetimes.at_most
            shown = session.get(TokenRow, digest_of(token)) if token else None
            if shown is not None and shown.expires_at is not None:
                expires_at = min(expires_at, shown.expires_at)
            self._make_room(session, person, now)
            session.add(
                SessionRow(
                    sha256=digest_of(session_id),
                    store_id=self.store,
                    person=person,
                    how=how,
                    token=shown.sha256 if shown else None,
                    agent=agent,
                    created_at=now,
                    last_seen_at=now,
                    idle_at=now + self._lifetimes.idle,
                    expires_at=expires_at,
                )
            )
        return session_id

    def entered(self, session_id: str, *, is_use: bool) -> Entered | None:
        """Whose session this is now; None when it ended, or its person left, or never was.

        `is_use` puts off the idle end: pages that ask by themselves do not.
        """
        now = datetime.now(UTC)
        with reading(self._engine) as session:
            found = session.exec(
                select(SessionRow, PersonRow, TokenRow)
                .join(
                    PersonRow,
                    (col(PersonRow.store_id) == SessionRow.store_id)
                    & (col(PersonRow.id) == SessionRow.person),
                )
                .outerjoin(TokenRow, col(TokenRow.sha256) == SessionRow.token)
                .where(SessionRow.sha256 == digest_of(session_id), *self._open(now))
                .where(col(PersonRow.left_at).is_(None))
            ).first()
            if found is None:
                return None
            row, person, token = found
            if row.token is not None and not _holds(token, now):
                return None
            actor = actor_of(session, person)
        if is_use and row.last_seen_at < now - SEEN_EVERY:
            self._seen(row, now)
        return Entered(actor, row.sha256, row.token)

    def of_person(self, person: str) -> list[SessionRow]:
        """The sessions that hold, the last seen first; at most `SESSIONS_MOST`."""
        now = datetime.now(UTC)
        with reading(self._engine) as session:
            rows = session.exec(
                select(SessionRow)
                .where(SessionRow.person == person, *self._open(now))
                .order_by(col(SessionRow.last_seen_at).desc(), col(SessionRow.sha256))
                .limit(SESSIONS_MOST)
            )
            return list(rows)

    def end(self, person: str, sha256: str) -> bool:
        """End one session of `person`. False: they have no such session, or it ended before."""
        with writing(self._engine) as session:
            return bool(
                _end(
                    session,
                    datetime.now(UTC),
                    col(SessionRow.store_id) == self.store,
                    col(SessionRow.person) == person,
                    col(SessionRow.sha256) == sha256,
                )
            )

    def end_all(self, person: str, *, but: str | None = None) -> int:
        """End every session of `person`, but for the digest `but`. Returns how many ended."""
        with writing(self._engine) as session:
            return end_sessions(session, self.store, person, but=but)

    def _open(self, now: datetime) -> tuple[Any, ...]:
        return (
            col(SessionRow.store_id) == self.store,
            col(SessionRow.revoked_at).is_(None),
            col(SessionRow.expires_at) > now,
            col(SessionRow.idle_at) > now,
        )

    def _seen(self, row: SessionRow, now: datetime) -> None:
        """Note that it is used, at most once a minute. A page is shown even when that fails."""
        fresh = (
            update(SessionRow)
            .where(
                col(SessionRow.sha256) == row.sha256,
                col(SessionRow.last_seen_at) < now - SEEN_EVERY,
            )
            .values(last_seen_at=now, idle_at=now + self._lifetimes.idle)
        )
        try:
            with writing(self._engine) as session:
                session.exec(fresh)
        except OperationalError as fault:
            log.warning("session_not_noted", error=type(fault).__name__)

    def _make_room(self, session: Session, person: str, now: datetime) -> None:
        """Forget what ended long ago, and end the sessions that are one too many."""
        session.exec(
            delete(SessionRow).where(
                col(SessionRow.store_id) == self.store,
                col(SessionRow.expires_at) < now - KEPT_FOR,
            )
        )
        surplus: ScalarResult[str] = session.exec(
            select(SessionRow.sha256)
            .where(SessionRow.person == person, *self._open(now))
            .order_by(col(SessionRow.last_seen_at).desc(), col(SessionRow.sha256))
            .offset(SESSIONS_MOST - 1)
        )
        for sha256 in surplus.all():
            _end(session, now, col(SessionRow.sha256) == sha256)


def end_sessions(session: Session, store: str, person: str, *, but: str | None = None) -> int:
    """End the sessions of `person` in the caller's transaction."""
    which = [col(SessionRow.store_id) == store, col(SessionRow.person) == person]
    if but is not None:
        which.append(col(SessionRow.sha256) != but)
    return _end(session, datetime.now(UTC), *which)


def _holds(token: TokenRow | None, now: datetime) -> bool:
    if token is None or token.revoked_at is not None:
        return False
    return token.expires_at is None or token.expires_at > now


def _end(session: Session, now: datetime, *which: Any) -> int:
    ended = session.exec(
        update(SessionRow)
        .where(col(SessionRow.revoked_at).is_(None), *which)
        .values(revoked_at=now)
    )
    return int(ended.rowcount)
