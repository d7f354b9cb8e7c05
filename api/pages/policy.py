"""The policy in force, as people read it: what is asked, by whom it is judged, how fast it goes."""

from typing import Any

from fastapi.responses import Response

from api.deps import Svc
from api.pages.site import Looking, page, page_router
from policies.pack import Calendar, PolicyPack

router = page_router()
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@router.get("/policy")
def policy_page(svc: Svc, look: Looking) -> Response:
    """Open to everybody: developers know the rules before they submit."""
    pack = svc.pack
    return page(
        svc,
        look,
        "policy.html",
        pack=pack,
        hours=opening_hours(pack.calendar),
        tiers=tiers(pack),
    )


def opening_hours(calendar: Calendar) -> str:
    """`Monday to Friday, 09:00 to 17:00`."""
    days = sorted(calendar.days)
    runs = days == list(range(days[0], days[-1] + 1)) and len(days) > 2
    if len(days) == 7:
        named = "every day"
    elif runs:
        named = f"{_DAYS[days[0]]} to {_DAYS[days[-1]]}"
    else:
        named = ", ".join(_DAYS[day] for day in days)
    all_day = calendar.open_from == calendar.open_until
    return f"{named}, {'all day' if all_day else f'{calendar.open_from} to {calendar.open_until}'}"


def tiers(pack: PolicyPack) -> list[dict[str, Any]]:
    """Low, medium, high: how soon a review is due, in opening hours, and how many agree."""
    order: tuple[Any, ...] = ("low", "medium", "high")
    return [
        {
            "id": name,
            "hours": pack.review.tiers[name].due_business_s / 3600,
            "approvals": pack.review.tiers[name].approvals,
        }
        for name in order
    ]
