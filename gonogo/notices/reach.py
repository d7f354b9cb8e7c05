"""Whom tellings may mean: people, and what decides whether they are told and by which channel."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import String, cast, or_
from sqlmodel import Session, col, select

from gonogo.db.bound_people import bound_people, silent_people
from gonogo.db.notices import AddressRow, PreferenceRow
from gonogo.db.owing_people import owing_people
from gonogo.db.people import MemberRow, PersonRow
from gonogo.logs import log
from policies.pack import PolicyPack
from policies.rules.notice_topics import Preferences, preferences_of
from policies.rules.notices import Person, Telling, owing_in

STAFF_MOST = 500
BOUND_MOST = 5_000  # people of publishers in a launch who are told of it


@dataclass(frozen=True)
class Reached:
    """`addressed`: ids of those whose mail address is confirmed."""

    people: tuple[Person, ...]
    preferences: Mapping[str, Preferences]
    addressed: frozenset[str]


def reached(
    session: Session, store: str, told: Iterable[Telling], in_force: PolicyPack | None
) -> Reached:
    """Everybody who may be meant, in as many queries whatever the batch holds."""
    audiences = [telling.audience for telling in told]
    owners = {a.owners_of for a in audiences if a.owners_of}
    named = {person for a in audiences for person in a.people}
    roles = sorted({role for a in audiences for role in a.roles})
    launches = bound_people(
        session, store, {a.bound_to for a in audiences if a.bound_to}, BOUND_MOST
    )
    silent = silent_people(
        session, store, {a.silent_in for a in audiences if a.silent_in}, BOUND_MOST
    )
    takers = {*launches, *silent}
    members = session.exec(
        select(MemberRow.person).where(
            MemberRow.store_id == store, col(MemberRow.publisher).in_(owners)
        )
    ).all()
    owing = {a.bound_to for a in audiences if a.bound_to and a.owing}
    for person, of in owing_people(session, store, owing, in_force, BOUND_MOST).items():
        launches.setdefault(person, set()).update(map(owing_in, of))
    text = cast(col(PersonRow.roles), String)
    chosen = [col(PersonRow.id).in_({*named, *members, *takers})]
    chosen += [text.like(f'%"{role}"%') for role in roles]
    people = session.exec(
        select(PersonRow)
        .where(PersonRow.store_id == store, col(PersonRow.left_at).is_(None), or_(*chosen))
        .order_by(col(PersonRow.id))
        .limit(STAFF_MOST + len(takers))
    ).all()
    full = BOUND_MOST in (len(launches), len(silent))
    if full or len(people) == STAFF_MOST + len(takers):
        log.warning("notices_many_people", store=store, most=len(people))
    ids = [person.id for person in people]
    belong: dict[str, set[str]] = {}
    for row in session.exec(
        select(MemberRow).where(MemberRow.store_id == store, col(MemberRow.person).in_(ids))
    ):
        belong.setdefault(row.person, set()).add(row.publisher)
    preferences = session.exec(
        select(PreferenceRow).where(
            PreferenceRow.store_id == store, col(PreferenceRow.person).in_(ids)
        )
    )
    addressed = session.exec(
        select(AddressRow.person).where(
            AddressRow.store_id == store,
            col(AddressRow.person).in_(ids),
            col(AddressRow.confirmed_at).is_not(None),
        )
    )
    return Reached(
        tuple(
            Person(
                p.id,
                frozenset(p.roles),
                frozenset(belong.get(p.id, ())),
                frozenset(launches.get(p.id, ())),
                frozenset(silent.get(p.id, ())),
            )
            for p in people
        ),
        {row.person: preferences_of(row.value) for row in preferences},
        frozenset(addressed),
    )
