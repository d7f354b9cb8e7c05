"""A target as people say it: “later this month”, “early next year”, “début 2024”.

English and French by rules of our own; other languages by the patterns of CLDR (through Babel),
which know dates, months and intervals but not “later this month”; what CLDR has no words for is
said in English. A year is left out only where nobody can take it for another one: in the year of
`today`, and never of what is past.
"""

from collections.abc import Callable
from datetime import date, timedelta

from babel import Locale
from babel.dates import format_date, format_interval, format_skeleton

from policies.rules.target import Target, last_day
from policies.rules.target_days import days_of
from policies.rules.target_french import FRENCH
from policies.rules.target_span import Span, clock, locale_of, place_of, two_years

__all__ = ["place_of", "says"]

_NTH = {1: "first", 2: "second", 3: "third", 4: "fourth"}


def says(target: Target, locale: str, today: date) -> str:
    """`target` in words, for somebody for whom it is `today` in the zone of the target.

    `locale` is a tag like `fr` or `pt-BR`; an unknown one is answered in English.
    """
    known = locale_of(locale)
    first, after = days_of(target.label)
    span = Span(first, after - timedelta(days=1), today)
    if known.language == "fr":
        return FRENCH[target.precision](target, span)
    return _english(target, span) if known.language == "en" else _other(target, span, known)


# English


def _english(target: Target, span: Span) -> str:
    return _ENGLISH[target.precision](target, span)


def _en_date(day: date, year: bool) -> str:
    month = _EN_MONTHS[day.month - 1]
    return f"{day.day} {month} {day.year}" if year else f"{day.day} {month}"


def _en_range(span: Span, year: bool) -> str:
    first, last = span.first, span.last
    if first == last:
        return _en_date(first, year)
    if first.year != last.year:
        return f"{_en_date(first, True)} – {_en_date(last, True)}"
    if first.month != last.month:
        return f"{_en_date(first, False)} – {_en_date(last, year)}"
    return f"{first.day}–{_en_date(last, year)}"


def _en_instant(target: Target, span: Span) -> str:
    return f"{_en_day(target, span)} at {clock(target, Locale('en'))}"


def _en_day(target: Target, span: Span) -> str:
    named = f"{_EN_DAYS[span.first.weekday()]} {_en_date(span.first, True)}"
    ahead = (span.first - span.today).days
    return {0: f"today, {named},", 1: f"tomorrow, {named},"}.get(ahead, f"on {named}").rstrip(
        "," if target.precision == "day" else ""
    )


def _en_window(target: Target, span: Span) -> str:
    days = _en_range(span, span.needs_year())
    ahead = span.weeks_ahead if not span.is_past else None
    if ahead == 0:
        return f"this week ({days})"
    if ahead == 1:
        return f"next week ({days})"
    if span.first == span.last:
        return f"on {days}"
    return "between " + days.replace(" – ", " and ").replace("–", " and ")


def _en_month(target: Target, span: Span) -> str:
    if span.now:
        return "later this month" if span.goes_on else "this month"
    month = _EN_MONTHS[span.first.month - 1]
    return f"in {month} {span.first.year}" if span.needs_year() else f"in {month}"


def _en_quarter(target: Target, span: Span) -> str:
    if span.now:
        return "later this quarter" if span.goes_on else "this quarter"
    named = f"in the {_NTH[(span.first.month + 2) // 3]} quarter"
    return f"{named} of {span.first.year}" if span.needs_year() else named


def _en_season(target: Target, span: Span) -> str:
    name = target.label.partition("-")[2]
    if name in ("early", "mid", "late"):
        ahead = span.first.year - span.today.year
        if span.is_past or ahead not in (0, 1):
            return f"{'mid-' if name == 'mid' else name + ' '}{span.first.year}"
        year = ("this year", "next year")[ahead]
        return f"{'in the middle of' if name == 'mid' else name} {year}"
    months = f"{_EN_MONTHS[span.first.month - 1]}–{_EN_MONTHS[span.last.month - 1]}"
    return f"in {name.partition('-')[0]} {two_years(span, '/')} ({months})"


def _en_tbd(target: Target, span: Span) -> str:
    owed = _en_date(span.first, span.needs_year())
    if span.is_past:
        return f"to be decided; a new date was due by {owed}"
    return f"to be decided; new date by {owed}"


_EN_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_EN_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ENGLISH: dict[str, Callable[[Target, Span], str]] = {
    "instant": _en_instant,
    "day": _en_day,
    "window": _en_window,
    "month": _en_month,
    "quarter": _en_quarter,
    "season": _en_season,
    "tbd": _en_tbd,
}


# Every other language: the patterns of CLDR, always with the year.


def _other(target: Target, span: Span, locale: Locale) -> str:
    match target.precision:
        case "instant":
            return f"{format_date(span.first, 'full', locale=locale)}, {clock(target, locale)}"
        case "day":
            return format_date(span.first, "full", locale=locale)
        case "month":
            return format_skeleton("yMMMM", span.first, locale=locale)
        case "quarter":
            return format_date(span.first, "QQQQ y", locale=locale)
        case "season":
            return format_interval(span.first, last_day(target), "yMMMM", locale=locale)
        case "window":
            return format_interval(span.first, last_day(target), "yMMMMd", locale=locale)
        case _:
            return _english(target, span)
