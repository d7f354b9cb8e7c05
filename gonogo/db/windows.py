"""Windows as the database knows them, and what they say about one release at one moment."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, case, col, func, or_, select

from gonogo.db.embargoes import as_window
from gonogo.db.queries import Page, decode_cursor, page_of
from gonogo.db.tables import GptRow, PackRow, RevisionRow
from gonogo.db.timing import EmbargoPicture, WindowPicture
from gonogo.zones import zone_named
from policies.pack_windows import PackWindow
from policies.rules.window_plan import Covered
from policies.rules.windows import Freeze, Window, verdict, window_of

MOST = 100  # windows in force at a time, of one store
# `over_at` is of the day on which a window was declared. Newer zone data may move a civil time by a
# day and a bit, at the date line; verdicts read civil times anew, so one too many does no harm.
_ZONES_MOVE = timedelta(days=2)


def scopes_of(session: Session, of: Covered) -> frozenset[str]:
    """Every scope that covers it. The GPT's category and the revision's may differ; both count."""
    gpt = session.get(GptRow, (of.store, of.gpt))
    revision = session.get(RevisionRow, (of.store, of.gpt, of.digest))
    categories = {row.category for row in (gpt, revision) if row and row.category}
    return frozenset(
        {"store", f"gpt:{of.gpt}", f"publisher:{of.publisher}"}
        | {f"category:{category}" for category in categories}
    )


def in_force(
    session: Session, store: str, pack: str, scopes: Collection[str], now: datetime
) -> list[Window]:
    """The windows of pack and people, and embargoes, for these scopes; none is long over at
    `now`."""
    gpts = [scope.partition(":")[2] for scope in scopes if scope.startswith("gpt:")]
    windows = of_store(session, store, pack, now)
    held = session.exec(
        select(EmbargoPicture)
        .where(
            EmbargoPicture.store_id == store,
            EmbargoPicture.status == "active",
            col(EmbargoPicture.not_before) > now,
            col(EmbargoPicture.gpt).in_(gpts),
        )
        .limit(MOST)
    )
    until = [as_window(row) for row in held]
    return [window for window in windows if window.scope in scopes] + until


def of_store(session: Session, store: str, pack: str, now: datetime) -> list[Window]:
    """The windows of pack and people, of every scope; none is long over at `now`."""
    kept = session.get(PackRow, pack)
    listed = [PackWindow(**one) for one in kept.value.get("windows", ())] if kept else []
    return [one.window() for one in listed if one.enabled] + declared(session, store, now)


def declared(session: Session, store: str, now: datetime) -> list[Window]:
    """Those that people declared, of every scope; none is long over at `now`."""
    rows = session.exec(
        select(WindowPicture)
        .where(WindowPicture.store_id == store, still(now - _ZONES_MOVE))
        .order_by(col(WindowPicture.id))
        .limit(MOST)
    )
    return [window_of(row.state["window"], row.id) for row in rows]


def zones_of(windows: Collection[Window]) -> Mapping[str, tzinfo]:
    return {name: zone_named(name) for name in {window.tz for window in windows}}


def freeze_of(
    session: Session,
    of: Covered,
    moves: Collection[str],
    at: datetime,
    overridden: Collection[str] = (),
) -> Freeze:
    """Whether windows let it make `moves` at `at` (UTC), those in `overridden` left aside."""
    scopes = scopes_of(session, of)
    windows = [
        window
        for window in in_force(session, of.store, of.pack, scopes, at)
        if window.id not in overridden
    ]
    return verdict(windows, zones_of(windows), scopes, moves, at)


def still(now: datetime) -> ColumnElement[bool]:
    return and_(
        col(WindowPicture.status) == "declared",
        or_(col(WindowPicture.over_at).is_(None), col(WindowPicture.over_at) > now),
    )


def count_in_force(session: Session, store: str, now: datetime) -> int:
    return session.exec(
        select(func.count())
        .select_from(WindowPicture)
        .where(
            WindowPicture.store_id == store,
            still(now),
        )
    ).one()


def listed(
    session: Session, store: str, now: datetime, *, after: str | None = None, limit: int
) -> Page:
    """Windows in force first, then the newest. Raises `ValueError` on a foreign cursor."""
    past = case((still(now), 0), else_=1)
    query = select(WindowPicture, past).where(WindowPicture.store_id == store)
    if after:
        group, last = decode_cursor(after)
        if group not in ("0", "1"):
            raise ValueError("this cursor was not made by this list")
        rank = int(group)
        query = query.where(or_(past > rank, and_(past == rank, col(WindowPicture.id) < last)))
    rows = session.exec(query.order_by(past, col(WindowPicture.id).desc()).limit(limit + 1)).all()
    page = page_of(list(rows), limit, lambda row: (str(row[1]), row[0].id))
    return Page([row[0] for row in page.rows], page.next)
