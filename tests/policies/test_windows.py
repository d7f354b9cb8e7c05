"""Windows: deny beats allow, the next legal time is legal and nothing earlier is."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.errors import Incomplete
from policies.rules.window_plan import moves_of, projected
from policies.rules.windows import (
    HORIZON,
    OPEN,
    Window,
    next_legal,
    over_at,
    spans,
    verdict,
    window_of,
)

ZONES: Mapping[str, tzinfo] = {
    name: ZoneInfo(name) for name in ("UTC", "Europe/Paris", "Australia/Lord_Howe", "Asia/Tokyo")
}
STORE = frozenset({"store", "gpt:gpt_a", "category:writing"})
GROW = ("start", "increase")
WEEKEND: dict[str, Any] = {
    "kind": "deny",
    "tz": "Europe/Paris",
    "begins": "2024-01-05T12:00",
    "rrule": "FREQ=WEEKLY;BYDAY=FR",
    "duration_s": 68 * 3600,
}
HOLIDAYS: dict[str, Any] = {
    "kind": "deny",
    "tz": "Europe/Paris",
    "begins": "2024-12-20T12:00",
    "ends": "2025-01-06T08:00",
}
MORNINGS: dict[str, Any] = {
    "kind": "allow",
    "tz": "Europe/Paris",
    "begins": "2024-01-01T09:00",
    "rrule": "FREQ=DAILY",
    "duration_s": 3 * 3600,
}


def window(value: Mapping[str, Any], id_: str = "w", **changes: Any) -> Window:
    return window_of({**value, **changes}, id_)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_no_start_from_friday_noon_to_monday_at_eight() -> None:
    weekend = [window(WEEKEND)]

    friday, open_ = at("2024-03-08T11:00"), at("2024-03-08T10:59")

    assert verdict(weekend, ZONES, STORE, GROW, open_)
    frozen = verdict(weekend, ZONES, STORE, GROW, friday)
    assert not frozen
    assert frozen.windows == ("w",)
    assert frozen.until == at("2024-03-11T07:00")


def test_civil_hours_stay_over_a_clock_change() -> None:
    # Clocks go forward in the night to 31 March 2024: the weekend is an hour shorter, ends at 8.
    frozen = verdict([window(WEEKEND)], ZONES, STORE, GROW, at("2024-03-30T12:00"))

    assert frozen.until == at("2024-04-01T06:00")
    assert verdict([window(MORNINGS)], ZONES, STORE, GROW, at("2024-07-01T07:00"))
    assert not verdict([window(MORNINGS)], ZONES, STORE, GROW, at("2024-01-08T07:00"))


def test_in_a_repeated_or_skipped_hour_doubt_closes() -> None:
    repeated = {"begins": "2024-10-27T02:15", "ends": "2024-10-27T02:45"}
    skipped = {"begins": "2024-03-31T02:15", "ends": "2024-03-31T02:45"}

    for times in (repeated, skipped):
        deny, allow = window(HOLIDAYS, **times), window(HOLIDAYS, kind="allow", **times)
        zone = ZONES["Europe/Paris"]
        around = (at("2024-03-01T00:00"), at("2024-11-30T00:00"))
        ((begins, ends),) = spans(deny, zone, *around)

        assert ends - begins >= timedelta(minutes=30)
        for narrow in spans(allow, zone, *around):
            assert begins <= narrow[0]
            assert narrow[1] <= ends
            assert narrow != (begins, ends)


def test_deny_beats_allow_and_outside_of_every_allow_window_is_closed() -> None:
    holidays, mornings = window(HOLIDAYS, "holidays"), window(MORNINGS, "mornings")

    inside_both = verdict([mornings, holidays], ZONES, STORE, GROW, at("2024-12-24T09:00"))
    afternoon = verdict([mornings, holidays], ZONES, STORE, GROW, at("2024-11-04T15:00"))

    assert inside_both.windows == ("holidays",)
    assert inside_both.until == at("2025-01-06T08:00")  # then nine o'clock in Paris
    assert afternoon.windows == ("mornings",)
    assert afternoon.until == at("2024-11-05T08:00")


def test_a_window_binds_its_own_scope_alone() -> None:
    other = window(HOLIDAYS, scope="gpt:gpt_b")

    assert verdict([other], ZONES, STORE, GROW, at("2024-12-24T09:00"))
    assert not verdict([other], ZONES, {"store", "gpt:gpt_b"}, GROW, at("2024-12-24T09:00"))


@pytest.mark.parametrize(
    ("applies_to", "overrun", "moves", "open_"),
    [
        ("start", "hold", moves_of(0, 500), False),
        ("start", "hold", moves_of(1, 2500), True),
        ("start", "hold", ("complete",), True),
        ("increase", "finish_step", moves_of(1, 2500), False),
        ("increase", "finish_step", moves_of(0, 500), False),
        ("increase", "finish_step", ("complete",), True),
        ("increase", "hold", ("complete",), False),
        ("full", "finish_step", moves_of(1, 2500), True),
        ("full", "finish_step", moves_of(2, 10_000), False),
        ("full", "hold", ("complete",), False),
    ],
)
def test_what_a_window_stops(
    applies_to: str, overrun: str, moves: Sequence[str], open_: bool
) -> None:
    holidays = window(HOLIDAYS, applies_to=applies_to, overrun=overrun)

    assert bool(verdict([holidays], ZONES, STORE, moves, at("2024-12-24T09:00"))) is open_


def test_whoever_overrides_holds_a_role_of_every_window_in_the_way() -> None:
    mine = window(HOLIDAYS, "a", override_role="product_lead")
    theirs = window(HOLIDAYS, "b", override_role="safety_oncall")
    nobodys = window(HOLIDAYS, "c")
    when = at("2024-12-24T09:00")

    assert verdict([mine], ZONES, STORE, GROW, when).roles == ("product_lead",)
    both = verdict([mine, theirs], ZONES, STORE, GROW, when).roles
    assert both == ("product_lead", "safety_oncall")
    assert verdict([mine, theirs, nobodys], ZONES, STORE, GROW, when).roles == ()


def test_closed_for_ever_is_never_and_answered_soon() -> None:
    always = window(WEEKEND, rrule="FREQ=DAILY", duration_s=86400 + 3600)
    many = [window(WEEKEND, f"w{n}", rrule="FREQ=DAILY", duration_s=31 * 86400) for n in range(100)]

    assert verdict([always], ZONES, STORE, GROW, at("2024-06-01T00:00")).until is None
    assert next_legal(many, ZONES, STORE, GROW, at("2024-06-01T00:00")) is None


def test_a_window_tells_when_it_is_over() -> None:
    paris = ZONES["Europe/Paris"]

    assert over_at(window(HOLIDAYS), paris) == at("2025-01-06T07:00")
    assert over_at(window(WEEKEND), paris) is None
    until = window(WEEKEND, rrule="FREQ=WEEKLY;BYDAY=FR;UNTIL=20240301T120000")
    assert over_at(until, paris) == at("2024-03-04T07:00")
    assert verdict([until], ZONES, STORE, GROW, at("2024-03-09T12:00"))
    assert not verdict([until], ZONES, STORE, GROW, at("2024-03-02T12:00"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "maybe"}, "kind"),
        ({"kind": None}, "window"),
        ({"begins": "soon"}, "begins"),
        ({"begins": 7}, "begins"),
        ({"begins": "2024-01-05T12:00+01:00"}, "begins"),
        ({"begins": "0001-01-01T00:00"}, "begins"),
        ({"ends": "2024-12-20T12:00"}, "ends"),
        ({"ends": "2026-12-20T12:00"}, "ends"),
        ({"ends": None}, "ends"),
        ({"rrule": "FREQ=DAILY"}, "duration_s"),
        ({"rrule": "FREQ=DAILY", "ends": None, "duration_s": 60}, "duration_s"),
        ({"rrule": "FREQ=DAILY", "ends": None, "duration_s": True}, "duration_s"),
        ({"rrule": "FREQ=DAILY", "ends": None, "duration_s": 10**9}, "duration_s"),
        ({"rrule": "FREQ=HOURLY", "ends": None, "duration_s": 3600}, "rrule"),
        ({"rrule": "FREQ=DAILY;UNTIL=20200101", "ends": None, "duration_s": 3600}, "rrule"),
        (
            {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "ends": None, "duration_s": 3600},
            "rrule",
        ),
        ({"scope": "planet"}, "scope"),
        ({"scope": "gpt"}, "scope"),
        ({"scope": "store:default"}, "scope"),
        ({"scope": "gpt:" + "x" * 200}, "scope"),
        ({"applies_to": "everything"}, "applies_to"),
        ({"overrun": "explode"}, "overrun"),
        ({"override_role": "developer"}, "override_role"),
    ],
)
def test_a_malformed_window_is_refused_by_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Incomplete) as refused:
        window(HOLIDAYS, **change)

    assert refused.value.detail["field"] == field


@st.composite
def windows(draw: st.DrawFn) -> list[Window]:
    some = []
    for n in range(draw(st.integers(1, 5))):
        begins = draw(st.datetimes(datetime(2024, 1, 1), datetime(2024, 12, 31)))
        value: dict[str, Any] = {
            "kind": draw(st.sampled_from(("deny", "deny", "allow"))),
            "tz": draw(st.sampled_from(sorted(ZONES))),
            "begins": begins.isoformat(timespec="minutes"),
            "scope": draw(st.sampled_from(("store", "gpt:gpt_a", "gpt:gpt_b"))),
            "applies_to": draw(st.sampled_from(("start", "increase", "full"))),
            "overrun": draw(st.sampled_from(("finish_step", "hold"))),
        }
        if draw(st.booleans()):
            length = timedelta(hours=draw(st.integers(1, 24 * 30)))
            value["ends"] = (begins + length).isoformat(timespec="minutes")
        else:
            value["rrule"] = draw(
                st.sampled_from(
                    (
                        "FREQ=DAILY",
                        "FREQ=WEEKLY;BYDAY=FR",
                        "FREQ=MONTHLY;BYDAY=-1SU",
                        "FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU",
                    )
                )
            )
            value["duration_s"] = draw(st.integers(1, 60)) * 3600
        some.append(window_of(value, f"w{n}"))
    return some


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2025, 6, 1)).map(
    lambda one: one.replace(tzinfo=UTC)
)
ALL_MOVES = st.sampled_from(
    (moves_of(0, 500), moves_of(1, 2500), moves_of(2, 10_000), ("complete",))
)


@settings(deadline=None)
@given(windows(), MOMENTS, ALL_MOVES)
def test_no_allow_window_opens_what_a_deny_window_closes(
    some: list[Window], moment: datetime, moves: Sequence[str]
) -> None:
    denying = [w for w in some if w.kind == "deny"]

    if not verdict(denying, ZONES, STORE, moves, moment):
        assert not verdict(some, ZONES, STORE, moves, moment)


@settings(max_examples=60, deadline=None)
@given(windows(), MOMENTS, ALL_MOVES, st.lists(st.integers(0, 10**6 - 1), max_size=30))
def test_the_next_legal_time_is_legal_and_nothing_earlier_is(
    some: list[Window], moment: datetime, moves: Sequence[str], parts: list[int]
) -> None:
    frozen = verdict(some, ZONES, STORE, moves, moment)

    if frozen:
        assert frozen == OPEN
        assert next_legal(some, ZONES, STORE, moves, moment) == moment
        return
    until = frozen.until
    if until is not None:
        assert until > moment
        assert verdict(some, ZONES, STORE, moves, until)
        assert not verdict(some, ZONES, STORE, moves, until - timedelta(microseconds=1))
    span = (until or moment + HORIZON) - moment
    for part in parts:
        assert not verdict(some, ZONES, STORE, moves, moment + span * part // 10**6)


@settings(max_examples=60, deadline=None)
@given(windows(), MOMENTS)
def test_a_projected_climb_enters_no_stage_while_it_is_closed(
    some: list[Window], begins: datetime
) -> None:
    stages = [(0, 500, 86400), (1, 2500, 86400), (2, 10_000, 172800)]

    climb = projected(some, ZONES, STORE, stages, begins)

    assert climb[0].planned == begins
    for step, (_, weight, _) in zip(climb, stages, strict=False):
        moves = moves_of(step.stage, weight)
        if step.begins is None:
            assert step is climb[-1]
            assert next_legal(some, ZONES, STORE, moves, step.planned) is None
        else:
            assert verdict(some, ZONES, STORE, moves, step.begins)
            assert (step.begins == step.planned) == bool(step.freeze)
