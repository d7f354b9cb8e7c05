"""The pages of store launches: one sentence, the rail, what is ready, who answers, the levers."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response

from api.choices import asks_of, board_choices
from api.deps import Cursor, Services, SubjectId, Svc
from api.errors import Problem
from api.launch_board import (
    ON_A_PAGE,
    SHOWS,
    Board,
    board,
    line_view,
    lines,
    owing,
    shares,
    standing,
)
from api.launch_owing import duty_titles, owing_view
from api.launch_shown import launch_view, share
from api.pages.forms import Said, Short, fresh_key, moment_of
from api.pages.launch_calendar import calendar_of
from api.pages.launch_closing import closing_part
from api.pages.launch_freeze import freeze_view, restoring_view
from api.pages.launch_parts import gate_lines, poll_view, rail
from api.pages.launch_steering import levers, your_part
from api.pages.launch_story import launch_story
from api.pages.site import Person, SignedIn, Viewer, page, page_router
from api.subjects import is_staff
from api.views import can_one, can_view
from gonogo.db import launch_lists
from gonogo.db.codec import state_of
from gonogo.db.session import reading
from policies.lifecycle.kernel import Actor
from policies.lifecycle.launch_state import Launch

router = page_router()
_LISTED = 25
_OWING_MOST = 10
Show = Annotated[str, Query(max_length=12)]
Start = Annotated[int, Query(ge=0, le=20_000)]


@router.get("/launches")
def launch_list(
    svc: Svc, look: SignedIn, who: Person, cursor: Cursor = None, said: Said = ""
) -> Response:
    """Launches this person may see, newest first: all for staff, their own for developers."""
    now = datetime.now(UTC)
    staff = is_staff(who)
    with reading(svc.engine) as session:
        only = None if staff else launch_lists.launches_of(session, svc.store, who.publishers)
        try:
            found = launch_lists.launches(
                session, svc.store, only=only, after=cursor, limit=_LISTED
            )
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
        states: list[Launch] = [state_of("launch", row.state) for row in found.rows]
        counts = shares(svc, session, states, now) if staff else {}
    listed = []
    for state in states:
        seen = counts.get(state.id, 0)
        known = {"share": None, "size": seen} if isinstance(seen, int) else {"share": share(seen)}
        listed.append({**launch_view(state, now), "size": 0, **known})
    look.names.learn((who.id,))
    return page(
        svc,
        look,
        "launches.html",
        items=listed,
        next=found.next,
        said=said,
        drafting=can_one("launch", "draft", None, who),
    )


@router.get("/launches/{subject}")
def launch_page(
    svc: Svc,
    look: SignedIn,
    who: Person,
    subject: SubjectId,
    said: Said = "",
    show: Show = "all",
    start: Start = 0,
) -> Response:
    """The board of one launch."""
    now = datetime.now(UTC)
    seen = board(svc, who, subject, now)
    can = can_view("launch", seen.launch, who)
    return page(
        svc,
        look,
        "launch.html",
        said=said,
        key=fresh_key(),
        can=can,
        levers=levers(seen.launch),
        mine=your_part(seen.launch, who, can),
        calendar=calendar_of(svc, seen.launch, now, staff=is_staff(who), bound=seen.items.values()),
        choices=board_choices(svc, seen.launch) if is_staff(who) else None,
        asks=None if is_staff(who) else asks_of(svc, who, seen.launch),
        closing=closing_part(svc, seen.launch, now) if is_staff(who) else None,
        restoring=restoring_view(svc, seen.launch, who, now) if is_staff(who) else None,
        **_items(svc, seen, look, who, show, start),
        **_whole(svc, look, who, seen, now),
    )


@router.get("/launches/{subject}/live")
def launch_live(
    svc: Svc,
    look: SignedIn,
    who: Person,
    subject: SubjectId,
    seen: Short = "",
    status: Short = "",
) -> Response:
    """The live parts, if anything moved; a reload where the levers changed too."""
    now = datetime.now(UTC)
    launch, position = standing(svc, who, subject)
    if status != launch.status.value:
        return Response(status_code=200, headers={"HX-Refresh": "true"})
    if seen == _mark(launch, position, now):
        return Response(status_code=204)  # thousands of items need no look
    found = board(svc, who, subject, now)
    return page(svc, look, "launch_news.html", **_whole(svc, look, who, found, now))


def _mark(launch: Launch, position: int, now: datetime) -> str:
    """What a board has shown. Its items change without it: by stops, tests, publishers, anything
    of the store."""
    return f"{moment_of(launch.seq, now)}-{position}"


def _whole(svc: Services, look: Viewer, who: Actor, seen: Board, now: datetime) -> dict[str, Any]:
    launch, staff = seen.launch, is_staff(who)
    view = {**launch_view(launch, now), "freeze": freeze_view(launch, who)}
    story = launch_story(svc, look, launch, staff=staff)
    gates = gate_lines(svc, launch, now, story.prose) if staff else []
    poll = poll_view(launch, story.prose) if staff else None
    mine = set(who.roles) & set(view["turn"])
    return {
        "launch": view,
        "now_at": now,
        "staff": staff,
        "share": share(seen.counts) if staff else None,
        "owes": not staff and bool(owing(seen, who.publishers)),
        "your_turn": bool(mine) and not (launch.proposal and launch.proposal.by == who.id),
        "steps": rail(launch, story.reached, now),
        "gates": gates,
        "poll": poll,
        "path": _path(seen) if staff else None,
        "events": story.told,
        "live": not view["final"],
        "seen_at": _mark(launch, seen.position, now),
    }


def _items(
    svc: Services, seen: Board, look: Viewer, who: Actor, show: str, start: int
) -> dict[str, Any]:
    wanted = show if show in SHOWS else "all"
    publishers = None if is_staff(who) else who.publishers
    found = lines(seen, wanted, publishers)
    last = max(0, (len(found) - 1) // ON_A_PAGE * ON_A_PAGE)
    start = min(start, last)  # a filter left fewer pages than there were
    cut = found[start : start + ON_A_PAGE]
    titles = duty_titles(svc, seen.launch)
    owed = owing_view(seen, publishers, titles, most=_OWING_MOST)
    look.names.expect(
        {one.bound.publisher for one in cut} | {one["publisher"] for one in owed["publishers"]}
    )
    return {
        "duties": titles,
        "owing": owed,
        "items": [line_view(one, seen) for one in cut],
        "show": wanted,
        "first": start + 1,
        "of": len(found),
        "earlier": max(0, start - ON_A_PAGE) if start else None,
        "later": start + ON_A_PAGE if start + ON_A_PAGE < len(found) else None,
    }


def _path(seen: Board) -> dict[str, Any] | None:
    """The chain that the launch waits for, with names; None where nothing is known to remain."""
    path = seen.path
    if path is None:
        return None
    return {
        "items": [
            {"release": one, "name": seen.items[one].name, "ready_s": path.finish_s[one]}
            for one in path.items
        ],
        "total_s": path.total_s,
        "unknown": len(path.unknown),
    }
