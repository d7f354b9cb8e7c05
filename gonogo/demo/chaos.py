"""SIGKILL at ten seeded random moments, and the judgement afterwards from outside the processes."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sqlmodel import Session, col, func, select

from gonogo.audit.installation import verify_here
from gonogo.db.session import engine_of, reading
from gonogo.db.tables import CommandRow, EventRow, OutboxRow
from gonogo.recovery import rebuild
from gonogo.settings import Settings
from gonogo.supervisor import Supervisor

KILLS = 10
VICTIMS = ("worker", "api", "temporal")


class Chaos:
    """Kills children of `supervisor`; every kill is a line in `log` (JSON, seconds since start)."""

    def __init__(
        self, supervisor: Supervisor, seed: int, log: Path, tell: Callable[[str], None]
    ) -> None:
        self._supervisor, self._log, self._tell = supervisor, log, tell
        self._random = random.Random(seed)
        self.kills = 0

    async def run(self) -> None:
        """Ten kills, 2 to 14 s apart; which part and when follows from the seed alone."""
        began = time.monotonic()
        for _ in range(KILLS):
            await asyncio.sleep(self._random.uniform(2, 14))
            name = self._random.choice(VICTIMS)
            child = self._supervisor.children[name]
            line = {"at_s": round(time.monotonic() - began, 3), "part": name, "pid": child.pid}
            child.kill()
            self.kills += 1
            self._tell(f"chaos: killed {name} (pid {line['pid']})")
            with self._log.open("a") as log:
                log.write(json.dumps(line) + "\n")


def effects(session: Session) -> tuple[int, list[str]]:
    """How many commands of people took effect, and those that did so twice: a fact of theirs is
    there again. One command may cause several facts, such as a resumption and what it measured."""
    facts: Counter[tuple[str, str, str, str]] = Counter()
    rows = session.exec(
        select(EventRow.command_id, EventRow.subject, EventRow.type, EventRow.body).where(
            col(EventRow.command_id).startswith("cmd_")
        )
    )
    for command, subject, kind, body in rows:
        facts[command, subject, kind, json.dumps(body, sort_keys=True)] += 1
    commands = {fact[0] for fact in facts}
    return len(commands), sorted({fact[0] for fact, count in facts.items() if count > 1})


def judge(settings: Settings, log: Path | None) -> list[tuple[str, bool, str]]:
    """What must be true of the database and the logs, whatever was killed when."""
    engine = engine_of(settings.database)
    verified = verify_here(settings, engine)
    redrawn = rebuild(engine, settings.store)
    with reading(engine) as session:
        events = session.exec(select(func.count()).select_from(EventRow)).one()
        told = session.exec(select(func.count()).select_from(OutboxRow)).one()
        pending = session.exec(
            select(func.count()).select_from(CommandRow).where(CommandRow.status == "pending")
        ).one()
        commands, twice = effects(session)
    verdicts = [
        (
            "the record verifies",
            verified.ok,
            f"{events} events, {verified.checkpoints} checkpoints, {verified.found} faults",
        ),
        (
            "the picture equals its events",
            not redrawn.differences,
            f"{redrawn.subjects} subjects, {len(redrawn.differences)} different",
        ),
        ("one outbox row per event", told == events, f"{told} rows"),
        (
            "no command took effect twice",
            not twice,
            f"{commands} commands, {len(twice)} twice",
        ),
        ("no command is left without an answer", pending == 0, f"{pending} pending"),
    ]
    if log is not None:
        kills = len(log.read_text("utf-8").splitlines()) if log.exists() else 0
        verdicts.append((f"{KILLS} kills happened", kills == KILLS, f"{kills} in {log.name}"))
    engine.dispose()
    return verdicts
