"""What the board calls ready is what the opening would take, whatever is in an item's way.

Duties aside, which are a gate's; windows, which a date is told it meets; later waves and embargoes,
which the board judges at their own time.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from gonogo.db import launch_board
from gonogo.db.erasures import TombstoneRow
from gonogo.db.launch_duties import Asked
from gonogo.db.launch_items import items_of_launch, served_among
from gonogo.db.people import PublisherRow
from gonogo.db.publishers import PublisherPicture
from gonogo.db.session import reading, writing
from gonogo.db.tables import (
    GptRow,
    ListingPicture,
    PackRow,
    ReleasePicture,
    RevisionRow,
    StopPicture,
    SubmissionPicture,
)
from gonogo.packs import load_pack
from policies.rules.launch_opening import readiness
from policies.rules.launch_plan import plan_of
from policies.rules.launch_readiness import matrix
from tests.builders import PUBLISHER, STORE
from tests.db.desk import Desk, new_database
from tests.db.openings import LAUNCH, Opening, in_gating
from tests.policies.launches import OPENING

COUNT = 4
Fate = Callable[[Session, int], None]


def row(session: Session, table: Any, *key: str) -> Any:
    found = session.get(table, (STORE, *key))
    assert found is not None, (table, key)
    return found


def stopped(scope: str, target: Callable[[int], str]) -> Fate:
    def fate(session: Session, number: int) -> None:
        name = f"stp_{scope}_{number}"
        if session.get(StopPicture, (STORE, name)) is None:
            session.add(StopPicture(store_id=STORE, id=name, scope=scope, target=target(number),
                                    status="active", seq=1, version=1,
                                    state={}))  # fmt: skip

    return fate


def case(**state: Any) -> Fate:
    def fate(session: Session, number: int) -> None:
        found = row(session, SubmissionPicture, f"sub_{number}")
        found.state = {**found.state, **state}
        found.stage = found.state["stage"]

    return fate


def another_pack(session: Session, number: int) -> None:
    """Tested under rules by which evidence does not count for long."""
    value = load_pack("default").model_dump(mode="json", exclude={"digest"})
    value["testing"]["evidence_life_s"] = 60
    if session.get(PackRow, "brief") is None:
        session.add(PackRow(digest="brief", name="brief", first_seen_at=OPENING, value=value))
    terms = row(session, SubmissionPicture, f"sub_{number}").state["terms"]
    case(terms={**terms, "pack": "brief"})(session, number)


def unknown_pack(session: Session, number: int) -> None:
    terms = row(session, SubmissionPicture, f"sub_{number}").state["terms"]
    case(terms={**terms, "pack": "nobody knows"})(session, number)


def other_category(session: Session, number: int) -> None:
    """The GPT moved to another than its revision was reviewed in; that one is stopped."""
    row(session, RevisionRow, f"gpt_{number}", "d1").category = f"c{number}"
    stopped("category", lambda n: f"c{n}")(session, number)


def moved_category(session: Session, number: int) -> None:
    row(session, GptRow, f"gpt_{number}").category = f"d{number}"
    stopped("category", lambda n: f"d{n}")(session, number)


def listed_as(status: str) -> Fate:
    def fate(session: Session, number: int) -> None:
        session.merge(
            ListingPicture(
                store_id=STORE, id=f"lst_{number}", gpt=f"gpt_{number}", publisher=PUBLISHER,
                status=status, stable=None, candidate=None, weight_bp=0, visibility="none",
                seq=1, version=1, state={},
            )
        )  # fmt: skip

    return fate


def erased(session: Session, number: int) -> None:
    # All of them were reviewed with the same bytes here.
    session.merge(TombstoneRow(digest="d1", store_id=STORE, purge="prg_1", kind="object",
                               erased_at=OPENING))  # fmt: skip


def unverified(session: Session, number: int) -> None:
    picture = session.get(PublisherPicture, (STORE, PUBLISHER))
    if picture is not None:
        picture.standing = "unverified"
    row(session, PublisherRow, PUBLISHER).verified_at = None


def release(**state: Any) -> Fate:
    def fate(session: Session, number: int) -> None:
        found = row(session, ReleasePicture, f"rel_{number}")
        found.state = {**found.state, **state}

    return fate


def requires(other: str) -> Fate:
    return release(requires=[other])


def requires_one_that_is_served(session: Session, number: int) -> None:
    """Of no launch: out already."""
    mine = row(session, ReleasePicture, f"rel_{number}")
    out = mine.model_dump() | {"id": "rel_out", "launch": None, "phase": "completed"}
    session.merge(ReleasePicture(**{**out, "state": {**mine.state, "stage": 1}}))
    requires("rel_out")(session, number)


FATES: dict[str, Fate] = {
    "nothing": lambda session, number: None,
    "a stop on the GPT": stopped("gpt", lambda n: f"gpt_{n}"),
    "a stop on the revision": stopped("revision", lambda n: "d1"),
    "a stop on the publisher": stopped("publisher", lambda n: PUBLISHER),
    "a stop on the store": stopped("store", lambda n: STORE),
    "a stop on its revision's category": other_category,
    "a stop on its GPT's category": moved_category,
    "an approval that can be undone": case(settled=False),
    "a finding that blocks": case(blocked_by=["leak"]),
    "a case that was opened again": case(stage="queued"),
    "another digest": case(decision={"digest": "d2"}),
    "short-lived evidence": another_pack,
    "rules that nobody knows": unknown_pack,
    "a quarantine": listed_as("quarantined"),
    "a delisting": listed_as("delisted"),
    "an ordinary listing": listed_as("listed"),
    "an erasure": erased,
    "no verification": unverified,
    "a requirement that is there": requires("rel_1"),
    "a requirement that nobody knows": requires("rel_none"),
    "a requirement that is out already": requires_one_that_is_served,
    "an approval that had ended": release(bound_from=(OPENING + timedelta(days=900)).isoformat()),
}


def both(opening: Opening, at: datetime) -> tuple[set[str], set[str]]:
    """Ready by the board, and by the opening."""
    nothing_owed = Asked((), "terms")

    with reading(opening.desk.engine) as session:

        def life_s(digest: str) -> float | None:
            kept = session.get(PackRow, digest)
            return kept.value["testing"]["evidence_life_s"] if kept else None

        how = launch_board.Judged(life_s, nothing_owed)
        found = launch_board.items(session, STORE, (LAUNCH,))
        known = launch_board.known_of(session, STORE, {LAUNCH: how}, found)
        wanted = {one for bound in found for one in bound.item.requires}
        elsewhere = wanted - {bound.item.id for bound in found}
        plan = plan_of(
            (one.item for one in found), frozenset(served_among(session, STORE, elsewhere))
        )
        look = items_of_launch(session, STORE, LAUNCH)
    rows = matrix(plan, known, at).rows
    board = {one.item for one in rows if one.ready}
    failing = readiness(look.items, look.visible, at, {}).failing
    return board, {item.release for item in look.items} - failing.keys()


def stands(desk: Desk) -> Opening:
    opening = in_gating(desk)
    with writing(desk.engine) as session:
        if not session.exec(select(PackRow)).first():
            pack = load_pack("default")
            value = pack.model_dump(mode="json", exclude={"digest"})
            session.add(
                PackRow(digest=pack.digest, name="default", first_seen_at=desk.now, value=value)
            )
    for number in range(1, COUNT + 1):
        opening.bound(number, "should")
    return opening


@pytest.mark.parametrize("fate", FATES)
def test_each_thing_that_can_be_in_the_way_is_seen_by_both(desk: Desk, fate: str) -> None:
    opening = stands(desk)
    with writing(desk.engine) as session:
        FATES[fate](session, 2)

    for at in (opening.desk.now, OPENING, OPENING + timedelta(days=400)):
        board, taken = both(opening, at)
        assert board == taken, at
    ready = both(opening, opening.desk.now)[0]
    harmless = ("nothing", "an ordinary listing", "a requirement that is there",
                "a requirement that is out already", "an approval that had ended")  # fmt: skip
    assert ("rel_2" in ready) is (fate in harmless), fate


@pytest.mark.slow
@given(
    fates=st.lists(
        st.tuples(st.sampled_from(sorted(FATES)), st.integers(1, COUNT)), min_size=1, max_size=6
    ),
    days=st.integers(0, 200),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_board_and_opening_agree_whatever_came_together(
    tmp_path_factory: pytest.TempPathFactory, fates: list[tuple[str, int]], days: int
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('both')}/desk.db"
    new_database(url)
    opening = stands(Desk(url))
    with writing(opening.desk.engine) as session:
        for fate, number in fates:
            FATES[fate](session, number)
            session.flush()

    board, taken = both(opening, opening.desk.now + timedelta(days=days))
    opening.desk.engine.dispose()

    assert board == taken, fates
