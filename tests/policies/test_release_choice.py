"""What a developer chooses when the launch of a release is postponed: it opens nothing."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.lifecycle.kernel import iso
from policies.lifecycle.release import MACHINE
from policies.lifecycle.release_choice import asked_value, defaulted
from policies.lifecycle.release_state import LIVE, Phase, Release
from policies.rules.postponing_request import Choice
from tests.builders import ADA, ALF, CAST, EVE, LEA, OLA, T0, Journal
from tests.policies.states import HOLDS, RELEASES, SYS

DAY = timedelta(days=1)


def row(nth: int = 1, *, default: str = "wait", **over: Any) -> dict[str, Any]:
    """The row of a launch that asks until the eighth day, as the release's workflow reads it."""
    asked = {"nth": nth, "decide_by": iso(T0 + 8 * DAY), "default": default, "at": iso(T0 + DAY),
             "closed": False}  # fmt: skip
    seen = {"status": "postponed", "wave": 0, "excluded": None, "asked": asked | over}
    return {"launch": seen}


def said(choice: str, nth: int = 1, launch: str = "lch_1") -> dict[str, Any]:
    return {"launch": launch, "nth": nth, "choice": choice}


def bound() -> Journal[Release]:
    return RELEASES["bound"]().wait(days=2)


def types(journal: Journal[Release]) -> list[str]:
    return [event.type for event in journal.events]


def test_wait_is_said_and_may_be_changed_until_the_time_is_over() -> None:
    journal = bound()

    waits = journal.give("choose", ADA, said("wait"), **row())
    again = journal.give("choose", ALF, said("wait"), **row())

    assert (waits.phase, waits.launch) == (Phase.BOUND, "lch_1")
    assert waits.chose("lch_1", 1) is Choice.WAIT
    assert again.seq == waits.seq  # said twice, it holds already

    left = journal.give("choose", ADA, said("withdraw"), **row())

    assert left.phase is Phase.READY
    assert left.is_withdrawn


@pytest.mark.parametrize(
    ("choice", "why"), [("ship_alone", "ships_alone"), ("withdraw", "withdrawn")]
)
def test_leaving_takes_effect_at_once_and_starts_nothing(choice: str, why: str) -> None:
    journal = bound()

    left = journal.give("choose", ADA, said(choice), **row())

    assert (left.phase, left.launch, left.stage, left.bound_from) == (Phase.READY, None, None, None)
    assert left.chose("lch_1", 1) is Choice(choice)
    assert types(journal)[-2:] == ["release:launch:chosen", "release:unbound"]
    assert journal.events[-1].body["why"] == why


def test_what_ships_alone_is_started_like_any_other_with_i6_as_its_condition() -> None:
    journal = bound()
    journal.give("choose", ADA, said("ship_alone"), **row())

    assert journal.refused("start", ADA, {}, **HOLDS) == "self-approval"
    assert journal.refused("start", LEA, {}) == "evidence-blocks"
    assert journal.give("start", LEA, {}, **HOLDS).phase is Phase.ROLLING


@pytest.mark.parametrize("kind", ["start", "schedule", "bind"])
def test_i6_nobody_opens_what_its_developer_withdrew(kind: str) -> None:
    journal = bound()
    journal.give("choose", ADA, said("withdraw"), **row())
    told = {"at": iso(journal.now + DAY), "launch": "lch_1", "wave": 1, "importance": "must"}

    assert {journal.refused(kind, who, told, **HOLDS) for who in (LEA, OLA)} <= {
        "illegal-move", "self-approval",
    }  # fmt: skip

    put_back = journal.give("choose", ADA, said("ship_alone"))

    assert (put_back.phase, put_back.is_withdrawn) == (Phase.READY, False)
    assert journal.refused(kind, LEA, told, **HOLDS) == ""


def test_what_left_does_not_return_to_its_launch_by_a_choice() -> None:
    journal = bound()
    journal.give("choose", ADA, said("withdraw"), **row())
    count = len(journal.events)

    assert journal.refused("choose", ADA, said("wait"), **row()) == "illegal-move"
    assert journal.refused("choose", ADA, said("ship_alone", nth=2), **row()) == "illegal-move"
    assert journal.refused("choose", ADA, said("ship_alone", launch="lch_2")) == "illegal-move"
    journal.give("choose", ADA, said("withdraw"), **row())
    assert len(journal.events) == count


@pytest.mark.parametrize(
    ("road", "told", "seen", "code"),
    [
        ("bound", said("wait"), {}, "not-yet"),  # nobody looked
        ("bound", said("wait"), {"launch": row()["launch"] | {"asked": None}}, "illegal-move"),
        ("bound", said("wait", launch="lch_2"), row(), "illegal-move"),
        ("bound", said("wait", nth=2), row(), "stale-decision"),
        ("bound", said("wait"), row(2), "stale-decision"),
        ("bound", said("wait"), row(closed=True), "illegal-move"),
        ("bound", said("wait"), row(decide_by=iso(T0 + 2 * DAY)), "illegal-move"),
        ("bound", said("wait"), {"launch": row()["launch"] | {"status": "live", "wave": 1}},
         "illegal-move"),
        ("ready", said("wait"), row(), "illegal-move"),
        ("scheduled", said("wait"), row(), "illegal-move"),
        ("opened", said("wait"), row(), "illegal-move"),
    ],
)  # fmt: skip
def test_a_choice_that_comes_too_late_or_to_the_wrong_place_is_refused(
    road: str, told: dict[str, Any], seen: dict[str, Any], code: str
) -> None:
    assert RELEASES[road]().wait(days=2).refused("choose", ADA, told, **seen) == code


@pytest.mark.parametrize(
    "fault",
    [
        {"launch": None}, {"launch": 7}, {"launch": "rel_1"}, {"launch": ["lch_1"]},
        {"nth": None}, {"nth": 0}, {"nth": True}, {"nth": "1"}, {"nth": 1.5},
        {"choice": None}, {"choice": "leave"}, {"choice": ["wait"]}, {"choice": {"x": 1}},
    ],
)  # fmt: skip
def test_a_choice_that_says_nothing_sensible_is_refused_by_its_field(fault: dict[str, Any]) -> None:
    assert bound().refused("choose", ADA, said("wait") | fault, **row()) == "incomplete"


def test_only_the_publishers_people_choose() -> None:
    taken = {who.id for who in CAST if not bound().refused("choose", who, said("wait"), **row())}

    assert taken == {ADA.id, ALF.id}
    assert bound().refused("choose", EVE, said("wait"), **row()) == "not-allowed"


@pytest.mark.parametrize("default", ["ship_alone", "withdraw"])
def test_who_said_nothing_has_chosen_the_default_once_the_time_is_over(default: str) -> None:
    journal = bound()
    over = row(default=default, closed=True)
    assert journal.refused("settle", SYS, {}, **row(default=default)) == "not-yet"

    left = journal.give("settle", SYS, {}, **over)

    assert left.phase is Phase.READY
    assert left.chosen is not None
    assert (left.chosen.choice, left.chosen.by_default) == (Choice(default), True)
    assert types(journal)[-2:] == ["release:launch:defaulted", "release:unbound"]
    assert left.is_withdrawn is (default == "withdraw")


def test_waiting_by_default_writes_nothing() -> None:
    assert bound().refused("settle", SYS, {}, **row(closed=True)) == "not-yet"


def test_who_said_wait_waits_whatever_the_default_is() -> None:
    journal = bound()
    journal.give("choose", ADA, said("wait"), **row(default="withdraw"))

    over = row(default="withdraw", closed=True)

    assert journal.refused("settle", SYS, {}, **over) == "not-yet"
    again = row(2, default="withdraw", closed=True)  # asked again, and silent this time
    assert journal.refused("settle", SYS, {}, **again) == ""


def test_the_default_takes_nothing_out_that_was_bound_after_the_question() -> None:
    journal = bound()
    over = row(default="withdraw", closed=True, at=iso(T0 - DAY))

    assert journal.refused("settle", SYS, {}, **over) == "not-yet"


def test_i9_the_default_takes_nothing_from_people_who_have_it() -> None:
    opened = row(default="withdraw", closed=True)["launch"] | {"status": "partial", "wave": 1}

    assert bound().refused("settle", SYS, {}, launch=opened) == "not-yet"
    passed_over = RELEASES["passed over"]().wait(days=2)
    dark = opened | {"excluded": ["evidence_stale"]}
    assert passed_over.refused("settle", SYS, {}, launch=dark) == ""


def test_the_system_cannot_choose_in_a_persons_name() -> None:
    assert bound().refused("choose", SYS, said("wait"), **row()) == "not-allowed"
    assert bound().refused("settle", LEA, {}, **row(closed=True)) == "not-allowed"
    assert "release:launch:chosen" in MACHINE.human_facts
    assert MACHINE.causes["choose"] == {"release:launch:chosen", "release:unbound"}


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(sorted(RELEASES)),
    st.sampled_from([choice.value for choice in Choice]),
    st.sampled_from(["choose", "settle"]),
    st.booleans(),
    st.integers(1, 2),
)
def test_i6_no_choice_and_no_default_ever_lets_exposure_start_or_grow(
    road: str, choice: str, kind: str, closed: bool, nth: int
) -> None:
    journal = RELEASES[road]()
    before = journal.past
    seen = row(nth, default=choice, closed=closed, at=iso(T0 + 900 * DAY))
    seen["launch"]["asked"]["decide_by"] = iso(journal.now + DAY)
    who = ADA if kind == "choose" else SYS

    if journal.refused(kind, who, said(choice, nth), **HOLDS, **seen):
        return
    after = journal.give(kind, who, said(choice, nth), **HOLDS, **seen)

    assert before is not None
    assert after.stage == before.stage
    assert after.phase not in LIVE
    assert after.phase is before.phase or after.phase is Phase.READY


def test_what_a_launch_asks_is_the_same_from_its_state_and_from_its_picture() -> None:
    asked = row()["launch"]["asked"]
    assert asked_value(None) is None
    assert (
        asked_value({**asked, "decide_by": "2026-04-09T11:00:00+02:00", "reminded": True}) == asked
    )
    assert defaulted(bound().state, {"asked": None}) is None
