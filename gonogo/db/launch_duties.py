"""What builders in a launch still owe, by release: the duties that the pack lists, as the record
knows them.

Three are measured: `verify_profile` (the publisher is verified), `publish_as_public` (the release
ends where everybody finds it). All others a publisher's own people confirm, under the
policies as they are: `accept_policies` is one of those, and changed clauses are accepted anew.
"""

import hashlib
from collections.abc import Mapping

import rfc8785
from sqlmodel import Session, col, select

from gonogo.db.people import PublisherRow
from gonogo.db.publishers import PublisherPicture
from gonogo.db.tables import ReleasePicture
from policies.lifecycle.publisher_state import HOLDS
from policies.pack import PolicyPack

PUBLIC = frozenset({"category", "featured"})
MEASURED = frozenset({"verify_profile", "publish_as_public"})


def duties_left(
    session: Session, store: str, launch: str, pack: PolicyPack
) -> dict[str, tuple[str, ...]]:
    """Release → ids of duties, in the order of the pack. Three queries."""
    rows = session.exec(
        select(ReleasePicture).where(
            ReleasePicture.store_id == store,
            ReleasePicture.launch == launch,
            col(ReleasePicture.phase).in_(("bound", "blocked")),
        )
    ).all()
    mine = (
        select(ReleasePicture.publisher)
        .where(ReleasePicture.store_id == store, ReleasePicture.launch == launch)
        .distinct()
    )
    pictures = {
        row.id: row
        for row in session.exec(
            select(PublisherPicture).where(
                PublisherPicture.store_id == store, col(PublisherPicture.id).in_(mine)
            )
        )
    }
    # The record decides; a row it has not adopted yet speaks for itself.
    vouched = set(
        session.exec(
            select(PublisherRow.id).where(
                PublisherRow.store_id == store,
                col(PublisherRow.id).in_(mine),
                col(PublisherRow.verified_at).is_not(None),
            )
        )
    )

    def owed(row: ReleasePicture) -> tuple[str, ...]:
        picture = pictures.get(row.publisher)
        if picture is None:
            return left(pack, {}, row.publisher in vouched, row)
        return left(pack, picture.state.get("confirmed") or {}, picture.standing in HOLDS, row)

    return {row.id: owed(row) for row in rows}


def terms_of(pack: PolicyPack) -> str:
    """What is accepted: the digest of the clauses, whatever else the pack says."""
    clauses = [clause.model_dump(mode="json") for clause in pack.review.clauses]
    return hashlib.sha256(rfc8785.dumps(clauses)).hexdigest()


def left(
    pack: PolicyPack,
    confirmed: Mapping[str, str],
    verified: bool,
    release: ReleasePicture | None,
) -> tuple[str, ...]:
    """`confirmed`: duty → terms. Without a release the duties that are about one are not asked."""
    found, terms = [], terms_of(pack)
    for duty in pack.launch.duties:
        if duty.id == "verify_profile":
            done = verified
        elif duty.id == "publish_as_public":
            plan = release.state.get("plan") if release else None
            done = release is None or bool(plan and plan[-1].get("visibility") in PUBLIC)
        else:
            done = confirmed.get(duty.id) == terms
        if not done:
            found.append(duty.id)
    return tuple(found)


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
