"""What stands beside the events and was edited is found: notices, pictures, packs, texts."""

from typing import Any

import pytest
from sqlmodel import SQLModel, select

from gonogo.db.codec import PICTURES
from gonogo.db.session import reading
from gonogo.db.tables import OutboxRow, PackRow, ProseRow, StoreRow
from tests.audit.desk import Audited
from tests.audit.edits import columns_of, edit, spoil_on_sqlite
from tests.builders import STORE


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
