"""What builders still owe before a launch: to staff all of it, to builders their own."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlmodel import col, select

from api.deps import SubjectId, Svc, Who
from api.launch_board import board
from api.launch_owing import duty_titles, owing_view
from api.schema import READ
from api.subjects import is_staff
from gonogo.db.people import PublisherRow
from gonogo.db.session import reading

router = APIRouter(prefix="/v1/launches", tags=["launches"])


@router.get("/{launch}/duties", responses=READ)
def list_owing(
    svc: Svc,
    who: Who,
    launch: SubjectId,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Publishers that have something to do before it opens, and what; first those with most
    `musts`, items that must open: these the gate `duties_done` counts. `of` counts all publishers.
    A builder sees what their own publishers owe."""
    seen = board(svc, who, launch, datetime.now(UTC))
    mine = None if is_staff(who) else who.publishers
    told = owing_view(seen, mine, duty_titles(svc, seen.launch), start=offset, most=limit)
    with reading(svc.engine) as session:
        names = dict(
            session.exec(
                select(PublisherRow.id, PublisherRow.name).where(
                    PublisherRow.store_id == svc.store,
                    col(PublisherRow.id).in_([one["publisher"] for one in told["publishers"]]),
                )
            ).all()
        )
    return {
        "launch": seen.launch.id,
        "of": told["of"],
        "items": [
            {**one, "name": names.get(one["publisher"], one["publisher"])}
            for one in told["publishers"]
        ],
    }
