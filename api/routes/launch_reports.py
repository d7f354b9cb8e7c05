"""What came of a launch: forecasts that were kept, and the report they are scored in."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from api.bodies import Body, Instant, Note
from api.closing import closing_of, filed_of, made_of, page_of
from api.deps import SubjectId, Svc
from api.errors import Problem
from api.launch_asked import Deciding
from api.launch_forecast import told_by
from api.schema import COMMAND, READ
from api.subjects import Staff, launch_named
from api.views import time_text
from gonogo.db import forecasts
from gonogo.db.forecasts import KEPT_MOST, ForecastRow
from gonogo.db.session import reading, writing
from gonogo.ids import new_id
from policies.rules.launch_report import as_json

router = APIRouter(prefix="/v1/launches", tags=["launches"])


class CloseBody(Body):
    """`lessons`: what was learnt, in words. Everything else of the report is in the record."""

    lessons: Note | None = None


class KeepBody(Body):
    """`by`: the moment the forecast is about; without one the end of the launch's target."""

    by: Instant | None = None


@router.get("/{launch}/forecasts", responses=READ)
def list_forecasts(svc: Svc, who: Staff, launch: SubjectId) -> dict[str, Any]:
    """Those that were kept, the oldest first."""
    launch_named(svc, launch)
    with reading(svc.engine) as session:
        rows = forecasts.kept(session, svc.store, launch)
    return {"items": [_forecast(row) for row in rows]}


@router.post("/{launch}/forecasts", status_code=201, responses=READ)
def keep_forecast(svc: Svc, who: Staff, launch: SubjectId, body: KeepBody) -> dict[str, Any]:
    """Make a forecast and keep it: it is scored when the launch is over."""
    with reading(svc.engine) as session:
        if forecasts.count(session, svc.store, launch) >= KEPT_MOST:
            raise Problem("over-limit", f"a launch keeps at most {KEPT_MOST} forecasts")
    seen = told_by(svc, launch, body.by)
    asked, at = seen.asked, seen.at
    if asked is None or at is None:
        raise Problem("bad-request", "there is no date yet: say by when")
    row = ForecastRow(
        store_id=svc.store,
        id=new_id("fct"),
        launch=launch,
        made_at=asked.now,
        due=at,
        probability=seen.told.by(at),
        seed=str(asked.seed),
        runs=asked.runs,
        by=who.id,
    )
    view = _forecast(row)
    with writing(svc.engine, beside=True) as session:
        session.add(row)
    return view


@router.get("/{launch}/report", responses=READ)
def get_report(svc: Svc, who: Staff, launch: SubjectId) -> dict[str, Any]:
    """The report as it stands, of a closed launch as of its closing: dates, holds, gates, dissent,
    pressure, openings, incidents, scores. Ids and digests, no names and no prose."""
    return as_json(made_of(svc, launch))


@router.get("/{launch}/report/filed", responses=READ)
def get_filed_report(svc: Svc, who: Staff, launch: SubjectId) -> dict[str, Any]:
    """The report as it was filed on closing, with the digest that the record holds."""
    return filed_of(svc, launch)


@router.get("/{launch}/report.html", responses=READ, response_class=Response)
def get_report_page(svc: Svc, who: Staff, launch: SubjectId) -> HTMLResponse:
    """The same for people, in one file that needs nothing else: to keep, to print, to send."""
    headers = {"Content-Disposition": f'attachment; filename="{launch}.html"'}
    return HTMLResponse(page_of(svc, launch), headers=headers)


@router.post("/{subject}/close", responses=COMMAND)
async def close_launch(asked: Deciding, body: CloseBody) -> dict[str, Any]:
    """End it once it has soaked. The report is made of the record and filed, the forecasts that
    were kept are scored; where none was, the score is null and `unscored` says why."""
    filed = await run_in_threadpool(closing_of, asked.svc, asked.launch.id, body.lessons)
    done = await asked.give(
        "close", filed.body, body.model_dump(mode="json"), filed.texts, needs_seen=True
    )
    return {**done, "score": filed.body["score"], "unscored": filed.body["unscored"]}


def _forecast(row: ForecastRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "made_at": time_text(row.made_at),
        "by": time_text(row.due),
        "probability": row.probability,
        "seed": row.seed,
        "runs": row.runs,
        "kept_by": row.by,
    }
