"""The date as promised and as forecast: on the board, for staff, in words and as a picture."""

from datetime import UTC, datetime, timedelta

from tests.api.store import PEOPLE, Store
from tests.api.test_launch_pages import STAFF, ready, words
from tests.api.test_pages import HOSTILE, Browser, assert_careful
from tests.launch_stories import DAY, Told, bind


async def test_what_is_approved_is_ready_now_and_the_board_fetches_the_part(store: Store) -> None:
    told = Told(store, "Opening of the store", datetime.now(UTC) + 9 * DAY).gating()
    bind(store, await ready(store, HOSTILE), told.subject)
    path = f"/launches/{told.subject}"

    board = await Browser(store, "lea").page(path)
    page = await Browser(store, "lea").page(f"{path}/forecast")

    assert f'hx-get="{path}/forecast"' in board.text
    assert f"{path}/forecast" in board.links  # for whom nothing is fetched
    assert "ready now" in page.text
    assert "its only item is approved" in page.text
    assert "Promised" in words(page)
    assert "<svg" not in page.text.partition('id="forecast"')[2].partition("</section>")[0]


async def test_what_must_be_tested_again_before_the_date_is_drawn_with_its_chances(
    store: Store,
) -> None:
    told = Told(store, "Opening of the store", datetime.now(UTC) + 120 * DAY).gating()
    bind(store, await ready(store), told.subject)  # evidence lives 90 days

    page = await Browser(store, "lea").page(f"/launches/{told.subject}/forecast")
    said = words(page)

    assert '<svg class="chart foreseen"' in page.text
    for part in ('class="promised"', 'class="likely"', 'class="core"', 'class="half"'):
        assert part in page.text
    for part in ("Even chances", "Eight in ten", "Nine in ten", "In time", "1 of 1 item is not"):
        assert part in said
    assert "1 case approved before says" in said
    assert "gates and votes come on top" in said


async def test_it_is_for_staff_and_says_when_there_is_nothing_to_tell(store: Store) -> None:
    told = Told(store, "Opening of the store", datetime.now(UTC) + 9 * DAY).gating()
    path = f"/launches/{told.subject}/forecast"

    answers = {by: await Browser(store, by).visit(path) for by in PEOPLE}
    empty = await Browser(store, "lea").page(path)
    nowhere = await Browser(store, "lea").visit("/launches/lch_none/forecast")

    assert {by for by, one in answers.items() if one.status_code == 200} == set(STAFF)
    assert {answers[by].status_code for by in ("ada", "ben")} == {404}
    assert nowhere.status_code == 404
    for answer in answers.values():
        assert_careful(answer)
    assert "nothing to forecast" in words(empty)


async def test_what_was_said_before_stays_to_be_seen(store: Store) -> None:
    told = Told(store, "Opening of the store", datetime.now(UTC) + 9 * DAY).gating()
    bind(store, await ready(store), told.subject)
    by = (told.opening + timedelta(days=1)).isoformat()
    kept = await store.post(f"/v1/launches/{told.subject}/forecasts", {"by": by}, by="lea")
    page = await Browser(store, "lea").page(f"/launches/{told.subject}/forecast")

    assert kept.status_code == 201, kept.text
    assert "What was said before" in words(page)
    assert kept.json()["probability"] > 0.99  # all is approved, and a simulation is never sure
    assert "over 99 %" in words(page)
    assert "100 %" not in page.text
