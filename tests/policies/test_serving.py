"""What is served, over the whole product of listing states, stops and units."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.lifecycle.listing import Exposure, Listing, Status
from policies.rules.serving import Launched, serve
from policies.stats.cohort import exposed

OLD, NEW = "a" * 64, "b" * 64
BOTH = Exposure(stable=OLD, candidate=NEW, release="rel_1", weight_bp=5_000, salt="s")


def listing(exposure: Exposure = BOTH, status: Status = Status.LISTED) -> Listing:
    return Listing(
        id="lst_1",
        store="default",
        gpt="gpt_1",
        publisher="pub_1",
        status=status,
        since=datetime(2026, 1, 1, tzinfo=UTC),
        exposure=exposure,
    )


def inside(weight_bp: int = 5_000) -> str:
    return next(str(n) for n in range(1_000) if exposed("s", str(n), weight_bp))


def outside() -> str:
    return next(str(n) for n in range(1_000) if not exposed("s", str(n), 5_000))


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.LISTED])
def test_what_is_not_listed_is_not_served(status: Status) -> None:
    served = serve(listing(status=status), inside(), (), ())

    assert (served.digest, served.serving, served.why) == (None, "none", (status.value,))


@given(
    st.sampled_from(list(Status)),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0, 1, 5_000, 10_000]),
    st.none() | st.text(min_size=1, max_size=8),
    st.sets(st.sampled_from(["store", "category", "publisher", "gpt"])),
    st.sets(st.sampled_from([OLD, NEW])),
)
def test_i6_nothing_stopped_halted_or_withdrawn_is_ever_served(
    status: Status,
    has_stable: bool,
    has_candidate: bool,
    halted: bool,
    weight: int,
    unit: str | None,
    stops: set[str],
    revisions: set[str],
) -> None:
    exposure = Exposure(
        stable=OLD if has_stable else None,
        candidate=NEW if has_candidate else None,
        weight_bp=weight,
        salt="s",
        halted=halted,
    )

    served = serve(listing(exposure, status), unit, stops, revisions)

    if status is not Status.LISTED or stops:
        assert served.serving == "none"
    assert served.digest is None or served.digest not in revisions
    if served.serving == "candidate":
        assert served.digest == NEW
        assert not halted
        assert exposed("s", unit, weight)
    assert (served.digest is None) == (served.serving == "none")
    assert served.serving != "none" or served.why  # I10: it says why


def test_i9_a_halt_and_its_end_concern_the_same_units() -> None:
    units = [str(n) for n in range(300)]
    before = {u for u in units if serve(listing(), u, (), ()).serving == "candidate"}
    halted = listing(replace(BOTH, halted=True))

    during = {serve(halted, u, (), ()).serving for u in units}
    after = {u for u in units if serve(listing(), u, (), ()).serving == "candidate"}

    assert during == {"stable"}
    assert before == after
    assert 100 < len(before) < 200


def test_outside_the_weight_and_without_a_unit_stable_is_served() -> None:
    assert serve(listing(), outside(), (), ()).digest == OLD
    assert serve(listing(), None, (), ()).why == ("no_unit",)
    assert serve(None, None, (), ()).why == ("never_listed",)


def opened(**over: Any) -> Launched:
    given: dict[str, Any] = {"release": "rel_9", "digest": NEW, "is_dark": False, "shows": True}
    return Launched(**given | over)


@pytest.mark.parametrize("unit", [None, "u"])
def test_what_a_launch_opened_is_served_to_everybody_before_there_is_a_listing(
    unit: str | None,
) -> None:
    served = serve(None, unit, (), (), [opened()])

    assert (served.digest, served.serving, served.why) == (NEW, "candidate", ())
    assert serve(None, unit, ("store",), (), [opened()]).why == ("stopped:store",)
    assert serve(None, unit, (), (NEW,), [opened()]).why == ("stopped:revision",)
    assert serve(None, unit, (), (), [opened(shows=False)]).why == ("never_listed",)


def test_an_opening_lists_what_was_unlisted_but_nothing_that_its_developer_withholds() -> None:
    nothing = listing(Exposure(), Status.UNLISTED)

    assert serve(nothing, "u", (), (), [opened()]).digest == NEW
    assert serve(replace(nothing, withheld=True), "u", (), (), [opened()]).why == ("unlisted",)
    for status in (Status.QUARANTINED, Status.DELISTED):
        assert serve(listing(status=status), "u", (), (), [opened()]).why == (status.value,)


def test_a_listing_that_was_told_speaks_for_itself() -> None:
    told = Exposure(stable=OLD, candidate=NEW, release="rel_9", weight_bp=5_000, salt="s")
    halted = replace(told, halted=True)

    assert serve(listing(told), outside(), (), (), [opened()]).digest == OLD
    assert serve(listing(halted), inside(), (), (), [opened()]).digest == OLD
    assert serve(listing(Exposure(stable=NEW)), None, (), (), [opened()]).serving == "stable"


@given(
    st.sampled_from([None, *Status]),
    st.sampled_from([None, OLD, NEW]),
    st.sampled_from([None, OLD, NEW]),
    st.none() | st.text(min_size=1, max_size=8),
)
def test_of_a_suspended_launch_nothing_is_served_whatever_its_listing_says(
    status: Status | None, stable: str | None, candidate: str | None, unit: str | None
) -> None:
    exposure = Exposure(stable=stable, candidate=candidate, weight_bp=10_000, salt="s")
    there = listing(exposure, status) if status else None

    served = serve(there, unit, (), (), [opened(is_dark=True, shows=False)])

    assert served.digest != NEW
    assert served.serving != "none" or served.why
