"""Search all that can happen to publishers, requests to erase and legal holds (I10)."""

from collections.abc import Hashable, Iterator
from functools import cache

from policies.lifecycle import hold, publisher, purge
from policies.lifecycle.hold import Hold
from policies.lifecycle.publisher import LEGAL, SYSTEM_COMMANDS
from policies.lifecycle.publisher_state import NEXT, Publisher, Standing
from policies.lifecycle.purge import Purge, Step
from tests.builders import ADA, AMY, EVE, IDA, LEA, PUBLISHER, SOL, Journal
from tests.policies.publishers import HIDDEN, SHOWN, publisher_body
from tests.policies.states import SYS
from tests.policies.test_keeping_properties import BODIES
from tests.policies.test_reachability import Found, Offer, explore

PEOPLE = (ADA, EVE, LEA, SOL, AMY)


def publisher_offers(state: Publisher | None) -> Iterator[Offer]:
    for kind in ("found", "adopt", *LEGAL):
        people = (SYS,) if kind in (*SYSTEM_COMMANDS, "adopt") else PEOPLE
        looks = (SHOWN, HIDDEN) if kind in ("check", "recheck") else ({},)
        about: list[dict[str, str]] = [{}]
        if kind in ("invite", "uninvite", "remove", "add_member", "enrol"):
            about = [{"person": EVE.id}]
        if kind == "set_role":
            about = [{"person": p.id, "role": r} for p in (ADA, EVE) for r in ("owner", "member")]
        for actor in people:
            for look in looks:
                for change in about:
                    yield kind, actor, publisher_body(kind, **change), look


def publisher_key(s: Publisher) -> Hashable:
    return (
        s.standing, s.method, s.revoked_by, frozenset(s.members.items()), frozenset(s.invited),
        s.challenge is None, s.tries and s.tries.count, s.recheck_at is None,
    )  # fmt: skip


@cache
def publishers() -> Found:
    return explore(
        publisher.MACHINE, PUBLISHER, publisher_offers, publisher_key, lambda s: s.standing
    )


def purge_offers(state: Purge | None) -> Iterator[Offer]:
    for kind in ("ask", "confirm", "decline", "finish", "sweep"):
        for actor in (SYS,) if kind in purge.SYSTEM_COMMANDS else (AMY, IDA, LEA):
            yield kind, actor, BODIES.get(kind, {}), {}


@cache
def purges() -> Found:
    return explore(
        purge.MACHINE, "prg_1", purge_offers, lambda s: (s.step, s.scope, s.asked_by,
        s.confirmed_by), lambda s: s.step,
    )  # fmt: skip


def hold_offers(state: Hold | None) -> Iterator[Offer]:
    for kind in ("place", "lift"):
        for actor in (AMY, IDA, LEA):
            yield kind, actor, BODIES[kind], {}


@cache
def holds() -> Found:
    return explore(
        hold.MACHINE, "hld_1", hold_offers, lambda s: (s.status, s.placed_by), lambda s: s.status
    )


def test_every_standing_is_reached_and_every_move_of_the_table_made() -> None:
    named = {(one, two) for one, others in NEXT.items() for two in others}

    assert {state.standing for state in publishers().states.values()} == set(Standing)
    assert publishers().moves == named


def test_i10_every_publisher_that_is_not_closed_has_an_exit() -> None:
    for key, state in publishers().states.items():
        exits = publishers().exits.get(key, set())

        assert bool(exits) is (state.standing is not Standing.CLOSED), state


def test_i10_every_publisher_can_be_verified_again_by_somebody() -> None:
    """Its own people while a domain may be looked at; staff whenever it is unverified."""
    for key, state in publishers().states.items():
        if state.standing is Standing.UNVERIFIED:
            assert publishers().exits[key] & {"check", "attest", "reinstate"}, state


def test_i3_one_of_the_staff_revokes_whatever_holds() -> None:
    for state in publishers().states.values():
        if state.holds:
            road: Journal[Publisher] = Journal(publisher.MACHINE, PUBLISHER)
            road.past = state
            assert road.refused("revoke", SOL, publisher_body("revoke")) == ""


def test_i2_whoever_revoked_a_verification_does_not_give_it_back() -> None:
    revoked = [state for state in publishers().states.values() if state.revoked_by is not None]

    assert {state.revoked_by for state in revoked} == {SOL.id, AMY.id, LEA.id}
    for state in revoked:
        (who,) = (person for person in PEOPLE if person.id == state.revoked_by)
        road: Journal[Publisher] = Journal(publisher.MACHINE, PUBLISHER)
        road.past = state
        assert all(
            road.refused(kind, who, publisher_body(kind)) for kind in ("reinstate", "attest")
        )


def test_every_step_of_a_request_to_erase_is_reached_and_every_move_made() -> None:
    named = {(one, two) for one, others in purge.NEXT.items() for two in others}

    assert {state.step for state in purges().states.values()} == set(Step)
    assert purges().moves == named


def test_i10_every_request_that_is_not_over_can_be_declined_by_a_person() -> None:
    """So that none waits for ever for a hold to be lifted."""
    for key, state in purges().states.items():
        over = state.step in (Step.DONE, Step.DECLINED)

        assert ("decline" in purges().exits.get(key, set())) is not over, state


def test_i2_no_reachable_erasure_has_one_voice() -> None:
    for state in purges().states.values():
        if state.step in (Step.CONFIRMED, Step.DONE) and state.scope != "retention":
            assert {state.asked_by, state.confirmed_by} == {AMY.id, IDA.id}


def test_every_hold_is_lifted_by_somebody_else_and_then_it_is_over() -> None:
    assert {state.status for state in holds().states.values()} == {"held", "lifted"}
    for key, state in holds().states.items():
        assert holds().exits.get(key, set()) == ({"lift"} if state.status == "held" else set())
        assert state.lifted_by != state.placed_by


def test_the_search_is_wide_enough_to_mean_something() -> None:
    assert len(publishers().states) > 200
    assert len(purges().states) > 6
