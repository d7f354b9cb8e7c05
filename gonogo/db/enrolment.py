"""Who somebody with an identity of the provider is here: bound, invited, admitted, or nobody.

An identity is issuer and subject, never an e-mail address: addresses are given to others later. An
address counts once, to bind the identity of whoever first proves it while invited.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from gonogo.db.membership import end_entries
from gonogo.db.notices import AddressRow
from gonogo.db.people import PersonRow, TokenRow
from gonogo.db.session import reading, writing
from gonogo.db.signin import IdentityRow, InvitationRow
from gonogo.ids import new_id

INVITED_FOR = timedelta(days=14)
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f<>,;:\"()\[\]\\]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+")
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f]+")


class NotAdmitted(Exception):
    """`code`: `unknown`, `unverified` (an address that the provider did not verify), `left`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotInvited(Exception):
    """`code`: `nobody`, `left`, `has-a-way-in`, `taken`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Known:
    """What the provider vouches for. `email` is there only if it was verified; `groups` is None
    where groups give no roles."""

    issuer: str
    subject: str
    name: str | None = None
    email: str | None = None
    unverified_email: bool = False
    groups: frozenset[str] | None = None


@dataclass(frozen=True)
class Door:
    """Whom an installation lets in by itself: whole groups by role, and with `signup` anybody."""

    roles: Mapping[str, str]
    signup: str | None = None


def normal_email(text: str) -> str:
    """The address in lower case. Raises `ValueError` unless it looks like one.

    The part before the @ may differ by case in theory (RFC 5321, 2.4); no provider makes use of it.
    """
    email = text.strip().lower()
    if len(email) > 254 or not _EMAIL.fullmatch(email):
        raise ValueError("this is no e-mail address")
    return email


class Enrolment:
    """Identities and invitations of one store. Every method blocks and is one transaction."""

    def __init__(self, engine: Engine, store: str) -> None:
        self._engine, self.store = engine, store

    def admit(self, known: Known, door: Door) -> str:
        """The person that `known` is. Binds an invited one, once. Raises `NotAdmitted`."""
        try:
            return self._admit(known, door)
        except IntegrityError:  # bound by another request a moment ago
            return self._admit(known, door)

    def _admit(self, known: Known, door: Door) -> str:
        now = datetime.now(UTC)
        with writing(self._engine) as session:
            key = (self.store, known.issuer, known.subject)
            bound = session.get(IdentityRow, key)
            if bound is None:
                person = self._invited(session, known, now) or self._newcomer(session, known, door)
                if person is None:
                    raise NotAdmitted("unverified" if known.unverified_email else "unknown")
                bound = IdentityRow(
                    store_id=self.store,
                    issuer=known.issuer,
                    subject=known.subject,
                    person=person.id,
                    bound_at=now,
                    last_used_at=now,
                )
                session.add(bound)
            else:
                person = session.get_one(PersonRow, (self.store, bound.person))
            if person.left_at is not None:
                raise NotAdmitted("left")
            bound.last_used_at = now
            person.roles = list(_roles_now(tuple(person.roles), known, door))
            return person.id

    def invitations(self, people: tuple[str, ...]) -> list[InvitationRow]:
        """Those of some people, not accepted yet, also when they ended; the newest first."""
        with reading(self._engine) as session:
            rows = session.exec(
                select(InvitationRow)
                .where(
                    InvitationRow.store_id == self.store,
                    col(InvitationRow.person).in_(people),
                    col(InvitationRow.accepted_at).is_(None),
                )
                .order_by(col(InvitationRow.created_at).desc(), col(InvitationRow.email))
                .limit(200)
            )
            return list(rows)

    def bound(self, people: tuple[str, ...]) -> set[str]:
        """Those of some people who have signed in with the provider."""
        with reading(self._engine) as session:
            rows = session.exec(
                select(IdentityRow.person).where(
                    IdentityRow.store_id == self.store, col(IdentityRow.person).in_(people)
                )
            )
            return set(rows)

    def _invited(self, session: Session, known: Known, now: datetime) -> PersonRow | None:
        if known.email is None:
            return None
        try:
            invitation = session.get(InvitationRow, (self.store, normal_email(known.email)))
        except ValueError:
            return None
        if invitation is None or invitation.accepted_at is not None or invitation.expires_at <= now:
            return None
        invitation.accepted_at = now
        if not _is_bound(session, self.store, invitation.person):
            # Whoever made this person's tokens until now could be two people with them (I2).
            end_entries(session, self.store, invitation.person, now)
        if session.get(AddressRow, (self.store, invitation.person)) is None:
            session.add(
                AddressRow(
                    store_id=self.store,
                    person=invitation.person,
                    email=invitation.email,
                    set_at=now,
                    confirmed_at=now,  # by the provider
                )
            )
        return session.get_one(PersonRow, (self.store, invitation.person))

    def _newcomer(self, session: Session, known: Known, door: Door) -> PersonRow | None:
        """Somebody whom no one invited, let in by their groups or because anybody is."""
        roles = set(_given(known, door))
        if not roles and door.signup is not None:
            roles = {door.signup}
        if not roles:
            return None
        shown = _UNSHOWN.sub(" ", known.name or (known.email or "").partition("@")[0]).strip()
        person = PersonRow(
            store_id=self.store,
            id=new_id("per"),
            name=shown[:120] or "Newcomer",
            roles=sorted(roles),
            created_at=datetime.now(UTC),
        )
        session.add(person)
        session.flush()
        return person


def invite(
    session: Session, store: str, person: str, email: str, by: str, *, once_more: bool = False
) -> InvitationRow:
    """Invite `person` in the caller's transaction. Raises `NotInvited`.

    Only somebody who never had a way in is invited: whoever invites a colleague once more, to an
    address of their own, would be two people (I2). `once_more` is for whoever runs the machine.
    """
    row = session.get(PersonRow, (store, person))
    if row is None:
        raise NotInvited("nobody")
    if row.left_at is not None:
        raise NotInvited("left")
    if not once_more and has_way_in(session, store, person):
        raise NotInvited("has-a-way-in")
    now = datetime.now(UTC)
    found = session.get(InvitationRow, (store, email))
    if found is not None and found.person != person:
        # An address that once was somebody's does not become another's, nor is it fought over.
        if found.accepted_at is not None or found.expires_at > now:
            raise NotInvited("taken")
        found.person = person
    if found is None:
        found = InvitationRow(store_id=store, email=email, person=person, invited_by=by)
        session.add(found)
    found.invited_by, found.created_at, found.expires_at = by, now, now + INVITED_FOR
    found.accepted_at = None
    for other in session.exec(
        select(InvitationRow).where(InvitationRow.store_id == store, InvitationRow.person == person)
    ):
        if other.email != email:  # one at a time
            session.delete(other)
    return found


def has_way_in(session: Session, store: str, person: str) -> bool:
    """A token was made for this person once, or an identity is bound to them."""
    token = session.exec(
        select(TokenRow.sha256).where(TokenRow.store_id == store, TokenRow.person == person)
    ).first()
    return token is not None or _is_bound(session, store, person)


def is_invited(session: Session, store: str, person: str) -> bool:
    """An invitation of this person is open."""
    invitation = session.exec(
        select(InvitationRow.email).where(
            InvitationRow.store_id == store,
            InvitationRow.person == person,
            col(InvitationRow.accepted_at).is_(None),
            InvitationRow.expires_at > datetime.now(UTC),
        )
    ).first()
    return invitation is not None


def _is_bound(session: Session, store: str, person: str) -> bool:
    identity = session.exec(
        select(IdentityRow.subject).where(
            IdentityRow.store_id == store, IdentityRow.person == person
        )
    ).first()
    return identity is not None


def _given(known: Known, door: Door) -> tuple[str, ...]:
    """The roles that the groups give."""
    return tuple(sorted({door.roles[group] for group in known.groups or () if group in door.roles}))


def _roles_now(has: tuple[str, ...], known: Known, door: Door) -> tuple[str, ...]:
    """Roles that some group gives are the provider's to say; the others stay as they are."""
    if known.groups is None:
        return has
    kept = set(has) - set(door.roles.values())
    return tuple(sorted(kept | set(_given(known, door))))
