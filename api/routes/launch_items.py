"""The items of a launch: releases bound to it, two hundred a call, each with its own result."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.bodies import Body, Instant, Note, ReasonBody, worded
from api.deps import Cursor, IdempotencyKey, IfMatch, PageSize, Svc, Who, answered
from api.each import each, key_of_one
from api.errors import Problem
from api.kept import Outcome
from api.launch_views import item_view
from api.launching import SeenLaunch
from api.schema import COMMAND, READ
from api.subjects import SeenRelease, Staff, give, precondition, visible_release
from gonogo.db import launch_lists, queries
from gonogo.db.session import reading
from policies.lifecycle.kernel import iso
from policies.lifecycle.release_state import Phase

router = APIRouter(prefix="/v1/launches", tags=["launches"])
releases = APIRouter(prefix="/v1/releases", tags=["releases"])
ITEMS_MOST = 200
_Release = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^rel_[\x21-\x7e]+$")]
Importance = Literal["must", "should", "optional"]


class ItemBody(Body):
    """`requires`: releases that have to be visible with it. `not_before`: an embargo."""

    release: _Release
    wave: Annotated[int, Field(ge=1, le=100, strict=True)] = 1
    importance: Importance = "should"
    requires: Annotated[tuple[_Release, ...], Field(max_length=50)] = ()
    offset_s: Annotated[int, Field(ge=0, le=30 * 86400, strict=True)] | None = None
    not_before: Instant | None = None


class ItemsBody(Body):
    items: Annotated[list[ItemBody], Field(min_length=1, max_length=ITEMS_MOST)]


class UnbindBody(Body):
    """`reason`: a code such as `ship_alone`, or a sentence."""

    releases: Annotated[list[_Release], Field(min_length=1, max_length=ITEMS_MOST)]
    reason: Note
    note: Note | None = None


@router.get("/{subject}/items", responses=READ)
def list_items(
    svc: Svc,
    who: Staff,
    launch: SeenLaunch,
    wave: Annotated[int | None, Query(ge=1, le=100)] = None,
    importance: Importance | None = None,
    phase: Phase | None = None,
    cursor: Cursor = None,
    limit: PageSize = queries.PAGE,
) -> dict[str, Any]:
    """What is bound to it or was opened by it, by id; `next` is the cursor of the next page."""
    with reading(svc.engine) as session:
        try:
            page = launch_lists.items(
                session,
                svc.store,
                launch.id,
                wave=wave,
                importance=importance,
                phase=phase.value if phase else None,
                after=cursor,
                limit=limit,
            )
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
        named = queries.gpts(session, svc.store, {row.gpt for row in page.rows})
        over = launch_lists.passed_over(
            session, svc.store, launch.id, {row.id for row in page.rows}
        )
    return {
        "items": [
            item_view(row, named.get(row.gpt), (row.wave or 0) <= over.get(row.id, 0))
            for row in page.rows
        ],
        "next": page.next,
    }


@router.post("/{subject}/items", responses=COMMAND)
async def bind_items(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: ItemsBody,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Bind releases, or give those that are bound another wave or importance. Each item has its
    own result; a repeat with the same key gets the same ones."""
    _once([item.release for item in body.items])

    async def bind(item: ItemBody) -> Outcome:
        wanted = {
            "launch": launch.id,
            **item.model_dump(mode="json", exclude={"release", "not_before"}),
            "not_before": iso(item.not_before) if item.not_before else None,
        }
        release = await asyncio.to_thread(visible_release, svc, who, item.release)
        return await give(
            svc, who, "release", release, "bind", wanted, key=key_of_one(key, item.release)
        )

    return await each(body.items, lambda item: item.release, bind)


@router.post("/{subject}/items/unbind", responses=COMMAND)
async def unbind_items(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: UnbindBody,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Take releases out of it. They are ready, with what is left of their approvals' life."""
    _once(body.releases)

    async def unbind(subject: str) -> Outcome:
        release = await asyncio.to_thread(visible_release, svc, who, subject)
        if release.launch != launch.id:
            raise Problem("illegal-move", f"{subject} is not bound to {launch.id}")
        words, texts = worded(body.reason, body.note)
        given = {"launch": launch.id, "reason": body.reason, "note": body.note}
        return await give(
            svc,
            who,
            "release",
            release,
            "unbind",
            words,
            key=key_of_one(key, subject),
            fingerprint=given,
            texts=texts,
        )

    return await each(body.releases, str, unbind)


@releases.post("/{subject}/unbind", responses=COMMAND)
async def unbind_release(
    svc: Svc,
    who: Who,
    release: SeenRelease,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Leave its launch, to ship alone or to wait: it is ready, its approval's life goes on."""
    await precondition(svc, who, key, if_match, release.version, needed=False)
    words, texts = worded(body.reason, body.note)
    outcome = await give(
        svc, who, "release", release, "unbind", words, key=key, fingerprint=body.given(),
        texts=texts,
    )  # fmt: skip
    return answered(outcome, response)


def _once(releases: list[str]) -> None:
    twice = sorted({one for one in releases if releases.count(one) > 1})
    if twice:
        raise Problem("malformed", "named twice: " + ", ".join(twice[:10]))
