"""One row per finished probe, so that a killed worker repeats one model call and not the run.

Rows are working material of a run, not events: what was found enters the record as evidence.
"""

from datetime import datetime

from sqlalchemy import Column, Engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel, select

from gonogo.db.session import reading
from gonogo.db.types import UtcDateTime


class ProbeCase(SQLModel, table=True):
    """A case that has an outcome. `transcript` is an object's digest; `finished_at` is UTC."""

    __tablename__ = "probe_cases"

    run_id: str = Field(primary_key=True)
    case_id: str = Field(primary_key=True)
    store_id: str = Field(index=True)
    subject: str = Field(index=True)
    suite: str
    outcome: str
    transcript: str
    latency_ms: int
    prompt_tokens: int
    completion_tokens: int
    model: str
    finished_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class ProbeCases:
    """The finished cases of all runs. Every method is one transaction and blocks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def finished(self, run_id: str) -> dict[str, ProbeCase]:
        """The cases of one run by case id, detached, with aware UTC times."""
        with reading(self._engine) as session:
            rows = session.exec(select(ProbeCase).where(ProbeCase.run_id == run_id)).all()
            session.expunge_all()
        return {row.case_id: row for row in rows}

    def save(self, case: ProbeCase) -> None:
        """Insert if absent, committed on return. A case saved before stays as it was."""
        here = self._engine.dialect.name
        insert = postgresql.insert if here == "postgresql" else sqlite.insert
        row = insert(ProbeCase).values(case.model_dump()).on_conflict_do_nothing()
        with self._engine.execution_options(gonogo_beside=True).begin() as connection:
            connection.execute(row)
