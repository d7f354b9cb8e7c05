"""The rehearsal of a launch: what would happen from now on, and what if something goes wrong."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from fastapi.responses import Response
from pydantic import ValidationError

from api.deps import PLAIN, SubjectId, Svc
from api.errors import Problem
from api.launch_board import Board, board, lines
from api.launch_rehearsal import Played, RehearsalBody, played
from api.launch_rehearsal_views import listed, rehearsal_view, role_of
from api.launch_shown import launch_view
from api.pages.launch_chart import LANE_PX, chart
from api.pages.launch_parts import titles
from api.pages.launch_story import worded
from api.pages.site import Person, SignedIn, page, page_router
from api.pages.story import Told
from api.subjects import is_staff
from policies.errors import Incomplete
from policies.lifecycle.kernel import SYSTEM, Role

router = page_router()
RUNS = 40
_ITEMS_MOST = 50  # that the form offers
_SHOWN = 60
What = Literal["none", "rejected", "left", "away", "outage", "stop", "hold"]
Unit = Literal["m", "h", "d"]
_ROLES = (Role.PRODUCT_LEAD, Role.SAFETY_ONCALL, Role.POLICY_EDITOR, Role.SENIOR_REVIEWER)
_Count = Annotated[int, Query(ge=0, le=400)]


class Asked:
    """The form, which is the address of the page: it can be sent to somebody."""

    def __init__(
        self,
        what: What = "none",
        item: Annotated[str, Query(max_length=80, pattern=rf"^$|{PLAIN}")] = "",
        role: Role = Role.SAFETY_ONCALL,
        before: _Count = 2,
        before_unit: Unit = "d",
        lasts: _Count = 3,
        lasts_unit: Unit = "d",
        delay_h: Annotated[float, Query(ge=0, le=720)] = 4.0,
        opening: Annotated[str, Query(max_length=100)] = "",
        seed: Annotated[str, Query(max_length=80, pattern=rf"^$|{PLAIN}")] = "",
        overrides_freezes: bool = False,
    ) -> None:
        self.what, self.item, self.role = what, item, role
        self.before, self.before_unit = before, before_unit
        self.lasts, self.lasts_unit = lasts, lasts_unit
        self.delay_h, self.opening, self.seed = delay_h, opening.strip(), seed
        self.overrides_freezes = overrides_freezes

    def body(self, seen: Board) -> RehearsalBody:
        """Raises `Incomplete` for what cannot be meant."""
        at = f"T-{self.before}{self.before_unit}"
        return RehearsalBody.model_validate(
            {
                "delay_s": self.delay_h * 3600,
                "runs": RUNS,
                "opening": self.opening or None,
                "seed": self.seed or None,
                "overrides_freezes": self.overrides_freezes,
                **self._wrong(seen, at, self._until()),
            }
        )

    def _until(self) -> str:
        minutes = {"m": 1, "h": 60, "d": 1440}
        left = self.lasts * minutes[self.lasts_unit] - self.before * minutes[self.before_unit]
        return f"T{'+' if left >= 0 else '-'}{abs(left)}m"

    def _wrong(self, seen: Board, at: str, until: str) -> dict[str, Any]:
        match self.what:
            case "rejected":
                return {"rejected": [{"release": self.item or _first(seen), "at": at}]}
            case "left":
                return {"left": [{"release": self.item or _first(seen), "at": at}]}
            case "away":
                return {"away": [{"role": self.role, "at": at, "until": until}]}
            case "outage":
                return {"outages": [{"at": at, "until": until}]}
            case "stop":
                return {"stopped": [{"at": at, "until": until}]}
            case "hold":
                return {"holds": [{"role": self.role, "at": at}]}
            case _:
                return {}


def _first(seen: Board) -> str:
    """A must item that is ready: the one whose rejection says most."""
    found = lines(seen, "must", None) or lines(seen, "all", None)
    if not found:
        raise Incomplete("nothing is bound to it, so nothing of it can be missing", field="item")
    return max(found, key=lambda one: one.is_ready).bound.item.id


@router.get("/launches/{subject}/rehearsal")
def rehearsal_page(
    svc: Svc, look: SignedIn, who: Person, subject: SubjectId, asked: Annotated[Asked, Depends()]
) -> Response:
    """One rehearsal as a picture, a story and a table. Nothing of it is recorded."""
    now = datetime.now(UTC)
    if not is_staff(who):
        raise Problem("not-found", f"there is no rehearsal of {subject} that you may see")
    seen = board(svc, who, subject, now)
    done, because = None, ""
    try:
        done = played(svc, seen, asked.body(seen), now)
    except Incomplete as fault:
        because = fault.because
    except ValidationError:
        because = "these numbers fit no rehearsal"
    look.names.learn((who.id,))
    items = [*lines(seen, "must", None), *lines(seen, "should", None)][:_ITEMS_MOST]
    return page(
        svc,
        look,
        "launch_rehearsal.html",
        launch=launch_view(seen.launch, now),
        asked=asked,
        because=because,
        roles_offered=[role.value for role in _ROLES],
        items=[{"release": one.bound.item.id, "name": one.bound.name} for one in items],
        told=rehearsal_view(done) if done else None,
        story=_story(done) if done else [],
        picture=chart(done) if done else None,
        lane=LANE_PX,
        titles=titles(svc, seen.launch),
        exact=seen.launch.opens_at is not None,
        shown=_SHOWN,
    )


def _story(done: Played) -> list[Told]:
    """In the order in which it would happen."""
    return [
        Told(one.type, _who(one.by), one.at, worded(one.body, one.at), None, seq)
        for seq, one in enumerate(listed(done)[:_SHOWN])
    ]


def _who(actor: str) -> str:
    role = role_of(actor)
    if role == SYSTEM:
        return "The store"
    return "Safety on call" if role == Role.SAFETY_ONCALL else "The " + role.replace("_", " ")
