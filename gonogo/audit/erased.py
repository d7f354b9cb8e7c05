"""Tombstones against the requests that dug them: nothing else may explain what is gone."""

import contextlib
from collections.abc import Iterator

from pydantic import ValidationError
from sqlmodel import Session, col, select

from gonogo.audit.rows import UNREADABLE, rows
from gonogo.db.codec import state_of
from gonogo.db.erasures import PurgePicture, TombstoneRow, of_purge, root_of
from policies.audit.chain import Fault
from policies.lifecycle.purge import Purge, Step


def buried_objects(session: Session) -> set[str]:
    """Digests of objects that were erased by request, of all stores."""
    rows = session.exec(select(TombstoneRow.digest).where(TombstoneRow.kind == "object"))
    return set(rows)


def _purges(session: Session, store: str) -> Iterator[tuple[str, Purge]]:
    """Those whose picture can be read; the others are named as pictures."""
    for identity, row in rows(session, PurgePicture, store):
        with contextlib.suppress(*UNREADABLE, ValidationError):
            if row is not None:
                yield str(identity[1]), state_of("purge", row.state)


def tombstone_faults(session: Session, store: str) -> Iterator[Fault]:
    """Tombstones without a confirmed request, and requests whose tombstones are not its `root`."""
    dug = session.exec(
        select(TombstoneRow.purge)
        .where(TombstoneRow.store_id == store)
        .distinct()
        .order_by(col(TombstoneRow.purge))
    ).all()
    states = dict(_purges(session, store))
    for purge in sorted(set(dug) | set(states)):
        state = states.get(purge)
        if purge in dug and (state is None or state.step not in (Step.CONFIRMED, Step.DONE)):
            yield Fault(purge, 0, "tombstones of a request that nobody confirmed", "tombstone")
        elif (
            state is not None
            and state.step is Step.DONE
            and root_of(row.digest for row in of_purge(session, store, purge)) != state.root
        ):
            yield Fault(purge, 0, "its tombstones are not those it left", "tombstone")
