"""Events that somebody changed, removed, moved or added behind the record's back are found."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text, update
from sqlmodel import Session, col, delete, select

from gonogo.audit.report import MOST
from gonogo.audit.tree import TreeFiles
from gonogo.db.codec import event_of
from gonogo.db.publishers import PublisherPicture
from gonogo.db.session import writing
from gonogo.db.tables import EventRow, OutboxRow, StoreRow, SubmissionPicture
from policies.audit.chain import Fault
from policies.lifecycle.kernel import event_hash
from tests.audit.desk import Audited
from tests.audit.edits import columns_of, edit, spoil_on_sqlite
from tests.builders import STORE

# The first event of a case; one in its midst; the last of a case, which no other event follows; the
# only one of a stop; the newest of the store.
PLACES = {
    "first": ("sub_1", 1), "midst": ("sub_2", 4), "last": ("sub_2", 9), "newest": ("sub_3", 3)
}  # fmt: skip


def test_a_record_that_nobody_touched_holds(desk: Audited) -> None:
    report = desk.verified()

    assert report.faults == []
    assert (report.events, report.subjects, report.checkpoints) == (26, 7, 2)
    assert report.covered == 26
    assert report.commands == 14
    assert report.warnings == ["bundles, evidence and transcripts were not read"]


@pytest.mark.parametrize("column", columns_of(EventRow))
@pytest.mark.parametrize("place", PLACES)
def test_an_edited_column_of_any_event_is_found_and_the_event_named(
    desk: Audited, place: str, column: str
) -> None:
    edit(desk, EventRow, (STORE, *PLACES[place]), column)

    report = desk.verified()

    named = {(fault.subject, fault.seq) for fault in report.faults}
    if column in ("store_id", "subject", "seq"):  # the row itself has another name now
        position = {"first": 1, "midst": 13, "last": 18, "newest": 25}[place]
        assert position in {fault.position for fault in report.faults}
    else:
        assert PLACES[place] in named


@pytest.mark.parametrize("column", columns_of(EventRow))
def test_a_value_that_is_of_no_type_of_the_column_is_found_and_nothing_breaks(
    desk: Audited, column: str
) -> None:
    spoil_on_sqlite(desk, "events", column, "subject = 'sub_2' AND seq = 4")

    assert desk.verified().found


@pytest.mark.parametrize("place", PLACES)
def test_a_removed_event_is_found(desk: Audited, place: str) -> None:
    subject, seq = PLACES[place]
    with writing(desk.engine) as session:
        session.execute(
            delete(EventRow).where(col(EventRow.subject) == subject, col(EventRow.seq) == seq)
        )

    assert {"gap", "signed"} <= desk.codes()


def forget_after(session: Session, desk: Audited, position: int) -> None:
    """Everything a careful hand removes with the newest events, pictures redrawn."""
    for table in (EventRow, OutboxRow):
        session.execute(delete(table).where(col(table.position) > position))
    session.execute(update(StoreRow).values(position=position))
    session.execute(delete(SubmissionPicture).where(col(SubmissionPicture.id) == "sub_3"))
    session.execute(delete(PublisherPicture))


def test_a_cut_tail_is_found_by_the_checkpoints_alone(desk: Audited) -> None:
    with writing(desk.engine) as session:
        forget_after(session, desk, 22)

    report = desk.verified()

    assert {fault.code for fault in report.faults} == {"truncated", "signed"}
    assert [f.position for f in report.faults if f.code == "signed"] == [23, 24, 25, 26]
    assert report.covered == 9


def test_without_checkpoints_a_cut_tail_is_a_warning_and_no_promise(desk: Audited) -> None:
    shutil.rmtree(desk.log.folder)
    with writing(desk.engine) as session:
        forget_after(session, desk, 22)

    report = desk.verified()

    assert report.ok
    assert "truncation cannot be seen" in report.warnings[0]


def test_a_chain_made_anew_is_found_by_the_checkpoints_alone(desk: Audited) -> None:
    with writing(desk.engine) as session:
        rows = session.exec(
            select(EventRow).where(EventRow.subject == "sub_2").order_by(col(EventRow.seq))
        ).all()
        prev = ""
        for row in rows:
            if row.seq == 2:
                row.rules = "2"
            row.prev = prev
            prev = event_hash(event_of(row))

    report = desk.verified()

    assert {fault.code for fault in report.faults} == {"signed"}
    assert [(f.subject, f.seq) for f in report.faults] == [("sub_2", n) for n in range(2, 10)]
    assert report.covered == 9


def test_two_events_that_changed_places_are_found(desk: Audited) -> None:
    with writing(desk.engine) as session:
        for position, other_place in ((5, -1), (14, 5), (-1, 14)):
            session.execute(
                update(EventRow)
                .where(col(EventRow.position) == position)
                .values(position=other_place)
            )

    report = desk.verified()

    assert {5, 14} <= {fault.position for fault in report.faults if fault.code == "signed"}


def test_two_events_of_a_case_in_the_other_order_are_found(desk: Audited) -> None:
    with writing(desk.engine) as session:
        for seq, other_place in ((4, 99), (5, 4), (99, 5)):
            session.execute(
                update(EventRow)
                .where(col(EventRow.subject) == "sub_2", col(EventRow.seq) == seq)
                .values(seq=other_place)
            )

    assert {"prev", "position", "signed"} <= desk.codes()


def test_an_event_that_is_there_twice_is_found(desk: Audited) -> None:
    with writing(desk.engine) as session:
        execute = session.connection().execute
        execute(text("CREATE TABLE copied AS SELECT * FROM events"))
        execute(text("DROP TABLE events"))
        execute(text("ALTER TABLE copied RENAME TO events"))
        execute(text("INSERT INTO events SELECT * FROM events WHERE position = 7"))

    assert {"seq", "position"} <= desk.codes()


@pytest.mark.parametrize("moves_the_store", [False, True])
def test_an_event_that_nobody_recorded_is_found(desk: Audited, moves_the_store: bool) -> None:
    with writing(desk.engine) as session:
        last = session.get(EventRow, (STORE, "sub_1", 9))
        assert last is not None
        forged = last.model_dump() | {"seq": 10, "position": 27, "prev": event_hash(event_of(last))}
        session.add(EventRow(**forged | {"actor_id": "per_rui", "command_id": "cmd_none"}))
        if moves_the_store:
            session.execute(update(StoreRow).values(position=27))

    report = desk.verified()

    assert ("sub_1", 10, "author") in {(f.subject, f.seq, f.code) for f in report.faults}


def test_faults_beyond_a_thousand_are_counted(desk: Audited) -> None:
    report = desk.verified()
    report.add(Fault("sub_1", n, "x") for n in range(MOST + 5))

    assert (report.found, len(report.faults)) == (MOST + 5, MOST)


def test_a_tree_that_is_lost_names_the_checkpoints_between_which_something_changed(
    desk: Audited,
) -> None:
    shutil.rmtree(desk.log.tree_folder)
    edit(desk, EventRow, (STORE, "sub_3", 3), "rules")

    signed = [fault for fault in desk.verified().faults if fault.code == "root"]

    assert "from 10 to 26" in signed[0].what


def test_a_tree_on_disk_that_is_another_is_not_believed(desk: Audited) -> None:
    with TreeFiles(desk.log.tree_folder, writable=True) as tree:
        tree.cut(10)
        tree.append([bytes(32)] * 16)
    edit(desk, EventRow, (STORE, "sub_3", 3), "rules")

    assert "root" in desk.codes()


def test_reading_a_record_makes_no_file(desk: Audited, tmp_path: Path) -> None:
    shutil.rmtree(desk.log.folder)

    desk.verified()

    assert not desk.log.folder.exists()
