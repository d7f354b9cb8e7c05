"""Windows over the opening of a launch: whoever they name gets past them, with a reason."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from api.bodies import ReasonBody, worded
from api.launch_asked import Deciding
from api.schema import COMMAND
from policies.lifecycle.launch_freeze import WINDOWS_MOST

router = APIRouter(prefix="/v1/launches", tags=["launches"])
_Window = Annotated[str, Field(pattern=r"^[a-z]+[_:][A-Za-z0-9_.-]{1,72}$")]


class OverrideFreezeBody(ReasonBody):
    """`windows`: those to get past; left out, all that close the whole store at the opening. Name
    those that keep single items back."""

    windows: Annotated[list[_Window], Field(min_length=1, max_length=WINDOWS_MOST)] | None = None


@router.post("/{subject}/override-freeze", responses=COMMAND)
async def override_freeze(asked: Deciding, body: OverrideFreezeBody) -> dict[str, Any]:
    """Open in spite of windows that name a role of yours, this once. A launch that they held goes
    on, if its time has not passed."""
    words, texts = worded(body.reason, body.note)
    named = {} if body.windows is None else {"windows": body.windows}
    given = body.given()
    return await asked.give("override_freeze", {**words, **named}, given, texts, needs_seen=True)
