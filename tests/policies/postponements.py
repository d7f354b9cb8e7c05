"""A small launch that is postponed, and random ones."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from policies.pack import Calendar
from policies.rules.launch_around import Around, Hours
from policies.rules.launch_plan import Item, Plan, plan_of
from policies.rules.launch_readiness import Known
from policies.rules.postponing import Preview, preview
from policies.rules.postponing_request import Choice, Embargoed, Exposed, Mode, Request

DAY = timedelta(days=1)
NOW = datetime(2023, 11, 30, 18, tzinfo=UTC)
ZONE = ZoneInfo("America/Los_Angeles")
CALENDAR = Calendar(
    zone="America/Los_Angeles",
    days=(0, 1, 2, 3, 4),
    open_from="09:00",
    open_until="17:00",
    holidays=("2023-12-25", "2024-01-01", "2024-01-15"),
)


@dataclass(frozen=True)
class Aimed:
    """What a preview needs of a target."""

    precision: str
    label: str
    start: datetime | None = None
    end: datetime | None = None
    replan_by: datetime | None = None
    tz: str = "America/Los_Angeles"


def moment(*local: int) -> datetime:
    return datetime(*local, tzinfo=ZONE).astimezone(UTC)  # type: ignore[arg-type, misc]  # date parts only


def at(*local: int) -> Aimed:
    opens = moment(*local)
    return Aimed("instant", f"instant:{opens:%Y-%m-%dT%H:%M}", opens, opens)


OLD, NEW = moment(2023, 12, 12, 10), moment(2024, 1, 10, 10)
DECEMBER, JANUARY = at(2023, 12, 12, 10), at(2024, 1, 10, 10)
EARLY_2024 = Aimed(
    "season",
    "season:2024-early",
    datetime(2024, 1, 1, 8, tzinfo=UTC),
    datetime(2024, 4, 1, 7, tzinfo=UTC),
)
TBD = Aimed("tbd", "tbd:2024-02-01", replan_by=datetime(2024, 2, 2, 8, tzinfo=UTC))

FRESH = Known(
    approved=True,
    approval_until=NOW + 20 * DAY,
    bound_at=NOW - DAY,
    evidence_until=NOW + 300 * DAY,
    publisher_verified=True,
    duties_left=(),
    stops=(),
)
PLAN = plan_of([Item("a"), Item("b", requires=("a",)), Item("c", offset_s=86_400)])
AROUND = Around(
    calendar=CALENDAR,
    hours=Hours(reviewers=2.0),
    known={"a": FRESH, "b": FRESH, "c": FRESH},
    tiers={"a": "low", "b": "high", "c": "low"},
    effort_s={"low": 3600.0, "high": 7200.0},
    due_business_s={"low": 57_600.0, "high": 28_800.0},
    evidence_life_s=90 * 86_400.0,
)
REQUEST = Request(source=DECEMBER, target=JANUARY, decide_by=NOW + 3 * DAY)


def postponed(
    plan: Plan = PLAN, around: Around = AROUND, now: datetime = NOW, **asked: Any
) -> Preview:
    return preview(plan, replace(REQUEST, **asked), around, ZONE, now)


def knowing(**known: Known) -> Around:
    return replace(AROUND, known={**AROUND.known, **known})


moments = st.integers(-20 * 24, 200 * 24).map(lambda hours: NOW + timedelta(hours=hours))


@st.composite
def known_of(draw: st.DrawFn, names: tuple[str, ...]) -> Mapping[str, Known]:
    times = st.none() | moments
    return {
        name: replace(
            FRESH,
            approval_until=draw(times),
            bound_at=draw(times),
            evidence_until=draw(times),
        )
        for name in names
    }


@st.composite
def requests(draw: st.DrawFn, plan: Plan) -> Request:
    names = st.sampled_from(sorted(plan.items))
    return Request(
        source=draw(st.sampled_from([DECEMBER, EARLY_2024])),
        target=draw(st.sampled_from([JANUARY, at(2024, 7, 3, 10), EARLY_2024, TBD])),
        decide_by=NOW + 3 * DAY,
        mode=draw(st.sampled_from(list(Mode))),
        choices=draw(st.dictionaries(names, st.sampled_from(list(Choice)))),
        exposed=draw(st.dictionaries(names, st.none() | st.sampled_from(list(Exposed)))),
        embargoes=draw(st.dictionaries(names, st.sampled_from(list(Embargoed)))),
        nth=draw(st.integers(1, 3)),
    )
