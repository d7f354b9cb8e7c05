"""What developers want when a launch is postponed: wait for it, ship alone, withdraw."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.bodies import Body
from api.choices import RELEASES_MOST, choices_view
from api.deps import IdempotencyKey, Services, SubjectId, Svc, Who, answered
from api.each import each, key_of_one
from api.errors import Problem
from api.kept import Outcome
from api.publishers import visible_publisher
from api.schema import COMMAND, READ
from api.subjects import SeenRelease, give, visible_release
from policies.lifecycle.kernel import Actor
from policies.rules.postponing_request import Choice

releases = APIRouter(prefix="/v1/releases", tags=["releases"])
router = APIRouter(prefix="/v1/publishers", tags=["publishers"])
_Launch = Annotated[str, Field(min_length=5, max_length=80, pattern=r"^lch_[\x21-\x7e]+$")]
_Release = Annotated[str, Field(min_length=5, max_length=80, pattern=r"^rel_[\x21-\x7e]+$")]


class ChoiceBody(Body):
    """`nth` is the postponement of `launch` that is answered: a later one asks again."""

    launch: _Launch
    nth: Annotated[int, Field(ge=1, le=10_000, strict=True)]
    choice: Choice


class ChoicesBody(ChoiceBody):
    """Without `releases`, of all that wait for the launch."""

    releases: Annotated[list[_Release], Field(min_length=1, max_length=RELEASES_MOST)] | None = None


@releases.post("/{subject}/choose", responses=COMMAND)
async def choose_for_release(
    svc: Svc,
    who: Who,
    release: SeenRelease,
    body: ChoiceBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Say what becomes of a release whose launch was postponed. `wait` may be changed until the
    time is over; `ship_alone` and `withdraw` take it out of the launch at once. Neither opens
    anything: a product lead starts what ships alone, and nobody what was withdrawn."""
    return answered(await _chosen(svc, who, release.id, body, key), response)


@router.get("/{publisher}/choices", responses=READ)
def get_choices(svc: Svc, who: Who, publisher: SubjectId) -> dict[str, Any]:
    """What every postponed launch asks of a publisher: until when, what counts otherwise, and what
    was said of each release."""
    visible_publisher(svc, who, publisher)
    return {"publisher": publisher, "items": choices_view(svc, who, publisher)}


@router.post("/{publisher}/choices", responses=COMMAND)
async def choose_for_all(
    svc: Svc,
    who: Who,
    publisher: SubjectId,
    body: ChoicesBody,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """The same choice for many releases of one publisher at once, each with its own result."""
    await run_in_threadpool(visible_publisher, svc, who, publisher)
    named = body.releases
    if named is None:
        found = await run_in_threadpool(choices_view, svc, who, publisher)
        its = [one for one in found if one["launch"] == body.launch]
        named = [r["release"] for one in its for r in one["releases"] if r["bound"]]
    if len(set(named)) != len(named):
        raise Problem("malformed", "a release is named twice")

    async def choose(subject: str) -> Outcome:
        release = await asyncio.to_thread(visible_release, svc, who, subject)
        if release.publisher != publisher:
            raise Problem("not-found", f"{subject} is not a release of {publisher}")
        return await _chosen(svc, who, subject, body, key_of_one(key, subject))

    return await each(named, str, choose)


async def _chosen(
    svc: Services, who: Actor, subject: str, body: ChoiceBody, key: str | None
) -> Outcome:
    release = await run_in_threadpool(visible_release, svc, who, subject)
    said = {"launch": body.launch, "nth": body.nth, "choice": body.choice.value}
    return await give(svc, who, "release", release, "choose", said, key=key, fingerprint=said)
