"""The go/no-go poll (L4): every role says GO, or nothing opens; dissent is kept for good."""

from typing import Any

import pytest

from policies.lifecycle.kernel import Actor
from policies.lifecycle.launch_state import Launch, Status
from tests.builders import AMY, LEA, MAX, PIA, SOL, Journal
from tests.policies.launches import (
    DAY,
    GATING,
    GREEN,
    OPEN,
    OPENING,
    POLLED,
    SYS,
    items,
    launched,
    looked,
    seen,
    walk,
)


def voting(*votes: tuple[Any, str, str]) -> Journal[Launch]:
    road = launched(*POLLED)()
    for actor, role, word in votes:
        said(road, actor, role, word)
    return road


def said(road: Journal[Launch], actor: Any, role: str, word: str) -> Launch:
    told = {"role": role, "vote": word, "round": road.state.rounds, "statement": "prose:s"}
    return road.give("vote", actor, told)


LEAD, SAFETY, POLICY = "product_lead", "safety_oncall", "policy_editor"


def test_all_go_arms_it_at_once() -> None:
    road = voting((MAX, LEAD, "GO"), (SOL, SAFETY, "GO"), (PIA, POLICY, "GO"))

    state = road.give("poll_over", SYS)

    assert (state.status, state.poll and state.poll.outcome) == (Status.ARMED, "go")


@pytest.mark.parametrize(
    ("votes", "outcome"),
    [
        ((), "silent"),
        (((MAX, LEAD, "GO"), (SOL, SAFETY, "GO")), "silent"),
        (((MAX, LEAD, "ABSTAIN"), (SOL, SAFETY, "GO"), (PIA, POLICY, "GO")), "abstained"),
        (((MAX, LEAD, "NO_GO"), (SOL, SAFETY, "GO"), (PIA, POLICY, "ABSTAIN")), "no_go"),
        (((SOL, SAFETY, "NO_GO"),), "no_go"),
    ],
)
def test_anything_but_go_from_every_role_goes_back_after_a_day(
    votes: tuple[tuple[Any, str, str], ...], outcome: str
) -> None:
    road = voting(*votes)

    assert road.wait(hours=23.9).refused("poll_over", SYS) == "not-yet"
    state = road.wait(hours=0.1).give("poll_over", SYS)

    assert (state.status, state.poll and state.poll.outcome) == (Status.GATING, outcome)


def test_a_failed_round_waits_for_the_lead_to_call_the_next() -> None:
    road = voting((MAX, LEAD, "NO_GO")).wait(days=1)
    road.give("poll_over", SYS)

    assert road.refused("begin_poll", SYS, {}, **seen(road.now)) == "not-yet"
    walk(road, ("call_poll", LEA), ("begin_poll", SYS))

    assert (road.state.status, road.state.rounds) == (Status.POLL, 2)
    assert road.state.standing_votes() == {}


def test_safety_does_not_abstain() -> None:
    road = launched(*POLLED)()
    told = {"role": SAFETY, "vote": "ABSTAIN", "round": 1, "statement": "prose:s"}

    assert road.refused("vote", SOL, told) == "illegal-move"


def test_dissent_is_kept_when_a_vote_is_changed() -> None:
    road = voting((MAX, LEAD, "NO_GO"), (MAX, LEAD, "ABSTAIN"), (MAX, LEAD, "GO"))

    assert [v.vote for v in road.state.votes] == ["NO_GO", "ABSTAIN", "GO"]
    assert road.state.standing_votes()[LEAD].vote == "GO"


def test_dissent_is_kept_when_a_launch_moves() -> None:
    road = voting((MAX, LEAD, "NO_GO"))

    walk(road, ("postpone", LEA), ("replan", LEA))

    assert road.state.votes[0].vote == "NO_GO"
    assert road.state.poll is None


def test_a_vote_is_not_changed_for_ever() -> None:
    road = voting(*[(MAX, LEAD, word) for word in ("GO", "NO_GO") * 5])

    told = {"role": LEAD, "vote": "GO", "round": 1}
    assert road.refused("vote", MAX, told) == "over-limit"
    assert said(road, SOL, SAFETY, "GO").standing_votes()[SAFETY].vote == "GO"


def test_i1_a_vote_is_for_the_round_it_names() -> None:
    road = voting((MAX, LEAD, "NO_GO")).wait(days=1)
    road.give("poll_over", SYS)
    walk(road, ("call_poll", LEA), ("begin_poll", SYS))

    for round in (1, 3, None, "2"):
        told = {"role": LEAD, "vote": "GO", "round": round}
        assert road.refused("vote", MAX, told) == "stale-decision"


def test_i2_one_person_speaks_for_one_role() -> None:
    both = Actor("per_two", ("product_lead", "safety_oncall"))
    road = voting((both, LEAD, "GO"))

    told = {"role": SAFETY, "vote": "GO", "round": 1}
    assert road.refused("vote", both, told) == "same-voice"
    assert road.refused("vote", SOL, {"role": LEAD, "vote": "GO", "round": 1}) == "not-allowed"
    assert road.refused("vote", SOL, {"role": "auditor", "vote": "GO", "round": 1}) == "incomplete"


def test_a_no_is_explained_and_a_go_need_not_be() -> None:
    road = launched(*POLLED)()

    for word in ("NO_GO", "ABSTAIN"):
        assert road.refused("vote", MAX, {"role": LEAD, "vote": word, "round": 1}) == "incomplete"
    assert road.refused("vote", MAX, {"role": LEAD, "vote": "GO", "round": 1}) == ""


def overriding(road: Journal[Launch], role: str, actor: Actor = AMY, **saw: Any) -> str:
    told = {"role": role, "round": 1, "rationale": "prose:r"}
    code = road.refused("override", actor, told, **saw)
    if not code:
        road.give("override", actor, told, **saw)
    return code


def test_a_risk_acceptor_overrides_a_no_go_which_stays_what_it_is() -> None:
    road = voting((MAX, LEAD, "NO_GO"), (SOL, SAFETY, "GO"), (PIA, POLICY, "GO"))

    assert overriding(road, LEAD) == ""
    state = road.give("poll_over", SYS)

    assert state.status is Status.ARMED
    assert (state.votes[0].vote, state.votes[0].override) == ("NO_GO", AMY.id)


def test_a_new_no_go_is_not_covered_by_an_override_of_the_old_one() -> None:
    road = voting((MAX, LEAD, "NO_GO"), (SOL, SAFETY, "GO"), (PIA, POLICY, "GO"))
    overriding(road, LEAD)

    said(road, MAX, LEAD, "NO_GO")

    assert road.refused("poll_over", SYS) == "not-yet"


def test_only_a_standing_no_go_is_overridden() -> None:
    road = voting((MAX, LEAD, "ABSTAIN"), (PIA, POLICY, "GO"))

    for role in (LEAD, POLICY, SAFETY):
        assert overriding(road, role, items=items()) == "illegal-move"


@pytest.mark.parametrize(
    ("saw", "code"),
    [
        ({"items": items(tier="low")}, ""),
        ({"items": items(tier="medium")}, ""),
        ({"items": items(tier="high")}, "not-allowed"),
        ({"items": items(tier="unheard-of")}, "not-allowed"),
        ({"items": items(tier=None)}, "not-allowed"),
        ({}, "not-allowed"),
    ],
)
def test_i7_safetys_no_go_above_the_line_or_unknown_is_the_last_word(
    saw: dict[str, Any], code: str
) -> None:
    road = voting((SOL, SAFETY, "NO_GO"))

    assert overriding(road, SAFETY, **saw) == code


def overridden_over_low_tiers() -> Journal[Launch]:
    """Armed over safety's NO-GO, whose risk was accepted while all items were of a low tier."""
    road = voting((MAX, LEAD, "GO"), (SOL, SAFETY, "NO_GO"), (PIA, POLICY, "GO"))
    overriding(road, SAFETY, items=items(tier="low"))
    return walk(road, ("poll_over", SYS), 1.0 * DAY, ("start_countdown", SYS))


@pytest.mark.parametrize("kind", ["check", "open_wave"])
@pytest.mark.parametrize("tier", ["medium", "high"])
def test_items_that_join_after_an_override_are_not_opened_over_safetys_no_go(
    kind: str, tier: str
) -> None:
    road = overridden_over_low_tiers()
    if kind == "open_wave":
        walk(road, ("check", SYS), 1.0 * DAY)
    saw = {"gates": looked(road.now), "items": items(tier=tier), **OPEN}

    state = road.give(kind, SYS, {}, **saw)

    if tier == "medium":  # the line: up to it somebody may take the risk
        assert state.status is (Status.LIVE if kind == "open_wave" else Status.COUNTDOWN)
        return
    assert (state.status, state.wave) == (Status.HOLD, 0)
    assert state.held is not None
    assert state.held.cause == "safety_no_go"


def test_a_later_wave_of_a_higher_tier_is_not_opened_over_safetys_no_go() -> None:
    road = walk(overridden_over_low_tiers(), ("check", SYS), 1.0 * DAY)
    two = {"gates": looked(road.now), "items": items(waves=2), **OPEN}
    road.give("open_wave", SYS, {}, **two)
    walk(road, ("next_wave", LEA))
    high = {"gates": looked(road.now), "items": items(2, tier="high", waves=2), **OPEN}

    state = road.give("open_wave", SYS, {}, **high)

    assert (state.status, state.wave) == (Status.HOLD, 1)
    assert state.held is not None
    assert state.held.cause == "safety_no_go"


def test_i2_a_risk_acceptor_neither_owns_the_launch_nor_votes_in_it() -> None:
    both = Actor("per_both", ("administrator", "policy_editor", "product_lead"))
    mine = launched(("draft", both), *POLLED[1:])()
    said(mine, MAX, LEAD, "NO_GO")
    voted = voting((MAX, LEAD, "NO_GO"), (both, POLICY, "GO"))
    accepted = voting((MAX, LEAD, "NO_GO"))

    assert overriding(mine, LEAD, both) == "self-approval"
    assert overriding(voted, LEAD, both) == "same-voice"
    assert overriding(accepted, LEAD, SOL) == "not-allowed"
    assert overriding(accepted, LEAD, both) == ""
    told = {"role": POLICY, "vote": "GO", "round": 1}
    assert accepted.refused("vote", both, told) == "same-voice"
    said(voted, PIA, POLICY, "GO")  # she speaks for the role now; who spoke before did so, too
    assert overriding(voted, LEAD, both) == "same-voice"


def test_a_round_that_is_over_takes_no_voice() -> None:
    road = voting((MAX, LEAD, "NO_GO")).wait(days=1)

    assert road.refused("vote", MAX, {"role": LEAD, "vote": "GO", "round": 1}) == "illegal-move"
    assert overriding(road, LEAD) == "illegal-move"


def test_a_poll_that_opens_late_closes_at_the_opening() -> None:
    road = launched(*GATING, 19.5 * DAY, *GREEN, ("begin_poll", SYS))()

    assert road.state.poll is not None
    assert road.state.poll.closes_at == OPENING
