"""What came of a launch: forecasts that were kept, and the report they are scored in."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from sqlmodel import col, select

from api.bodies import Body, Instant
from api.deps import Services, SubjectId, Svc
from api.errors import Problem
from api.routes.launch_plans import told_by
from api.schema import READ
from api.subjects import Staff
from api.views import time_text
from gonogo.db import forecasts
from gonogo.db.codec import state_of
from gonogo.db.forecasts import KEPT_MOST, ForecastRow
from gonogo.db.launches import LaunchPicture
from gonogo.db.people import PersonRow
from gonogo.db.session import reading, writing
from gonogo.ids import new_id
from gonogo.notices.reports import report_html
from policies.lifecycle.launch_state import Launch
from policies.rules.launch_report import LaunchReport, as_json, report

router = APIRouter(prefix="/v1/launches", tags=["launches"])


class KeepBody(Body):
    """`by`: the moment the forecast is about; without one the end of the launch's target."""

    by: Instant | None = None


@router.get("/{launch}/forecasts", responses=READ)
def list_forecasts(svc: Svc, who: Staff, launch: SubjectId) -> dict[str, Any]:
    """Those that were kept, the oldest first."""
    _launch(svc, launch)
    with reading(svc.engine) as session:
        rows = forecasts.kept(session, svc.store, launch)
    return {"items": [_forecast(row) for row in rows]}


@router.post("/{launch}/forecasts", status_code=201, responses=READ)
def keep_forecast(svc: Svc, who: Staff, launch: SubjectId, body: KeepBody) -> dict[str, Any]:
    """Make a forecast and keep it: it is scored when the launch is over."""
    with reading(svc.engine) as session:
        if forecasts.count(session, svc.store, launch) >= KEPT_MOST:
            raise Problem("over-limit", f"a launch keeps at most {KEPT_MOST} forecasts")
    asked, told, at = told_by(svc, launch, body.by)
    if at is None:
        raise Problem("bad-request", "there is no date yet: say by when")
    row = ForecastRow(
        store_id=svc.store,
        id=new_id("fct"),
        launch=launch,
        made_at=asked.now,
        due=at,
        probability=told.by(at),
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
    """The report as it stands: dates, holds, gates, dissent, openings, incidents, scores. Ids and
    digests, no names and no prose."""
    return as_json(made_of(svc, launch))


@router.get("/{launch}/report.html", responses=READ, response_class=Response)
def get_report_page(svc: Svc, who: Staff, launch: SubjectId) -> HTMLResponse:
    """The same for people, in one file that needs nothing else: to keep, to print, to send."""
    made = made_of(svc, launch)
    by = {one.by for one in made.timeline} | {one.by for one in made.dates}
    by |= {one.by for one in made.dissent}
    by |= {one.overridden_by for one in made.dissent if one.overridden_by}
    with reading(svc.engine) as session:
        names = dict(
            session.exec(
                select(PersonRow.id, PersonRow.name).where(
                    PersonRow.store_id == svc.store, col(PersonRow.id).in_(sorted(by))
                )
            ).all()
        )
    html = report_html(made, names, svc.pack.calendar.zone)
    headers = {"Content-Disposition": f'attachment; filename="{launch}.html"'}
    return HTMLResponse(html, headers=headers)


def made_of(svc: Services, launch: str) -> LaunchReport:
    state = _launch(svc, launch)
    events = svc.ledger.events(svc.store, launch)
    with reading(svc.engine) as session:
        return report(
            events,
            incidents=forecasts.incidents(session, svc.store, launch, state.opened_at),
            foretold=forecasts.foretold(session, svc.store, launch),
            approved_at=forecasts.approved_at(session, svc.store, launch),
            lessons=(state.report,) if state.report else (),
            now=datetime.now(UTC),
        )


def _launch(svc: Services, launch: str) -> Launch:
    with reading(svc.engine) as session:
        row = session.get(LaunchPicture, (svc.store, launch))
    if row is None:
        raise Problem("not-found", f"there is no launch {launch}")
    state: Launch = state_of("launch", row.state)
    return state


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
