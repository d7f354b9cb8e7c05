"""Embargoes as the database knows them: what the public sees asks here with every question."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select
from sqlmodel import Session, and_, case, col, exists, func, or_, select

from gonogo.db.queries import Page, decode_cursor, page_of
from gonogo.db.tables import GptRow
from gonogo.db.timing import EmbargoPicture
from policies.rules.windows import Window


def embargoed(gpt_column: Any, now: datetime) -> ColumnElement[bool]:
    """Whether an embargo on the GPT of that column holds at `now`; `GptRow` gives the store."""
    return exists().where(
        col(EmbargoPicture.store_id) == GptRow.store_id,
        col(EmbargoPicture.gpt) == gpt_column,
        col(EmbargoPicture.status) == "active",
        col(EmbargoPicture.not_before) > now,
    )


def embargo_on(session: Session, store: str, gpt: str, now: datetime) -> EmbargoPicture | None:
    """The embargo that holds on this GPT, the one that ends last if there are several."""
    return session.exec(
        select(EmbargoPicture)
        .where(
            EmbargoPicture.store_id == store,
            EmbargoPicture.gpt == gpt,
            EmbargoPicture.status == "active",
            col(EmbargoPicture.not_before) > now,
        )
        .order_by(col(EmbargoPicture.not_before).desc())
        .limit(1)
    ).first()


def embargoes_until(session: Session, store: str, gpts: Select[Any]) -> dict[str, datetime]:
    """GPT → when the last of its embargoes ends (UTC), also where that is past. `gpts` selects
    ids."""
    rows = session.execute(
        select(col(EmbargoPicture.gpt), func.max(EmbargoPicture.not_before))
        .where(
            EmbargoPicture.store_id == store,
            EmbargoPicture.status == "active",
            col(EmbargoPicture.gpt).in_(gpts),
        )
        .group_by(col(EmbargoPicture.gpt))
    )
    found: dict[str, datetime] = dict(rows.all())
    return found


def as_window(row: EmbargoPicture) -> Window:
    """To a release an embargo is a window: it waits, and goes on by itself at its end."""
    return Window(
        id=row.id,
        kind="deny",
        tz="UTC",
        begins=row.set_at.replace(tzinfo=None).isoformat(),
        ends=row.not_before.replace(tzinfo=None).isoformat(),
        scope=f"gpt:{row.gpt}",
        applies_to="increase",
        overrun="hold",
    )


def listed(
    session: Session,
    store: str,
    now: datetime,
    *,
    publishers: tuple[str, ...] | None = None,
    after: str | None = None,
    limit: int,
) -> Page:
    """Those that hold first, then the newest; `publishers` None: everybody's. Raises `ValueError`
    on a foreign cursor."""
    holds = and_(col(EmbargoPicture.status) == "active", col(EmbargoPicture.not_before) > now)
    past = case((holds, 0), else_=1)
    query = select(EmbargoPicture, past).where(EmbargoPicture.store_id == store)
    if publishers is not None:
        query = query.where(col(EmbargoPicture.publisher).in_(publishers))
    if after:
        group, last = decode_cursor(after)
        if group not in ("0", "1"):
            raise ValueError("this cursor was not made by this list")
        rank = int(group)
        query = query.where(or_(past > rank, and_(past == rank, col(EmbargoPicture.id) < last)))
    rows = session.exec(query.order_by(past, col(EmbargoPicture.id).desc()).limit(limit + 1)).all()
    page = page_of(list(rows), limit, lambda row: (str(row[1]), row[0].id))
    return Page([row[0] for row in page.rows], page.next)
