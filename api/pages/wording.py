"""Filters of the templates: values as people read them. Labels of codes are in labels.html."""

import math
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from gonogo.wording import distance
from policies.lifecycle.kernel import instant

_SHOWN = "\n\t"
_UNITS = ((1 << 20, "MB"), (1 << 10, "kB"), (1, "bytes"))


def clock(moment: str | datetime | None, zone: str, now: datetime) -> Markup:
    """A `time` element: civil time of `zone`, with the day unless it is today's."""
    if moment is None:
        return Markup("–")
    at = instant(moment)
    there, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    day = "" if there.date() == today.date() else there.strftime("%a %-d %b ")
    year = "" if there.year == today.year else there.strftime("%Y ")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(timespec="seconds"),
        there.strftime("%A %-d %B %Y, %H:%M:%S %Z"),
        f"{day}{year}{there:%H:%M %Z}",
    )


def away(moment: str | datetime, now: datetime) -> str:
    """How far `moment` is from `now`."""
    return distance((instant(moment) - now).total_seconds())


def countdown(moment: str | datetime, now: datetime) -> str:
    """`3 days 04:05:06`, `04:05:06`: what is left until `moment`, nothing below zero."""
    left = max(0, math.ceil((instant(moment) - now).total_seconds()))
    days, rest = divmod(left, 86_400)
    clock_ = f"{rest // 3_600:02}:{rest % 3_600 // 60:02}:{rest % 60:02}"
    return f"{days} {'day' if days == 1 else 'days'} {clock_}" if days else clock_


def named(steps: list[dict[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Steps of a rail whose names are codes, with the names that people read."""
    return [{**step, "name": names.get(step["name"], step["name"])} for step in steps]


def is_past(moment: str | datetime | None, now: datetime) -> bool:
    return moment is not None and instant(moment) < now


def percent(weight_bp: int) -> str:
    """Basis points as a percentage without needless digits."""
    return f"{weight_bp / 100:g} %"


def duration(seconds: float) -> str:
    """`2 days`, `30 min`, `45 s`: the largest unit that fits, rounded."""
    return distance(seconds).removeprefix("in ") if seconds >= 1 else "no time"


def short(digest: str) -> Markup:
    """The first characters of a digest; the whole is its title."""
    return Markup('<code class="digest" title="{}">{}</code>').format(digest, digest[:12])


def size(count: int) -> str:
    step, unit = next((step, unit) for step, unit in _UNITS if count >= step or step == 1)
    return f"{count / step:.3g} {unit}" if step > 1 else f"{count} {unit}"


def seen(text: str) -> Markup:
    """Text in which nothing hides: characters without a picture are named in a mark."""
    return Markup("").join(_pieces(text))


def _pieces(text: str) -> Iterator[Markup]:
    plain: list[str] = []
    for c in text:
        # Cf: formats, bidi, tags; Cc: controls; Co, Cn: no meaning that we could know.
        if c in _SHOWN or unicodedata.category(c) not in ("Cf", "Cc", "Co", "Cn"):
            plain.append(c)
            continue
        yield escape("".join(plain))
        plain = []
        name = unicodedata.name(c, "no name")
        yield Markup('<mark class="hidden" title="{}">U+{:04X}</mark>').format(name, ord(c))
    yield escape("".join(plain))


def capitalize_first(text: str) -> str:
    """A sentence's first letter; Jinja's own `capitalize` lowers all the others. A sentence that
    begins with an id or a code keeps it as it is, since in capitals it names nothing."""
    first = text.split(maxsplit=1)[:1]
    return text if first and "_" in first[0] else text[:1].upper() + text[1:]


def filters() -> dict[str, Callable[..., Any]]:
    return {
        "capitalize_first": capitalize_first,
        "clock": clock,
        "away": away,
        "is_past": is_past,
        "countdown": countdown,
        "named": named,
        "percent": percent,
        "short": short,
        "duration": duration,
        "size": size,
        "seen": seen,
    }
