"""Postponing a launch: typed, shown as a difference before anything happens, then committed.

The commit names the hash of what was shown. If anything changed meanwhile it is refused, and the
page shows what is different from what the person saw. Both memos stand beside it as they would be
drafted: rendered, and kept nowhere.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Form, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.bodies import STATED
from api.deps import Services, SubjectId, Svc
from api.errors import Problem
from api.launch_ahead import preview_view
from api.launch_asked import Asked
from api.launch_board import visible_launch
from api.launch_shown import launch_view, target_view
from api.memos import foreseen
from api.pages.forms import Key, Line, Said, fresh_key, key_of, outcome
from api.pages.launch_parts import titles
from api.pages.site import Person, SignedIn, Viewer, back_to, page, page_router
from api.pages.wording import duration
from api.routes import launch_dates as dates
from api.routes import launch_plans as plans
from api.subjects import is_staff
from api.views import can_one
from gonogo.db import launch_lists
from gonogo.db.session import reading
from gonogo.notices.memos import as_html
from gonogo.zones import place_target, resolve_local, zone_named
from policies.errors import Incomplete, StaleDecision
from policies.lifecycle.kernel import Actor, Command, iso
from policies.lifecycle.launch import MACHINE
from policies.lifecycle.launch_asking import in_time
from policies.lifecycle.launch_state import Launch
from policies.rules.memo_facts import REASONS
from policies.rules.postponing import Preview, still
from policies.rules.postponing_request import Choice, Mode
from policies.rules.target_text import FORMS, LONGEST

router = page_router()
_SHOWN = 25  # lines of each list; their counts stand beside them
_ASKED = timedelta(days=3)  # developers have to choose, unless somebody says otherwise
_COUNTS = ("moved", "flagged", "lapses", "reviews")
_WHY = rf"^({'|'.join(REASONS)})?$"
_Tongue = Literal["en", "fr"]
Typed = Annotated[str, Query(max_length=LONGEST)]
Local = Annotated[str, Query(max_length=32)]


@router.get("/launches/{subject}/postpone")
def postpone_page(
    svc: Svc,
    look: SignedIn,
    who: Person,
    subject: SubjectId,
    said: Said = "",
    target: Typed = "",
    decide_by: Local = "",
    mode: Annotated[Mode, Query()] = Mode.SHIFT,
    default: Annotated[Choice, Query()] = Choice.WAIT,
    why: Annotated[str, Query(pattern=_WHY)] = "",
    tongue: Annotated[_Tongue, Query()] = "en",
) -> Response:
    """What is asked for; with a date also what would follow from it."""
    launch = _staffs(svc, who, subject)
    told: dict[str, Any] = {"made": None, "because": "", "stale": None}
    asked = {
        "target": target.strip(),
        "decide_by": decide_by,
        "mode": mode,
        "default": default,
        "why": why,
        "tongue": tongue,
    }
    if target.strip():
        try:
            body = _body(launch, target, decide_by, mode, default)
            told["made"] = plans.previewed(svc, subject, body)
            return _page(svc, look, who, launch, asked, told, said=said)
        except Incomplete as fault:
            told |= {"made": None, "because": fault.because}
    return _page(svc, look, who, launch, asked, told, said=said)


@router.post("/launches/{subject}/postpone")
async def postpone(
    svc: Svc,
    look: SignedIn,
    who: Person,
    request: Request,
    subject: SubjectId,
    key: Key,
    plan_hash: Annotated[str, Form(pattern=r"^[0-9a-f]{64}$")],
    target: Annotated[str, Form(max_length=LONGEST)],
    decide_by: Annotated[str, Form(max_length=32)] = "",
    mode: Annotated[Mode, Form()] = Mode.SHIFT,
    default: Annotated[Choice, Form()] = Choice.WAIT,
    why: Annotated[str, Form(pattern=_WHY)] = "",
    tongue: Annotated[_Tongue, Form()] = "en",
    saw: Annotated[str, Form(max_length=80)] = "",
    note: Line = "",
) -> Response:
    """Commit what the preview showed."""
    launch = await run_in_threadpool(_staffs, svc, who, subject)
    if not note.strip():
        raise Problem("incomplete", "say why it is postponed: everybody who is told will ask")
    asked = _body(launch, target, decide_by, mode, default)
    made = await run_in_threadpool(plans.previewed, svc, subject, asked)
    try:
        still(made, plan_hash)
        body = dates.PostponeBody(
            target=target.strip(),
            reason=why or note.strip(),
            note=note.strip() if why else None,
            decide_by=_until(launch, made),
            default=default,
            **dates.as_seen(made),
        )
        asking = Asked(svc, who, launch, await key_of(request, key))
        done = await dates.postpone_launch(asking, body)
    except StaleDecision:
        # Also where another lead was faster by a moment.
        launch = await run_in_threadpool(_staffs, svc, who, subject)
        made = await run_in_threadpool(plans.previewed, svc, subject, asked)
        told = {"made": made, "because": "", "stale": _seen(saw)}
        typed = {
            "target": target,
            "decide_by": decide_by,
            "mode": mode,
            "default": default,
            "why": why,
            "tongue": tongue,
        }
        return await run_in_threadpool(
            _page, svc, look, who, launch, typed, told, status=409, note=note.strip()
        )
    told_next = f"/memos?launch={subject}" if look.has("product_lead") else f"/launches/{subject}"
    return back_to(told_next, outcome(done, "postponed"))


def _staffs(svc: Services, who: Actor, subject: str) -> Launch:
    """The launch, for staff: what a postponement does to others is not for one developer."""
    if not is_staff(who):
        raise Problem("not-found", f"there is no launch {subject} that you may postpone")
    return visible_launch(svc, who, subject)


def _body(
    launch: Launch, target: str, decide_by: str, mode: Mode, default: Choice
) -> plans.PreviewBody:
    try:
        at = datetime.fromisoformat(decide_by) if decide_by else None
    except ValueError:
        raise Incomplete("until when do developers choose? a day and a time") from None
    until = resolve_local(at.replace(tzinfo=None), launch.tz).at if at else _soon()
    return plans.PreviewBody(target=target.strip(), decide_by=until, mode=mode, default=default)


def _soon() -> datetime:
    """The same minute for the preview and its commit: an hour is begun, not ended."""
    return (datetime.now(UTC) + _ASKED).replace(minute=0, second=0, microsecond=0)


def _until(launch: Launch, made: Preview) -> datetime | None:
    """Until when developers choose: before the countdown, whatever was typed; None: no time is
    left, so nobody is asked."""
    return in_time(launch, made.request.target, made.request.decide_by, datetime.now(UTC))


def _drafts(
    svc: Services, launch: Launch, who: Actor, made: Preview, asked: dict[str, Any], note: str
) -> list[dict[str, Any]]:
    """Both memos in one language, as the record would have them. Raises what the commit would."""
    now, tongue, until = datetime.now(UTC), asked["tongue"], _until(launch, made)
    body = {
        "target": place_target(asked["target"], launch.tz).target.as_json(),
        "reason": asked["why"] or STATED,
        "decide_by": iso(until) if until else None,
        "default": made.request.default.value,
        **dates.as_seen(made),
    }
    order = Command("", "postpone", svc.store, launch.id, who, now, body)
    (fact,) = MACHINE.decide(launch, order, now, {})
    said = foreseen(svc, launch, fact, by=who.id, note=note or None, locales=(tongue,), now=now)
    return [
        {
            "audience": name.partition("/")[0],
            "locale": name.partition("/")[2],
            "subject": text.subject,
            "html": as_html(text.text, svc.settings.base),
        }
        for name, text in said.items()
    ]


def _seen(saw: str) -> dict[str, int]:
    """The counts that the refused page showed, as its form sends them back."""
    parts = dict(part.split(":", 1) for part in saw.split(",") if ":" in part)
    return {name: int(parts[name]) for name in _COUNTS if parts.get(name, "").isdigit()}


def _page(
    svc: Services,
    look: Viewer,
    who: Actor,
    launch: Launch,
    asked: dict[str, Any],
    told: dict[str, Any],
    *,
    said: str = "",
    status: int = 200,
    note: str = "",
) -> Response:
    now, made = datetime.now(UTC), told["made"]
    if not asked["decide_by"]:
        local = _soon().astimezone(zone_named(launch.tz))
        asked["decide_by"] = local.strftime("%Y-%m-%dT%H:%M")
    seen = preview_view(made) if made else None
    can = can_one("launch", "postpone", launch, who)
    look.names.learn((who.id,))
    return page(
        svc,
        look,
        "launch_postpone.html",
        status,
        said=said,
        key=fresh_key(),
        launch=launch_view(launch, now),
        can=can,
        asked=asked,
        modes=list(Mode),
        choices=list(Choice),
        forms=FORMS,
        because=told["because"],
        stale=told["stale"],
        note=note,
        seen=seen,
        drafts=_drafts(svc, launch, who, made, asked, note) if made and can["allowed"] else [],
        whys=REASONS,
        lines=_lines(seen) if seen else [],
        becomes=target_view(made.request.target, now) if made else None,
        shown=_SHOWN,
        saw=",".join(f"{name}:{seen['counts'][name]}" for name in _COUNTS) if seen else "",
        named=_named(svc, launch, seen) if seen else {},
        gate_titles=titles(svc, launch),
    )


def _lines(seen: dict[str, Any]) -> list[dict[str, Any]]:
    """The difference without what has a place of its own, and without work that reads the same."""

    def work(said: str | None) -> str:
        return duration(float(said or 0))

    return [
        one
        for one in seen["difference"]
        if one["what"] not in ("target", "lapse", "review")
        and not (one["what"] == "work_s" and work(one["before"]) == work(one["after"]))
    ]


def _named(svc: Services, launch: Launch, seen: dict[str, Any]) -> dict[str, str]:
    """Names of the items that the lists of a page show."""
    if not seen["counts"]:
        return {}
    with reading(svc.engine) as session:
        return launch_lists.names_of(session, svc.store, launch.id, _mentioned(seen))


def _mentioned(seen: dict[str, Any]) -> set[str]:
    named = {one["item"] for kind in ("moved", "reviews") for one in seen[kind][:_SHOWN]}
    for kind in ("conflicts", "lapses", "difference"):
        for one in seen[kind][:_SHOWN]:
            named |= {part for value in (one["id"], one.get("other")) if value
                      for part in value.split(":")}  # fmt: skip
    return {one for one in named if one.startswith("rel_")}
