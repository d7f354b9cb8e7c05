"""What somebody did to the database behind the record's back is found, and the row is named."""

import shutil
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Table, text, update
from sqlmodel import Session, SQLModel, col, delete, select

from gonogo.audit.report import MOST
from gonogo.audit.tree import TreeFiles
from gonogo.audit.verify import verify
from gonogo.db.codec import PICTURES, event_of
from gonogo.db.once import AccountOrder, once
from gonogo.db.publishers import PublisherPicture
from gonogo.db.session import reading, writing
from gonogo.db.tables import (
    CommandRow,
    EventRow,
    OutboxRow,
    PackRow,
    ProseRow,
    StoreRow,
    SubmissionPicture,
)
from policies.audit.chain import Fault
from policies.lifecycle.kernel import Command, event_hash
from tests.audit.desk import Audited
from tests.builders import KEY, STORE
from tests.conftest import require


def columns_of(table: type[SQLModel], *, unclaimed: Iterable[str] = ()) -> list[str]:
    """Every column but those that a verification says nothing about."""
    there: Table = table.__table__  # type: ignore[attr-defined]  # every table has one
    unknown = set(unclaimed) - set(there.columns.keys())
    assert not unknown
    return [name for name in there.columns.keys() if name not in unclaimed]  # noqa: SIM118  # columns are no dict


def other(value: Any, column: Column[Any]) -> Any:
    """A value of the same type that is another one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1_000
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    if isinstance(value, list):
        return [*value, "x"]
    if isinstance(value, dict):
        return {**value, "x": 1}
    if isinstance(value, bytes):
        return value + b"x"
    if value is None:
        return datetime(2026, 1, 1).astimezone() if "time" in str(column.type).lower() else "x"
    return f"{value}x"


def edit(desk: Audited, table: type[SQLModel], key: tuple[Any, ...], name: str) -> None:
    """Change one column of one row, and nothing else."""
    there: Any = table.__table__  # type: ignore[attr-defined]  # every table has one
    where = [column == value for column, value in zip(there.primary_key.columns, key, strict=True)]
    with writing(desk.engine) as session:
        before = session.connection().execute(select(there.c[name]).where(*where)).scalar_one()
        session.connection().execute(
            update(there).where(*where).values({name: other(before, there.c[name])})
        )


def spoil_on_sqlite(desk: Audited, table: str, column: str, where: str) -> None:
    """Put text where the column holds something else, which SQLite alone allows."""
    require(
        "sqlite", desk.engine.dialect.name == "sqlite", "PostgreSQL holds columns to their type"
    )
    with writing(desk.engine) as session:
        session.connection().execute(
            text(f"UPDATE {table} SET \"{column}\" = 'gar[bage' WHERE {where}")
        )


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


@pytest.mark.parametrize(
    "column", columns_of(CommandRow, unclaimed=("body_hash", "command", "status", "answer"))
)
def test_an_edited_command_is_found(desk: Audited, column: str) -> None:
    with reading(desk.engine) as session:
        row = session.exec(select(CommandRow).where(CommandRow.subject == "sub_2")).first()
        assert row is not None
    edit(desk, CommandRow, (STORE, row.id), column)

    assert desk.codes() & {"mac", "command", "author"}


@pytest.mark.parametrize("part", [field.name for field in fields(Command)])
def test_an_edited_part_of_a_signed_command_is_found(desk: Audited, part: str) -> None:
    with writing(desk.engine) as session:
        row = session.exec(select(CommandRow).where(CommandRow.subject == "sub_2")).first()
        assert row is not None
        said = dict(row.command["command"])
        value = said[part]
        said[part] = (
            {**value, "roles": ["administrator"]}
            if part == "actor"
            else (
                {**value, "x": "2026-01-01T00:00:00Z"}
                if isinstance(value, dict)
                else "2026-01-01T00:00:00Z"
                if part == "at"
                else f"{value}x"
            )
        )
        row.command = {**row.command, "command": said}

    assert "mac" in desk.codes()


def test_a_command_signed_by_another_installation_is_found(desk: Audited) -> None:
    report = verify(desk.engine, desk.log, [b"another key"])
    both = verify(desk.engine, desk.log, [b"another key", KEY])

    assert {fault.code for fault in report.faults} == {"mac"}
    assert both.ok


def test_a_command_about_an_account_is_no_signed_order_and_causes_no_event(desk: Audited) -> None:
    order = AccountOrder("per_amy", "invite", {"person": "per_ada"}, "key-1")
    given = once(desk.engine, STORE, order, lambda session, command: ("per_ada", {"id": "x"}))
    sound = desk.verified()
    with writing(desk.engine) as session:
        session.execute(
            update(EventRow).where(col(EventRow.position) == 8).values(command_id=given.command)
        )

    assert sound.faults == []
    assert "author" in desk.codes()


def test_a_signed_command_cannot_pass_for_one_about_an_account(desk: Audited) -> None:
    with writing(desk.engine) as session:
        row = session.exec(select(CommandRow).where(CommandRow.subject == "sub_2")).first()
        assert row is not None
        row.kind, row.command = "account/invite", {"machine": "account"}

    assert "author" in desk.codes()


def test_a_removed_command_is_missed_by_its_event(desk: Audited) -> None:
    with writing(desk.engine) as session:
        session.execute(delete(CommandRow).where(col(CommandRow.kind) == "stop/place"))

    faults = desk.verified().faults

    assert [(f.code, f.subject.partition("_")[0]) for f in faults] == [("author", "stp")]


@pytest.mark.parametrize("column", columns_of(OutboxRow, unclaimed=("delivered_at",)))
def test_an_edited_notice_is_found(desk: Audited, column: str) -> None:
    edit(desk, OutboxRow, (STORE, 7), column)

    # A notice of another store is none of this one's: like a delivered one, it is not there.
    assert desk.codes() == ({"outbox"} if column != "store_id" else set())


PICTURED = [(table, name) for table in PICTURES.values() for name in columns_of(table)]


@pytest.mark.parametrize(("table", "column"), PICTURED)
def test_an_edited_picture_is_found(desk: Audited, table: type[SQLModel], column: str) -> None:
    desk.erasing()
    desk.drafted()
    desk.around()
    desk.offering()
    with reading(desk.engine) as session:
        row: Any = session.exec(select(table)).first()
    assert row is not None, (
        f"the desk has no row of {table.__name__}: tell one in tests/audit/desk.py"
    )
    edit(desk, table, (STORE, row.id), column)

    report = desk.verified()

    assert {fault.code for fault in report.faults} == {"picture"}


def test_a_picture_that_cannot_be_read_is_found(desk: Audited) -> None:
    spoil_on_sqlite(desk, "submissions", "state", "id = 'sub_1'")

    assert [(f.subject, f.code) for f in desk.verified().faults] == [("sub_1", "picture")]


@pytest.mark.parametrize("column", columns_of(PackRow, unclaimed=("first_seen_at",)))
def test_an_edited_pack_is_found(desk: Audited, column: str) -> None:
    with reading(desk.engine) as session:
        digest = session.exec(select(PackRow.digest)).one()
    edit(desk, PackRow, (digest,), column)

    assert desk.codes() == {"pack"}


@pytest.mark.parametrize("column", columns_of(ProseRow, unclaimed=("created_at",)))
def test_an_edited_text_is_found(desk: Audited, column: str) -> None:
    with reading(desk.engine) as session:
        digest = session.exec(select(ProseRow.digest)).first()
    edit(desk, ProseRow, (digest,), column)

    assert desk.codes() == {"prose"}


def test_what_the_store_says_of_its_position_is_compared(desk: Audited) -> None:
    edit(desk, StoreRow, (STORE,), "position")

    assert {"gap"} <= desk.codes()


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
