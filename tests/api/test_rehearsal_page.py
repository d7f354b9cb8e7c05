"""The page of a rehearsal: what would happen in words and as a picture, for staff alone."""

from datetime import UTC, datetime

import pytest

from api.pages import launch_rehearsal
from tests.api.store import PEOPLE, Store
from tests.api.test_launch_pages import STAFF, words
from tests.api.test_launch_rehearsal import gating
from tests.api.test_pages import HOSTILE, Browser, assert_careful
from tests.launch_stories import DAY, Told


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pack of these tests looks at its gates every hour: forty rehearsals take seconds."""
    monkeypatch.setattr(launch_rehearsal, "RUNS", 3)


async def test_a_rehearsal_is_a_sentence_a_picture_a_story_and_a_table(store: Store) -> None:
    told, _ = await gating(store)

    page = await Browser(store, "lea").page(f"/launches/{told.subject}/rehearsal?delay_h=0.0005")
    board = await Browser(store, "lea").page(f"/launches/{told.subject}")

    assert "It opens in time" in words(page)
    assert "<strong>40</strong> of 40 rehearsals opened in time" in words(page)
    assert '<svg class="chart"' in page.text
    assert "Safety on call said yes to" in words(page)
    assert "Of 1 item 1 is ready now" in words(page)
    assert "Who was waited for" in page.text
    assert f"/launches/{told.subject}/rehearsal" in board.links


WRONG = (
    ("what=rejected&before=2&before_unit=d", "an item that must open is not ready"),
    ("what=outage&before=0&before_unit=m&lasts=20&lasts_unit=m", "its time was missed"),
    ("what=stop&before=1&before_unit=h&lasts=2&lasts_unit=h", "is in force: does not hold"),
    ("what=away&before=9&lasts=12", "to the end"),
    ("what=left&before=1&before_unit=m", "0 of 0 items that must open are ready"),
    ("what=hold&before=1&before_unit=m", "Safety on call put it on hold"),
)


@pytest.mark.usefixtures("few")
async def test_what_goes_wrong_is_told_where_it_bites(store: Store) -> None:
    told, _ = await gating(store)

    found = {}
    for query, says in WRONG:
        path = f"/launches/{told.subject}/rehearsal?delay_h=0.0005&{query}"
        found[query] = says in words(await Browser(store, "sam").page(path))

    assert found == {query: True for query, _ in WRONG}


async def test_what_cannot_be_rehearsed_says_why_instead(store: Store) -> None:
    undated = Told(store, "Some day", datetime.now(UTC) + 60 * DAY)
    empty = Told(store, "Empty", datetime.now(UTC) + 9 * DAY).gating()

    early = await Browser(store, "lea").page(f"/launches/{undated.subject}/rehearsal")
    nothing = await Browser(store, "lea").page(f"/launches/{empty.subject}/rehearsal?what=rejected")

    assert "There is no date to rehearse yet" in words(early)
    assert "Nothing is bound to it" in words(nothing)


@pytest.mark.usefixtures("few")
async def test_a_rehearsal_is_for_staff_and_hostile_text_stays_text(store: Store) -> None:
    told, _ = await gating(store, 9, "Night Sky Guide", HOSTILE)
    path = f"/launches/{told.subject}/rehearsal"

    answers = {by: await Browser(store, by).visit(path) for by in PEOPLE}
    odd = await Browser(store, "lea").visit(f"{path}?seed=%3Cscript%3E&opening=%22%3E%3Cb%3E")
    wrong = [
        (await Browser(store, "lea").visit(f"{path}?{query}")).status_code
        for query in ("what=fire", "before=401", "delay_h=nan", "delay_h=inf", "role=emperor")
    ]

    assert {by for by, one in answers.items() if one.status_code == 200} == set(STAFF)
    assert {answers[by].status_code for by in ("ada", "ben")} == {404}
    for answer in (*answers.values(), odd):
        assert_careful(answer)
    assert "<script>" not in odd.text
    assert "<b>" not in odd.text
    assert set(wrong) == {422}


@pytest.mark.usefixtures("few")
async def test_getting_past_freezes_is_a_tick_that_is_said_and_kept(store: Store) -> None:
    told, _ = await gating(store)
    path = f"/launches/{told.subject}/rehearsal?delay_h=0.0005"

    calm = await Browser(store, "lea").page(path)
    bold = await Browser(store, "lea").page(f"{path}&overrides_freezes=true")
    odd = await Browser(store, "lea").visit(f"{path}&overrides_freezes=%3Cscript%3E")

    tick = '<input type="checkbox" name="overrides_freezes" value="true"'
    assert f"{tick}>" in calm.text
    assert "Nobody gets past a freeze" in words(calm)
    assert f"{tick} checked>" in bold.text
    assert "Whoever a freeze of the whole store names gets past it" in words(bold)
    assert odd.status_code == 422
