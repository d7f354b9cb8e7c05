"""A target in French: “courant novembre”, “début 2024”, “la semaine prochaine (du 8 au 12)”."""

from collections.abc import Callable
from datetime import date

from babel import Locale

from policies.rules.target import Target
from policies.rules.target_span import Span, clock, two_years

_NTH_FR = {1: "premier", 2: "deuxième", 3: "troisième", 4: "quatrième"}


def _fr_month(month: int) -> str:
    return str(Locale("fr").months["format"]["wide"][month])


def _de(word: str) -> str:
    """`de` before a month, which April, August and October shorten."""
    return f"d’{word}" if word[0] in "aeiouh" else f"de {word}"


def _fr_date(day: date, year: bool) -> str:
    number = "1er" if day.day == 1 else str(day.day)
    named = f"{number} {_fr_month(day.month)}"
    return f"{named} {day.year}" if year else named


def _fr_range(span: Span, year: bool) -> str:
    first, last = span.first, span.last
    if first == last:
        return f"le {_fr_date(first, year)}"
    if first.year != last.year:
        return f"du {_fr_date(first, True)} au {_fr_date(last, True)}"
    if first.month != last.month:
        return f"du {_fr_date(first, False)} au {_fr_date(last, year)}"
    return f"du {'1er' if first.day == 1 else first.day} au {_fr_date(last, year)}"


def _fr_instant(target: Target, span: Span) -> str:
    return f"{_fr_day(target, span)} à {clock(target, Locale('fr'))}"


def _fr_day(target: Target, span: Span) -> str:
    named = f"{_FR_DAYS[span.first.weekday()]} {_fr_date(span.first, True)}"
    ahead = (span.first - span.today).days
    return {0: f"aujourd’hui, {named},", 1: f"demain, {named},"}.get(ahead, f"le {named}").rstrip(
        "," if target.precision == "day" else ""
    )


def _fr_window(target: Target, span: Span) -> str:
    days = _fr_range(span, span.needs_year())
    ahead = span.weeks_ahead if not span.is_past else None
    if ahead == 0:
        return f"cette semaine ({days})"
    return f"la semaine prochaine ({days})" if ahead == 1 else days


def _fr_month_of(target: Target, span: Span) -> str:
    month = _fr_month(span.first.month)
    if span.now:
        return f"courant {month}"
    return f"en {month} {span.first.year}" if span.needs_year() else f"en {month}"


def _fr_quarter(target: Target, span: Span) -> str:
    if span.now:
        return "d’ici à la fin du trimestre"
    named = f"au {_NTH_FR[(span.first.month + 2) // 3]} trimestre"
    return f"{named} {span.first.year}" if span.needs_year() else named


def _fr_season(target: Target, span: Span) -> str:
    name = target.label.partition("-")[2]
    part = {"early": "début ", "mid": "mi-", "late": "fin "}.get(name)
    if part:
        return f"{part}{span.first.year}"
    season = {
        "spring": "au printemps",
        "summer": "à l’été",
        "autumn": "à l’automne",
        "winter": "à l’hiver",
    }[name.partition("-")[0]]
    months = f"{_de(_fr_month(span.first.month))} à {_fr_month(span.last.month)}"
    return f"{season} {two_years(span, '-')} ({months})"


def _fr_tbd(target: Target, span: Span) -> str:
    owed = _fr_date(span.first, span.needs_year())
    if span.is_past:
        return f"date à définir ; une nouvelle date était attendue pour le {owed}"
    return f"date à définir ; nouvelle date d’ici au {owed}"


_FR_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
FRENCH: dict[str, Callable[[Target, Span], str]] = {
    "instant": _fr_instant,
    "day": _fr_day,
    "window": _fr_window,
    "month": _fr_month_of,
    "quarter": _fr_quarter,
    "season": _fr_season,
    "tbd": _fr_tbd,
}
