"""A command as a form on the pages of a launch asks for it, and where that leads: the launch is
one that the person sees, and the same form sent twice is one command."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.deps import SubjectId, Svc, etag
from api.launch_asked import Asked
from api.launch_board import visible_launch
from api.pages.forms import Key, Version, key_of, outcome
from api.pages.site import Person, back_to


async def _asked(svc: Svc, who: Person, request: Request, subject: SubjectId, key: Key) -> Asked:
    launch = await run_in_threadpool(visible_launch, svc, who, subject)
    return Asked(svc, who, launch, await key_of(request, key))


FormAsking = Annotated[Asked, Depends(_asked)]


async def _decided(asked: FormAsking, version: Version) -> Asked:
    return replace(asked, seen=etag(version))


FormDeciding = Annotated[Asked, Depends(_decided)]


def to_board(asked: Asked, done: dict[str, Any], said: str, part: str = "") -> Response:
    """Look at the launch again, or at the `part` of it that its path names (`/plan`); `said` as in
    `outcome`."""
    return back_to(f"/launches/{asked.launch.id}{part}", outcome(done, said))
