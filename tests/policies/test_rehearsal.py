"""A dress rehearsal runs a launch through the real rules and says what would be in the way."""

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.lifecycle.launch_state import Launch, Status
from policies.rules.rehearsal import Rehearsed, rehearse
from policies.rules.rehearsal_cast import (
    Away,
    Injection,
    Item,
    Left,
    Outage,
    Rejected,
    Scenario,
    Stopped,
    held,
)
from policies.rules.rehearsal_many import spread
from policies.rules.target import of_json
from policies.rules.windows import Window
from tests.builders import T0
from tests.policies.launches import GATING, LAUNCHES, LIVE, OPENING, at, launched

ITEMS = (
    Item("rel_1", ready_at=T0),
    Item("rel_2", ready_at=T0 + timedelta(days=3)),
    Item("rel_3", "should", ready_at=T0),
    Item("rel_4", "optional", wave=2, ready_at=T0),
)


def scenario(launch: Launch | None = None, *wrong: Injection, **over: Any) -> Scenario:
    base = Scenario(
        launch=launch or launched(*GATING)().state,
        start=T0,
        until=T0 + timedelta(days=60),
        items=ITEMS,
        opening=of_json(at(OPENING)),
    )
    return replace(base, injections=wrong, **over)


def types(played: Rehearsed) -> list[str]:
    return [moment.type.partition("launch:")[2] for moment in played.moments]


def cause(played: Rehearsed) -> str:
    return str(next(m.body["cause"] for m in played.moments if m.type == "launch:held"))


def test_a_launch_in_order_opens_at_its_very_instant() -> None:
    played = rehearse(scenario())

    assert played.in_time
    assert played.opened_at == OPENING
    assert played.status is Status.LIVE
    assert played.blocked == ()
    checks = [m.body["at_before_s"] for m in played.moments if m.type.endswith("checked")]
    assert checks == [86_400, 3_600, 300]
    assert types(played).count("wave:opened") == 2  # the lead called the second one


def test_from_wherever_it_stands_a_rehearsal_goes_on() -> None:
    for row in ("planned", "gating", "armed", "countdown"):
        road = LAUNCHES[row]()
        played = rehearse(scenario(road.state, start=road.now))
        assert played.opened_at == OPENING, row
    done = rehearse(scenario(launched(*LIVE)().state))
    assert done.moments == ()


def test_nothing_of_the_real_launch_is_changed() -> None:
    state = launched(*GATING)().state
    before = repr(state)

    rehearse(scenario(state))

    assert repr(state) == before


def test_an_item_that_is_never_ready_keeps_the_poll_from_opening_and_is_named() -> None:
    late = (*ITEMS[:1], replace(ITEMS[1], ready_at=None), *ITEMS[2:])

    played = rehearse(scenario(items=late))

    assert (played.status, played.opened_at, played.in_time) == (Status.HOLD, None, False)
    assert cause(played) == "missed"
    poll = [one for one in played.blocked if one.what == "begin_poll"]
    assert poll[0].why == ("must_failing",)
    assert poll[0].at == OPENING - timedelta(days=2)
    assert played.left[0].what == "postpone"


def test_a_rejection_after_the_poll_holds_the_opening() -> None:
    wrong = Rejected(OPENING - timedelta(hours=2), release="rel_2")

    played = rehearse(scenario(None, wrong))

    assert cause(played) == "must_failing"
    assert played.opened_at is None


def test_a_rejection_that_is_mended_in_time_costs_nothing() -> None:
    wrong = Rejected(T0 + timedelta(days=5), release="rel_2", again_at=T0 + timedelta(days=9))

    assert rehearse(scenario(None, wrong)).opened_at == OPENING


def test_a_should_item_that_fails_stays_dark() -> None:
    played = rehearse(scenario(None, Rejected(OPENING - timedelta(hours=2), release="rel_3")))

    opened = next(m for m in played.moments if m.type == "launch:wave:opened")
    assert opened.body["excluded"] == ["rel_3"]


def test_a_stop_of_the_store_holds_the_countdown_at_its_next_check() -> None:
    wrong = Stopped(OPENING - timedelta(hours=3), until=OPENING + timedelta(hours=3))

    played = rehearse(scenario(None, wrong))
    told = next(m for m in played.moments if m.type == "launch:held")

    assert (told.at, told.body["cause"]) == (OPENING - timedelta(hours=1), "gates")
    assert told.body["why"] == ["no_stop:red"]


@pytest.mark.parametrize(("minutes", "opens"), [(10, True), (20, False)])
def test_an_outage_over_the_opening_opens_late_or_not_at_all(minutes: int, opens: bool) -> None:
    end = OPENING + timedelta(minutes=minutes)

    played = rehearse(scenario(None, Outage(OPENING - timedelta(minutes=1), until=end)))

    assert (played.opened_at == end) is opens
    assert opens or cause(played) == "missed"


def test_an_outage_over_a_check_makes_one_late_check() -> None:
    wrong = Outage(OPENING - timedelta(hours=2), until=OPENING - timedelta(minutes=3))

    played = rehearse(scenario(None, wrong))

    checks = [m.body["at_before_s"] for m in played.moments if m.type.endswith("checked")]
    assert checks == [86_400, 300]
    assert played.in_time


def test_a_role_that_is_away_is_silent_and_told_as_the_wait() -> None:
    wrong = Away(T0 + timedelta(days=17), role="safety_oncall", until=T0 + timedelta(days=60))

    played = rehearse(scenario(None, wrong))

    assert next(m for m in played.moments if m.type == "launch:poll:closed").body["outcome"] == (
        "silent"
    )
    longest = max(played.waits, key=lambda w: (w.until or w.at) - w.at)
    assert played.opened_at is None
    assert ("safety_oncall",) in {wait.who for wait in played.waits}
    assert longest.what


def test_a_no_go_is_changed_overridden_or_the_end() -> None:
    stays = {"policy_editor": ("NO_GO",)}

    changed = rehearse(scenario(votes={"policy_editor": ("NO_GO", "GO")}))
    accepted = rehearse(scenario(votes=stays, accepts_risk=True))
    never = rehearse(scenario(votes=stays))

    assert changed.in_time
    assert accepted.in_time
    assert "poll:overridden" in types(accepted)
    assert not never.in_time


def test_safetys_no_go_on_high_risk_is_overridden_by_nobody() -> None:
    risky = (replace(ITEMS[0], tier="high"), *ITEMS[1:])
    says = {"safety_oncall": ("NO_GO",)}

    low = rehearse(scenario(votes=says, accepts_risk=True))
    high = rehearse(scenario(votes=says, accepts_risk=True, items=risky))

    assert low.in_time
    assert not high.in_time


def test_somebody_holds_and_the_lead_goes_on() -> None:
    played = rehearse(scenario(None, held(OPENING - timedelta(hours=20), "senior_reviewer")))

    assert types(played).count("held") == types(played).count("resumed") == 1
    assert played.in_time


def test_a_must_item_that_leaves_the_countdown_stops_it() -> None:
    played = rehearse(scenario(None, Left(OPENING - timedelta(hours=2), release="rel_2")))

    assert cause(played) == "must_left"


def test_slow_people_miss_the_date() -> None:
    fast, slow = (
        spread(scenario(delay_s=3600), "abc"),
        spread(scenario(delay_s=40 * 86_400), "abc"),
    )

    assert (fast.in_time, fast.opened, fast.half_by, fast.most_by) == (3, 3, OPENING, OPENING)
    assert (slow.in_time, slow.opened, slow.half_by, slow.most_by) == (0, 0, None, None)


def test_a_crowd_of_equal_items_counts_as_many_and_evidence_that_ends_fails() -> None:
    crowd = Item("rel_9", "should", ready_at=T0, count=600)
    ends = replace(crowd, until=OPENING - timedelta(hours=2))

    fine = rehearse(scenario(items=(*ITEMS, crowd)))
    stale = rehearse(scenario(items=(*ITEMS, ends)))
    opened = next(m for m in fine.moments if m.type == "launch:wave:opened")

    assert opened.body["ready"] == 603
    # More fail than an opening may name, so a person decides.
    assert cause(stale) == "too_many_failing"


def window(scope: str, ends: timedelta, role: str | None = None, name: str = "win_1") -> Window:
    begins = (OPENING - timedelta(hours=1)).replace(tzinfo=None)
    until = (begins + ends).isoformat()
    return Window(name, "deny", "UTC", begins.isoformat(), until, scope=scope, override_role=role)


def frozen(*roles: str | None, **over: Any) -> Scenario:
    """The store is shut from an hour before the opening until days later, by a window for each
    role that may override it."""
    windows = tuple(
        window("store", timedelta(days=2), role, f"win_{n}") for n, role in enumerate(roles)
    )
    return scenario(windows=windows, zones={"UTC": UTC}, **over)


def test_a_freeze_over_the_opening_holds_it_and_one_over_some_items_leaves_those_dark() -> None:
    whole = scenario(windows=(window("store", timedelta(days=2)),), zones={"UTC": UTC})
    shut = replace(ITEMS[2], scopes=("category:games",))
    some = scenario(
        items=(*ITEMS[:2], shut, ITEMS[3]),
        windows=(window("category:games", timedelta(days=2)),),
        zones={"UTC": UTC},
    )

    held_, opens = rehearse(whole), rehearse(some)
    opened = next(m for m in opens.moments if m.type == "launch:wave:opened")

    assert (cause(held_), held_.opened_at) == ("frozen", None)
    assert opened.body["excluded"] == ["rel_3"]


def test_whoever_a_freeze_names_gets_past_it_where_the_scenario_says_so() -> None:
    held_ = rehearse(frozen("safety_oncall"))
    opens = rehearse(frozen("safety_oncall", overrides_freezes=True))

    passed = [m for m in opens.moments if m.type == "launch:freeze:overridden"]
    assert (cause(held_), held_.opened_at) == ("frozen", None)
    assert (opens.opened_at, opens.in_time) == (OPENING, True)
    assert (passed[0].by, passed[0].body["windows"]) == ("rehearsal:safety_oncall:1", ["win_0"])
    assert passed[0].at > OPENING - timedelta(days=1)  # the first check tells of the freeze


def test_what_a_freeze_holds_is_got_past_until_its_time_counts_as_missed() -> None:
    def away(minutes: int) -> Rehearsed:
        gone = Away(T0, role="product_lead", until=OPENING + timedelta(minutes=minutes))
        road = LAUNCHES["armed"]()
        asked = frozen("product_lead", overrides_freezes=True)
        return rehearse(replace(asked, launch=road.state, start=road.now, injections=(gone,)))

    in_time, late = away(10), away(20)

    assert in_time.opened_at == OPENING + timedelta(minutes=10)
    assert cause(in_time) == cause(late) == "frozen"
    assert (late.opened_at, late.status) == (None, Status.HOLD)


@pytest.mark.parametrize(
    "roles", [(None,), ("product_lead", None), ("product_lead", "safety_oncall")]
)
def test_i7_nobody_gets_past_windows_that_name_nobody_or_two_roles(
    roles: tuple[str | None, ...],
) -> None:
    played = rehearse(frozen(*roles, overrides_freezes=True))

    assert (cause(played), played.opened_at) == ("frozen", None)


def test_a_freeze_over_some_items_leaves_them_dark_also_where_freezes_are_overridden() -> None:
    shut = replace(ITEMS[2], scopes=("category:games",))
    some = scenario(
        items=(*ITEMS[:2], shut, ITEMS[3]),
        windows=(window("category:games", timedelta(days=2), "product_lead"),),
        zones={"UTC": UTC},
        overrides_freezes=True,
    )

    opened = next(m for m in rehearse(some).moments if m.type == "launch:wave:opened")

    assert opened.body["excluded"] == ["rel_3"]


def test_a_gate_that_nobody_can_measure_does_not_hold() -> None:
    blind = rehearse(scenario(unmeasured=frozenset({"no_stop"})))

    assert blind.opened_at is None
    assert any("no_stop" in why for one in blind.blocked for why in one.why)


def test_what_is_not_injected_happens_at_the_same_moments() -> None:
    calm = rehearse(scenario())
    wrong = rehearse(scenario(None, Rejected(OPENING - timedelta(minutes=1), release="rel_3")))

    before = [m for m in calm.moments if m.at < OPENING - timedelta(minutes=1)]
    assert before == [m for m in wrong.moments if m.at < OPENING - timedelta(minutes=1)]


moments = st.integers(0, 25 * 86_400).map(lambda s: T0 + timedelta(seconds=s))
wrongs = st.one_of(
    st.builds(Rejected, moments, release=st.sampled_from(["rel_1", "rel_3"])),
    st.builds(lambda at, s: Stopped(at, until=at + timedelta(seconds=s)), moments,
              st.integers(60, 400_000)),
    st.builds(lambda at, s: Outage(at, until=at + timedelta(seconds=s)), moments,
              st.integers(60, 400_000)),
    st.builds(held, moments, st.sampled_from(["safety_oncall", "product_lead"])),
    st.builds(Left, moments, release=st.just("rel_2")),
)  # fmt: skip


@settings(max_examples=40, deadline=timedelta(seconds=5))
@given(st.lists(wrongs, max_size=4), st.text("abc", max_size=3))
def test_i6_whatever_goes_wrong_a_rehearsal_ends_repeats_and_opens_nothing_unready(
    wrong: list[Injection], seed: str
) -> None:
    played = rehearse(scenario(None, *wrong, seed=seed))

    assert played == rehearse(scenario(None, *wrong, seed=seed))
    assert [m.at for m in played.moments] == sorted(m.at for m in played.moments)
    if played.opened_at is not None:
        gone = [w for w in wrong if isinstance(w, Rejected) and w.release == "rel_1"]
        assert all(w.at > played.opened_at for w in gone)
        asleep = [w for w in wrong if isinstance(w, Outage)]
        assert not any(w.at <= played.opened_at < w.until for w in asleep)
        assert played.opened_at >= OPENING
