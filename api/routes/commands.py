"""Commands: what became of one, for whoever gave it."""

from typing import Any

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from api.deps import Services, SubjectId, Svc, Who, answered
from api.errors import Problem
from api.schema import COMMAND
from api.subjects import is_staff
from gonogo.db.session import reading
from gonogo.db.tables import CommandRow
from policies.lifecycle.kernel import iso

router = APIRouter(prefix="/v1/commands", tags=["commands"])


@router.get("/{subject}", responses=COMMAND)
async def get_command(svc: Svc, who: Who, subject: SubjectId, response: Response) -> dict[str, Any]:
    """The first answer to a command, or the problem it met. One still pending is sent again."""
    row = await run_in_threadpool(_row, svc, subject)
    # Asking sends it again, so only its giver or staff may ask.
    if row is None or not (row.actor_id == who.id or is_staff(who)):
        raise Problem("not-found", f"there is no command {subject} that you may see")
    told = {"kind": row.kind, "actor": row.actor_id, "received_at": iso(row.received_at)}
    return {**told, **answered(await svc.gateway.outcome(subject), response)}


def _row(svc: Services, command: str) -> CommandRow | None:
    with reading(svc.engine) as session:
        return session.get(CommandRow, (svc.store, command))
