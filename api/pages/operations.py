"""The operator's page: how each part is, what waits, what is late."""

from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.deps import Svc
from api.errors import Problem
from api.operations import examine
from api.pages.site import Person, SignedIn, page, page_router
from policies.lifecycle.kernel import Role

router = page_router()
OPERATORS = (Role.ADMINISTRATOR, Role.PRODUCT_LEAD, Role.SAFETY_ONCALL)
EVERY_S = 10


@router.get("/operations")
async def operations_page(svc: Svc, look: SignedIn, who: Person) -> Response:
    """Health, workers, lag, disk and versions, asked now."""
    if not set(OPERATORS) & set(who.roles):
        raise Problem("not-allowed", "this is for administrators, product leads and safety on-call")
    await run_in_threadpool(look.names.learn, (who.id,))
    health = await examine(svc)
    ill = [sign for sign in health.signs if sign.state != "good"]
    return page(svc, look, "operations.html", health=health, ill=ill, every_s=EVERY_S)
