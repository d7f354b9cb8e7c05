"""Who may command what: one table of role × command × relation. Every cell is tested.

A row allows a command to an actor who holds one of its roles and stands in one of its relations.
A command has several rows where different people may give it for different reasons.
"""

from dataclasses import dataclass

from policies.errors import NotAllowed, NotClaimed, Refused, SameVoice, SelfApproval
from policies.lifecycle.kernel import Actor, Relation, Role

OWNER, CLAIMANT, DECIDER = Relation.OWNER, Relation.CLAIMANT, Relation.DECIDER
SPOKE, OTHER = Relation.SPOKE, Relation.OTHER
OUTSIDE = frozenset({CLAIMANT, DECIDER, SPOKE, OTHER})  # not of the publisher
ANYONE = OUTSIDE | {OWNER}

_REVIEWERS = frozenset({Role.REVIEWER, Role.SENIOR_REVIEWER})
_DEVELOPER = frozenset({Role.DEVELOPER})
_LEAD = frozenset({Role.PRODUCT_LEAD})
_SAFETY = frozenset({Role.SAFETY_ONCALL})
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
_KEEPERS = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
_STAFF = frozenset(Role) - {Role.DEVELOPER, Role.SYSTEM}
_STOPPERS = frozenset({Role.SAFETY_ONCALL, Role.PRODUCT_LEAD, Role.ADMINISTRATOR})


@dataclass(frozen=True)
class Row:
    machine: str
    command: str
    roles: frozenset[Role]
    relations: frozenset[Relation]


def _row(machine: str, command: str, roles: frozenset[Role], *relations: Relation) -> Row:
    return Row(machine, command, roles, frozenset(relations))


ACCESS: tuple[Row, ...] = (
    _row("submission", "submit", _DEVELOPER, OWNER),
    _row("submission", "withdraw", _DEVELOPER, OWNER),
    _row("submission", "answer", _DEVELOPER, OWNER),
    _row("submission", "claim", _REVIEWERS, OTHER),
    _row("submission", "release_claim", _REVIEWERS, CLAIMANT),
    _row("submission", "release_claim", _LEAD, *OUTSIDE),
    _row("submission", "ask", _REVIEWERS, CLAIMANT),
    _row("submission", "request_changes", _REVIEWERS, CLAIMANT),
    _row("submission", "approve", _REVIEWERS, CLAIMANT),
    _row("submission", "reject", _REVIEWERS, CLAIMANT),
    _row("submission", "undo", _REVIEWERS, DECIDER),
    _row("submission", "confirm", _REVIEWERS, OTHER),
    _row("submission", "disagree", _REVIEWERS, OTHER),
    _row("release", "start", _LEAD, *OUTSIDE),
    _row("release", "schedule", _LEAD, *OUTSIDE),
    _row("release", "unschedule", _LEAD, *ANYONE),
    _row("release", "bind", _LEAD, *OUTSIDE),
    _row("release", "unbind", _LEAD, *ANYONE),
    _row("release", "unbind", _DEVELOPER, OWNER),
    _row("release", "choose", _DEVELOPER, OWNER),
    _row("release", "cancel", _LEAD, *ANYONE),
    _row("release", "cancel", _DEVELOPER, OWNER),
    _row("release", "pause", _LEAD | _SAFETY, *ANYONE),
    _row("release", "pause", _DEVELOPER, OWNER),
    _row("release", "resume", _LEAD, CLAIMANT, DECIDER, OTHER),
    _row("release", "resume", _DEVELOPER, OWNER),
    _row("release", "halt", _LEAD | _SAFETY, *ANYONE),
    _row("release", "roll_back", _LEAD | _SAFETY, *ANYONE),
    _row("release", "roll_back", _DEVELOPER, OWNER),
    _row("listing", "quarantine", _SAFETY, *ANYONE),
    _row("listing", "lift_quarantine", _SAFETY, *OUTSIDE),
    _row("listing", "unlist", _DEVELOPER, OWNER),
    _row("listing", "relist", _DEVELOPER, OWNER),
    _row("stop", "place", _STOPPERS, *ANYONE),
    _row("stop", "lift", _STOPPERS, *OUTSIDE),
    _row("embargo", "set", _LEAD, *ANYONE),
    _row("embargo", "set", _DEVELOPER, OWNER),
    _row("embargo", "move", _LEAD, *ANYONE),
    _row("embargo", "move", _DEVELOPER, OWNER),
    _row("embargo", "lift", _LEAD, CLAIMANT, DECIDER, OTHER),
    _row("window", "declare", _LEAD | _ADMINISTRATOR, *ANYONE),
    _row("window", "end", _LEAD | _ADMINISTRATOR, *OUTSIDE),
    _row("publisher", "found", _DEVELOPER | _ADMINISTRATOR, OTHER),
    # Owners and members alike; what only owners do is the machine's own rule.
    *(
        _row("publisher", command, _DEVELOPER, OWNER)
        for command in (
            "rename",
            "invite",
            "uninvite",
            "remove",
            "set_role",
            "challenge",
            "check",
            "confirm_duty",
        )
    ),
    _row("publisher", "leave", frozenset(Role) - {Role.SYSTEM}, OWNER),
    _row("publisher", "close", _DEVELOPER, OWNER),
    _row("publisher", "add_member", _ADMINISTRATOR, *OUTSIDE),
    # Whoever revoked a verification (DECIDER) does not give it back.
    _row("publisher", "attest", _LEAD | _ADMINISTRATOR, OTHER),
    _row("publisher", "revoke", _STOPPERS, *OUTSIDE),
    _row("publisher", "reinstate", _LEAD | _ADMINISTRATOR, OTHER),
    # Of the giving publisher for the first two, of the receiving one for the others.
    *(
        _row("transfer", command, _DEVELOPER, OWNER)
        for command in ("offer", "withdraw", "accept", "decline")
    ),
    _row("purge", "ask", _KEEPERS, OTHER),
    _row("purge", "confirm", _KEEPERS, OTHER),
    _row("purge", "decline", _KEEPERS, OTHER, DECIDER),
    _row("hold", "place", _KEEPERS, OTHER),
    _row("hold", "lift", _KEEPERS, OTHER),
    *(_row("memo", one, _LEAD, OTHER) for one in ("prepare", "edit", "send", "discard")),
    *(
        _row("launch", command, _LEAD, *ANYONE)
        for command in ("draft", "amend", "plan", "narrow", "open_gates", "call_poll", "resume")
    ),
    *(
        _row("launch", command, _LEAD, *ANYONE)
        for command in ("next_wave", "finish", "postpone", "replan", "close")
    ),
    # Which of them: the roles that the launch names, for its gates and its poll.
    _row("launch", "vote", _STAFF, *ANYONE),
    _row("launch", "hold", _STAFF, *ANYONE),
    *(
        _row("launch", command, _STAFF, *OUTSIDE)
        for command in ("attest", "sign", "waive", "override", "approve_date")
    ),
    _row("launch", "cancel", _STOPPERS, *ANYONE),
    _row("launch", "bring_forward", _STOPPERS, *ANYONE),
    # Which of them: the role that the window names.
    _row("launch", "override_freeze", _STOPPERS, *ANYONE),
    _row("launch", "suspend", _STOPPERS, *ANYONE),
    _row("launch", "restore", _LEAD | _SAFETY, *ANYONE),
)

OWN_GPT = "the publisher of this GPT"
_OWNED = {"publisher": "this publisher", "launch": "the owners of this launch"}
# Commands that judge: an owner who tries is told about separation, not about roles.
_JUDGING = frozenset(
    {
        "claim",
        "approve",
        "reject",
        "request_changes",
        "ask",
        "confirm",
        "disagree",
        "start",
        "schedule",
        "bind",
        "lift_quarantine",
        "lift",
        "end",
        "attest",
        "revoke",
        "reinstate",
        "add_member",
        "sign",
        "waive",
        "override",
        "approve_date",
    }
)


def allow(machine: str, command: str, actor: Actor, relation: Relation) -> None:
    """Return when the table allows it; raise the refusal that names the reason otherwise."""
    if actor.is_system:
        raise NotAllowed(f"“{command}” is a person's command", command=command)
    rows = [row for row in ACCESS if row.machine == machine and row.command == command]
    if any(relation in row.relations and row.roles & set(actor.roles) for row in rows):
        return
    raise _reason(command, actor, relation, rows)


def _reason(command: str, actor: Actor, relation: Relation, rows: list[Row]) -> Refused:
    by_role = [row for row in rows if row.roles & set(actor.roles)]
    if relation is OWNER and command in _JUDGING:
        of = _OWNED.get(rows[0].machine, OWN_GPT) if rows else OWN_GPT
        return SelfApproval(f"you belong to {of}, so somebody else decides")
    if by_role and relation in (SPOKE, DECIDER):
        return SameVoice("you gave your voice before; a second person is needed")
    if by_role and all(row.relations == {CLAIMANT} for row in by_role):
        return NotClaimed("claim the case first")
    wanted = sorted({role.value for row in rows for role in row.roles})
    because = f"“{command}” is not yours to give here; it needs: {', '.join(wanted)}"
    # The role is right, so naming roles would mislead.
    if by_role and relation is CLAIMANT:
        because = "you hold this case yourself"
    elif by_role and all(row.relations == {DECIDER} for row in by_role):
        because = "only the person who decided can do this"
    return NotAllowed(
        because,
        command=command,
        relation=relation.value,
        roles=wanted,
    )
