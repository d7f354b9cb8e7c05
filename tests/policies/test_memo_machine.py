"""A memo is edited until somebody has it, and never afterwards."""

from dataclasses import replace
from typing import Any

import pytest

from policies.errors import Refused
from policies.lifecycle import memo
from tests.builders import CAST, LEA, Journal
from tests.policies.grids import every_cell_is_facts_or_a_named_refusal, malformed

TEXTS = {"subject": "prose:s", "text": "prose:t"}
PARTS = {"internal/en": TEXTS, "public/en": TEXTS, "public/fr": TEXTS}
ASK = {"launch": "lch_1", "what": "postponed", "about": 7, "parts": PARTS}
EDIT = {"part": "public/fr", "subject": "prose:s2", "text": "prose:t2"}
BODIES: dict[str, Any] = {
    "prepare": ASK,
    "edit": EDIT,
    "send": {"audience": "public"},
    "discard": {},
}
PUBLIC, INSIDE = ("send", {"audience": "public"}), ("send", {"audience": "internal"})
ROADS: dict[str, tuple[tuple[str, Any], ...]] = {
    "nothing": (),
    "prepared": (("prepare", ASK),),
    "edited": (("prepare", ASK), ("edit", EDIT)),
    "public": (("prepare", ASK), PUBLIC),
    "everybody": (("prepare", ASK), PUBLIC, INSIDE),
    "discarded": (("prepare", ASK), ("discard", {})),
}


def walked(*road: tuple[str, Any]) -> Journal[memo.Memo]:
    journal = Journal(memo.MACHINE, "mem_1")
    for kind, body in road:
        journal.give(kind, LEA, body)
    return journal


@pytest.mark.parametrize("row", ROADS)
@pytest.mark.parametrize("kind", [*BODIES, "bless"])
def test_every_cell_is_facts_or_a_named_refusal(row: str, kind: str) -> None:
    every_cell_is_facts_or_a_named_refusal(walked(*ROADS[row]), kind, BODIES.get(kind, {}), {})


@pytest.mark.parametrize(
    ("row", "possible"),
    [
        ("nothing", {"prepare"}),
        ("prepared", {"edit", "send", "discard"}),
        ("edited", {"edit", "send", "discard"}),
        ("public", set()),
        ("everybody", set()),
        ("discarded", set()),
    ],
)
def test_what_everybody_has_is_changed_by_nobody(row: str, possible: set[str]) -> None:
    road = walked(*ROADS[row])

    assert {kind for kind, body in BODIES.items() if not road.refused(kind, LEA, body)} == possible


def test_insiders_may_have_it_first_and_the_public_text_is_still_edited() -> None:
    road = walked(("prepare", ASK), INSIDE, ("edit", EDIT), PUBLIC)

    assert set(road.state.sent) == {"internal", "public"}
    assert road.state.parts["public/fr"] == memo.Part("prose:s2", "prose:t2", edits=1)
    assert walked(("prepare", ASK), INSIDE).refused("edit", LEA, EDIT | {"part": "internal/en"})


@pytest.mark.parametrize("kind", ["edit", "send", "discard"])
def test_i1_a_memo_that_changed_since_it_was_read_is_read_again(kind: str) -> None:
    road = walked(("prepare", ASK))
    read = BODIES[kind] | {"version": road.state.version}
    road.give("edit", LEA, EDIT)

    assert road.refused(kind, LEA, read) == "stale-decision"
    assert road.refused(kind, LEA, read | {"version": road.state.version}) == ""


def test_a_sending_tells_its_notice_where_the_text_is() -> None:
    last = walked(("prepare", ASK), PUBLIC).events[-1]

    assert last.body == {"audience": "public", "what": "postponed", "note": "prose:t"}


def test_only_a_lead_writes_memos() -> None:
    fresh = walked()

    may = {actor.id for actor in CAST if not fresh.refused("prepare", actor, ASK)}

    assert may == {actor.id for actor in CAST if "product_lead" in actor.roles}
    assert LEA.id in may


def test_a_correction_names_what_it_corrects_and_nothing_else_does() -> None:
    fresh = walked()
    right = ASK | {"what": "corrected", "corrects": "mem_0"}

    assert fresh.refused("prepare", LEA, right) == ""
    assert fresh.refused("prepare", LEA, right | {"corrects": None}) == "incomplete"
    assert fresh.refused("prepare", LEA, ASK | {"corrects": "mem_0"}) == "incomplete"
    assert walked(("prepare", right)).state.corrects == "mem_0"


@pytest.mark.parametrize(
    "wrong",
    [
        {"launch": ""},
        {"about": "7"},
        {"what": "blessed"},
        {"parts": {}},
        {"parts": {"secret/en": TEXTS}},
        {"parts": {"public/en": {"subject": "prose:s"}}},
        {"parts": {"public/en": {"subject": "prose:s", "text": "x" * 81}}},
        {"parts": "everything"},
    ],
)
def test_what_is_no_memo_is_refused(wrong: dict[str, Any]) -> None:
    assert walked().refused("prepare", LEA, ASK | wrong) == "incomplete"


def test_malformed_bodies_are_refused() -> None:
    for row, kind in (("nothing", "prepare"), ("prepared", "edit"), ("prepared", "send")):
        road = walked(*ROADS[row])
        with pytest.raises(Refused):
            memo.MACHINE.decide(road.past, malformed(road, kind, LEA), road.now, {})


def test_folds_refuse_what_they_do_not_know() -> None:
    road = walked(*ROADS["edited"])

    with pytest.raises(ValueError, match="unknown event"):
        memo.MACHINE.evolve(None, road.events[-1])
    with pytest.raises(ValueError, match="unknown event"):
        memo.MACHINE.evolve(road.state, replace(road.events[-1], type="memo:blessed"))
