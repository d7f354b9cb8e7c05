"""Windows over a launch, as its board and its routes tell of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.store import Store
from tests.api.test_launch_closing import opened
from tests.api.test_launch_levers import sent
from tests.api.test_launch_pages import ahead, words
from tests.api.test_pages import HOSTILE, Browser
from tests.launch_stories import DAY, Told

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
    assert f'<a href="/windows#w-{window}">a freeze</a> begins' in words(board)
    assert f'<a href="/windows#w-{window}">a freeze</a> ends' in words(board)
    assert f"<code>{window}" not in board.text
    assert f'id="w-{window}"' in (await Browser(store, "lea").visit("/windows")).text


PAST = {"what": "restore", "past_freeze": "1"}


async def suspended(store: Store, role: str | None = "product_lead") -> tuple[Told, str]:
    """Opened, suspended, and now in a freeze that `role` may override; the id of its window."""
    told = await opened(store)
    told.now = told.opening + DAY
    told.give("suspend", "sam", told.why("A drill."))
    now = datetime.now(UTC)
    body = {
        "kind": "deny", "tz": "UTC", "reason": "holidays", "override_role": role,
        "begins": (now - DAY).strftime("%Y-%m-%dT%H:%M"),
        "ends": (now + DAY).strftime("%Y-%m-%dT%H:%M"),
    }  # fmt: skip
    answer = await store.post("/v1/windows", body, by="lea")
    assert answer.status_code == 201, answer.text
    return told, str(answer.json()["window"])


async def test_a_suspended_launch_is_restored_in_a_freeze_by_a_second_voice_that_gets_past_it(
    store: Store,
) -> None:
    told, window = await suspended(store)
    board = f"/launches/{told.subject}"
    alone = words(await Browser(store, "lou").page(board))

    first = await sent(store, "lou", board, board, what="restore")
    refused = await sent(store, "lea", board, board, what="restore", note="Press is there.")
    mute = await sent(store, "lea", board, board, note="  ", **PAST)
    offered = words(await Browser(store, "lea").page(board))
    safety = words(await Browser(store, "sam").page(board))
    done = await sent(store, "lea", board, board, note=f"Press is there. {HOSTILE}", **PAST)
    after = await Browser(store, "lea").page(board)

    assert "First somebody says that it is to be restored" in alone
    assert first[0] == 303, first[2]
    assert refused[0] == 409
    assert window.removeprefix("win_") in refused[2]
    assert mute[0] == 422
    assert "Restore it in spite of the freeze" in offered
    assert "Product lead may get past it, as the second voice" in offered
    assert "Your roles are not the ones that these windows name" in safety
    assert done[0] == 303, done[2]
    events = told.svc.ledger.events(told.svc.store, told.subject)
    (event,) = [one for one in events if one.type == "launch:restored"]
    assert event.body["override"]["windows"] == [window]
    assert event.body["note"].startswith("prose:")
    assert event.body["first"] == store.id_of("lou")
    assert f"in spite of <code>{window}</code>" in words(after)
    assert "<script>alert" not in after.text
    assert "Restore it in spite" not in after.text


async def test_a_freeze_without_a_role_lets_no_suspended_launch_return(store: Store) -> None:
    told, window = await suspended(store, None)
    board, path = f"/launches/{told.subject}", f"/v1/launches/{told.subject}"
    await sent(store, "lou", board, board, what="restore")
    version = (await store.get(path, "lea")).headers["ETag"]

    body = {"reason": "resolved", "override": {"reason": "press_is_there"}}
    answer = await store.post(f"{path}/restore", body, by="lea", version=version)
    page = words(await Browser(store, "lea").page(board))

    assert (answer.status_code, answer.json()["refusal"]["windows"]) == (403, [window]), answer.text
    assert "Nobody may get past it" in page
    assert (await store.get(path, "lea")).json()["status"] == "suspended"


async def test_without_a_freeze_a_suspended_launch_offers_no_way_past_one(store: Store) -> None:
    told = await opened(store)
    told.now = told.opening + DAY
    told.give("suspend", "sam", told.why("A drill."))

    page = await Browser(store, "lea").page(f"/launches/{told.subject}")

    assert "in spite of the freeze" not in page.text


@pytest.mark.parametrize(
    "override",
    [{}, {"reason": ""}, {"reason": "x" * 9_000}, {"reason": 1}, "yes", {"why": "press"}],
)
async def test_an_override_of_a_restoration_says_why_in_so_many_words(
    store: Store, override: Any
) -> None:
    told = Told(store, "Opening", ahead())
    path = f"/v1/launches/{told.subject}/restore"

    answer = await store.post(
        path, {"reason": "resolved", "override": override}, by="lea", version=1
    )

    assert answer.status_code == 422
