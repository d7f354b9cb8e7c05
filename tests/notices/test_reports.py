"""A report is one file that needs nothing else, whatever people and launches are called."""

from dataclasses import replace
from datetime import timedelta

from gonogo.notices.reports import report_html
from policies.rules.launch_report import Foretold, Incident, Index, report
from tests.policies.test_launch_report import BEGAN, OPENED, made, story

HOSTILE = "<script>alert(1)</script>\r\n\x1b[31m"


def test_everything_a_person_asks_is_in_it() -> None:
    found = made(
        incidents=[Incident("stop", "stp_1", OPENED + timedelta(days=1))],
        foretold=[Foretold(BEGAN, OPENED, 0.6)],
        approved_at=BEGAN,
    )

    html = report_html(found, {"per_sol": "Sol", "per_adam": "Adam"}, "America/Los_Angeles")

    for said in (
        "Postponed 2 times",
        "on hold for 4 h 48 min",
        "opened 40 d 10 h after",
        "Sol</span> said no as safety oncall",
        "Adam</span> accepted the risk",
        "Wave 1, 10 January 2024, 10:00 PST: 40 opened, 2 stayed behind.",
        "stop (stp_1)",
        "Brier score 0.160",
        "the store",
    ):
        assert said in html
    assert "src=" not in html
    assert "http" not in html


def test_what_people_are_called_stays_text() -> None:
    found = replace(made(), name=HOSTILE)

    html = report_html(found, {"per_lea": HOSTILE}, "UTC")

    assert "<script>" not in html
    assert "\x1b" not in html


def test_a_launch_that_only_began_has_a_report() -> None:
    html = report_html(report(story()[:1], now=OPENED), {}, "UTC")

    assert "It never opened." in html
    assert "It has no score: no forecast was kept." in html
    assert "Nobody wrote any down." in html


def test_what_people_wrote_is_in_it_as_text_and_says_so_when_it_is_erased() -> None:
    found = replace(made(), lessons=("prose:l",))

    html = report_html(found, {}, "UTC", {"prose:l": f"Ask earlier.\n{HOSTILE}"})
    later = report_html(found, {}, "UTC", {})

    assert "Ask earlier." in html
    assert "<script>" not in html
    assert "\x1b" not in html
    assert "(erased)" in later


def test_the_pressure_stands_in_it_with_its_parts_or_that_nobody_looked() -> None:
    weighed = Index(0.43, "pressed", {"haste": 0.25, "<script>": 0.1})

    html = report_html(replace(made(), pressure=weighed), {}, "UTC")

    assert "0.43 between 0 and 1: pressed" in html
    assert "<td>haste</td><td>0.25</td>" in html
    assert "<script>" not in html
    assert "It was not looked at." in report_html(made(), {}, "UTC")
