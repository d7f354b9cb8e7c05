"""Coming and going: people made, invited, given roles; tokens made; leaving. One transaction each.

Every function works in the caller's transaction, so that a command and its answer are one.
"""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, delete, update

from gonogo.db.administrators import ADMINISTRATOR, keep_one
from gonogo.db.browser_sessions import end_sessions
from gonogo.db.entries import digest_of
from gonogo.db.identity import mint_token
from gonogo.db.people import PersonRow, TokenRow
from gonogo.db.signin import InvitationRow
from gonogo.ids import new_id


def make_person(session: Session, store: str, name: str, roles: tuple[str, ...]) -> str:
    """A new person. Returns their id."""
    person = new_id("per")
    session.add(
        PersonRow(
            store_id=store,
            id=person,
            name=name,
            roles=list(roles),
            created_at=datetime.now(UTC),
        )
    )
    session.flush()
    return person


def make_token(
    session: Session, store: str, person: str, label: str, days: int, seed: bytes | None
) -> tuple[TokenRow, str]:
    """A new token of `person` and, for this once, its secret. The same seed makes the same."""
    token, now = mint_token(seed), datetime.now(UTC)
    row = TokenRow(
        sha256=digest_of(token),
        store_id=store,
        person=person,
        label=label,
        hint=token[-4:],
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(row)
    return row, token


def set_roles(session: Session, store: str, person: str, roles: tuple[str, ...]) -> bool:
    """Replace a person's roles. False: there is no such person. Raises `LastAdministrator`."""
    row = session.get(PersonRow, (store, person))
    if row is None:
        return False
    if ADMINISTRATOR not in roles:
        keep_one(session, store, person)
    row.roles = list(roles)
    return True


def leave(session: Session, store: str, person: str) -> bool:
    """Close an account: sessions, tokens and invitations end at once. False: nobody, or left
    before. Raises `LastAdministrator`."""
    row = session.get(PersonRow, (store, person))
    if row is None or row.left_at is not None:
        return False
    keep_one(session, store, person)
    now = datetime.now(UTC)
    row.left_at = now
    end_entries(session, store, person, now)
    session.exec(
        delete(InvitationRow).where(
            col(InvitationRow.store_id) == store,
            col(InvitationRow.person) == person,
            col(InvitationRow.accepted_at).is_(None),
        )
    )
    return True


def end_entries(session: Session, store: str, person: str, now: datetime) -> None:
    """End every session and token of `person`."""
    end_sessions(session, store, person)
    session.exec(
        update(TokenRow)
        .where(
            col(TokenRow.store_id) == store,
            col(TokenRow.person) == person,
            col(TokenRow.revoked_at).is_(None),
        )
        .values(revoked_at=now)
    )


def come_back(session: Session, store: str, person: str) -> bool:
    """Open the account again, with the roles it had; tokens stay ended. False: nobody, or there."""
    row = session.get(PersonRow, (store, person))
    if row is None or row.left_at is None:
        return False
    row.left_at = None
    return True
