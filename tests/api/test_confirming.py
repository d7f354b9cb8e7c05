"""What is confirmed to the commands table later: together, whatever happens in between."""

import asyncio
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlmodel import select

from api.confirming import Answers, Confirmations
from gonogo.db.session import reading
from gonogo.db.tables import CommandRow, ProseRow
from tests.api.store import Store


class Table:
    def __init__(self) -> None:
        self.writes: list[dict[str, Any]] = []
        self.away = False

    def keep(self, answers: Answers) -> None:
        if self.away:
            raise OperationalError("UPDATE", {}, Exception("away"))
        self.writes.append(dict(answers))


async def test_commands_answered_within_a_moment_are_confirmed_by_one_write() -> None:
    table = Table()
    confirmations = Confirmations(table.keep, after_s=0.02)

    for number in range(5):
        confirmations.add(f"cmd_{number}", {"version": number})
    waits = "cmd_3" in confirmations
    await asyncio.sleep(0.3)

    assert waits
    assert [sorted(write) for write in table.writes] == [[f"cmd_{n}" for n in range(5)]]
    assert "cmd_3" not in confirmations


async def test_what_waits_is_written_at_the_end_and_later_commands_get_their_turn() -> None:
    table = Table()
    confirmations = Confirmations(table.keep, after_s=0.02)
    confirmations.add("cmd_a", {})
    await asyncio.sleep(0.2)

    confirmations.add("cmd_b", {})
    await confirmations.close()

    assert [list(write) for write in table.writes] == [["cmd_a"], ["cmd_b"]]


async def test_a_database_that_is_away_costs_nothing_but_the_confirmation() -> None:
    table = Table()
    table.away = True
    confirmations = Confirmations(table.keep, after_s=0.01)

    confirmations.add("cmd_a", {})
    await asyncio.sleep(0.2)
    table.away = False
    confirmations.add("cmd_b", {})
    await asyncio.sleep(0.2)

    assert [list(write) for write in table.writes] == [["cmd_b"]]


async def test_a_decision_is_recorded_when_it_is_answered_and_done_a_moment_later(
    store: Store,
) -> None:
    case = await store.claimed()

    answer = (await store.decide(case, note="Read it all.")).json()
    at_once = _status(store, answer["command"])
    for _ in range(100):
        if _status(store, answer["command"]) == "done":
            break
        await asyncio.sleep(0.05)

    assert at_once in ("recorded", "done")
    assert _status(store, answer["command"]) == "done"


async def test_a_repeated_decision_leaves_no_second_text(store: Store) -> None:
    case = await store.claimed()
    text = "A note that is found again by its text."

    first = await store.decide(case, note=text, key="once")
    second = await store.decide(case, note=text, key="once")

    with reading(store.app.state.services.engine) as session:
        rows = session.exec(select(ProseRow).where(ProseRow.text == text)).all()
    assert (first.status_code, second.status_code) == (200, 200)
    assert len(rows) == 1


def _status(store: Store, command: str) -> str:
    with reading(store.app.state.services.engine) as session:
        row = session.exec(select(CommandRow).where(CommandRow.id == command)).one()
        return row.status
