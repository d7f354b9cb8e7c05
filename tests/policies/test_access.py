"""Every cell of role × relation × command, against a table that was written by hand.

yes     may give it                       self    of the publisher: somebody else decides
claim   must claim the case first         same    gave a voice before: a second person
no      neither role nor relation fits    *       every role that is not named, and none at all
"""

import itertools

import pytest

from policies.errors import Refused
from policies.lifecycle.kernel import SYSTEM_ACTOR, Actor, Relation, Role
from policies.lifecycle.launch_permits import PERSONS_COMMANDS as LAUNCH
from policies.lifecycle.listing import PERSONS_COMMANDS as LISTING
from policies.lifecycle.publisher import PERSONS_COMMANDS as PUBLISHER
from policies.lifecycle.release import PERSONS_COMMANDS as RELEASE
from policies.lifecycle.submission_permits import PERSONS_COMMANDS as SUBMISSION
from policies.lifecycle.transfer import SIDE_OF
from policies.rules.access import ACCESS, allow

BOTH = ("reviewer", "senior_reviewer")

# machine/command …, then one line per role: owner claimant decider spoke other
GRID = """
submission/submit submission/withdraw submission/answer listing/unlist listing/relist
developer         yes    no     same   same   no
*                 no     no     no     no     no

submission/claim submission/confirm submission/disagree
reviewer          self   no     same   same   yes
senior_reviewer   self   no     same   same   yes
*                 self   no     no     no     no

submission/ask submission/request_changes submission/approve submission/reject
reviewer          self   yes    same   same   claim
senior_reviewer   self   yes    same   same   claim
*                 self   no     no     no     no

submission/release_claim
reviewer          claim  yes    same   same   claim
senior_reviewer   claim  yes    same   same   claim
product_lead      no     yes    yes    yes    yes
*                 no     no     no     no     no

submission/undo
reviewer          no     no     yes    same   no
senior_reviewer   no     no     yes    same   no
*                 no     no     no     no     no

release/start release/schedule release/bind
product_lead      self   yes    yes    yes    yes
*                 self   no     no     no     no

release/unschedule
product_lead      yes    yes    yes    yes    yes
*                 no     no     no     no     no

release/choose
developer         yes    no     same   same   no
*                 no     no     no     no     no

release/cancel release/unbind
product_lead      yes    yes    yes    yes    yes
developer         yes    no     same   same   no
*                 no     no     no     no     no

release/pause release/roll_back
product_lead      yes    yes    yes    yes    yes
safety_oncall     yes    yes    yes    yes    yes
developer         yes    no     same   same   no
*                 no     no     no     no     no

release/resume
product_lead      no     yes    yes    same   yes
developer         yes    no     same   same   no
*                 no     no     no     no     no

release/halt
product_lead      yes    yes    yes    yes    yes
safety_oncall     yes    yes    yes    yes    yes
*                 no     no     no     no     no

listing/quarantine
safety_oncall     yes    yes    yes    yes    yes
*                 no     no     no     no     no

listing/lift_quarantine
safety_oncall     self   yes    yes    yes    yes
*                 self   no     no     no     no

stop/place
safety_oncall     yes    yes    yes    yes    yes
product_lead      yes    yes    yes    yes    yes
administrator     yes    yes    yes    yes    yes
*                 no     no     no     no     no

stop/lift
safety_oncall     self   yes    yes    yes    yes
product_lead      self   yes    yes    yes    yes
administrator     self   yes    yes    yes    yes
*                 self   no     no     no     no

embargo/set embargo/move
product_lead      yes    yes    yes    yes    yes
developer         yes    no     same   same   no
*                 no     no     no     no     no

embargo/lift
product_lead      self   yes    yes    same   yes
*                 self   no     no     no     no

window/declare
product_lead      yes    yes    yes    yes    yes
administrator     yes    yes    yes    yes    yes
*                 no     no     no     no     no

window/end
product_lead      self   yes    yes    yes    yes
administrator     self   yes    yes    yes    yes
*                 self   no     no     no     no

publisher/found
developer         no     no     same   same   yes
administrator     no     no     same   same   yes
*                 no     no     no     no     no

publisher/rename publisher/invite publisher/uninvite publisher/remove publisher/set_role
developer         yes    no     same   same   no
*                 no     no     no     no     no

publisher/challenge publisher/check publisher/close publisher/confirm_duty
developer         yes    no     same   same   no
*                 no     no     no     no     no

publisher/leave
*                 yes    no     same   same   no
nobody            no     no     no     no     no

publisher/add_member
administrator     self   yes    yes    yes    yes
*                 self   no     no     no     no

publisher/attest publisher/reinstate
product_lead      self   no     same   same   yes
administrator     self   no     same   same   yes
*                 self   no     no     no     no

purge/ask purge/confirm hold/lift
administrator     self   no     same   same   yes
auditor           self   no     same   same   yes
*                 self   no     no     no     no

transfer/offer transfer/withdraw transfer/accept transfer/decline
developer         yes    no     same   same   no
*                 no     no     no     no     no

hold/place
administrator     no     no     same   same   yes
auditor           no     no     same   same   yes
*                 no     no     no     no     no

purge/decline
administrator     no     no     yes    same   yes
auditor           no     no     yes    same   yes
*                 no     no     no     no     no

launch/draft launch/amend launch/plan launch/narrow launch/open_gates launch/call_poll
product_lead      yes    yes    yes    yes    yes
*                 no     no     no     no     no

launch/resume launch/next_wave launch/finish launch/postpone launch/replan launch/close
product_lead      yes    yes    yes    yes    yes
*                 no     no     no     no     no

launch/vote launch/hold
developer         no     no     no     no     no
nobody            no     no     no     no     no
*                 yes    yes    yes    yes    yes

launch/attest launch/sign launch/waive launch/override launch/approve_date
developer         self   no     no     no     no
nobody            self   no     no     no     no
*                 self   yes    yes    yes    yes

launch/cancel launch/bring_forward launch/suspend launch/override_freeze
safety_oncall     yes    yes    yes    yes    yes
product_lead      yes    yes    yes    yes    yes
administrator     yes    yes    yes    yes    yes
*                 no     no     no     no     no

launch/restore
safety_oncall     yes    yes    yes    yes    yes
product_lead      yes    yes    yes    yes    yes
*                 no     no     no     no     no

memo/prepare memo/edit memo/send memo/discard
product_lead      no     no     same   same   yes
*                 no     no     no     no     no

publisher/revoke
safety_oncall     self   yes    yes    yes    yes
product_lead      self   yes    yes    yes    yes
administrator     self   yes    yes    yes    yes
*                 self   no     no     no     no
"""
RELATIONS = (
    Relation.OWNER, Relation.CLAIMANT, Relation.DECIDER, Relation.SPOKE, Relation.OTHER,
)  # fmt: skip
WORD = {
    "": "yes", "self-approval": "self", "same-voice": "same", "not-claimed": "claim",
    "not-allowed": "no",
}  # fmt: skip


def cells() -> dict[tuple[str, str, Relation], str]:
    """`{(machine/command, role or *, relation): word}` of the table above."""
    found = {}
    for block in GRID.strip().split("\n\n"):
        heads, *lines = block.splitlines()
        for line, command in itertools.product(lines, heads.split()):
            role, *words = line.split()
            for relation, word in zip(RELATIONS, words, strict=True):
                found[command, role, relation] = word
    return found


CELLS = cells()
COMMANDS = sorted({command for command, _, _ in CELLS})
PEOPLE = [*(role.value for role in Role if role is not Role.SYSTEM), "nobody"]


def said(command: str, roles: tuple[str, ...], relation: Relation) -> str:
    machine, _, kind = command.partition("/")
    try:
        allow(machine, kind, Actor("per_x", roles), relation)
    except Refused as refused:
        return WORD[refused.code]
    return "yes"


def test_the_table_holds_every_persons_command_and_no_other() -> None:
    known = {f"submission/{kind}" for kind in SUBMISSION} | {f"release/{kind}" for kind in RELEASE}
    known |= {f"listing/{kind}" for kind in LISTING} | {"stop/place", "stop/lift"}
    known |= {f"memo/{kind}" for kind in ("prepare", "edit", "send", "discard")}
    known |= {f"launch/{kind}" for kind in LAUNCH}
    known |= {"purge/ask", "purge/confirm", "purge/decline", "hold/place", "hold/lift"}
    known |= {f"transfer/{kind}" for kind in SIDE_OF}
    known |= {"window/declare", "window/end", "embargo/set", "embargo/move", "embargo/lift"}
    # Accepting and declining is whose invitation it is, not whose role.
    known |= {f"publisher/{kind}" for kind in PUBLISHER} - {"publisher/accept", "publisher/decline"}

    assert set(COMMANDS) == known
    assert {f"{row.machine}/{row.command}" for row in ACCESS} == known


@pytest.mark.parametrize("command", COMMANDS)
def test_every_cell_says_what_the_table_says(command: str) -> None:
    every = list(itertools.product(PEOPLE, RELATIONS))
    expected = {
        (role, relation): CELLS.get((command, role, relation), CELLS[command, "*", relation])
        for role, relation in every
    }

    found = {(role, relation): said(command, (role,), relation) for role, relation in every}

    assert found == expected


@pytest.mark.parametrize("command", COMMANDS)
def test_i2_the_system_never_gives_a_persons_command(command: str) -> None:
    machine, _, kind = command.partition("/")

    with pytest.raises(Refused) as refused:
        allow(machine, kind, SYSTEM_ACTOR, Relation.SYSTEM)

    assert refused.value.code == "not-allowed"


@pytest.mark.parametrize("command", COMMANDS)
def test_two_roles_allow_what_either_allows(command: str) -> None:
    for one, two in itertools.combinations(PEOPLE, 2):
        for relation in RELATIONS:
            either = "yes" in (said(command, (one,), relation), said(command, (two,), relation))

            assert (said(command, (one, two), relation) == "yes") is either


def test_i2_no_judging_command_is_open_to_an_owner() -> None:
    judging = ("approve", "reject", "request_changes", "confirm", "disagree", "claim", "ask",
               "start", "schedule", "bind", "lift", "lift_quarantine", "attest", "revoke",
               "reinstate", "add_member")  # fmt: skip

    for (command, _, relation), word in CELLS.items():
        if command.partition("/")[2] in judging and relation is Relation.OWNER:
            assert word == "self"


def test_a_command_that_no_row_names_is_nobodys() -> None:
    assert said("submission/bless", ("administrator",), Relation.OTHER) == "no"
