"""Who is visible by the row of a launch: one change of it opens ten thousand at once.

A bound release is served once its launch opened its wave and did not pass it over, until its
listing says so itself. Of a suspended launch nothing is served, settled or not.
"""

from typing import Any, cast

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, exists, func, or_, select

from gonogo.db.launch_exclusions import LaunchExclusionRow
from gonogo.db.launch_items import SHOWING, WAITING
from gonogo.db.launches import LaunchPicture
from gonogo.db.tables import GptRow, ListingPicture, ReleasePicture
from policies.lifecycle.release_launch import OPEN
from policies.rules.serving import Launched

SUSPENDED = "suspended"
# Everything that a suspension darkens: what ended otherwise is not the launch's any more.
_ITS = (*SHOWING, "halted", "completed")
# A newer release of the GPT that is past waiting took the place of an older one.
_BEGUN = ("rolling", "paused", "held", "halted", "completed")


def launched(session: Session, store: str, gpt: str) -> list[Launched]:
    """The releases of `gpt` that a launch opened, as `serve` asks for them. One or two queries."""
    columns: tuple[Any, ...] = (
        ReleasePicture.id,
        ReleasePicture.digest,
        ReleasePicture.phase,
        LaunchPicture.status,
        _is_passed_over(ReleasePicture),
    )
    rows = session.execute(
        select(*columns)
        .join(LaunchPicture, _of_launch(ReleasePicture))
        .where(
            ReleasePicture.store_id == store,
            ReleasePicture.gpt == gpt,
            col(ReleasePicture.phase).in_(_ITS),
            col(ReleasePicture.wave) <= LaunchPicture.wave,
        )
    ).all()
    if not rows:
        return []
    newest = session.execute(
        _newest_begun(ReleasePicture).where(
            col(ReleasePicture.store_id) == store, col(ReleasePicture.gpt) == gpt
        )
    ).scalar_one()
    return [
        Launched(
            release=release,
            digest=digest,
            is_dark=status == SUSPENDED or (over and phase not in WAITING),
            shows=status in OPEN and not over and phase in SHOWING and release >= (newest or ""),
        )
        for release, digest, phase, status, over in rows
    ]


def opened_items(store: str) -> Any:
    """(gpt, release) of what a launch shows of each GPT, as a subquery: its newest."""
    newer: Any = aliased(ReleasePicture)
    begun = func.coalesce(
        _newest_begun(newer)
        .where(newer.store_id == ReleasePicture.store_id, newer.gpt == ReleasePicture.gpt)
        .correlate(ReleasePicture)
        .scalar_subquery(),
        "",
    )
    return (
        select(col(ReleasePicture.gpt), func.max(ReleasePicture.id).label("release"))
        .join(LaunchPicture, _of_launch(ReleasePicture))
        .where(
            ReleasePicture.store_id == store,
            col(ReleasePicture.launch).is_not(None),
            col(ReleasePicture.phase).in_(SHOWING),
            col(LaunchPicture.status).in_(OPEN),
            col(ReleasePicture.wave) <= LaunchPicture.wave,
            ~_is_passed_over(ReleasePicture),
            ReleasePicture.id >= begun,
        )
        .group_by(ReleasePicture.gpt)
        .subquery("opened")
    )


def darkened(gpt: Any, digest: Any) -> ColumnElement[bool]:
    """Whether a launch opened the revision `digest` of `gpt`, and took it back: it is suspended, or
    left the release out when it was restored."""
    its = (
        select(ReleasePicture.id)
        .join(LaunchPicture, _of_launch(ReleasePicture))
        .where(
            ReleasePicture.store_id == GptRow.store_id,
            ReleasePicture.gpt == gpt,
            ReleasePicture.digest == digest,
            col(ReleasePicture.phase).in_(_ITS),
            col(ReleasePicture.wave) <= LaunchPicture.wave,
            or_(
                LaunchPicture.status == SUSPENDED,
                and_(col(ReleasePicture.phase).not_in(WAITING), _is_passed_over(ReleasePicture)),
            ),
        )
    )
    # Most of the time nothing is suspended or left out: then nobody looks at releases.
    other: Any = aliased(LaunchPicture)
    ever = or_(
        exists().where(other.status == SUSPENDED),
        exists().where(col(LaunchExclusionRow.wave) > 0),
    )
    return and_(ever, its.exists())


def is_told(item: Any) -> ColumnElement[bool]:
    """Whether the GPT's listing says itself what `item`'s launch opened."""
    exposed = cast(Any, ListingPicture.state)["exposure"]["release"].as_string()
    return or_(
        func.coalesce(exposed, "") == item.id,
        func.coalesce(ListingPicture.stable, "") == item.digest,
    )


def _newest_begun(release: Any) -> Any:
    """Of an expression, not of the column: else SQLite walks all releases, the newest first."""
    return select(func.max(col(release.id).concat(""))).where(col(release.phase).in_(_BEGUN))


def _of_launch(release: Any) -> ColumnElement[bool]:
    return and_(
        col(LaunchPicture.store_id) == release.store_id,
        col(LaunchPicture.id) == release.launch,
    )


def _is_passed_over(release: Any) -> ColumnElement[bool]:
    return exists().where(
        col(LaunchExclusionRow.store_id) == release.store_id,
        col(LaunchExclusionRow.launch) == release.launch,
        col(LaunchExclusionRow.release) == release.id,
        col(LaunchExclusionRow.wave) >= release.wave,
    )
