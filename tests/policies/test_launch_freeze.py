"""A launch whose time falls into a freeze: it waits a little, is held, or people get past it."""

from datetime import timedelta
from typing import Any

import pytest

from policies.lifecycle.launch_due import due, timers
from policies.lifecycle.launch_state import Launch, Status
from policies.rules.launch_windows import closed_at
from policies.rules.windows import window_of
from tests.builders import AMY, LEA, PIA, SOL, T0, Journal
from tests.policies.launches import (
    COUNTDOWN,
    LAUNCHES,
    OPENING,
    SYS,
    at,
    freeze,
    frozen_at_its_hour,
    items,
    launched,
    looked,
    seen,
    walk,
)
from tests.policies.test_windows import ZONES

MINUTE = timedelta(minutes=1)
WHY = {"reason": "press_is_there"}


def opening(road: Journal[Launch], stop: Any, **more: Any) -> Launch:
    return road.give("open_wave", SYS, {}, **seen(road.now) | {"freeze": stop} | more)


@pytest.mark.parametrize("until", [None, OPENING + MINUTE, OPENING + 400 * MINUTE])
def test_i6_nothing_opens_inside_a_freeze_of_the_store(until: Any) -> None:
    state = opening(LAUNCHES["its hour"](), freeze(until, "product_lead"))

    assert (state.wave, state.opened_at) == (0, None)


def test_i7_windows_that_nobody_looked_at_keep_it_from_opening() -> None:
    road = LAUNCHES["its hour"]()
    saw = {"items": items(), "gates": looked(road.now)}

    state = road.give("open_wave", SYS, {}, **saw)

    assert state.held is not None
    assert (state.held.cause, state.held.why) == ("frozen", ("frozen:windows_unknown",))


def test_a_freeze_that_ends_in_time_is_waited_for_and_it_opens_by_itself() -> None:
    road = frozen_at_its_hour(minutes=10)

    assert (road.state.status, road.state.freeze and road.state.freeze.waits) == (
        Status.COUNTDOWN,
        True,
    )
    owed = due(road.state)
    assert owed is not None
    assert owed.at == OPENING + 10 * MINUTE
    again = freeze(OPENING + 10 * MINUTE, "product_lead")
    assert road.wait(minutes=2).refused("open_wave", SYS, {}, **seen(road.now) | {"freeze": again})
    assert [timer.kind for timer in timers(road.state)][-1] == "open_wave"
    assert opening(road.wait(minutes=8), None).status is Status.LIVE
    assert (road.state.freeze, road.state.opened_at) == (None, OPENING + 10 * MINUTE)


def test_a_freeze_that_grew_meanwhile_holds_what_waited() -> None:
    road = frozen_at_its_hour(minutes=10)

    state = opening(road.wait(minutes=10), freeze(OPENING + 60 * MINUTE, "product_lead"))

    assert (state.held and state.held.cause, state.wave) == ("frozen", 0)


def test_a_missed_public_date_is_a_decision_of_people() -> None:
    road = frozen_at_its_hour(minutes=60)
    held, told = road.state.held, road.state.freeze

    assert held is not None
    assert told is not None
    assert (held.cause, held.why, held.before) == ("frozen", ("frozen:win_1",), Status.COUNTDOWN)
    assert (told.until, told.roles, told.waits) == (
        OPENING + 60 * MINUTE,
        ("product_lead",),
        False,
    )
    assert road.refused("resume", LEA, {}, gates=looked(road.now)) == "not-yet"
    assert (
        road.give("postpone", LEA, WHY | {"target": at(OPENING + timedelta(days=30))}).freeze
        is None
    )


def test_a_late_opening_is_missed_also_where_a_freeze_was_waited_for() -> None:
    road = frozen_at_its_hour(minutes=15)

    state = opening(road.wait(minutes=16), None)

    assert (state.held and state.held.cause, state.wave) == ("missed", 0)


@pytest.mark.parametrize(
    ("stop", "actor", "told", "code"),
    [
        (freeze(None, "product_lead"), LEA, WHY, None),
        (freeze(None, "product_lead"), SOL, WHY, "not-allowed"),
        (freeze(None, "safety_oncall", "product_lead"), LEA, WHY, "not-allowed"),
        (freeze(None), LEA, WHY, "not-allowed"),
        (freeze(None), AMY, WHY, "not-allowed"),
        (freeze(None, "product_lead"), PIA, WHY, "not-allowed"),
        (freeze(None, "product_lead"), LEA, {}, "incomplete"),
        (freeze(None, "product_lead"), LEA, WHY | {"windows": ["win_9"]}, "illegal-move"),
        (freeze(None, "product_lead"), LEA, WHY | {"windows": []}, "illegal-move"),
        (freeze(None, "product_lead"), LEA, WHY | {"windows": "win_1"}, "incomplete"),
        (freeze(None, "product_lead"), LEA, WHY | {"windows": ["x"] * 51}, "incomplete"),
        (None, LEA, WHY, "illegal-move"),
    ],
)
def test_only_whoever_every_window_names_gets_past_it_and_says_why(
    stop: Any, actor: Any, told: dict[str, Any], code: str | None
) -> None:
    road = launched(*COUNTDOWN)()
    saw = seen(road.now) | {"freeze": stop}

    if code is None:
        assert road.give("override_freeze", actor, told, **saw).overridden == ("win_1",)
        assert road.events[-1].body == {"windows": ["win_1"], "note": None, **WHY}
    else:
        assert road.refused("override_freeze", actor, told, **saw) == code


@pytest.mark.parametrize(
    ("role", "code"),
    [("product_lead", None), ("safety_oncall", "not-allowed"), (None, "not-allowed")],
)
def test_a_window_over_single_items_is_got_past_by_its_own_role(
    role: str | None, code: str | None
) -> None:
    road = launched(*COUNTDOWN)()
    saw, told = seen(road.now) | {"narrow": {"win_7": role}}, WHY | {"windows": ["win_7"]}

    if code is None:
        assert road.give("override_freeze", LEA, told, **saw).overridden == ("win_7",)
    else:
        assert road.refused("override_freeze", LEA, told, **saw) == code


def test_i7_windows_that_nobody_looked_at_are_got_past_by_nobody() -> None:
    road = launched(*COUNTDOWN)()

    assert road.refused("override_freeze", LEA, WHY) == "not-allowed"


def test_what_a_freeze_held_goes_on_when_somebody_gets_past_it_in_time() -> None:
    in_time, late, red = (frozen_at_its_hour(minutes=60) for _ in range(3))
    stop = {"freeze": freeze(OPENING + 60 * MINUTE, "product_lead")}

    state = in_time.wait(minutes=5).give("override_freeze", LEA, WHY, **seen(in_time.now) | stop)
    opened = opening(in_time, None)

    assert (state.status, state.held) == (Status.COUNTDOWN, None)
    assert (opened.status, opened.overridden) == (Status.LIVE, ())
    late.wait(minutes=16)
    assert late.refused("override_freeze", LEA, WHY, **seen(late.now) | stop) == "not-yet"
    saw = seen(red.now) | stop | {"gates": looked(red.now, no_stop=1)}
    assert red.refused("override_freeze", LEA, WHY, **saw) == "evidence-blocks"


def test_getting_past_a_freeze_counts_for_one_date_alone() -> None:
    road = launched(*COUNTDOWN)()
    road.give(
        "override_freeze", LEA, WHY, **seen(road.now) | {"freeze": freeze(None, "product_lead")}
    )

    walk(road, ("postpone", LEA))

    assert road.state.overridden == ()


def test_a_check_before_the_opening_tells_of_a_freeze_over_it_and_holds_nothing() -> None:
    road = launched(*COUNTDOWN)()
    stop = freeze(OPENING + 30 * MINUTE, "product_lead")

    state = road.give("check", SYS, {}, **seen(road.now) | {"freeze": stop})

    assert (state.status, road.events[-1].body["freeze"]) == (Status.COUNTDOWN, stop)
    assert state.freeze is not None
    assert (state.freeze.windows, state.freeze.waits) == (("win_1",), False)
    road.wait(seconds=86_400 - 3_600)
    assert road.give("check", SYS, {}, **seen(road.now)).freeze is None


def test_a_later_wave_has_no_announced_time_and_waits_as_long_as_it_takes() -> None:
    road = LAUNCHES["next wave called"]()
    ends = road.now + timedelta(hours=12)

    waiting = opening(road, freeze(ends, "product_lead"), items=items(2, waves=2))
    road.wait(hours=12)
    opened = opening(road, None, items=items(2, waves=2))

    assert (waiting.status, waiting.wave) == (Status.PARTIAL, 1)
    assert (opened.status, opened.wave) == (Status.LIVE, 2)


def test_what_was_suspended_returns_in_no_freeze_unless_somebody_gets_past_it() -> None:
    road = LAUNCHES["suspended, one voice"]()
    stop = {"freeze": freeze(None, "product_lead")}
    override = {"override": {"reason": "press_is_there"}}

    assert road.refused("restore", LEA, {}, **seen(road.now, 1) | stop) == "not-yet"
    nobody = seen(road.now, 1) | {"freeze": freeze(None)}
    assert road.refused("restore", LEA, override, **nobody) == "not-allowed"
    assert road.give("restore", LEA, override, **seen(road.now, 1) | stop).status is Status.LIVE
    assert road.events[-1].body["override"]["windows"] == ["win_1"]


def test_each_scope_is_closed_by_its_own_windows() -> None:
    """Deny and allow alike; what closes the store is not told again for each item."""
    day = {"kind": "deny", "tz": "UTC", "begins": "2026-04-01T00:00", "ends": "2026-04-02T00:00"}
    allow = day | {"kind": "allow", "begins": "2026-04-03T00:00", "ends": "2026-04-04T00:00"}
    windows = [
        window_of(day, "win_store"),
        window_of(day | {"scope": "gpt:gpt_1", "override_role": "product_lead"}, "win_gpt"),
        window_of(allow | {"scope": "category:writing"}, "win_allow"),
        window_of(day | {"scope": "publisher:pub_1", "applies_to": "start"}, "win_start"),
        window_of(day | {"scope": "publisher:pub_2", "begins": "2026-04-01T18:00"}, "win_later"),
    ]

    closed = closed_at(windows, ZONES, T0.replace(hour=12))

    assert closed.whole.windows == ("win_store",)
    assert dict(closed.scopes) == {
        "category:writing": ("win_allow",),
        "gpt:gpt_1": ("win_gpt",),
        "publisher:pub_1": ("win_start",),
    }
    assert dict(closed.roles) == {"win_allow": None, "win_gpt": "product_lead", "win_start": None}
