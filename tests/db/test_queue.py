"""The review queue over many cases: in order, complete, without sorting all of them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event

from gonogo.db import reviews
from gonogo.db.session import engine_of, reading, writing
from gonogo.db.tables import SubmissionPicture
from tests.databases import Databases, migrated

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
STAGES = ("queued", "in_review", "held", "testing", "approved")


def picture(number: int) -> SubmissionPicture:
    """Stages in turn, tiers in turn; every due date is that of three cases."""
    return SubmissionPicture(
        store_id="default",
        id=f"sub_{number:03}",
        gpt=f"gpt_{number}",
        publisher="pub_a",
        stage=STAGES[number % len(STAGES)],
        is_open=True,
        digest="d" * 64,
        tier=("low", "high")[number % 2],
        claimant="per_rui" if number % 10 == 1 else None,
        due_at=T0 + timedelta(hours=(number * 7) % 40),
        opened_at=T0,
        seq=3,
        version=3,
        state={},
    )


@pytest.fixture
def queue(both: Databases) -> Engine:
    engine = engine_of(both.like(migrated))
    with writing(engine) as session:
        session.add_all(picture(number) for number in range(120))
    return engine


@pytest.mark.parametrize(
    "wanted",
    [{}, {"tier": "high"}, {"claimant": "per_rui"}, {"stages": ("held",)}],
    ids=["all", "tier", "claimant", "stage"],
)
def test_pages_bring_every_waiting_case_once_the_next_due_first(
    queue: Engine, wanted: dict[str, object]
) -> None:
    found: list[tuple[datetime, str]] = []
    cursor: str | None = None
    with reading(queue) as session:
        while True:
            page = reviews.queue(session, "default", after=cursor, limit=7, **wanted)  # type: ignore[arg-type]  # as named above
            found += [(row.due_at, row.id) for row in page.rows]
            cursor = page.next
            if cursor is None:
                break

    rows = [picture(number) for number in range(120)]
    stages = wanted.get("stages", reviews.WAITING)
    expected = sorted(
        (row.due_at, row.id)
        for row in rows
        if row.stage in stages  # type: ignore[operator]  # a tuple of stages
        and row.tier == wanted.get("tier", row.tier)
        and row.claimant == wanted.get("claimant", row.claimant)
    )
    queue.dispose()
    assert found == expected


def test_a_page_sorts_no_more_than_the_first_few_of_each_stage(sqlite: Databases) -> None:
    engine = engine_of(sqlite.like(migrated))
    asked = []
    event.listen(engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
    with reading(engine) as session:
        reviews.queue(session, "default", limit=50)
    statement, values = next(one for one in asked if one[0].startswith("SELECT"))
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    engine.dispose()

    steps = [str(row[3]) for row in plan]
    by_index = [step for step in steps if "ix_submissions_queue" in step]
    assert len(by_index) == len(reviews.WAITING)
    assert all("stage=?" in step for step in by_index)
    assert steps.count("USE TEMP B-TREE FOR ORDER BY") == 1  # of what the three have brought
