"""Who is told what: every event is spoken for, nobody is told of their own doing, no secrets leak
from inside a review."""

import json
from dataclasses import replace
from typing import Any

import pytest

from policies.lifecycle import purge, submission
from policies.lifecycle.kernel import Event, iso
from policies.lifecycle.machines import MACHINES
from policies.rules.notice_facts import facts_of, facts_value
from policies.rules.notice_topics import NOTICES
from policies.rules.notices import TOLD_OF, Person, recipients, tellings
from tests.builders import ADA, ALF, AMY, LEA, MAX, PUBLISHER, RUI, SENA, Journal
from tests.policies.launches import LAUNCHES, clear
from tests.policies.states import SYS, give, queued, walked

PEOPLE = (
    Person("per_ada", frozenset({"developer"}), frozenset({PUBLISHER})),
    Person("per_alf", frozenset({"developer"}), frozenset({PUBLISHER})),
    Person("per_eve", frozenset({"developer"}), frozenset({"pub_e"})),
    Person("per_ola", frozenset({"senior_reviewer", "product_lead"}), frozenset({PUBLISHER})),
    Person("per_rui", frozenset({"reviewer"})),
    Person("per_sena", frozenset({"senior_reviewer"})),
    Person("per_lea", frozenset({"product_lead"})),
    Person("per_sol", frozenset({"safety_oncall"})),
    Person("per_amy", frozenset({"administrator"})),
    Person("per_ada2", frozenset({"administrator"})),
    Person("per_ida", frozenset({"auditor"})),
)
# What nobody needs a message about: they did it themselves, it is seen where they are, or another
# event of the same moment says it better.
SILENT = {
    "submission:opened",
    "submission:static:passed",
    "submission:review:claimed",
    "submission:review:resumed",
    "submission:review:approved",  # can still be undone; told when it takes effect
    "submission:review:rejected",
    "release:cleared",
    "release:unscheduled",
    "release:resumed",
    "embargo:resolved",  # the clock law moved under the same civil time
    "memo:prepared",  # nobody has it yet
    "memo:edited",
    "memo:discarded",
    "purge:confirmed",  # its page says it, and whoever asked looks there
    "purge:declined",
    "hold:placed",
    "hold:lifted",
    "publisher:founded",
    "publisher:adopted",
    "publisher:renamed",
    "publisher:closed",
    "publisher:domain:challenged",
    "publisher:duty:confirmed",  # their own doing
    "publisher:domain:failed",  # the page of whoever asked for the look says it
    "publisher:member:enrolled",
    "publisher:member:joined",
    "publisher:member:left",
    "publisher:member:uninvited",
    "release:launch:chosen",  # its launch tells, once for all of them
    "listing:created",
    "listing:transferred",  # both publishers hear it of the transfer
    "listing:exposure:set",
    "listing:exposure:promoted",
    "listing:exposure:retracted",
    "listing:exposure:halted",
    "listing:exposure:resumed",
}
SUBJECTS = (
    "submission", "release", "listing", "stop", "publisher", "memo", "purge", "hold", "embargo",
)  # fmt: skip


def told(case: Journal[Any], before: Any) -> dict[str, set[str]]:
    """Who gets which notice of the newest event."""
    event = case.events[-1]
    found = recipients(tellings(event, before, case.state), PEOPLE, event.actor_id)
    return {notice: set(people) for notice, people in found.items()}


def after(case: Journal[Any], kind: str, actor: Any, **body: Any) -> dict[str, set[str]]:
    before = case.past
    give(case, kind, actor, **body)
    return told(case, before)


@pytest.mark.parametrize("kind", SUBJECTS)
def test_every_event_is_told_of_or_is_silent_on_purpose(kind: str) -> None:
    machine = MACHINES[kind]
    known = {fact for facts in machine.causes.values() for fact in facts} | machine.human_facts
    unspoken = {one for one in known if one not in TOLD_OF | SILENT}

    assert unspoken == set()
    assert not TOLD_OF & SILENT


def test_a_question_reaches_the_publisher_and_nobody_else() -> None:
    case = walked(("claim", RUI))()

    assert after(case, "ask", RUI) == {"question": {"per_ada", "per_alf", "per_ola"}}


def test_the_store_hears_that_a_case_waits_but_not_its_own_publisher() -> None:
    case = Journal(submission.MACHINE, "sub_1")
    give(case, "submit", ADA)
    give(case, "scanned", SYS)

    found = after(case, "tested", SYS)

    assert found["case_waiting"] == {"per_rui", "per_sena"}  # Ola reviews, and belongs to them
    assert found["tested"] == {"per_ada", "per_alf", "per_ola"}


def test_an_approval_is_told_when_it_takes_effect_and_not_before() -> None:
    case = walked(("claim", RUI))()

    assert after(case, "approve", RUI) == {}
    assert after(case.wait(minutes=11), "settle", SYS) == {
        "approved": {"per_ada", "per_alf", "per_ola"}
    }


def test_a_rejection_names_its_own_notice() -> None:
    case = walked(("claim", RUI), ("reject", RUI))()

    assert set(after(case.wait(minutes=11), "settle", SYS)) == {"rejected"}


def test_a_first_voice_is_known_inside_alone_and_not_to_whoever_gave_it() -> None:
    case = queued("high")
    give(case, "claim", RUI)

    assert after(case, "approve", RUI) == {"second_wanted": {"per_sena"}}


def test_a_disagreement_goes_to_the_first_voice_alone() -> None:
    case = queued("high")
    give(case, "claim", RUI)
    give(case, "approve", RUI)

    assert after(case, "disagree", SENA) == {"disagreed": {"per_rui"}}


def test_whoever_withdraws_is_not_told_and_whoever_held_the_claim_is() -> None:
    case = walked(("claim", RUI))()

    assert after(case, "withdraw", ADA) == {"case_withdrawn": {"per_rui"}}


def test_a_claim_taken_away_by_a_lead_is_told_and_one_given_back_is_not() -> None:
    taken, given = walked(("claim", RUI))(), walked(("claim", RUI))()

    assert after(taken, "release_claim", LEA) == {"claim_over": {"per_rui"}}
    assert after(given, "release_claim", RUI) == {}


def test_the_ladder_reminds_the_holder_then_a_lead_and_the_developer_then_the_lead() -> None:
    case = walked(("claim", RUI))()
    event = replace(case.events[-1], type="submission:overdue", actor_id="system")
    state = case.state

    def step(what: str) -> dict[str, set[str]]:
        one = replace(event, body={"what": what})
        found = recipients(tellings(one, state, state), PEOPLE, "system")
        return {notice: set(people) for notice, people in found.items()}

    assert step("nudge") == {"review_late": {"per_rui"}}
    assert step("breach") == {
        "review_late": {"per_lea"},
        "delayed": {"per_ada", "per_alf", "per_ola"},
    }
    assert step("escalation") == {"review_late": {"per_lea"}}


def test_a_colleague_of_the_actor_is_told_what_the_actor_did() -> None:
    case = walked(("claim", RUI), ("ask", RUI))()
    event = replace(case.events[-1], actor_id=ALF.id)

    found = recipients(tellings(event, case.past, case.state), PEOPLE, ALF.id)

    assert set(found["question"]) == {"per_ada", "per_ola"}


def test_the_other_keepers_hear_that_a_second_voice_is_wanted_to_erase() -> None:
    wish = Journal(purge.MACHINE, "prg_1")
    wish.give("ask", AMY, {"scope": "gpt", "target": "gpt_a", "reason": "request", "note": None})

    assert told(wish, None) == {"erasing_wanted": {"per_ada2", "per_ida"}}


def test_an_event_of_a_kind_without_rules_tells_nobody() -> None:
    case = queued()
    unknown = replace(case.events[-1], type="galaxy:opened")

    assert tellings(unknown, None, object()) == ()


def test_a_rule_that_names_no_notice_is_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    case = walked(("claim", RUI), ("ask", RUI))()
    event: Event = case.events[-1]
    # A catalogue without it, as after a careless rename.
    monkeypatch.delitem(NOTICES, "question")

    with pytest.raises(ValueError, match="unknown notice question"):
        tellings(event, None, case.state)


def test_an_earlier_date_reaches_whoever_has_a_release_in_the_launch_at_any_hour() -> None:
    road = LAUNCHES["gating, forward proposed"]()
    before, people = road.past, (*PEOPLE, replace(PEOPLE[0], launches=frozenset({"lch_1"})))
    assert road.state.proposal is not None
    assert road.state.proposal.target is not None
    target = road.state.proposal.target.as_json()
    road.give("bring_forward", MAX, {"reason": "ready", "target": target}, **clear(target))

    found = tellings(road.events[-1], before, road.state)
    facts = facts_of(road.events[-1], road.state)

    assert set(recipients(found, people, MAX.id)["launch_sooner"]) == {"per_ada"}
    assert NOTICES["launch_sooner"].urgent
    assert road.state.opens_at is not None
    assert (facts.launch, facts.at) == ("lch_1", iso(road.state.opens_at))
    assert facts.date == target


def test_a_new_date_after_a_postponement_reaches_whoever_has_a_release_in_the_launch() -> None:
    road = LAUNCHES["postponed"]()
    people = (*PEOPLE, replace(PEOPLE[0], launches=frozenset({"lch_1"})))
    assert road.state.target is not None
    before, target = road.past, road.state.target.as_json()
    road.give("replan", LEA, {"target": target})
    replanned = next(one for one in road.events if one.type == "launch:replanned")

    found = tellings(replanned, before, road.state)
    facts = facts_of(replanned, road.state)

    assert set(recipients(found, people, LEA.id)["launch_replanned"]) == {"per_ada"}
    assert facts_value(facts)["date"] == target
    assert facts_of(road.events[0], road.state).date is None


def test_of_a_closed_launch_the_staff_is_told_and_no_developer() -> None:
    road = LAUNCHES["closed"]()

    found = recipients(tellings(road.events[-1], None, road.state), PEOPLE, LEA.id)

    assert found.keys() == {"launch_closed"}
    assert not {"per_ada", "per_alf", "per_eve"} & set(found["launch_closed"])
    assert "per_sol" in found["launch_closed"]


@pytest.mark.parametrize("name", sorted(LAUNCHES.keys() - {"nothing"}))
def test_facts_of_a_launch_are_plain_values_whatever_its_date(name: str) -> None:
    road = LAUNCHES[name]()

    value = facts_value(facts_of(road.events[-1], road.state))

    assert json.loads(json.dumps(value)) == value
