"""What does the record cost beside a bare insert of the same bytes? Ratios, side by side.

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

KEY = b"k" * 32
ADA = Actor("per_ada", ("developer",), ("pub_a",))
ROUNDS = 300


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = engine_of(f"sqlite:///{Path(folder)}/bench.db")
        migrate(engine)
        Identity(engine, "default").ensure_store("Bench")
        with writing(engine) as session:
            session.connection().execute(text("CREATE TABLE bare (id INTEGER PRIMARY KEY, b TEXT)"))
        record, repeat, bare = _measure(engine)
        engine.dispose()
    figures = {
        "record_over_bare_insert": round(record / bare, 2),
        "repeat_over_record": round(repeat / record, 2),
        "record_ms_p50": round(record * 1000, 2),
    }
    # A record is two look-ups, two inserts, two updates and a hash in one durable transaction.
    aims = {"record_over_bare_insert": "<= 5", "repeat_over_record": "<= 1"}
    met = {
        "record_over_bare_insert": figures["record_over_bare_insert"] <= 5,
        "repeat_over_record": figures["repeat_over_record"] <= 1,
    }
    result = {"name": "record", "figures": figures, "aims": aims, "met": met}
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in figures.items():
            print(f"{name:28} {value:8}   {aims.get(name, '')}")
    return 0


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
