"""What both ways in share, a token and a session: who came in, and when it was last used."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, select

from gonogo.db.people import MemberRow, PersonRow
from policies.lifecycle.kernel import Actor

SEEN_EVERY = timedelta(minutes=1)  # a use is noted that often at most


@dataclass(frozen=True)
class Entered:
    """Who came in. `session` and `token` are digests; `token` bounds what they may make."""

    actor: Actor
    session: str | None = None
    token: str | None = None


def digest_of(secret: str) -> str:
    """All that is kept of a token or of a session's id: hex SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()


def actor_of(session: Session, person: PersonRow) -> Actor:
    """The person with their roles and publishers as they are now."""
    members = session.exec(
        select(MemberRow.publisher).where(
            MemberRow.store_id == person.store_id, MemberRow.person == person.id
        )
    )
    return Actor(person.id, tuple(sorted(person.roles)), tuple(sorted(members)))
