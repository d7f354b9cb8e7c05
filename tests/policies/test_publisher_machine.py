"""A publisher: owners decide who belongs, proof whether it is verified; staff only attest."""

from dataclasses import replace
from typing import Any

import pytest

from policies.errors import Refused
from policies.lifecycle.publisher import LEGAL, MACHINE, PERSONS_COMMANDS, to_prove
from policies.lifecycle.publisher_state import NEXT, Standing
from tests.builders import ADA, ALF, AMY, CAST, EVE, LEA, MAX, OLA, SOL
from tests.policies.grids import cell, every_cell_is_facts_or_a_named_refusal, malformed, rows_of
from tests.policies.publishers import (
    HIDDEN,
    LOOK,
    PROVEN,
    PUBLISHERS,
    SHOWN,
    publisher_body,
    shown,
    walked,
)
from tests.policies.states import SYS

KINDS = (*PERSONS_COMMANDS, "adopt", "enrol", "recheck")
# Where each command leads, whoever may give it; `.` where nobody may.
TABLE = """
               found      rename     invite     leave      challenge  check      attest   revoke     close  recheck  reinstate
nothing      | unverified .          .          .          .          .          .        .          .      .        .
unverified   | .          unverified unverified unverified unverified .          verified .          closed .        .
inviting     | .          unverified unverified unverified unverified .          verified .          closed .        .
challenged   | .          unverified unverified unverified unverified verified   verified .          closed .        .
verified     | .          verified   verified   verified   verified   verified   .        unverified closed verified .
verified, due| .          verified   verified   verified   verified   verified   .        unverified closed verified .
attested     | .          unverified verified   verified   verified   .          .        unverified closed verified .
lapsing      | .          lapsing    lapsing    lapsing    lapsing    verified   verified unverified closed verified .
lapsing, over| .          lapsing    lapsing    lapsing    lapsing    verified   verified unverified closed verified .
revoked      | .          unverified unverified unverified .          .          verified .          closed .        unverified
closed       | .          .          .          .          .          .          .        .          .      .        .
"""  # noqa: E501  # a table is read whole


@pytest.mark.parametrize("row", PUBLISHERS)
def test_each_command_leads_where_the_table_says(row: str) -> None:
    columns = rows_of(TABLE)[row]
    found = {
        kind: cell(PUBLISHERS[row](), kind, publisher_body(kind), SHOWN, lambda s: s.standing.value)
        for kind in columns
    }

    assert found == columns


@pytest.mark.parametrize("row", PUBLISHERS)
@pytest.mark.parametrize("kind", [*KINDS, "bless"])
def test_every_cell_is_facts_or_a_named_refusal(row: str, kind: str) -> None:
    every_cell_is_facts_or_a_named_refusal(PUBLISHERS[row](), kind, publisher_body(kind), SHOWN)


@pytest.mark.parametrize("row", [row for row in PUBLISHERS if row != "nothing"])
@pytest.mark.parametrize(
    "kind", ["invite", "uninvite", "remove", "set_role", "add_member", "challenge", "attest",
             "rename", "revoke", "reinstate"],
)  # fmt: skip
def test_a_command_that_brings_nothing_is_refused_by_name(row: str, kind: str) -> None:
    journal = PUBLISHERS[row]()

    for actor in CAST:
        with pytest.raises(Refused):
            MACHINE.decide(journal.past, malformed(journal, kind, actor), journal.now, SHOWN)


def test_a_developer_who_founds_is_its_owner_and_an_administrator_is_not() -> None:
    mine, theirs = PUBLISHERS["nothing"](), PUBLISHERS["nothing"]()

    mine.give("found", ADA, publisher_body("found"))
    theirs.give("found", AMY, publisher_body("found"))

    assert mine.state.members == {ADA.id: "owner"}
    assert theirs.state.members == {}
    assert theirs.give("add_member", AMY, {"person": "per_x"}).members == {"per_x": "owner"}


@pytest.mark.parametrize(
    "kind", ["rename", "invite", "uninvite", "remove", "set_role", "challenge", "close"]
)
def test_only_owners_change_a_publisher(kind: str) -> None:
    journal = walked(("invite", ADA))()

    assert journal.refused(kind, ALF, publisher_body(kind)) == "not-allowed"
    assert journal.refused(kind, ADA, publisher_body(kind)) == ""


def test_the_last_owner_neither_leaves_nor_is_removed_nor_steps_down() -> None:
    journal = walked()()

    assert journal.refused("leave", ADA) == "illegal-move"
    assert journal.refused("remove", ADA, {"person": ADA.id}) == "illegal-move"
    assert journal.refused("set_role", ADA, {"person": ADA.id, "role": "member"}) == "illegal-move"
    journal.give("set_role", ADA, {"person": ALF.id, "role": "owner"})
    assert journal.give("leave", ADA).members == {ALF.id: "owner", OLA.id: "member"}


def test_an_invitation_is_for_one_person_and_a_while() -> None:
    journal = walked(("invite", ADA))()

    assert journal.refused("accept", SOL) == "not-allowed"
    assert journal.copy().give("accept", EVE).members[EVE.id] == "member"
    assert journal.copy().give("decline", EVE).invited == {}
    assert journal.copy().give("uninvite", ADA, {"person": EVE.id}).invited == {}
    assert journal.wait(days=15).refused("accept", EVE) == "not-allowed"


def test_members_and_open_invitations_together_have_a_limit() -> None:
    journal = walked(("invite", ADA))()
    body = publisher_body("invite", person="per_more", limit=4)

    assert journal.refused("invite", ADA, body) == "over-limit"
    assert journal.refused("invite", ADA, publisher_body("invite", limit=4)) == ""  # once more
    assert journal.wait(days=15).refused("invite", ADA, body) == ""  # the other one ran out
    assert list(journal.give("invite", ADA, body).invited) == ["per_more"]


@pytest.mark.parametrize("proof", [{}, {"domain": "prose:domain"}])
def test_i7_a_domain_nobody_looked_at_proves_nothing(proof: dict[str, Any]) -> None:
    journal = walked(("challenge", ADA))()

    state = journal.give("check", ADA, LOOK, proof=proof)

    assert (state.standing, state.why) == (Standing.UNVERIFIED, ("not_looked",))


def test_a_failed_look_says_why_and_may_be_repeated_after_a_while() -> None:
    journal = walked(("challenge", ADA), ("check", ALF, HIDDEN))()

    assert journal.state.why == ("txt_missing", "https_status:404")
    assert journal.refused("check", ALF, LOOK, **SHOWN) == "not-yet"
    assert journal.wait(minutes=1).refused("check", ALF, LOOK, **SHOWN) == ""
    assert journal.give("check", ALF, LOOK, **SHOWN).holds


def test_looks_in_vain_are_counted_across_challenges_and_for_a_while() -> None:
    journal = walked(("challenge", ADA), ("check", ALF, HIDDEN))()
    other = {"proof": {"domain": "prose:other", "method": None, "why": ("txt_missing",)}}

    journal.give("challenge", ADA, publisher_body("challenge", domain="prose:other"))
    assert journal.refused("check", ALF, LOOK, **other) == "not-yet"
    journal.wait(minutes=2).give("check", ALF, LOOK, **other)
    journal.give("challenge", ADA, publisher_body("challenge"))
    journal.wait(minutes=2).give("check", ALF, LOOK, **HIDDEN)
    journal.give("challenge", ADA, publisher_body("challenge"))
    assert journal.wait(minutes=2).refused("check", ALF, LOOK, **SHOWN) == "over-limit"

    journal.wait(days=7).give("challenge", ADA, publisher_body("challenge"))
    assert journal.give("check", ALF, LOOK, **SHOWN).holds


def test_what_proved_one_domain_gives_no_new_looks_at_another() -> None:
    journal = walked(*PROVEN)()
    for _ in range(3):
        journal.wait(minutes=2).give("challenge", ADA, publisher_body("challenge"))
        journal.give("check", ALF, LOOK, **HIDDEN)
        journal.wait(minutes=2)
        if journal.refused("check", ALF, LOOK, **SHOWN) == "":
            journal.give("check", ALF, LOOK, **SHOWN)

    assert journal.refused("check", ALF, LOOK, **SHOWN) == "over-limit"


def test_i6_what_staff_revoked_no_domain_brings_back() -> None:
    journal = PUBLISHERS["revoked"]()

    for kind in ("challenge", "check"):
        with pytest.raises(Refused, match="reinstates it, or attests the name"):
            journal.decide(kind, ADA, publisher_body(kind), **SHOWN)
    assert journal.refused("reinstate", ADA, publisher_body("reinstate")) == "self-approval"
    reinstated = journal.copy()
    reinstated.give("reinstate", LEA, publisher_body("reinstate"))
    assert not reinstated.state.holds
    reinstated.give("challenge", ADA, publisher_body("challenge"))
    assert reinstated.give("check", ADA, LOOK, **SHOWN).holds


@pytest.mark.parametrize("kind", ["reinstate", "attest"])
def test_i2_whoever_revoked_does_not_give_it_back(kind: str) -> None:
    journal = walked(*PROVEN, ("revoke", LEA))()

    assert journal.refused(kind, LEA, publisher_body(kind)) == "same-voice"
    after = journal.give(kind, MAX, publisher_body(kind))
    assert (after.revoked_by, after.holds) == (None, kind == "attest")


def test_where_the_last_owner_is_gone_staff_name_another() -> None:
    journal = walked()()

    assert journal.refused("set_role", ALF, {"person": ALF.id, "role": "owner"}) == "not-allowed"
    with pytest.raises(Refused, match="ask an administrator of the store to name another owner"):
        journal.decide("leave", ADA)
    journal.give("add_member", AMY, {"person": ALF.id})
    assert journal.state.owners == (ADA.id,)
    journal.give("add_member", AMY, {"person": ALF.id, "role": "owner"})
    assert journal.give("add_member", AMY, {"person": "per_x", "role": "owner"}).owners == (
        ADA.id, ALF.id, "per_x",
    )  # fmt: skip
    assert journal.give("add_member", AMY, {"person": ALF.id, "role": "member"}).owners == (
        ADA.id, ALF.id, "per_x",
    )  # fmt: skip
    assert journal.give("leave", ADA).owners == (ALF.id, "per_x")


def test_a_challenge_runs_out() -> None:
    assert walked(("challenge", ADA), 8)().refused("check", ADA, LOOK, **SHOWN) == "illegal-move"


def test_i6_what_was_proven_stands_through_a_grace_and_is_lost_at_its_end() -> None:
    journal = walked(*PROVEN)()

    journal.give("recheck", SYS, {}, **HIDDEN)
    assert journal.state.standing is Standing.VERIFIED  # not due yet
    journal.wait(days=31).give("recheck", SYS, {}, **HIDDEN)
    assert (journal.state.standing, journal.state.holds) == (Standing.LAPSING, True)
    journal.wait(days=13).give("recheck", SYS, {}, **HIDDEN)
    assert journal.state.holds
    journal.wait(days=2).give("recheck", SYS, {}, **HIDDEN)
    assert (journal.state.standing, journal.state.domain) == (Standing.UNVERIFIED, None)


def test_what_is_shown_again_in_the_grace_is_verified_again() -> None:
    lapsing = PUBLISHERS["lapsing"]()

    by_itself = lapsing.copy().wait(days=1).give("recheck", SYS, {}, **SHOWN)
    by_hand = lapsing.copy().give("check", ALF, LOOK, **SHOWN)

    assert (by_itself.standing, by_hand.standing) == (Standing.VERIFIED, Standing.VERIFIED)
    assert by_hand.grace_until is None


def test_a_new_domain_is_proven_while_the_old_one_stands() -> None:
    journal = walked(*PROVEN)()
    journal.give("challenge", ADA, publisher_body("challenge", domain="prose:new"))

    assert (journal.state.holds, journal.state.domain) == (True, "prose:domain")
    journal.copy().give("check", ALF, LOOK, **HIDDEN)
    assert journal.give("check", ALF, LOOK, **shown("prose:new")).domain == "prose:new"


def test_i6_a_look_at_another_domain_renews_nothing() -> None:
    journal = walked(*PROVEN, 31)()
    journal.give("challenge", ADA, publisher_body("challenge", domain="prose:new"))
    other = shown("prose:new")

    assert to_prove(journal.state, "recheck", journal.now) == "prose:domain"
    assert to_prove(journal.state, "check", journal.now) == "prose:new"
    lapsing = journal.copy().give("recheck", SYS, {}, **other)
    assert (lapsing.standing, lapsing.why) == (Standing.LAPSING, ("not_looked",))
    # The challenge ran out during the look: what it found proves the old domain no longer.
    late = journal.copy().wait(days=8)
    assert late.give("check", ALF, LOOK, **other).recheck_at == journal.state.recheck_at
    # And the old domain's token does not prove the new one.
    assert journal.give("check", ALF, LOOK, **SHOWN).domain == "prose:domain"


def test_an_attested_name_ages_and_falls_with_the_name() -> None:
    attested = walked(("attest", LEA))()

    assert attested.copy().give("rename", ADA, {"name": "prose:x"}).standing is Standing.UNVERIFIED
    aged = attested.wait(days=366).give("recheck", SYS, {}, **SHOWN)
    assert (aged.standing, aged.why) == (Standing.LAPSING, ("attestation_old",))
    assert attested.give("attest", LEA, publisher_body("attest")).standing is Standing.VERIFIED


def test_i6_what_the_operator_vouched_for_falls_with_the_name() -> None:
    adopted = PUBLISHERS["nothing"]()
    adopted.give("adopt", SYS, publisher_body("adopt"))
    assert (adopted.state.holds, adopted.state.method) == (True, "operator")

    renamed = adopted.give("rename", ADA, {"name": "prose:x"})

    assert (renamed.standing, renamed.why) == (Standing.UNVERIFIED, ("renamed",))
    assert walked(*PROVEN)().give("rename", ADA, {"name": "prose:x"}).holds


@pytest.mark.parametrize("kind", ["attest", "revoke", "reinstate", "add_member"])
def test_i2_its_own_people_neither_attest_nor_revoke_nor_add(kind: str) -> None:
    roads = {"revoke": "verified", "reinstate": "revoked"}
    journal = PUBLISHERS[roads.get(kind, "unverified")]()

    assert journal.refused(kind, OLA, publisher_body(kind)) == "self-approval"


@pytest.mark.parametrize("kind", ["adopt", "enrol", "recheck"])
def test_i2_the_systems_commands_are_no_persons(kind: str) -> None:
    for actor in CAST:
        if not actor.is_system:
            row = "nothing" if kind == "adopt" else "verified"
            assert PUBLISHERS[row]().refused(kind, actor, publisher_body(kind)) == "not-allowed"


def test_i2_the_system_causes_no_fact_of_a_person() -> None:
    by_people = {
        "publisher:founded", "publisher:renamed", "publisher:member:invited",
        "publisher:member:uninvited", "publisher:member:joined", "publisher:member:left",
        "publisher:member:removed", "publisher:member:role_set", "publisher:domain:challenged",
        "publisher:name:attested", "publisher:verification:revoked",
        "publisher:reinstated", "publisher:closed", "publisher:duty:confirmed",
    }  # fmt: skip

    assert MACHINE.human_facts == by_people


def test_a_closed_publisher_has_nobody_and_does_nothing_more() -> None:
    closed = PUBLISHERS["closed"]()

    assert (closed.state.members, closed.state.recheck_at) == ({}, None)
    for kind in LEGAL:
        for actor in CAST:
            assert closed.refused(kind, actor, publisher_body(kind), **SHOWN)


def test_every_standing_and_move_is_made_by_some_road() -> None:
    made = set()
    offers: list[tuple[str, Any, Any]] = [
        (kind, actor, seen) for kind in LEGAL for actor in CAST for seen in (SHOWN, HIDDEN)
    ]
    for make in PUBLISHERS.values():
        road = make()
        if road.past is None:
            continue
        for kind, actor, seen in offers:
            after = road.copy()
            try:
                after.give(kind, actor, publisher_body(kind), **seen)
            except Refused:
                continue
            if after.state.standing is not road.state.standing:
                made.add((road.state.standing, after.state.standing))

    assert made == {(one, two) for one, others in NEXT.items() for two in others}


def test_a_fold_refuses_what_it_does_not_know() -> None:
    closed = PUBLISHERS["closed"]()
    proven = PUBLISHERS["verified"]().events[-1]

    with pytest.raises(ValueError, match="unknown event"):
        MACHINE.evolve(None, proven)
    with pytest.raises(ValueError, match="unknown event"):
        MACHINE.evolve(closed.state, replace(proven, type="publisher:blessed"))
    with pytest.raises(ValueError, match="is not a move"):
        MACHINE.evolve(closed.state, proven)


def test_a_duty_is_confirmed_once_under_the_same_policies_and_anew_under_others() -> None:
    founded = PUBLISHERS["unverified"]().copy()
    first = {"duty": "accept_policies", "terms": "t1"}

    told = founded.give("confirm_duty", ADA, first)
    events = len(founded.events)
    founded.give("confirm_duty", ADA, first)
    again = founded.give("confirm_duty", ADA, first | {"terms": "t2"})

    assert told.confirmed == {"accept_policies": "t1"}
    assert again.confirmed == {"accept_policies": "t2"}
    assert len(founded.events) == events + 1
    assert founded.refused("confirm_duty", ADA, {"duty": "accept_policies"}) == "incomplete"
