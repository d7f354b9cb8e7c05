"""The report on a launch as one HTML file that needs nothing else: no script, no link outside."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gonogo.notices.rendering import NAME_MOST, clean, one_line, words
from policies.rules.launch_report import LaunchReport

TEXT_MOST = 8_000  # of one text that somebody wrote
_FOLDER = Path(__file__).parent / "report_templates"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(words=words, span=_span)
    return made


def report_html(
    made: LaunchReport,
    names: Mapping[str, str],
    zone: str,
    texts: Mapping[str, str] | None = None,
) -> str:
    """`names` are those of people, by id; `texts` what they wrote, by digest, as far as it is not
    erased; times are told in `zone`."""
    where = ZoneInfo(zone)

    def when(at: datetime) -> str:
        return at.astimezone(where).strftime("%-d %B %Y, %H:%M %Z")

    def who(person: str) -> str:
        if person == "system":
            return "the store"
        return one_line(names.get(person, person), NAME_MOST) or person

    def said(digest: str) -> list[str]:
        text = clean((texts or {}).get(digest, "(erased)"))[:TEXT_MOST]
        return [part for part in text.split("\n") if part.strip()]

    template = _environment().get_template("launch.html")
    return template.render(
        r=made, when=when, who=who, said=said, name=one_line(made.name, NAME_MOST)
    )


def _span(seconds: float) -> str:
    """`90061` is “1 d 1 h”; less than a minute is “0 min”."""
    minutes = int(abs(seconds)) // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else ""]
    if not days:
        parts.append(f"{rest} min" if rest or not hours else "")
    return " ".join(part for part in parts if part)
