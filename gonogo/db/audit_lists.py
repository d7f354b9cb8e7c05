"""Events as an auditor asks for them: by whom, of which type, about what, when."""

from datetime import datetime

from sqlmodel import Session, col, select

from gonogo.db.queries import Page, decode_cursor, page_of
from gonogo.db.tables import EventRow


def events(
    session: Session,
    store: str,
    *,
    actor: str | None = None,
    type_: str | None = None,
    subject: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: str | None = None,
    limit: int,
) -> Page:
    """Newest first. `type_` may end in `*`: all types that begin so. `since` is inclusive, `until`
    exclusive, both of `recorded_at` and aware. Raises `ValueError` on a foreign cursor."""
    query = select(EventRow).where(EventRow.store_id == store)
    if actor:
        query = query.where(EventRow.actor_id == actor)
    if type_ and type_.endswith("*"):
        query = query.where(col(EventRow.type).startswith(type_[:-1], autoescape=True))
    elif type_:
        query = query.where(EventRow.type == type_)
    if subject:
        query = query.where(EventRow.subject == subject)
    if since:
        query = query.where(col(EventRow.recorded_at) >= since)
    if until:
        query = query.where(col(EventRow.recorded_at) < until)
    if after:
        (last,) = decode_cursor(after)
        if not (last.isascii() and last.isdigit() and len(last) < 19):
            raise ValueError("this cursor was not made by this list")
        query = query.where(col(EventRow.position) < int(last))
    rows = session.exec(query.order_by(col(EventRow.position).desc()).limit(limit + 1)).all()
    return page_of(list(rows), limit, lambda row: (str(row.position),))
