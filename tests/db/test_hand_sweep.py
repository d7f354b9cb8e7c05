"""A sweep by hand that is killed leaves no lasting fault: the next one finishes and tells it."""

from datetime import timedelta
from pathlib import Path

import pytest

from gonogo.hand_sweep import Busy, _alone, sweep_by_hand
from gonogo.objects import Objects
from policies.pack import Retention
from tests.builders import STORE
from tests.db.desk import Desk
from tests.db.purging import audit, rejected

RULES = Retention(transcripts_d=1, bundles_d=1, prose_d=1, sessions_d=1, outbox_d=1)
LATER = timedelta(days=9)


class Killed(BaseException):
    pass


@pytest.mark.parametrize("beats", [1, 2, 3])
def test_what_a_killed_sweep_buried_is_finished_and_told_by_the_next(
    desk: Desk, objects: Objects, tmp_path: Path, beats: int
) -> None:
    rejected(desk, objects, 1, "knowledge/a.md")
    left = iter(range(beats))

    def beat() -> None:
        if next(left, None) is None:
            raise Killed

    with pytest.raises(Killed):
        sweep_by_hand(desk.engine, objects, STORE, RULES, tmp_path, desk.now + LATER, beat)
    killed = audit(desk, objects)
    done = sweep_by_hand(desk.engine, objects, STORE, RULES, tmp_path, desk.now + LATER)
    after = audit(desk, objects)
    again = sweep_by_hand(desk.engine, objects, STORE, RULES, tmp_path, desk.now + LATER)

    assert killed
    assert done["erased"]["prose"] >= 1
    assert done["erased"]["objects"] >= 3
    assert after == []
    assert (again["erased"], again.get("purge")) == ({}, None)


def test_a_sweep_that_was_told_is_not_taken_up_again(
    desk: Desk, objects: Objects, tmp_path: Path
) -> None:
    rejected(desk, objects, 1, "knowledge/a.md")
    first = sweep_by_hand(desk.engine, objects, STORE, RULES, tmp_path, desk.now + LATER)
    marker = tmp_path / f"sweep-{STORE}"
    assert not marker.exists()
    marker.write_text(first["purge"] + "\n")  # killed between the event and its end

    rejected(desk, objects, 2, "knowledge/b.md")
    second = sweep_by_hand(desk.engine, objects, STORE, RULES, tmp_path, desk.now + LATER * 2)

    assert second["purge"] != first["purge"]
    assert audit(desk, objects) == []


def test_two_do_not_sweep_by_hand_at_once(desk: Desk, objects: Objects, tmp_path: Path) -> None:
    with _alone(tmp_path, STORE), pytest.raises(Busy):
        sweep_by_hand(desk.engine, objects, STORE, RULES, tmp_path, desk.now + LATER)
