"""What routes and pages do with accounts: the same preconditions, the same answers, once each."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from api.deps import Services
from api.errors import Problem
from gonogo.db import membership
from gonogo.db.accounts import Accounts
from gonogo.db.administrators import LastAdministrator
from gonogo.db.adoption import enrol
from gonogo.db.enrolment import NotInvited, has_way_in, invite, is_invited, normal_email
from gonogo.db.entries import Entered
from gonogo.db.identity import mint_token
from gonogo.db.once import AccountOrder, KeyReused, Once, once, token_seed
from gonogo.db.people import PersonRow, TokenRow
from gonogo.db.session import writing
from gonogo.logs import log
from policies.lifecycle.kernel import Actor, Role, iso

TOKENS_MOST = 50
DAYS_MOST, DAYS_USUAL = 366, 90
SHOWN_S = 600  # a token is shown to whoever repeats the command that made it so soon
GIVEN_ROLES = tuple(sorted(set(Role) - {Role.SYSTEM}))
_NOT_INVITED = {
    "nobody": ("not-found", "there is no such person"),
    "left": ("illegal-move", "this person left; open the account again first"),
    "has-a-way-in": ("illegal-move", "this person has a way to come in; invite nobody twice"),
    "taken": ("illegal-move", "somebody else was invited by this address"),
}

Did = tuple[str, dict[str, Any]]


def new_token(
    svc: Services, entry: Entered, label: str, days: int, key: str | None
) -> dict[str, Any]:
    """A token of one's own. A session that was opened with a token counts as that token."""
    mine = Accounts(svc.engine, svc.store).token(entry.token) if entry.token else None
    ends = mine.expires_at if mine else None
    if ends and datetime.now(UTC) + timedelta(days=days) > ends:
        # Else a token made for a week could prolong itself for ever.
        raise Problem("not-allowed", f"a token makes none that outlives it; yours ends {iso(ends)}")
    person = entry.actor.id

    def allowed(session: Session) -> None:
        count = session.exec(
            select(func.count())
            .select_from(TokenRow)
            .where(
                TokenRow.store_id == svc.store,
                TokenRow.person == person,
                col(TokenRow.revoked_at).is_(None),
            )
        ).one()
        if count >= TOKENS_MOST:
            raise Problem("over-limit", f"a person has at most {TOKENS_MOST} tokens; end one first")

    return _token(svc, entry.actor, person, label, days, key, allowed)


def first_token(
    svc: Services, who: Actor, person: str, label: str, days: int, key: str | None
) -> dict[str, Any]:
    """The first token of a new person. Later ones are theirs to make: an administrator who could
    make tokens of a reviewer could also be the second person (I2)."""

    def allowed(session: Session) -> None:
        if session.get(PersonRow, (svc.store, person)) is None:
            raise Problem("not-found", f"there is no person {person}")
        if has_way_in(session, svc.store, person):
            raise Problem("illegal-move", "this person has a way to come in; they make their own")
        if is_invited(session, svc.store, person):
            raise Problem(
                "illegal-move",
                "this person is invited; withdraw the invitation first: close the account and "
                "open it again",
            )

    return _token(svc, who, person, label, days, key, allowed)


def new_person(
    svc: Services,
    who: Actor,
    *,
    name: str,
    roles: list[Role],
    publishers: tuple[str, ...] = (),
    email: str | None = None,
    key: str | None = None,
) -> dict[str, Any]:
    """A new person, invited by e-mail if one is given."""
    known = {row.id for row in Accounts(svc.engine, svc.store).publishers(publishers)}
    unknown = sorted(set(publishers) - known)
    if unknown:
        raise Problem("not-found", f"there is no publisher {', '.join(unknown)}")
    given, address = given_roles(roles), _address(email)

    def do(session: Session, command: str) -> Did:
        person = membership.make_person(session, svc.store, name, given)
        answer: dict[str, Any] = {
            "person": person,
            "roles": list(given),
            "publishers": sorted(known),
        }
        if address is not None:
            row = _invited(session, svc, person, address, who)
            answer["invited_until"] = iso(row)
        return person, answer

    about = {
        "name": name,
        "roles": list(given),
        "publishers": sorted(known),
        "email": address,
    }
    did = _once(svc, who, "create_person", about, key, do)
    joined = Accounts(svc.engine, svc.store).memberships((did.answer["person"],))
    for publisher in sorted(known - set(joined.get(did.answer["person"], ()))):
        enrol(svc.engine, svc.store, publisher, did.answer["person"])
    log.info("person_created", person=did.answer["person"], roles=list(given), by=who.id)
    return did.answer


def invite_person(
    svc: Services, who: Actor, person: str, email: str, key: str | None
) -> dict[str, Any]:
    """Invite somebody who has no way in yet; an earlier invitation ends."""
    address = _address(email)
    assert address is not None  # _address raises for what is none

    def do(session: Session, command: str) -> Did:
        until = _invited(session, svc, person, address, who)
        return person, {"person": person, "invited_until": iso(until)}

    did = _once(svc, who, "invite", {"person": person, "email": address}, key, do)
    log.info("person_invited", person=person, by=who.id)
    return did.answer


def change_roles(svc: Services, who: Actor, person: str, roles: list[Role]) -> tuple[str, ...]:
    """Replace a person's roles; in force with their next request."""
    given = given_roles(roles)
    _change(svc, person, lambda s: membership.set_roles(s, svc.store, person, given))
    log.info("roles_set", person=person, roles=list(given), by=who.id)
    return given


def close_account(svc: Services, who: Actor, person: str) -> None:
    """The person left: sessions and tokens end at once. A repeat changes nothing."""
    if _person(svc, person).left_at is None:
        _change(svc, person, lambda s: membership.leave(s, svc.store, person) or True)
        log.info("person_left", person=person, by=who.id)


def reopen_account(svc: Services, who: Actor, person: str) -> None:
    """The undo of leaving; sessions and tokens stay ended. A repeat changes nothing."""
    if _person(svc, person).left_at is not None:
        _change(svc, person, lambda s: membership.come_back(s, svc.store, person) or True)
        log.info("person_came_back", person=person, by=who.id)


def given_roles(roles: list[Role]) -> tuple[str, ...]:
    if not set(GIVEN_ROLES).issuperset(roles):
        raise Problem("malformed", "nobody is given the role of the system")
    return tuple(sorted({role.value for role in roles}))


def token_view(row: TokenRow) -> dict[str, Any]:
    return {
        "id": row.sha256,
        "label": row.label,
        "hint": row.hint,
        "created_at": iso(row.created_at),
        "expires_at": iso(row.expires_at) if row.expires_at else None,
        "revoked_at": iso(row.revoked_at) if row.revoked_at else None,
        "last_used_at": iso(row.last_used_at) if row.last_used_at else None,
    }


def _token(
    svc: Services,
    who: Actor,
    person: str,
    label: str,
    days: int,
    key: str | None,
    allowed: Callable[[Session], None],
) -> dict[str, Any]:
    """Make a token, once. The secret is made from the command, so a repeat shows it again: for
    minutes, to a double click or a lost answer. It is kept nowhere."""
    secret = svc.settings.mac_key()

    def do(session: Session, command: str) -> Did:
        allowed(session)
        row, _ = membership.make_token(
            session, svc.store, person, label, days, token_seed(secret, command)
        )
        return person, {**token_view(row), "person": person}

    about = {"person": person, "label": label, "days": days}
    did = _once(svc, who, "create_token", about, key, do)
    log.info("token_made", person=person, by=who.id)
    shown = mint_token(token_seed(secret, did.command)) if did.age_s < SHOWN_S else None
    return {**did.answer, "token": shown}


def _once(
    svc: Services,
    who: Actor,
    kind: str,
    about: Mapping[str, Any],
    key: str | None,
    do: Callable[[Session, str], Did],
) -> Once:
    try:
        return once(svc.engine, svc.store, AccountOrder(who.id, kind, about, key), do)
    except KeyReused as fault:
        raise Problem("key-reused", "this Idempotency-Key belongs to another command") from fault


def _invited(session: Session, svc: Services, person: str, email: str, who: Actor) -> datetime:
    try:
        return invite(session, svc.store, person, email, who.id).expires_at
    except NotInvited as fault:
        raise Problem(*_NOT_INVITED[fault.code]) from fault


def _address(email: str | None) -> str | None:
    if email is None:
        return None
    try:
        return normal_email(email)
    except ValueError as fault:
        raise Problem("malformed", str(fault)) from fault


def _person(svc: Services, person: str) -> PersonRow:
    found = Accounts(svc.engine, svc.store).person(person)
    if found is None:
        raise Problem("not-found", f"there is no person {person}")
    return found


def _change(svc: Services, person: str, change: Callable[[Session], bool]) -> None:
    try:
        with writing(svc.engine) as session:
            if not change(session):
                raise Problem("not-found", f"there is no person {person}")
    except LastAdministrator as fault:
        raise Problem(
            "illegal-move", "this is the last administrator; make another one first"
        ) from fault
