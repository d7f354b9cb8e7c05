"""How the store stands, read from its database when Prometheus asks: queues, breaches, outbox.

One question per family, kept for some seconds, so that a storm of scrapes costs nothing; while the
database is away only `gonogo_database_up 0` is said, never an old number.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, case, func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from gonogo.db.notices import DeliveryRow
from gonogo.db.session import reading
from gonogo.db.tables import (
    CommandRow,
    OutboxRow,
    ReleasePicture,
    StopPicture,
    SubmissionPicture,
)

KEEP_S = 5.0


class Standing(Collector):
    """The gauges of one store."""

    def __init__(
        self,
        engine: Engine,
        store: str,
        *,
        keep_s: float = KEEP_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine, self._store, self._keep_s, self._clock = engine, store, keep_s, clock
        self._lock = threading.Lock()
        self._found: list[Metric] = []
        self._until = float("-inf")

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not ask the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        # Whoever comes while another asks waits for that answer instead of asking, too.
        with self._lock:
            if self._clock() >= self._until:
                self._found = self._ask()
                self._until = self._clock() + self._keep_s
            return list(self._found)

    def _ask(self) -> list[Metric]:
        up = GaugeMetricFamily("gonogo_database_up", "1 while the database answers")
        try:
            with reading(self._engine) as session:
                now = datetime.now(UTC)
                found = [*self._cases(session, now), *self._waiting(session, now)]
                found += [*self._exposure(session), *self._deliveries(session, now)]
        except SQLAlchemyError:
            found = []
        up.add_metric([], float(bool(found)))
        return [up, *found]

    def _cases(self, session: Session, now: datetime) -> Iterator[Metric]:
        depth = GaugeMetricFamily("gonogo_cases", "open cases", labels=["stage"])
        age = GaugeMetricFamily(
            "gonogo_oldest_case_seconds", "age of the oldest open case", labels=["stage"]
        )
        late = GaugeMetricFamily(
            "gonogo_breaches", "open cases past their due date", labels=["stage"]
        )
        overdue = func.sum(case((col(SubmissionPicture.due_at) < now, 1), else_=0))
        rows = session.exec(
            select(
                SubmissionPicture.stage,
                func.count(),
                func.min(SubmissionPicture.opened_at),
                overdue,
            )
            .where(SubmissionPicture.store_id == self._store, col(SubmissionPicture.is_open))
            .group_by(SubmissionPicture.stage)
        )
        for stage, count, oldest, breaches in rows:
            depth.add_metric([stage], count)
            age.add_metric([stage], _age(oldest, now))
            late.add_metric([stage], breaches or 0)
        yield from (depth, age, late)

    def _waiting(self, session: Session, now: datetime) -> Iterator[Metric]:
        for what, name, query in (
            (
                "outbox",
                "notes nobody was told yet",
                select(func.count(), func.min(OutboxRow.created_at)).where(
                    OutboxRow.store_id == self._store, col(OutboxRow.delivered_at).is_(None)
                ),
            ),
            (
                "commands",
                "commands without an answer",
                select(func.count(), func.min(CommandRow.received_at)).where(
                    CommandRow.store_id == self._store,
                    col(CommandRow.status).in_(("pending", "recorded")),
                ),
            ),
        ):
            count, oldest = session.exec(query).one()
            yield _gauge(f"gonogo_{what}_waiting", name, count)
            yield _gauge(
                f"gonogo_{what}_lag_seconds", f"age of the oldest: {name}", _age(oldest, now)
            )

    def _deliveries(self, session: Session, now: datetime) -> Iterator[Metric]:
        open_ = GaugeMetricFamily(
            "gonogo_deliveries", "deliveries waiting or given up", labels=["channel", "state"]
        )
        lag = GaugeMetricFamily(
            "gonogo_deliveries_lag_seconds",
            "how long the next delivery is due already",
            labels=["channel"],
        )
        rows = session.exec(
            select(
                DeliveryRow.channel, DeliveryRow.state, func.count(), func.min(DeliveryRow.next_at)
            )
            .where(
                DeliveryRow.store_id == self._store,
                col(DeliveryRow.state).in_(("waiting", "dead")),
            )
            .group_by(DeliveryRow.channel, DeliveryRow.state)
        )
        for channel, state, count, due in rows:
            open_.add_metric([channel, state], count)
            if state == "waiting":
                lag.add_metric([channel], _age(due, now))
        yield from (open_, lag)

    def _exposure(self, session: Session) -> Iterator[Metric]:
        releases = GaugeMetricFamily("gonogo_releases", "open releases", labels=["phase"])
        for phase, count in session.exec(
            select(ReleasePicture.phase, func.count())
            .where(ReleasePicture.store_id == self._store, col(ReleasePicture.is_open))
            .group_by(ReleasePicture.phase)
        ):
            releases.add_metric([phase], count)
        stops = GaugeMetricFamily("gonogo_stops", "stops in force", labels=["scope"])
        for scope, count in session.exec(
            select(StopPicture.scope, func.count())
            .where(StopPicture.store_id == self._store, StopPicture.status == "active")
            .group_by(StopPicture.scope)
        ):
            stops.add_metric([scope], count)
        yield from (releases, stops)


def _gauge(name: str, text: str, value: float) -> Metric:
    found = GaugeMetricFamily(name, text)
    found.add_metric([], value)
    return found


def _age(since: Any, now: datetime) -> float:
    """Seconds since `since`; 0 when there is none."""
    return max(0.0, (now - since).total_seconds()) if since is not None else 0.0
