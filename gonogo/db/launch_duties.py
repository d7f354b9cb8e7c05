"""What builders in a launch still owe: the duties that its pack lists, as the record knows them.

Two are measured: `verify_profile` (the publisher is verified), `publish_as_public` (the release
ends where everybody finds it). All others a publisher's own people confirm, under the policies as
they are: `accept_policies` is one of those, and changed clauses are accepted anew.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785
from sqlmodel import Session, col, select

from gonogo.db.people import PublisherRow
from gonogo.db.publishers import PublisherPicture
from gonogo.db.tables import ReleasePicture
from policies.lifecycle.publisher_state import HOLDS
from policies.pack import PolicyPack

PUBLIC = frozenset({"category", "featured"})
MEASURED = frozenset({"verify_profile", "publish_as_public"})


@dataclass(frozen=True)
class Asked:
    """What builders are asked: ids of duties in the order of the pack, and under which `terms`
    they confirm them."""

    duties: tuple[str, ...]
    terms: str

    def left(
        self, confirmed: Mapping[str, str], *, verified: bool, public: bool = True
    ) -> tuple[str, ...]:
        """Duties not done. `confirmed`: duty → terms. `public`: the release ends where everybody
        finds it; about none in particular, that is not asked."""
        measured = {"verify_profile": verified, "publish_as_public": public}
        return tuple(
            duty
            for duty in self.duties
            if not measured.get(duty, confirmed.get(duty) == self.terms)
        )


def asked_of(pack: PolicyPack, in_force: PolicyPack) -> Asked:
    """The duties of the launch's `pack`, under the clauses that are `in_force`: nobody can accept
    any others."""
    return Asked(tuple(duty.id for duty in pack.launch.duties), terms_of(in_force))


def duties_left(
    session: Session, store: str, launch: str, asked: Asked
) -> dict[str, tuple[str, ...]]:
    """Release → ids of duties, in the order of the pack. Three queries."""
    rows = session.exec(
        select(ReleasePicture).where(
            ReleasePicture.store_id == store,
            ReleasePicture.launch == launch,
            col(ReleasePicture.phase).in_(("bound", "blocked")),
        )
    ).all()
    pictures = publishers_of(session, store, (launch,))
    # The record decides; a row it has not adopted yet speaks for itself.
    vouched = set(
        session.exec(
            select(PublisherRow.id).where(
                PublisherRow.store_id == store,
                col(PublisherRow.id).in_(_in(store, (launch,))),
                col(PublisherRow.verified_at).is_not(None),
            )
        )
    )

    def owed(row: ReleasePicture) -> tuple[str, ...]:
        picture, public = pictures.get(row.publisher), ends_public(row.state)
        if picture is None:
            return asked.left({}, verified=row.publisher in vouched, public=public)
        return asked.left(confirmed_by(picture), verified=picture.standing in HOLDS, public=public)

    return {row.id: owed(row) for row in rows}


def publishers_of(
    session: Session, store: str, launches: Iterable[str]
) -> dict[str, PublisherPicture]:
    """What the record knows of the publishers with a release in one of `launches`. One query."""
    rows = session.exec(
        select(PublisherPicture).where(
            PublisherPicture.store_id == store,
            col(PublisherPicture.id).in_(_in(store, launches)),
        )
    )
    return {row.id: row for row in rows}


def _in(store: str, launches: Iterable[str]) -> Any:
    return (
        select(ReleasePicture.publisher)
        .where(ReleasePicture.store_id == store, col(ReleasePicture.launch).in_(launches))
        .distinct()
    )


def confirmed_by(picture: PublisherPicture | None) -> Mapping[str, str]:
    return (picture.state.get("confirmed") or {}) if picture else {}


def ends_public(release: Mapping[str, Any]) -> bool:
    """Whether a release (its picture's state) ends where everybody finds it."""
    plan = release.get("plan")
    return bool(plan and plan[-1].get("visibility") in PUBLIC)


def terms_of(pack: PolicyPack) -> str:
    """What is accepted: the digest of the clauses, whatever else the pack says."""
    clauses = [clause.model_dump(mode="json") for clause in pack.review.clauses]
    return hashlib.sha256(rfc8785.dumps(clauses)).hexdigest()


def releases_of(session: Session, store: str, publisher: str) -> list[ReleasePicture]:
    """Its releases that are bound to a launch, at most a hundred."""
    rows = session.exec(
        select(ReleasePicture)
        .where(
            ReleasePicture.store_id == store,
            ReleasePicture.publisher == publisher,
            col(ReleasePicture.phase).in_(("bound", "blocked")),
            col(ReleasePicture.launch).is_not(None),
        )
        .order_by(col(ReleasePicture.id))
        .limit(100)
    )
    return list(rows)
