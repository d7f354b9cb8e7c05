"""The verdict after kills: a command that took effect twice is found, two facts of one are not."""

from gonogo.db.session import reading, writing
from gonogo.db.tables import EventRow
from gonogo.demo.chaos import effects
from tests.builders import LEA, SOL, STORE
from tests.db.desk import Desk
from tests.db.openings import LAUNCH, in_gating, stored


def test_a_command_with_two_facts_is_no_double_effect_and_the_same_fact_again_is(
    desk: Desk,
) -> None:
    opening = in_gating(desk)
    stored(opening.give("hold", SOL))
    resumed = stored(opening.give("resume", LEA))
    with reading(desk.engine) as session:
        count, none = effects(session)
    with writing(desk.engine) as session:
        last = session.get_one(EventRow, (STORE, LAUNCH, resumed.events[-1].seq))
        again = last.model_dump() | {"seq": last.seq + 1, "position": last.position + 1}
        session.add(EventRow(**again))
        session.flush()
        _, twice = effects(session)

    assert len(resumed.events) > 1
    assert count >= 2
    assert none == []
    assert twice == [last.command_id]
