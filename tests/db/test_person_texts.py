"""What a person wrote on something under way, or in force, outlives them until it is over."""

from gonogo.db.prose import keep_prose
from gonogo.erasable import plan
from gonogo.objects import Objects
from tests.builders import LEA, MAX, PUBLISHER, SOL, STORE
from tests.db.desk import Desk
from tests.db.openings import LAUNCH, in_gating, stored
from tests.policies.test_memo_machine import ASK as MEMO
from tests.policies.test_memo_machine import PARTS


def note(desk: Desk, text: str) -> str:
    kept = keep_prose(desk.engine, text)
    assert kept
    return kept


def goes(desk: Desk, objects: Objects, person: str) -> set[str]:
    return plan(desk.engine, objects, STORE, "person", person, desk.now).prose


def test_a_note_on_a_launch_stays_until_the_launch_is_over(desk: Desk, objects: Objects) -> None:
    opening, why = in_gating(desk), note(desk, "The kitchen burns.")
    stored(opening.give("hold", SOL, reason="incident", note=why))
    during = goes(desk, objects, SOL.id)
    opening.walk(("cancel", LEA), ("cancel", MAX))

    assert desk.state(LAUNCH).status.value == "cancelled"
    assert (during, goes(desk, objects, SOL.id)) == (set(), {why})


def test_the_text_of_a_memo_stays_with_its_launch(desk: Desk, objects: Objects) -> None:
    opening = in_gating(desk)
    parts = {
        name: {"subject": note(desk, f"{name}: later"), "text": note(desk, f"{name}: in May")}
        for name in PARTS
    }
    stored(desk.give("prepare", "mem_1", LEA, MEMO | {"launch": LAUNCH, "parts": parts}))
    stored(desk.give("send", "mem_1", LEA, {"audience": "internal"}))
    during = goes(desk, objects, LEA.id)
    opening.walk(("hold", SOL), ("cancel", LEA), ("cancel", MAX))

    texts = {digest for part in parts.values() for digest in part.values()}
    assert during & texts == set()
    assert goes(desk, objects, LEA.id) >= texts


def test_the_reason_of_a_stop_stays_while_it_is_in_force(desk: Desk, objects: Objects) -> None:
    why = note(desk, "They lost their keys.")
    body = {"scope": "publisher", "target": PUBLISHER, "reason": "incident", "note": why}
    stored(desk.give("place", "stp_1", SOL, body))
    during = goes(desk, objects, SOL.id)
    stored(desk.give("lift", "stp_1", LEA, {"reason": "over"}))

    assert (during, goes(desk, objects, SOL.id)) == (set(), {why})
