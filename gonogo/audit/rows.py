"""Read tables whose rows may hold anything: a value that cannot be read is found, not fatal."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, SQLModel

_BATCH = 1_000

# What drivers and column types raise on a value that is none of their type.
UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, SQLAlchemyError)


def stream(session: Session, query: Select[Any]) -> Generator[Any, None, None]:
    """The rows of `query` in batches, as named tuples.

    Whoever may leave it before its end closes it: PostgreSQL keeps a cursor open meanwhile.
    """
    result = session.connection().execution_options(yield_per=_BATCH).execute(query)
    try:
        yield from result
    finally:
        result.close()


def rows(
    session: Session,
    table: type[SQLModel],
    store: str | None,
    order: Iterable[str] = (),
    among: Sequence[ColumnElement[bool]] = (),
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """(identity, row) of a table, by `order` or by primary key; row None: it cannot be read.

    With `store` only the rows of that store; with `among` only those for which all of it holds.
    """
    columns: Any = table.__table__  # type: ignore[attr-defined]  # every table has one
    key = list(columns.primary_key.columns)
    by = [columns.c[name] for name in order] or key
    query = select(columns).where(*among).order_by(*by)
    names = select(*key).where(*among).order_by(*by)
    if store is not None:
        query = query.where(columns.c.store_id == store)
        names = names.where(columns.c.store_id == store)
    done = 0
    try:
        with closing(stream(session, query)) as found:
            for row in found:
                yield tuple(row._mapping[column.name] for column in key), row
                done += 1
        return
    except UNREADABLE:
        pass
    # Somewhere a value cannot be read: one by one from here, to say which.
    for identity in list(stream(session, names))[done:]:
        one = select(columns)
        for column, value in zip(key, identity, strict=True):
            one = one.where(column == value)
        try:
            there = session.connection().execute(one).first()
        except UNREADABLE:
            there = None
        yield tuple(identity), there
