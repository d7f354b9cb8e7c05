"""Which items a launch passed over, as a table that lists and `resolve` can join."""

from sqlmodel import Field, Session, SQLModel, col, select

from gonogo.db.tables import ReleasePicture
from policies.lifecycle.launch_state import Launch


class LaunchExclusionRow(SQLModel, table=True):
    """`release` stays dark while it waits in `wave` or an earlier one. Drawn from the launch's
    state alone."""

    __tablename__ = "launch_exclusions"
    store_id: str = Field(primary_key=True)
    launch: str = Field(primary_key=True)
    release: str = Field(primary_key=True)
    wave: int


def project(session: Session, state: Launch) -> bool:
    """Draw the rows of `state.excluded`. True: something differed."""
    rows = {
        row.release: row
        for row in session.exec(
            select(LaunchExclusionRow).where(
                LaunchExclusionRow.store_id == state.store, LaunchExclusionRow.launch == state.id
            )
        )
    }
    differs = {release: row.wave for release, row in rows.items()} != dict(state.excluded)
    if not differs:
        return False
    for release, row in rows.items():
        if release not in state.excluded:
            session.delete(row)
        else:
            row.wave = state.excluded[release]
    for release in state.excluded.keys() - rows.keys():
        session.add(
            LaunchExclusionRow(
                store_id=state.store,
                launch=state.id,
                release=release,
                wave=state.excluded[release],
            )
        )
    return True


def is_excluded(session: Session, row: ReleasePicture) -> bool:
    """Whether its launch passed `row` over and it was not moved to a later wave since."""
    if row.launch is None:
        return False
    found = session.get(LaunchExclusionRow, (row.store_id, row.launch, row.id))
    return found is not None and (row.wave or 0) <= found.wave


def passed_over(session: Session, store: str, launch: str, after: str, limit: int) -> list[str]:
    """Ids of releases passed over, in order, above `after`."""
    rows = session.exec(
        select(LaunchExclusionRow.release)
        .where(
            LaunchExclusionRow.store_id == store,
            LaunchExclusionRow.launch == launch,
            col(LaunchExclusionRow.release) > after,
        )
        .order_by(col(LaunchExclusionRow.release))
        .limit(limit)
    )
    return list(rows)
