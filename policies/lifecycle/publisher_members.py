"""Who belongs to a publisher: invited, joined, left. The last owner never just goes."""

from dataclasses import replace
from datetime import datetime, timedelta

from policies.errors import IllegalMove, Incomplete, OverLimit
from policies.lifecycle.kernel import Command, Fact, iso
from policies.lifecycle.publisher_state import MEMBER, OWNER, ROLES, Publisher

Facts = tuple[Fact, ...]


def need(command: Command, *fields: str) -> None:
    for name in fields:
        if not command.body.get(name):
            raise Incomplete(f"{name} is missing", field=name)


def _role(command: Command, default: str = MEMBER) -> str:
    role = command.body.get("role") or default
    if role not in ROLES:
        raise Incomplete(f"a member is one of: {', '.join(ROLES)}", field="role")
    return str(role)


def invite(s: Publisher, c: Command, now: datetime) -> Facts:
    need(c, "person")
    person, role = str(c.body["person"]), _role(c)
    if person in s.members:
        raise IllegalMove("this person is a member already", person=person)
    standing = {who for who, one in s.invited.items() if one.until > now} | set(s.members)
    if person not in standing and len(standing) >= c.body["limit"]:
        raise OverLimit(
            f"members and invitations together are at most {c.body['limit']}",
            limit=c.body["limit"],
        )
    until = now + timedelta(seconds=c.body["invite_s"])
    body = {"person": person, "role": role, "until": iso(until)}
    return (Fact("publisher:member:invited", body),)


def uninvite(s: Publisher, c: Command, now: datetime) -> Facts:
    need(c, "person")
    if c.body["person"] not in s.invited:
        raise IllegalMove("there is no such invitation", person=c.body["person"])
    return (Fact("publisher:member:uninvited", {"person": c.body["person"]}),)


def decline(s: Publisher, c: Command, now: datetime) -> Facts:
    return (Fact("publisher:member:uninvited", {"person": c.actor.id}),)


def accept(s: Publisher, c: Command, now: datetime) -> Facts:
    role = s.invited[c.actor.id].role
    return (Fact("publisher:member:joined", {"person": c.actor.id, "role": role}),)


def add_member(s: Publisher, c: Command, now: datetime) -> Facts:
    """By staff. `role` also makes a member an owner: where the last owner is gone, nobody of the
    publisher can. Nobody is made less by it."""
    need(c, "person")
    person, role = c.body["person"], _role(c, default=MEMBER if s.owners else OWNER)
    body = {"person": person, "role": role}
    if person not in s.members:
        return (Fact("publisher:member:joined", body),)
    if role == OWNER != s.members[person] and c.body.get("role"):
        return (Fact("publisher:member:role_set", body),)
    return ()


def enrol(s: Publisher, c: Command, now: datetime) -> Facts:
    """The operator's word, given on the machine itself."""
    return tuple(replace(fact, type="publisher:member:enrolled") for fact in add_member(s, c, now))


def _keeps_an_owner(s: Publisher, person: str) -> None:
    if s.owners == (person,):
        raise IllegalMove(
            "the last owner cannot go: make somebody else an owner first, close the publisher, or "
            "ask an administrator of the store to name another owner"
        )


def leave(s: Publisher, c: Command, now: datetime) -> Facts:
    _keeps_an_owner(s, c.actor.id)
    return (Fact("publisher:member:left", {"person": c.actor.id}),)


def remove(s: Publisher, c: Command, now: datetime) -> Facts:
    need(c, "person")
    if c.body["person"] not in s.members:
        raise IllegalMove("this person is no member", person=c.body["person"])
    _keeps_an_owner(s, c.body["person"])
    return (Fact("publisher:member:removed", {"person": c.body["person"]}),)


def set_role(s: Publisher, c: Command, now: datetime) -> Facts:
    need(c, "person", "role")
    person, role = c.body["person"], _role(c)
    if person not in s.members:
        raise IllegalMove("this person is no member", person=person)
    if s.members[person] == role:
        return ()
    if role != OWNER:
        _keeps_an_owner(s, person)
    return (Fact("publisher:member:role_set", {"person": person, "role": role}),)
