"""What everybody knows of a launch: by the memos that everybody was sent, and by what is served.

Nothing else counts. A date that was moved inside stays where everybody was told it is; a hold or a
suspension that nobody was told of does not exist outside. What is served by its launch can be seen,
so that it is open needs no memo.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from policies.rules.memo_facts import LOCALES
from policies.rules.target import Target
from policies.rules.target_words import says

Standing = Literal["announced", "postponed", "on_hold", "cancelled", "suspended", "open"]
# A memo that it opened says no more than that it was announced: whether it is open, is seen.
_STANDINGS: Mapping[str, Standing] = {
    "planned": "announced",
    "narrowed": "announced",
    "brought_forward": "announced",
    "opened": "announced",
    "postponed": "postponed",
    "held": "on_hold",
    "cancelled": "cancelled",
    "suspended": "suspended",
}


@dataclass(frozen=True)
class Telling:
    """One memo as everybody was sent it. `about` is the number of the event of its launch that it
    tells of; `dated` that of the event which set the `target` it told, both None if it told no
    date. `title` is its first subject line, None once erased. `corrects` and `corrected_by` name
    memos that everybody was sent, too. Times UTC."""

    memo: str
    kind: str
    about: int
    sent_at: datetime
    locales: tuple[str, ...] = ()
    title: str | None = None
    dated: int | None = None
    target: Target | None = None
    corrects: str | None = None
    corrected_by: str | None = None


@dataclass(frozen=True)
class Announcement:
    """A launch as everybody may know it. `name` is None where no memo that was sent holds it.
    `memos`: the newest first, at least one."""

    launch: str
    name: str | None
    standing: Standing
    target: Target | None
    open_since: datetime | None
    memos: tuple[Telling, ...]

    @property
    def told_at(self) -> datetime:
        return self.memos[0].sent_at

    @property
    def title(self) -> str:
        """Its name, or what its newest memo is headed that still has a heading."""
        titles = (one.title for one in self.memos if one.title)
        return self.name or next(titles, "(erased)")


def told_target(tellings: Iterable[Telling]) -> Target | None:
    """The last date that everybody was told, in the order in which dates were set."""
    dated = [one for one in tellings if one.dated is not None]
    return max(dated, key=lambda one: (one.dated or 0, one.sent_at)).target if dated else None


def standing(tellings: Sequence[Telling], is_open: bool) -> Standing:
    """How a launch stands for everybody. `is_open`: what it opened is served now."""
    heard = [one for one in tellings if one.kind in _STANDINGS]
    newest = max(heard, key=lambda one: (one.about, one.sent_at), default=None)
    told = _STANDINGS[newest.kind] if newest else "announced"
    return "open" if is_open and told != "cancelled" else told


def words(target: Target, day: date) -> dict[str, str]:
    """`target` in every language of memos, for a reader on `day`."""
    return {locale: says(target, locale, day) for locale in LOCALES}


def day_of(target: Target, at: datetime) -> date:
    """The day that `at` is in the zone of the target."""
    return at.astimezone(ZoneInfo(target.tz)).date()


def holds(text: str, said: str) -> bool:
    """Whether `text`, that somebody may have wrapped anew, holds the words `said`."""
    return " ".join(said.split()) in " ".join(text.split())
