"""Who takes part in a launch: the people of every publisher with a release bound to it."""

from collections.abc import Iterable
from typing import Any, cast

from sqlmodel import Session, and_, col, or_, select

from gonogo.db.launch_choices import silent_about
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


def silent_people(
    session: Session, store: str, asked: Iterable[tuple[str, int]], most: int
) -> dict[str, set[tuple[str, int]]]:
    """Person → which postponements (launch, number) a release of theirs said nothing about, also
    where silence has taken it out since; the first `most` of each, by person."""
    found: dict[str, set[tuple[str, int]]] = {}
    by_default = cast(Any, ReleasePicture.state)["chosen"]["by_default"].as_boolean()
    for launch, nth in sorted(asked):
        taken_out = and_(
            col(ReleasePicture.store_id) == store,
            col(ReleasePicture.chosen_launch) == launch,
            col(ReleasePicture.chosen_nth) == nth,
            by_default,
        )
        rows = session.exec(
            select(MemberRow.person)
            .join(
                ReleasePicture,
                and_(
                    col(ReleasePicture.store_id) == col(MemberRow.store_id),
                    col(ReleasePicture.publisher) == col(MemberRow.publisher),
                ),
            )
            .where(
                MemberRow.store_id == store,
                or_(and_(*silent_about(store, launch, nth)), taken_out),
            )
            .distinct()
            .order_by(col(MemberRow.person))
            .limit(most)
        )
        for person in rows:
            found.setdefault(person, set()).add((launch, nth))
    return found
