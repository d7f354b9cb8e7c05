"""The same on both databases, where it could be another: types, cursors, order of text."""

import pytest
from sqlmodel import col, delete, update

from gonogo.audit.keeper import Inconsistent
from gonogo.db.session import writing
from gonogo.db.tables import EventRow, SubmissionPicture
from tests.audit.desk import Audited
from tests.conftest import KINDS
from tests.databases import Databases


@pytest.fixture(params=KINDS)
def databases(request: pytest.FixtureRequest) -> Databases:
    """Databases of each kind in turn, whatever this run is about."""
    found: Databases = request.getfixturevalue(request.param)
    return found


def test_a_record_that_nobody_touched_holds_and_can_be_signed_further(desk: Audited) -> None:
    desk.queued(7)

    made = desk.keeper.checkpoint()

    assert made is not None
    assert (desk.verified().faults, desk.verified().covered) == ([], made.size)


def test_edited_rows_are_named(desk: Audited) -> None:
    with writing(desk.engine) as session:
        session.execute(update(EventRow).where(col(EventRow.position) == 5).values(body={"x": 1}))
        session.execute(
            update(SubmissionPicture)
            .where(col(SubmissionPicture.id) == "sub_2")
            .values(due_at=None)
        )

    found = {(f.subject, f.seq, f.code) for f in desk.verified().faults}

    assert {("sub_1", 5, "signed"), ("sub_2", 0, "picture")} <= found


def test_removed_rows_are_named_and_nothing_more_is_signed(desk: Audited) -> None:
    desk.queued(7)
    with writing(desk.engine) as session:
        session.execute(delete(EventRow).where(col(EventRow.position).in_((7, 28))))

    with pytest.raises(Inconsistent, match="event 28 of the store is missing"):
        desk.keeper.checkpoint()

    assert {(7, "signed"), (7, "gap"), (28, "gap")} <= {
        (f.position, f.code) for f in desk.verified().faults
    }
