"""A report tells a launch as its record does: dates, dissent, gates, and how late it was."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from policies.lifecycle.kernel import Event, iso
from policies.lifecycle.machines import fold
from policies.rules.launch_report import (
    Foretold,
    Incident,
    LaunchReport,
    as_json,
    index_in,
    index_of,
    report,
)
from policies.rules.pressure import Spent, pressure
from policies.rules.target import resolve
from policies.rules.target_text import parse

ZONE = ZoneInfo("America/Los_Angeles")
BEGAN = datetime(2023, 11, 6, 18, tzinfo=UTC)
OPENED = datetime(2024, 1, 10, 18, tzinfo=UTC)
DAY = timedelta(days=1)
TERMS: dict[str, Any] = {
    "pack": "p",
    "gates": [
        {"id": "safety", "kind": "signed", "owner_role": "safety_oncall", "freshness_s": 86_400},
        {"id": "no_stop", "kind": "measured", "owner_role": "safety_oncall", "freshness_s": 3600},
    ],
    "poll_roles": ["product_lead", "safety_oncall"],
    "tier_line": "medium",
    "risk_role": "administrator",
    "date_role": "administrator",
    "poll_open_before_s": 172_800,
    "silence_s": 86_400,
    "checks_s": [86_400, 3600, 300],
    "max_lateness_s": 900,
    "hold_review_s": 14_400,
    "hold_review_early_s": 172_800,
    "remind_s": 86_400,
    "plan_within_s": 86_400,
    "minimum_notice_s": 0,
    "soak_s": 0,
    "votes_most": 10,
    "waves_most": 20,
}


def on(text: str) -> dict[str, Any]:
    return resolve(parse(text), ZONE, name=ZONE.key, tzdata="test").target.as_json()


def story() -> list[Event]:
    """The store that was announced in November 2023 and opened in January."""
    told: list[tuple[datetime, str, str, dict[str, Any]]] = [
        (
            BEGAN,
            "drafted",
            "per_lea",
            {"name": "The GPT Store", "tz": ZONE.key, "mode": "atomic", "quorum": None}
            | {"terms": TERMS},
        ),
        (BEGAN, "planned", "per_lea", {"target": on("2023-11")}),
        (
            BEGAN + 14 * DAY,
            "postponed",
            "per_lea",
            {"reason": "capacity", "from": on("2023-11"), "to": on("2023-12"), "nth": 1},
        ),
        (
            BEGAN + 24 * DAY,
            "postponed",
            "per_lea",
            {"reason": "unexpected", "from": on("2023-12"), "to": on("early 2024"), "nth": 2},
        ),
        (BEGAN + 59 * DAY, "replanned", "per_lea", {"target": on("2024-01-10T10:00")}),
        (
            BEGAN + 60 * DAY,
            "gate:signed",
            "per_sol",
            {"gate": "safety", "verdict": "no", "until": iso(OPENED), "reason": "prose:r"},
        ),
        (
            BEGAN + 61 * DAY,
            "gate:signed",
            "per_sol",
            {"gate": "safety", "verdict": "yes", "until": iso(OPENED + DAY)},
        ),
        (
            BEGAN + 61 * DAY,
            "gate:measured",
            "system",
            {"gate": "no_stop", "value": 0, "holds": True}
            | {"at": iso(BEGAN + 61 * DAY), "until": iso(OPENED + DAY)},
        ),
        (
            OPENED - 2 * DAY,
            "poll:opened",
            "system",
            {"round": 1, "roles": TERMS["poll_roles"], "closes_at": iso(OPENED - DAY)},
        ),
        (
            OPENED - 2 * DAY,
            "poll:voted",
            "per_sol",
            {"round": 1, "role": "safety_oncall", "vote": "NO_GO", "statement": "prose:s"},
        ),
        (
            OPENED - 1.9 * DAY,
            "poll:overridden",
            "per_adam",
            {"round": 1, "role": "safety_oncall", "rationale": "prose:x"},
        ),
        (OPENED - 1.5 * DAY, "poll:closed", "system", {"round": 1, "outcome": "go"}),
        (
            OPENED - 1.4 * DAY,
            "held",
            "per_sol",
            {"cause": "person", "reason": "doubt", "note": None, "review_by": iso(OPENED)},
        ),
        (OPENED - 1.2 * DAY, "resumed", "per_lea", {"to": "armed", "closes_at": None}),
        (OPENED - DAY, "countdown:started", "system", {"opens_at": iso(OPENED)}),
        (OPENED, "launching", "system", {"wave": 1}),
        (
            OPENED,
            "wave:opened",
            "system",
            {"wave": 1, "waves": 1, "at": iso(OPENED), "ready": 40}
            | {"excluded": ["rel_7", "rel_9"], "more_excluded": False},
        ),
    ]
    return [
        Event("default", n, "lch_1", n, f"launch:{t}", by, f"cmd_{n}", at, at, "p", "1", body)
        for n, (at, t, by, body) in enumerate(told, start=1)
    ]


def made(**more: Any) -> LaunchReport:
    return report(story(), now=OPENED + 7 * DAY, **more)


def test_every_date_is_told_with_who_and_why() -> None:
    assert [(one.what, one.label, one.reason) for one in made().dates] == [
        ("planned", "month:2023-11", None),
        ("postponed", "month:2023-12", "capacity"),
        ("postponed", "season:2024-early", "unexpected"),
        ("planned", "instant:2024-01-10T10:00:00", None),
    ]
    assert made().postponements == 2


def test_late_is_counted_from_the_end_of_what_was_announced_first() -> None:
    november_ends = datetime(2023, 12, 1, 8, tzinfo=UTC)

    assert made().late_s == (OPENED - november_ends).total_seconds()
    assert report(story()[:-1], now=OPENED).late_s is None


def test_dissent_stays_with_who_accepted_its_risk() -> None:
    (dissent,) = made().dissent

    assert (dissent.role, dissent.by, dissent.overridden_by) == (
        "safety_oncall",
        "per_sol",
        "per_adam",
    )
    assert dissent.statement == "prose:s"


def test_gates_are_counted_and_looks_of_the_system_are_no_answers() -> None:
    safety, no_stop = made().gates

    assert (safety.answers, safety.refusals, safety.waivers, safety.last_by) == (2, 1, 0, "per_sol")
    assert (no_stop.answers, no_stop.refusals) == (0, 0)
    assert made().quiet == 1
    assert len(made().timeline) == len(story()) - 1


def test_time_on_hold_is_counted_also_when_it_has_not_ended() -> None:
    assert made().held_s == pytest.approx(0.2 * 86_400)
    events = story()[:13]
    assert report(events, now=OPENED).held_s == pytest.approx(1.4 * 86_400)


def test_an_opening_counts_what_stayed_behind() -> None:
    (opened,) = made().opened

    assert (opened.wave, opened.ready, opened.excluded) == (1, 40, 2)


def test_forecasts_are_scored_against_what_came_to_be() -> None:
    foretold = [
        Foretold(BEGAN, datetime(2023, 12, 1, tzinfo=UTC), 0.8),
        Foretold(BEGAN, OPENED, 0.6),
        Foretold(BEGAN, OPENED + 30 * DAY, 0.5),  # met early, so it counts
    ]

    score = made(foretold=foretold, approved_at=OPENED - 5 * DAY).score

    assert score.forecasts == 3
    assert score.brier == pytest.approx((0.64 + 0.16 + 0.25) / 3)
    assert made(foretold=foretold).score.forecasts == 2  # the last one's date lies ahead
    assert made().score.brier is None


def test_a_report_is_exported_as_plain_json() -> None:
    incident = Incident("stop", "stp_1", OPENED + DAY)

    value = as_json(made(incidents=[incident], lessons=["prose:l"]))

    again = json.loads(json.dumps(value, allow_nan=False))
    assert again == value
    assert (value["schema"], value["pressure"]) == (2, None)
    assert value["incidents"][0]["at"] == iso(OPENED + DAY)
    assert value["lessons"] == ["prose:l"]


def test_without_a_record_there_is_no_report() -> None:
    with pytest.raises(ValueError, match="has a record"):
        report([], now=OPENED)


def test_where_nothing_can_be_scored_the_report_says_why() -> None:
    ahead = Foretold(BEGAN, OPENED + timedelta(days=900), 0.5)

    assert made().score.unscored == "no_forecast"
    assert made(foretold=[ahead]).score.unscored == "not_due"


def test_a_suspension_is_an_incident_with_an_end_once_it_has_one() -> None:
    events = story()
    last = events[-1]
    for number, what in enumerate(("suspended", "restored"), 1):
        events.append(
            replace(
                last,
                seq=last.seq + number,
                type=f"launch:{what}",
                occurred_at=last.occurred_at + number * DAY,
                body={"reason": "drill", "note": None} if number == 1 else {"excluded": []},
            )
        )

    def suspensions(of: list[Event]) -> list[Incident]:
        found = report(of, now=last.occurred_at + 3 * DAY).incidents
        return [one for one in found if one.kind == "suspension"]

    begun, ended = last.occurred_at + DAY, last.occurred_at + 2 * DAY
    assert suspensions(events[:-1]) == [Incident("suspension", last.subject, begun)]
    assert suspensions(events) == [Incident("suspension", last.subject, begun, ended)]


def test_the_pressure_is_in_it_and_is_read_again_from_what_was_filed() -> None:
    told = pressure(fold("launch", story()), [Spent("rel_1", "review", 3600, 7200)], ["no_stop"])

    found = made(pressure=index_of(told))
    filed = json.loads(json.dumps(as_json(found)))

    assert found.pressure is not None
    assert filed["pressure"] == {
        "value": told.value, "level": told.level, "parts": dict(told.parts),
    }  # fmt: skip
    assert index_in(filed) == found.pressure


@pytest.mark.parametrize(
    "filed",
    [
        None,
        "All went well.",
        {},
        {"schema": 1, "launch": "lch_1"},
        {"pressure": None},
        {"pressure": 0.4},
        {"pressure": {"value": 0.4}},
        {"pressure": {"value": "0.4", "level": "calm", "parts": {}}},
        {"pressure": {"value": True, "level": "calm", "parts": {}}},
        {"pressure": {"value": 7, "level": "calm", "parts": {}}},
        {"pressure": {"value": float("nan"), "level": "calm", "parts": {}}},
        {"pressure": {"value": 0.4, "level": "calm", "parts": {"haste": "<script>"}}},
    ],
)
def test_i7_what_was_filed_without_a_pressure_that_can_be_read_has_none(filed: Any) -> None:
    assert index_in(filed) is None


def test_the_word_for_a_pressure_follows_from_its_value_whatever_was_filed() -> None:
    found = index_in({"pressure": {"value": 0.5, "level": "<script>", "parts": {"haste": 0.5}}})

    assert found is not None
    assert (found.value, found.level) == (0.5, "pressed")
