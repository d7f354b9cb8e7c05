"""What builders owe, on the board of their launch: by item, by publisher, and theirs alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

from gonogo.db.people import PublisherRow
from gonogo.db.session import writing
from gonogo.notices.fanout import Fanout
from tests.api.store import Store
from tests.api.test_launch_pages import _of_ben, ahead, ready, words
from tests.api.test_pages import HOSTILE, Browser, assert_careful
from tests.launch_stories import Told, bind


async def accept(store: Store, publisher: str, by: str) -> None:
    path = f"/v1/duties/{store.publishers[publisher]}/accept_policies"
    answer = await store.post(path, {}, by=by)
    assert answer.status_code == 200, answer.text


async def test_an_item_is_ready_once_its_builders_have_done_what_is_asked(store: Store) -> None:
    told = Told(store, "Opening", ahead()).gating()
    bind(store, await ready(store, "Abacus"), told.subject)
    path = f"/launches/{told.subject}"

    before = await Browser(store, "lea").page(path)
    await accept(store, "lumen", "ada")
    after = await Browser(store, "lea").page(path)

    assert "To be done: Accept the current policies" in words(before)
    assert "0 of 1" in words(before)
    assert "1 publisher owes something" in words(before)
    assert "1<small>, which must open</small>" in before.text
    assert f"/duties/{store.publishers['lumen']}" in before.links
    assert "To be done" not in after.text
    assert "1 of 1" in words(after)
    assert 'id="owing"' not in after.text


async def test_builders_see_what_they_owe_themselves_and_nothing_of_others(store: Store) -> None:
    told = Told(store, "Opening", ahead()).gating()
    bind(store, await ready(store, "Abacus"), told.subject)
    bind(store, await _of_ben(store), told.subject)

    page = await Browser(store, "ada").page(f"/launches/{told.subject}")
    whole = await Browser(store, "lea").page(f"/launches/{told.subject}")

    assert "What you still have to do" in page.text
    assert f"/duties/{store.publishers['lumen']}" in page.links
    assert f"/duties/{store.publishers['marrow']}" not in page.links
    assert "2 publishers owe something" in words(whole)


async def test_whose_builders_owe_something_is_told_that_it_is_their_turn(store: Store) -> None:
    told = Told(store, "Opening", ahead()).gating()
    bind(store, await ready(store, "Abacus"), told.subject)
    bind(store, await _of_ben(store), told.subject)
    path = f"/launches/{told.subject}"

    before = await Browser(store, "ada").page(path)
    await accept(store, "lumen", "ada")
    after = await Browser(store, "ada").page(path)
    staff = await Browser(store, "lea").page(path)

    assert "<dt>Whose turn</dt><dd>Yours</dd>" in words(before)
    assert "Do what is listed below." in words(before)
    assert "Nothing to do for you" not in words(before)
    assert "<dd>Yours</dd>" not in words(after)  # Marrow's duties are not Ada's
    assert "Nothing to do for you while your items are ready." in words(after)
    assert "Do what is listed below." not in words(staff)


async def test_a_publisher_with_a_hostile_name_owes_it_as_text(store: Store) -> None:
    told = Told(store, "Opening", ahead()).gating()
    bind(store, await ready(store, "Abacus"), told.subject)
    key = (store.settings.store, store.publishers["lumen"])
    with writing(store.app.state.services.engine) as session:
        row = session.get(PublisherRow, key)
        assert row is not None
        row.name = HOSTILE[:80]

    answer = await Browser(store, "lea").visit(f"/launches/{told.subject}")

    assert 'id="owing"' in answer.text
    assert "alert(1)" in answer.text
    assert "<img" not in answer.text
    assert "<script>alert" not in answer.text
    assert_careful(answer)


def told_of_duties(store: Store) -> None:
    """Notices of what happened, written as the worker's lane writes them."""
    svc = store.app.state.services
    lane = Fanout(svc.engine, svc.store, "Europe/London", mail=False, in_force=svc.pack)
    while lane.batch():
        pass


async def reminders(store: Store, by: str) -> list[dict[str, Any]]:
    told_of_duties(store)
    items = (await store.get("/v1/me/inbox", by)).json()["items"]
    return [one for one in items if one["notice"] == "duties_owed"]


async def test_builders_hear_once_for_a_launch_what_they_owe_until_they_owe_nothing(
    store: Store,
) -> None:
    told = Told(store, HOSTILE[:60], datetime.now(UTC) + timedelta(days=20)).planned()
    for name in ("Abacus", "Zither"):
        bind(store, await ready(store, name), told.subject)
    told.give("narrow", "lea", {"target": told.target(told.exact)})
    told.give("open_gates", "lea", {})

    at_first = await reminders(store, "ada")
    others = [await reminders(store, name) for name in ("ben", "lea", "rita")]
    told.now = told.opening - timedelta(days=13)
    told.give("remind_duties", "system", {})
    again = await reminders(store, "ada")
    await accept(store, "lumen", "ada")
    told.now = told.opening - timedelta(days=2)
    told.give("remind_duties", "system", {})
    done = await reminders(store, "ada")

    assert (len(at_first), len(again), len(done)) == (1, 2, 2)
    assert others == [[], [], []]
    assert at_first[0]["path"] == f"/launches/{told.subject}"
    page = await Browser(store, "ada").visit(str(at_first[0]["path"]))
    assert page.status_code == 200


async def test_who_owes_what_is_told_to_staff_whole_and_to_builders_their_own(
    store: Store,
) -> None:
    told = Told(store, "Opening", ahead()).gating()
    bind(store, await ready(store, "Abacus"), told.subject)
    bind(store, await ready(store, "Tides"), told.subject, importance="should")
    bind(store, await _of_ben(store), told.subject)
    path = f"/v1/launches/{told.subject}/duties"

    whole = (await store.get(path, "lea")).json()
    second = (await store.get(f"{path}?offset=1&limit=1", "lea")).json()
    mine = (await store.get(path, "ben")).json()
    await accept(store, "lumen", "ada")
    after = (await store.get(path, "lea")).json()

    lumen, marrow = store.publishers["lumen"], store.publishers["marrow"]
    asked = [{"id": "accept_policies", "title": "Accept the current policies"}]
    assert {one["publisher"]: (one["items"], one["musts"]) for one in whole["items"]} == {
        lumen: (2, 1),
        marrow: (1, 1),
    }
    assert [one["publisher"] for one in whole["items"]] == [lumen, marrow]
    assert all(one["duties"] == asked for one in whole["items"])
    assert whole["items"][0]["name"] == "Lumen"
    assert (second["of"], [one["publisher"] for one in second["items"]]) == (2, [marrow])
    assert (mine["of"], [one["publisher"] for one in mine["items"]]) == (1, [marrow])
    assert [one["publisher"] for one in after["items"]] == [marrow]


async def test_who_owes_what_is_hidden_from_whoever_has_nothing_in_it(store: Store) -> None:
    told = Told(store, "Opening", ahead()).gating()
    bind(store, await ready(store, "Abacus"), told.subject)
    path = f"/v1/launches/{told.subject}/duties"

    outside = await store.get(path, "ben")
    nobody = await store.get(path, None)
    odd = await store.get(f"{path}?limit=501", "lea")

    assert (outside.status_code, nobody.status_code, odd.status_code) == (404, 401, 422)
