"""Whether the process lives, and whether it can do its work."""

from typing import Any

from fastapi import APIRouter, Response
from sqlmodel import text
from starlette.concurrency import run_in_threadpool

from api.deps import Services, Svc
from gonogo.db.session import reading

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(svc: Svc, response: Response) -> dict[str, Any]:
    """200 while reads and stops work: the database answers. The orchestrator is told apart."""
    database = await run_in_threadpool(_database, svc)
    orchestrator = await svc.gateway.courier.reachable()
    draining = svc.feed.draining
    response.status_code = 200 if database and not draining else 503
    status = "ok" if database and orchestrator else "degraded" if database else "down"
    return {
        "status": "draining" if draining else status,
        "database": database,
        "orchestrator": orchestrator,
    }


def _database(svc: Services) -> bool:
    try:
        with reading(svc.engine) as session:
            session.connection().execute(text("SELECT 1"))
    except Exception:
        return False
    return True
