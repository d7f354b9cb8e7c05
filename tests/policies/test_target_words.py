"""Targets in words: relative where people would be, and never a lie about the year."""

import re
from datetime import date, timedelta

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.target import first_day, last_day
from policies.rules.target_words import place_of, says
from tests.policies.targets import target
from tests.policies.test_target import DAYS, everything


@pytest.mark.parametrize(
    ("text", "today", "english", "french"),
    [
        ("2023-11", "2023-11-06", "later this month", "courant novembre"),
        ("2023-11", "2023-11-30", "this month", "courant novembre"),
        ("2023-12", "2023-11-20", "in December", "en décembre"),
        ("2024-12", "2023-11-20", "in December 2024", "en décembre 2024"),
        ("2023-11", "2023-12-01", "in November 2023", "en novembre 2023"),
        ("early 2024", "2023-11-30", "early next year", "début 2024"),
        ("early 2024", "2024-01-04", "early this year", "début 2024"),
        ("early 2024", "2022-01-04", "early 2024", "début 2024"),
        ("mid 2024", "2025-01-04", "mid-2024", "mi-2024"),
        ("late 2024", "2024-01-04", "late this year", "fin 2024"),
        (
            "2024-01-08/2024-01-12",
            "2024-01-04",
            "next week (8–12 January)",
            "la semaine prochaine (du 8 au 12 janvier)",
        ),
        (
            "2024-01-08/2024-01-12",
            "2024-01-09",
            "this week (8–12 January)",
            "cette semaine (du 8 au 12 janvier)",
        ),
        (
            "2024-01-01/2024-01-05",
            "2023-12-29",
            "next week (1–5 January 2024)",
            "la semaine prochaine (du 1er au 5 janvier 2024)",
        ),
        (
            "2024-01-08/2024-01-12",
            "2024-01-13",
            "between 8 and 12 January 2024",
            "du 8 au 12 janvier 2024",
        ),
        (
            "2023-12-29/2024-01-03",
            "2023-11-01",
            "between 29 December 2023 and 3 January 2024",
            "du 29 décembre 2023 au 3 janvier 2024",
        ),
        (
            "2024-01-29/2024-02-09",
            "2024-01-04",
            "between 29 January and 9 February",
            "du 29 janvier au 9 février",
        ),
        ("2024-03-01/2024-03-01", "2024-01-04", "on 1 March", "le 1er mars"),
        (
            "2024-01-10T10:00",
            "2024-01-08",
            "on Wednesday 10 January 2024 at 10:00 (Los Angeles)",
            "le mercredi 10 janvier 2024 à 10:00 (Los Angeles)",
        ),
        (
            "2024-01-10T10:00",
            "2024-01-09",
            "tomorrow, Wednesday 10 January 2024, at 10:00 (Los Angeles)",
            "demain, mercredi 10 janvier 2024, à 10:00 (Los Angeles)",
        ),
        (
            "2024-01-10",
            "2024-01-10",
            "today, Wednesday 10 January 2024",
            "aujourd’hui, mercredi 10 janvier 2024",
        ),
        (
            "2024-Q2",
            "2024-01-10",
            "in the second quarter",
            "au deuxième trimestre",
        ),
        (
            "2024-Q1",
            "2023-12-10",
            "in the first quarter of 2024",
            "au premier trimestre 2024",
        ),
        ("2024-Q1", "2024-01-10", "later this quarter", "d’ici à la fin du trimestre"),
        (
            "summer 2024",
            "2024-01-10",
            "in summer 2024 (June–August)",
            "à l’été 2024 (de juin à août)",
        ),
        (
            "southern winter 2024",
            "2024-01-10",
            "in winter 2024 (June–August)",
            "à l’hiver 2024 (de juin à août)",
        ),
        (
            "winter 2024",
            "2024-01-10",
            "in winter 2024/2025 (December–February)",
            "à l’hiver 2024-2025 (de décembre à février)",
        ),
        (
            "tbd by 2024-03-15",
            "2024-01-10",
            "to be decided; new date by 15 March",
            "date à définir ; nouvelle date d’ici au 15 mars",
        ),
        (
            "tbd by 2024-03-15",
            "2023-11-30",
            "to be decided; new date by 15 March 2024",
            "date à définir ; nouvelle date d’ici au 15 mars 2024",
        ),
        (
            "tbd by 2024-03-15",
            "2024-03-16",
            "to be decided; a new date was due by 15 March 2024",
            "date à définir ; une nouvelle date était attendue pour le 15 mars 2024",
        ),
    ],
)
def test_a_target_is_said_as_people_do(text: str, today: str, english: str, french: str) -> None:
    day = date.fromisoformat(today)

    assert says(target(text), "en", day) == english
    assert says(target(text), "fr-FR", day) == french


@pytest.mark.parametrize(
    ("text", "locale", "said"),
    [
        ("2024-01-10", "de", "Mittwoch, 10. Januar 2024"),
        ("2024-01", "de", "Januar 2024"),
        ("2024-Q1", "de", "1. Quartal 2024"),
        ("early 2024", "de", "Januar–März 2024"),
        ("2024-01", "ja", "2024年1月"),
        ("2024-01-10T10:00", "de", "Mittwoch, 10. Januar 2024, 10:00 (Los Angeles)"),
    ],
)
def test_other_languages_have_their_own_patterns(text: str, locale: str, said: str) -> None:
    assert says(target(text), locale, date(2023, 11, 1)) == said


@given(
    everything(), DAYS, st.sampled_from(("en", "fr", "de", "es", "pt-BR", "ja")), st.integers(0, 60)
)
def test_words_never_lie_about_the_year(text: str, day: date, locale: str, ahead: int) -> None:
    found = target(text)
    for today in (day, first_day(found) - timedelta(days=ahead), last_day(found)):
        said = says(found, locale, today)

        years = {int(year) for year in re.findall(r"\d{4}", said)}
        real = {first_day(found).year, last_day(found).year}
        assert years <= real
        if not years:
            # Left out: then it is this year's, or the words themselves say which.
            assert real == {today.year} or "next year" in said
            assert last_day(found) >= today
        if "next year" in said:
            assert real == {today.year + 1}


@given(st.text(max_size=60))
def test_an_unknown_locale_is_answered_in_english(locale: str) -> None:
    try:
        Locale.parse(locale.replace("-", "_"))
    except (ValueError, TypeError, LookupError):
        assert says(target("2023-12"), locale, date(2023, 11, 1)) == "in December"
    except Exception:
        assert says(target("2023-12"), locale, date(2023, 11, 1)) == "in December"


def test_a_clock_is_named_by_its_city() -> None:
    assert place_of("America/Los_Angeles", "en") == "Los Angeles"
    assert place_of("Europe/London", "fr") == "Londres"
    assert place_of("Etc/UTC", "en") == "UTC"
    assert place_of("UTC", "fr") == "UTC"
