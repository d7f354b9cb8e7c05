"""What builders owe before a launch: accept the policies, verify the profile, publish as public."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from starlette.concurrency import run_in_threadpool

from api.deps import IdempotencyKey, SubjectId, Svc, Who, answered
from api.errors import Problem
from api.publishers import visible_publisher
from api.schema import COMMAND, READ
from api.subjects import give
from gonogo.db.launch_duties import MEASURED, asked_of, ends_public, releases_of, terms_of
from gonogo.db.session import reading

router = APIRouter(prefix="/v1/duties", tags=["duties"])
_Duty = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


@router.get("/{publisher}", responses=READ)
def get_duties(svc: Svc, who: Who, publisher: SubjectId) -> dict[str, Any]:
    """Every duty of a publisher: done or not, who does it, and for which of its releases."""
    state = visible_publisher(svc, who, publisher)
    with reading(svc.engine) as session:
        releases = releases_of(session, svc.store, publisher)
    asked = asked_of(svc.pack, svc.pack)
    own = set(asked.left(state.confirmed, verified=state.holds))
    per = {
        row.id: set(
            asked.left(state.confirmed, verified=state.holds, public=ends_public(row.state))
        )
        for row in releases
    }
    items = []
    for duty in svc.pack.launch.duties:
        open_for = [release for release, owed in per.items() if duty.id in owed]
        items.append(
            {
                "id": duty.id,
                "title": duty.title,
                "done": duty.id not in own and not open_for,
                "measured": duty.id in MEASURED,
                "releases": open_for if duty.id not in own else [],
            }
        )
    return {"publisher": publisher, "terms": terms_of(svc.pack), "items": items}


@router.post("/{publisher}/{duty}", responses=COMMAND)
async def confirm_duty(
    svc: Svc,
    who: Who,
    publisher: SubjectId,
    duty: _Duty,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Confirm that a duty is done, under the policies as they are now. What the store can see for
    itself is not confirmed: do it."""
    known = {one.id for one in svc.pack.launch.duties}
    if duty not in known:
        raise Problem("not-found", f"there is no duty {duty}")
    if duty in MEASURED:
        raise Problem("bad-request", f"{duty} is not confirmed by anybody: the store looks itself")
    state = await run_in_threadpool(visible_publisher, svc, who, publisher)
    body = {"duty": duty, "terms": terms_of(svc.pack)}
    outcome = await give(
        svc, who, "publisher", state, "confirm_duty", body, key=key, fingerprint=body
    )
    return answered(outcome, response)
