"""What is not erased yet: what is open, listed, held, or needs its people."""

import pytest

from gonogo.db.adoption import adopt
from gonogo.db.membership import leave
from gonogo.db.people import PersonRow
from gonogo.db.session import reading, writing
from gonogo.erasable import plan
from gonogo.erasure import Interrupted, erase
from gonogo.objects import Objects
from tests.builders import AMY, IDA, PUBLISHER, STORE
from tests.db.desk import Desk
from tests.db.purging import asked, rejected
from tests.db.test_limits import code
from tests.policies.states import PREPARED, SYS


def test_an_open_case_and_a_listed_gpt_are_not_erased(desk: Desk) -> None:
    desk.approved(1)
    desk.ledger.record(desk.exposing(1))
    desk.queued(2)

    listed, open_case = asked(desk, "gpt", "gpt_1"), asked(desk, "submission", "sub_2", 2)

    assert listed.refusal is not None
    assert listed.refusal.detail["subjects"] == ["lst_1"]
    assert open_case.refusal is not None
    assert open_case.refusal.detail["subjects"] == ["sub_2"]


@pytest.mark.parametrize(
    ("scope", "target"),
    [("gpt", "gpt_1"), ("submission", "sub_1"), ("publisher", PUBLISHER)],
)
def test_a_legal_hold_on_any_part_or_whole_forbids_it(
    desk: Desk, objects: Objects, scope: str, target: str
) -> None:
    rejected(desk, objects, 1, "knowledge/a.md")
    adopt(desk.engine, STORE)
    held = {"scope": scope, "target": target, "reason": "court"}
    for number, (wanted, of) in enumerate(
        (("gpt", "gpt_1"), ("submission", "sub_1"), ("publisher", PUBLISHER)), start=10
    ):
        assert code(asked(desk, wanted, of, number)) == "stored"
    desk.give("place", "hld_1", AMY, held)

    for number in (10, 11, 12):
        refused = desk.give("confirm", f"prg_{number}", IDA)
        assert refused.refusal is not None
        assert refused.refusal.detail["holds"] == ["hld_1"]
    desk.give("lift", "hld_1", IDA, {"reason": "over"})
    assert code(desk.give("confirm", "prg_10", IDA)) == "stored"


def test_a_member_leaves_before_they_are_erased(desk: Desk) -> None:
    person = desk.identity.add_person("Ada", ("developer",), (PUBLISHER,))

    refused = asked(desk, "person", person)

    assert refused.refusal is not None
    assert refused.refusal.detail["subjects"] == [PUBLISHER]


def test_the_last_administrator_is_not_erased(desk: Desk, objects: Objects) -> None:
    person = desk.identity.add_person("Amy", ("administrator",))
    other = desk.identity.add_person("Ivo", ("administrator",))
    found = plan(desk.engine, objects, STORE, "person", person, desk.now)
    for number in (1, 2):
        assert code(asked(desk, "person", person, number)) == "stored"
    assert code(desk.give("confirm", "prg_2", IDA)) == "stored"
    with writing(desk.engine) as session:
        assert leave(session, STORE, other)

    again, confirmed = asked(desk, "person", person, 3), desk.give("confirm", "prg_1", IDA)

    for refused in (again, confirmed):
        assert refused.refusal is not None
        assert refused.refusal.detail["subjects"] == [person]
    with pytest.raises(Interrupted) as interrupted:
        erase(desk.engine, objects, STORE, "prg_2", found)
    assert interrupted.value.by == (person,)
    with reading(desk.engine) as session:
        row = session.get_one(PersonRow, (STORE, person))
        assert (row.name, row.roles) == ("Amy", ["administrator"])


def test_an_approved_case_whose_release_is_open_is_not_erased(desk: Desk) -> None:
    desk.approved(1)
    desk.give("prepare", "rel_1", SYS, PREPARED | {"gpt": "gpt_1", "submission": "sub_1"})

    refused = asked(desk, "submission", "sub_1")

    assert refused.refusal is not None
    assert refused.refusal.detail["subjects"] == ["rel_1"]
