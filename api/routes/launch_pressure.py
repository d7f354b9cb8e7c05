"""The pressure on a launch: how it went against what is usual, as JSON and as a table."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.csv_safe import csv_text
from api.deps import SubjectId, Svc
from api.launch_pressure import COLUMNS, pressed, pressure_rows, pressure_view
from api.schema import READ
from api.subjects import Staff

router = APIRouter(prefix="/v1/launches", tags=["launches"])


@router.get("/{launch}/pressure", responses=READ)
def get_pressure(
    svc: Svc,
    who: Staff,
    launch: SubjectId,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """How much the launch was pressed, between 0 and 1, and by what: time each item spent in
    testing and review against the usual for its risk tier (items with the most missing first),
    waivers, overrides, dissent, moved dates, shortened steps. It decides nothing."""
    return pressure_view(pressed(svc, launch), offset, limit)


@router.get("/{launch}/pressure.csv", responses=READ, response_class=Response)
def get_pressure_table(svc: Svc, who: Staff, launch: SubjectId) -> Response:
    """All of it as one table for a spreadsheet. No cell in it is a formula."""
    text = csv_text(COLUMNS, pressure_rows(pressed(svc, launch)))
    name = f'attachment; filename="{launch}-pressure.csv"'
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
