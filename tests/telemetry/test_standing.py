"""Gauges from the database: right, asked seldom, and silent when there is nothing to read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, event

from gonogo.db.session import engine_of, migrate, writing
from gonogo.db.tables import CommandRow, OutboxRow, StopPicture, SubmissionPicture
from gonogo.telemetry.standing import Standing

HOUR = timedelta(hours=1)


def filled(folder: Path) -> Engine:
    now = datetime.now(UTC)  # not of the import: a run of all tests takes its time
    engine = engine_of(f"sqlite:///{folder}/gonogo.db")
    migrate(engine)
    with writing(engine) as session:
        for number, (store, stage, age, late, open_) in enumerate(
            [
                ("default", "queued", 5, True, True),
                ("default", "queued", 2, False, True),
                ("default", "in_review", 1, True, True),
                ("default", "approved", 90, True, False),
                ("other", "queued", 50, True, True),
            ]
        ):
            session.add(
                SubmissionPicture(
                    store_id=store,
                    id=f"sub_{number}",
                    gpt=f"gpt_{number}",
                    publisher="pub",
                    stage=stage,
                    is_open=open_,
                    digest="d",
                    tier=None,
                    claimant=None,
                    due_at=now - HOUR if late else now + HOUR,
                    opened_at=now - age * HOUR,
                    seq=1,
                    version=1,
                    state={},
                )
            )
        for position, delivered in ((1, now), (2, None), (3, None)):
            session.add(
                OutboxRow(
                    store_id="default",
                    position=position,
                    subject="sub_1",
                    type="x",
                    created_at=now - (4 - position) * HOUR,
                    delivered_at=delivered,
                )
            )
        for id, status in (("cmd_1", "done"), ("cmd_2", "pending"), ("cmd_3", "refused")):
            session.add(
                CommandRow(
                    store_id="default",
                    id=id,
                    kind="submission/submit",
                    subject="sub_1",
                    actor_id="per",
                    body_hash="h",
                    received_at=now - 3 * HOUR,
                    status=status,
                )
            )
        for id, status in (("stp_1", "active"), ("stp_2", "lifted")):
            session.add(
                StopPicture(
                    store_id="default",
                    id=id,
                    scope="gpt",
                    target="gpt_1",
                    status=status,
                    seq=1,
                    version=1,
                    state={},
                )
            )
    return engine


def test_queues_breaches_outbox_commands_and_stops_are_counted(tmp_path: Path) -> None:
    engine = filled(tmp_path)
    registry = CollectorRegistry()
    registry.register(Standing(engine, "default"))

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert value("gonogo_database_up") == 1
    assert value("gonogo_cases", stage="queued") == 2
    assert value("gonogo_cases", stage="in_review") == 1
    assert value("gonogo_cases", stage="approved") is None
    assert round((value("gonogo_oldest_case_seconds", stage="queued") or 0) / 3600) == 5
    assert value("gonogo_breaches", stage="queued") == 1
    assert value("gonogo_breaches", stage="in_review") == 1
    assert value("gonogo_outbox_waiting") == 2
    assert round((value("gonogo_outbox_lag_seconds") or 0) / 3600) == 2
    assert value("gonogo_commands_waiting") == 1
    assert round((value("gonogo_commands_lag_seconds") or 0) / 3600) == 3
    assert value("gonogo_stops", scope="gpt") == 1
    engine.dispose()


def test_a_storm_of_scrapes_asks_the_database_once(tmp_path: Path) -> None:
    engine, now, asked = filled(tmp_path), [0.0], list[object]()
    standing = Standing(engine, "default", keep_s=5, clock=lambda: now[0])

    def note(*call: object) -> None:
        if not str(call[2]).startswith("BEGIN"):
            asked.append(call[2])

    event.listen(engine, "before_cursor_execute", note)

    for _ in range(100):
        list(standing.collect())
    first = len(asked)
    now[0] = 6.0
    list(standing.collect())

    assert first <= 6
    assert len(asked) == 2 * first
    engine.dispose()


def test_a_database_that_is_away_gives_no_old_numbers(tmp_path: Path) -> None:
    engine = engine_of(f"sqlite:///{tmp_path}/missing/gonogo.db")

    found = {metric.name: metric for metric in Standing(engine, "default").collect()}

    assert list(found) == ["gonogo_database_up"]
    assert found["gonogo_database_up"].samples[0].value == 0
    engine.dispose()
