"""Freezes and embargoes as intervals around a launch, for calendars and previews."""

from datetime import UTC, datetime, timedelta

import pytest

from gonogo.db.launch_around import gather
from gonogo.db.launch_freezes import freezes, freezes_bound
from gonogo.db.session import reading
from policies.rules.launch_outlook import outlook
from policies.rules.target import of_json
from tests.builders import ADA, PUBLISHER, STORE
from tests.db.desk import Desk
from tests.db.openings import LAUNCH, Opening, in_gating, stored
from tests.db.test_launch_windows import draw
from tests.policies.launches import OPENING, at
from tests.policies.states import PACK

FROM, TO = datetime(2026, 4, 21, 8, tzinfo=UTC), datetime(2026, 4, 21, 18, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture
def opening(desk: Desk) -> Opening:
    opening = in_gating(desk)
    for number in (1, 2):
        opening.bound(number)
    return opening


def embargo(opening: Opening, gpt: str) -> str:
    body = {"gpt": gpt, "publisher": PUBLISHER, "target": at(TO), "reason": "press"}
    stored(opening.desk.give("set", f"emb_{gpt}", ADA, body))
    return f"emb_{gpt}"


def hits(opening: Opening) -> set[tuple[str, str | None]]:
    """Window or embargo, and the item that it keeps back, at the opening."""
    desk = opening.desk
    with reading(desk.engine) as session:
        found = gather(session, desk.state(LAUNCH), PACK, desk.now, in_force=PACK)
    seen = outlook(found.plan, of_json(at(OPENING)), found.around, desk.now)
    return {(hit.id, hit.item) for hit in seen.hits if hit.what == "freeze"}


@pytest.mark.parametrize(
    ("scope", "items"),
    [
        ("store", {None}),
        ("gpt:gpt_2", {"rel_2"}),
        (f"publisher:{PUBLISHER}", {"rel_1", "rel_2"}),
        ("category:writing", {"rel_1", "rel_2"}),
        ("gpt:gpt_9", set()),
        ("category:games", set()),
    ],
)
def test_a_preview_sees_the_freezes_of_what_is_bound(
    opening: Opening, scope: str, items: set[str | None]
) -> None:
    draw(opening, scope=scope)

    assert hits(opening) == {("win_1", item) for item in items}


def test_a_preview_sees_the_embargoes_of_bound_gpts_and_of_no_other(opening: Opening) -> None:
    embargo(opening, "gpt_2")
    embargo(opening, "gpt_elsewhere")

    assert hits(opening) == {("emb_gpt_2", "rel_2")}


def test_a_freeze_that_is_over_by_then_is_no_hit(opening: Opening) -> None:
    draw(opening, ends="2026-04-21T09:00", scope="gpt:gpt_2")

    assert hits(opening) == set()


def test_outside_of_what_windows_allow_the_store_is_closed(opening: Opening) -> None:
    draw(opening, kind="allow")

    with reading(opening.desk.engine) as session:
        found = freezes(session, STORE, PACK.digest, FROM - WEEK, FROM + WEEK)

    assert [(span.start, span.end) for span in found] == [(FROM - WEEK, FROM), (TO, FROM + WEEK)]


def test_a_calendar_is_given_what_binds_the_launch_and_nothing_else(opening: Opening) -> None:
    draw(opening)
    draw(opening, "win_2", scope="gpt:gpt_2")
    draw(opening, "win_3", scope="category:writing")
    draw(opening, "win_4", scope=f"publisher:{PUBLISHER}")
    draw(opening, "win_5", scope="gpt:gpt_9")
    draw(opening, "win_6", scope="category:games")
    embargo(opening, "gpt_1")
    embargo(opening, "gpt_9")

    bound = {"gpt:gpt_1", "gpt:gpt_2", f"publisher:{PUBLISHER}", "category:writing"}
    with reading(opening.desk.engine) as session:
        found, scopes = freezes_bound(session, STORE, LAUNCH, (), bound, FROM - WEEK, FROM + WEEK)

    assert sorted(span.id for span in found) == ["emb_gpt_1", "win_1", "win_2", "win_3", "win_4"]
    assert dict(scopes) == {
        "win_2": "gpt:gpt_2",
        "win_3": "category:writing",
        "win_4": f"publisher:{PUBLISHER}",
        "emb_gpt_1": "gpt:gpt_1",
    }
