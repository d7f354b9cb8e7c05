"""Somebody can always give roles: the last administrator neither leaves nor is erased."""

from sqlmodel import Session, col, select

from gonogo.db.people import PersonRow

ADMINISTRATOR = "administrator"


class LastAdministrator(Exception):
    """Without this person nobody could give roles any more."""


def keep_one(session: Session, store: str, person: str) -> None:
    """Raises `LastAdministrator` when `person` is the only administrator left."""
    row = session.get(PersonRow, (store, person))
    if row is None or row.left_at is not None or ADMINISTRATOR not in row.roles:
        return
    others = session.exec(
        select(PersonRow.roles).where(
            PersonRow.store_id == store,
            PersonRow.id != person,
            col(PersonRow.left_at).is_(None),
        )
    )
    if not any(ADMINISTRATOR in roles for roles in others):
        raise LastAdministrator


def is_last(session: Session, store: str, person: str) -> bool:
    try:
        keep_one(session, store, person)
    except LastAdministrator:
        return True
    return False
