"""Who owes something before a launch: the people of publishers whose items have duties left."""

from collections.abc import Iterable

from sqlmodel import Session, col, select

from gonogo.db.launch_duties import asked_of, duties_left
from gonogo.db.launches import LaunchPicture
from gonogo.db.people import MemberRow
from gonogo.db.tables import PackRow, ReleasePicture
from policies.pack import PolicyPack, pack_of


def owing_people(
    session: Session,
    store: str,
    launches: Iterable[str],
    in_force: PolicyPack | None,
    most: int,
) -> dict[str, set[str]]:
    """Person → before which of `launches` their publisher owes something; the first `most` people
    of each. `in_force` are the policies that builders accept, None: those that the launch pins.
    A launch whose pack is not known here reminds nobody: what it asks is not known."""
    found: dict[str, set[str]] = {}
    for launch in sorted(launches):
        row = session.get(LaunchPicture, (store, launch))
        kept = session.get(PackRow, row.state["terms"]["pack"]) if row else None
        if kept is None:
            continue
        pack = pack_of(kept.value)
        left = duties_left(session, store, launch, asked_of(pack, in_force or pack))
        owing = {release for release, duties in left.items() if duties}
        if not owing:
            continue
        publishers = {
            publisher
            for release, publisher in session.exec(
                select(ReleasePicture.id, ReleasePicture.publisher).where(
                    ReleasePicture.store_id == store, ReleasePicture.launch == launch
                )
            )
            if release in owing
        }
        for person in _members(session, store, publishers, most):
            found.setdefault(person, set()).add(launch)
    return found


def _members(session: Session, store: str, publishers: set[str], most: int) -> list[str]:
    """The first `most` people of `publishers`, asked for in parts: a launch may have thousands."""
    found: dict[str, None] = {}
    wanted = sorted(publishers)
    for start in range(0, len(wanted), 500):
        rows = session.exec(
            select(MemberRow.person)
            .where(
                MemberRow.store_id == store,
                col(MemberRow.publisher).in_(wanted[start : start + 500]),
            )
            .distinct()
            .order_by(col(MemberRow.person))
            .limit(most - len(found))
        )
        found |= dict.fromkeys(rows)
    return list(found)
