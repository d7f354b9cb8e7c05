"""Windows over a launch, as its board and its routes tell of them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api.store import Store
from tests.api.test_launch_levers import sent
from tests.api.test_launch_pages import ahead, words
from tests.api.test_pages import Browser
from tests.launch_stories import Told

HOUR = timedelta(hours=1)


def counting(store: Store, *roles: str, hours: float = 5) -> Told:
    """In its countdown, a day before; `win_1` was seen over its opening."""
    told = Told(store, "Opening <b>of the store", ahead()).armed()
    ends = (told.opening + hours * HOUR).isoformat()
    freeze = {"windows": ["win_1"], "until": ends, "roles": list(roles)}
    told.now = told.opening - timedelta(seconds=told.state.terms.checks_s[0])
    told.again()
    told.give("start_countdown", "system", {})
    told.give("check", "system", {}, **told.seen() | {"freeze": freeze})
    return told


async def test_the_board_says_that_a_freeze_lies_over_the_opening_and_who_may_get_past(
    store: Store,
) -> None:
    told = counting(store, "product_lead")

    lead = await Browser(store, "lea").page(f"/launches/{told.subject}")
    safety = await Browser(store, "sam").page(f"/launches/{told.subject}")

    assert "Its time lies in a freeze; the next legal time is" in words(lead)
    assert "product lead may open in spite of it" in words(lead)
    assert "Open in spite of the freeze" in lead.text
    assert "Your roles are not the ones that these windows name" in words(safety)
    assert "<b>of the store" not in lead.text


async def test_a_freeze_without_a_role_lets_nobody_past(store: Store) -> None:
    told = counting(store)

    page = await Browser(store, "lea").page(f"/launches/{told.subject}")

    assert "nobody may open in spite of it" in words(page)


async def test_getting_past_a_freeze_needs_a_reason(store: Store) -> None:
    told = counting(store, "product_lead")
    board = f"/launches/{told.subject}"

    status, _, text = await sent(store, "lea", board, f"{board}/freeze", note="  ")

    assert status == 422
    assert "reason is missing" in text.lower()


@pytest.mark.parametrize(
    "windows", [[], ["x" * 200], ["win_1; DROP TABLE"], ["win_1\n"], ["<script>"], "win_1", [1]]
)
async def test_windows_that_are_no_ids_are_refused(store: Store, windows: Any) -> None:
    told = counting(store, "product_lead")
    path = f"/v1/launches/{told.subject}/override-freeze"

    answer = await store.post(path, {"reason": "press", "windows": windows}, by="lea")

    assert answer.status_code == 422


async def test_what_is_seen_of_a_freeze_is_in_the_answer(store: Store) -> None:
    told = counting(store, "product_lead")

    seen = (await store.get(f"/v1/launches/{told.subject}", "lea")).json()
    can = (await store.get(f"/v1/launches/{told.subject}/can", "lea")).json()["commands"]

    assert (seen["freeze"]["windows"], seen["freeze"]["waits"]) == (["win_1"], False)
    assert seen["freeze"]["override_roles"] == ["product_lead"]
    assert can["override_freeze"]["allowed"] is True


async def declared(store: Store, begins: str, ends: str) -> str:
    body = {"kind": "deny", "tz": "UTC", "begins": begins, "ends": ends, "reason": "holidays"}
    answer = await store.post("/v1/windows", body, by="lea")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["window"])


async def test_a_date_in_a_freeze_is_told_while_planning_and_stays_on_the_plan(
    store: Store,
) -> None:
    window = await declared(store, "2031-12-12T00:00", "2032-01-04T08:00")
    told = Told(store, "Opening", ahead())
    path = f"/v1/launches/{told.subject}"

    answer = await store.post(
        f"{path}/plan", {"target": "2031-12-14 09:00"}, by="lea", version=told.state.version
    )
    page = await Browser(store, "lea").page(f"/launches/{told.subject}/plan")
    typed = await Browser(store, "lea").visit("/launches/understood?target=2031-12&tz=UTC")
    outside = await Browser(store, "ada").visit("/launches/understood?target=2031-12&tz=UTC")

    freeze = answer.json()["freeze"]
    assert (freeze["windows"], freeze["wholly"]) == ([window], True)
    assert freeze["next_legal"].startswith("2032-01-04T08:00")
    assert "That lies in a freeze" in words(page)
    assert "The next legal time is" in words(page)
    assert "Parts of it lie in a freeze" in typed.text
    assert "freeze" not in outside.text


async def test_freezes_are_in_the_calendar_of_the_staff_in_words(store: Store) -> None:
    told = Told(store, "Opening", ahead()).gating()
    day = told.opening.date()
    window = await declared(store, f"{day}T00:00", f"{day + timedelta(days=2)}T12:00")

    board = await Browser(store, "lea").page(f"/launches/{told.subject}")

    assert "in a freeze" in words(board)
    assert "in a freeze, in parts" in words(board)
    assert f"a freeze begins: <code>{window}</code>" in words(board)
    assert f"a freeze ends: <code>{window}</code>" in words(board)
