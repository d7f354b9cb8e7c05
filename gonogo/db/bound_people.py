"""Who takes part in a launch: the people of every publisher with a release bound to it."""

from collections.abc import Iterable

from sqlmodel import Session, and_, col, select

from gonogo.db.people import MemberRow
from gonogo.db.tables import ReleasePicture


def bound_people(
    session: Session, store: str, launches: Iterable[str], most: int
) -> dict[str, set[str]]:
    """Person → which of `launches` they take part in; the first `most` pairs, by person."""
    wanted = sorted(launches)
    if not wanted:
        return {}
    rows = session.exec(
        select(MemberRow.person, ReleasePicture.launch)
        .join(
            ReleasePicture,
            and_(
                col(ReleasePicture.store_id) == col(MemberRow.store_id),
                col(ReleasePicture.publisher) == col(MemberRow.publisher),
            ),
        )
        .where(MemberRow.store_id == store, col(ReleasePicture.launch).in_(wanted))
        .distinct()
        .order_by(col(MemberRow.person))
        .limit(most)
    )
    found: dict[str, set[str]] = {}
    for person, launch in rows:
        if launch:
            found.setdefault(person, set()).add(launch)
    return found
