"""Freezes around a launch as intervals: of a whole store, of what is bound to it, and embargoes."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from gonogo.db.embargoes import as_window
from gonogo.db.tables import ReleasePicture
from gonogo.db.timing import EmbargoPicture, WindowPicture
from gonogo.db.windows import of_store, still, zones_of
from policies.lifecycle.kernel import instant
from policies.rules.launch_around import Span
from policies.rules.launch_opening import Item
from policies.rules.launch_windows import MOVES, STORE
from policies.rules.windows import Window, closed_spans, window_of

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
    session: Session,
    store: str,
    launch: str,
    own: Collection[Window],
    bound: Collection[str],
    first: datetime,
    last: datetime,
) -> tuple[tuple[Span, ...], Mapping[str, str]]:
    """The freezes of the store and of anything bound to `launch` in `[first, last)`, in order, and
    the scope of each window that is narrower. `own` are the windows of its pack, `bound` the scopes
    that cover its items. For calendars: in one query, since their pages have few."""
    mine = select(ReleasePicture.gpt).where(
        ReleasePicture.store_id == store, ReleasePicture.launch == launch
    )
    rows = session.execute(
        select(col(WindowPicture.id), col(WindowPicture.state))
        .where(WindowPicture.store_id == store, still(first))
        .union_all(
            select(col(EmbargoPicture.id), col(EmbargoPicture.state)).where(
                EmbargoPicture.store_id == store,
                EmbargoPicture.status == "active",
                col(EmbargoPicture.not_before) > first,
                col(EmbargoPicture.gpt).in_(mine),
            )
        )
        .limit(EMBARGOES_MOST)
    )
    windows = [*own]
    for id_, state in rows:
        if id_.startswith("emb_"):
            ends = instant(state["target"]["start"]).replace(tzinfo=None)
            begins = first.astimezone(UTC).replace(tzinfo=None)
            windows.append(
                Window(id_, "deny", "UTC", begins.isoformat(), ends.isoformat(),
                       scope=f"gpt:{state['gpt']}")
            )  # fmt: skip
        else:
            windows.append(window_of(state["window"], id_))
    windows = [window for window in windows if window.scope in {*bound, STORE}]
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
