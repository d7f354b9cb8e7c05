"""One sweep of the retention by hand, and its event, as the daily one has them.

marker ─► erase under its id ─► event ─► no marker

The daily sweep's workflow remembers the id under which it erases; here a file does, so that what a
killed sweep buried is finished and told by the next. Without it, tombstones of a request that
nobody knows would be a fault of the audit for ever.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from gonogo.db.erasures import PurgePicture
from gonogo.db.ledger import Ledger
from gonogo.db.session import reading
from gonogo.ids import new_id
from gonogo.objects import Objects
from gonogo.retention import sweep
from policies.lifecycle.kernel import RULES, SYSTEM_ACTOR, Command
from policies.lifecycle.purge import MACHINE
from policies.pack import Retention
from policies.wire import RecordRequest


class Busy(Exception):
    """Another process sweeps by hand with the same data folder."""


def sweep_by_hand(
    engine: Engine,
    objects: Objects,
    store: str,
    rules: Retention,
    folder: Path,
    now: datetime | None = None,
    beat: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """What was erased, as its event has it, `more`, and the `purge` that it is in the record.
    `folder` keeps the marker. Raises `Busy`."""
    with _alone(folder, store) as marker:
        purge, at = _begun(engine, store, marker), now or datetime.now(UTC)
        body, more = sweep(engine, objects, store, purge, rules, at, beat)
        if body is not None:
            _record(engine, store, purge, body, at)
        marker.unlink()
    return {"erased": {}, "more": more} if body is None else {**body, "more": more, "purge": purge}


def _begun(engine: Engine, store: str, marker: Path) -> str:
    """The id of a sweep that was killed before its event, else a new one, marked."""
    found = marker.read_text("utf-8").strip() if marker.exists() else ""
    if found:
        with reading(engine) as session:
            if session.get(PurgePicture, (store, found)) is None:
                return found
    purge = new_id("prg")
    with marker.open("w", encoding="utf-8") as file:
        file.write(purge + "\n")
        file.flush()
        os.fsync(file.fileno())
    return purge


@contextmanager
def _alone(folder: Path, store: str) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"sweep-{store}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            raise Busy("another process is sweeping: wait for its end") from fault
        yield folder / f"sweep-{store}"


def _record(engine: Engine, store: str, purge: str, body: dict[str, Any], now: datetime) -> None:
    command = Command(
        id=f"{purge}:0:sweep",
        kind="sweep",
        store=store,
        subject=purge,
        actor=SYSTEM_ACTOR,
        at=now,
        body=body,
        on_behalf_of="operator",
    )
    Ledger(engine, b"").record(
        RecordRequest(
            kind=MACHINE.kind,
            expected_seq=0,
            command=command,
            facts=MACHINE.decide(None, command, now, {}),
            occurred_at=now,
            pack="",
            rules=RULES,
        )
    )
