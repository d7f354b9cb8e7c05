"""Tombstones against the requests that dug them: nothing else may explain what is gone."""

from collections.abc import Iterator

from sqlmodel import Session, col, select

from gonogo.db.codec import state_of
from gonogo.db.erasures import PurgePicture, TombstoneRow, of_purge, root_of
from policies.audit.chain import Fault
from policies.lifecycle.purge import Purge, Step


def buried_objects(session: Session) -> set[str]:
    """Digests of objects that were erased by request, of all stores."""
    rows = session.exec(select(TombstoneRow.digest).where(TombstoneRow.kind == "object"))
    return set(rows)


def tombstone_faults(session: Session, store: str) -> Iterator[Fault]:
    """Tombstones without a confirmed request, and requests whose tombstones are not its `root`."""
    dug = session.exec(
        select(TombstoneRow.purge)
        .where(TombstoneRow.store_id == store)
        .distinct()
        .order_by(col(TombstoneRow.purge))
    ).all()
    pictures = session.exec(select(PurgePicture).where(PurgePicture.store_id == store)).all()
    states: dict[str, Purge] = {row.id: state_of("purge", row.state) for row in pictures}
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
