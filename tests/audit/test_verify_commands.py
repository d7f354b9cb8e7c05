"""Commands that somebody edited, forged or removed behind the record's back are found."""

from dataclasses import fields

import pytest
from sqlalchemy import update
from sqlmodel import col, delete, select

from gonogo.audit.verify import verify
from gonogo.db.once import AccountOrder, once
from gonogo.db.session import reading, writing
from gonogo.db.tables import CommandRow, EventRow
from policies.lifecycle.kernel import Command
from tests.audit.desk import Audited
from tests.audit.edits import columns_of, edit
from tests.builders import KEY, STORE


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
