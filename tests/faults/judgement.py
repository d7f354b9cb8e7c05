"""What must be true afterwards, read from the database and from logs that others wrote."""

import json
from collections import Counter, defaultdict
from pathlib import Path

from sqlmodel import func, select

from gonogo.audit.installation import verify_here
from gonogo.db.probes import ProbeCase
from gonogo.db.session import engine_of, reading
from gonogo.db.tables import CommandRow, EventRow, OutboxRow
from gonogo.objects import Objects
from gonogo.recovery import rebuild
from gonogo.settings import Settings
from tests.faults.scripted_model import call_of

CLOCKS_S = 0.005  # between taking the time of a row and the time of a line


def of_the_record(settings: Settings) -> list[str]:
    """What is wrong with events, picture, outbox and commands; nothing if all is well."""
    engine, wrong = engine_of(settings.database), list[str]()
    report = verify_here(settings, engine)
    if not report.ok:
        wrong.append(f"the record does not verify: {report.as_value()}")
    if differences := rebuild(engine, settings.store).differences:
        wrong.append(f"the picture was another than its events: {differences}")
    with reading(engine) as session:
        events, told = (
            session.exec(select(func.count()).select_from(row)).one()
            for row in (EventRow, OutboxRow)
        )
        pending = session.exec(select(CommandRow.kind).where(CommandRow.status == "pending")).all()
        causes = session.exec(select(EventRow.subject, EventRow.command_id, EventRow.type)).all()
    if events != told:
        wrong.append(f"{events} events and {told} outbox rows")
    if pending:
        wrong.append(f"commands without an answer: {pending}")
    twice = [cause for cause, count in Counter(causes).items() if count > 1]
    if twice:
        wrong.append(f"one command caused a fact twice: {twice}")
    engine.dispose()
    return wrong


def of_the_calls(settings: Settings, log: Path, concurrency: int) -> list[str]:
    """No call was repeated once its row was there; never more in flight than allowed."""
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    engine, objects = engine_of(settings.database), Objects(settings.objects)
    with reading(engine) as session:
        rows = session.exec(select(ProbeCase)).all()
    engine.dispose()
    starts: dict[str, list[float]] = defaultdict(list)
    for line in lines:
        if line["what"] == "start":
            starts[line["call"]].append(line["at"])
    wrong = []
    for row in rows:
        transcript = json.loads(objects.get(row.transcript))
        asked = starts.get(call_of(transcript["messages"]), [])
        if not asked:
            wrong.append(f"{row.subject} {row.case_id}: a row, and nobody was asked")
        late = [at for at in asked if at > row.finished_at.timestamp() + CLOCKS_S]
        if late:
            wrong.append(f"{row.subject} {row.case_id}: asked again after its row was there")
    if (most := _most_in_flight(lines)) > concurrency:
        wrong.append(f"{most} calls in flight, {concurrency} allowed")
    return wrong


def _most_in_flight(lines: list[dict[str, object]]) -> int:
    """Calls that a killed server took with it ended with that server."""
    most, flying = 0, dict[object, int]()
    for line in lines:
        if line["what"] == "boot":
            flying = {line["pid"]: 0}
        elif line["pid"] in flying:
            flying[line["pid"]] += 1 if line["what"] == "start" else -1
            most = max(most, flying[line["pid"]])
    return most
