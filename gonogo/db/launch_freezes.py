"""Freezes around a launch as intervals: of a whole store, of what is bound to it, and embargoes."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from gonogo.db.embargoes import as_window
from gonogo.db.tables import GptRow, ReleasePicture, RevisionRow
from gonogo.db.timing import EmbargoPicture
from gonogo.db.windows import of_store, zones_of
from policies.rules.launch_around import Span
from policies.rules.launch_opening import Item
from policies.rules.launch_windows import MOVES, STORE
from policies.rules.windows import Window, closed_spans

MOST = 1_000
EMBARGOES_MOST = 500


def freezes(
    session: Session, store: str, pack: str, first: datetime, last: datetime
) -> tuple[Span, ...]:
    """When the whole store is closed to a launch in `[first, last)` (UTC), in order; the first
    `MOST` of them. Where windows allow, what lies between them is closed."""
    return _spans(of_store(session, store, pack, first), STORE, first, last)


def freezes_of_items(
    session: Session,
    store: str,
    launch: str,
    pack: str,
    items: Iterable[Item],
    first: datetime,
    last: datetime,
) -> tuple[Span, ...]:
    """When windows of narrower scopes, or embargoes, keep some of these items of `launch` back; the
    first `MOST` of them."""
    covered: dict[str, set[str]] = {}
    for item in items:
        for scope in item.scopes:
            covered.setdefault(scope, set()).add(item.release)
    windows = of_store(session, store, pack, first)
    windows += _embargoes(session, store, launch, first)
    found = [
        replace(span, items=frozenset(covered[scope]))
        for scope in sorted({window.scope for window in windows} & covered.keys())
        for span in _spans(windows, scope, first, last)
    ]
    return tuple(sorted(found, key=lambda span: (span.start, span.id))[:MOST])


def freezes_bound(
    session: Session, store: str, launch: str, pack: str, first: datetime, last: datetime
) -> tuple[tuple[Span, ...], Mapping[str, str]]:
    """The freezes of the store and of anything bound to `launch` in `[first, last)`, in order, and
    the scope of each window that is narrower. For calendars: in six queries, whatever its size."""
    windows = of_store(session, store, pack, first)
    narrow = {window.scope for window in windows} - {STORE}
    bound = _bound_scopes(session, store, launch, narrow) if narrow else set()
    windows = [window for window in windows if window.scope in bound | {STORE}]
    windows += _embargoes(session, store, launch, first)
    scopes = {window.id: window.scope for window in windows if window.scope != STORE}
    found = [
        span
        for scope in sorted({window.scope for window in windows})
        for span in _spans(windows, scope, first, last)
    ]
    return tuple(sorted(found, key=lambda span: (span.start, span.id))[:MOST]), scopes


def _spans(
    windows: Collection[Window], scope: str, first: datetime, last: datetime
) -> tuple[Span, ...]:
    zones = zones_of(windows)
    closed = closed_spans(windows, zones, (scope,), MOVES, first, last)
    return tuple(Span("+".join(ids), *span) for span, ids in closed[:MOST])


def _embargoes(session: Session, store: str, launch: str, now: datetime) -> list[Window]:
    """Those that hold on a GPT bound to `launch`."""
    mine = select(ReleasePicture.gpt).where(
        ReleasePicture.store_id == store, ReleasePicture.launch == launch
    )
    rows = session.exec(
        select(EmbargoPicture)
        .where(
            EmbargoPicture.store_id == store,
            EmbargoPicture.status == "active",
            col(EmbargoPicture.not_before) > now,
            col(EmbargoPicture.gpt).in_(mine),
        )
        .order_by(col(EmbargoPicture.not_before), col(EmbargoPicture.id))
        .limit(EMBARGOES_MOST)
    )
    return [as_window(row) for row in rows]


def _bound_scopes(session: Session, store: str, launch: str, scopes: Collection[str]) -> set[str]:
    """Those of `scopes` that cover something bound to `launch`."""
    by_kind: dict[str, list[str]] = {}
    for scope in sorted(scopes):
        kind, _, target = scope.partition(":")
        by_kind.setdefault(kind, []).append(target)
    mine = (ReleasePicture.store_id == store, ReleasePicture.launch == launch)
    gpts = select(ReleasePicture.gpt).where(*mine)
    asked = {
        "gpt": select(ReleasePicture.gpt).where(
            *mine, col(ReleasePicture.gpt).in_(by_kind.get("gpt", ()))
        ),
        "publisher": select(ReleasePicture.publisher).where(
            *mine, col(ReleasePicture.publisher).in_(by_kind.get("publisher", ()))
        ),
    }
    found = {
        f"{kind}:{one}"
        for kind, query in asked.items()
        if kind in by_kind
        for one in session.exec(query.distinct())
    }
    for table, gpt in ((GptRow, GptRow.id), (RevisionRow, RevisionRow.gpt)):
        if "category" in by_kind:
            rows = session.exec(
                select(table.category)
                .where(
                    table.store_id == store,
                    col(gpt).in_(gpts),
                    col(table.category).in_(by_kind["category"]),
                )
                .distinct()
            )
            found |= {f"category:{one}" for one in rows}
    return found
