"""What was given up is seen by administrators and sent again with a button."""

from typing import Any

from sqlmodel import col, select, update

from gonogo.db.notices import DeliveryRow
from gonogo.db.session import writing
from gonogo.notices.addresses import Addresses
from gonogo.notices.fanout import Fanout
from tests.api.store import Store
from tests.api.test_pages import Browser


async def bounced(store: Store) -> str:
    """A mail to ada that came back, by its delivery's id."""
    engine, name = store.app.state.services.engine, store.settings.store
    Addresses(engine, name).keep(store.id_of("ada"), "ada@example.org")
    await store.submitted()
    fanout = Fanout(engine, name, "UTC", mail=True)
    while fanout.batch():
        pass
    with writing(engine) as session:
        mine = (col(DeliveryRow.store_id) == name, col(DeliveryRow.channel) == "mail")
        session.connection().execute(
            update(DeliveryRow).where(*mine).values(state="dead", receipt="refused:550")
        )
        return session.exec(select(DeliveryRow.id).where(*mine)).one()


async def test_an_administrator_sees_why_and_sends_again(store: Store) -> None:
    delivery = await bounced(store)

    async def listed(by: str = "adam", **more: Any) -> Any:
        return (await store.get("/v1/undelivered", by, **more)).json()

    (one,) = (await listed())["items"]
    assert (one["id"], one["receipt"]) == (delivery, "refused:550")
    assert "example.org" not in str(one)
    assert (await listed(channel="webhook"))["items"] == []
    assert (await store.get("/v1/undelivered", "lea")).status_code == 403
    replay = f"/v1/undelivered/{delivery}/replay"
    assert (await store.post(replay, by="ada")).status_code == 403
    assert (await store.post(replay, by="adam")).status_code == 201
    assert (await store.post(replay, by="adam")).status_code == 404  # it is on its way now
    assert await listed() == {"items": [], "waiting": 1}


async def test_the_page_has_a_button_for_it(store: Store) -> None:
    delivery = await bounced(store)
    browser = Browser(store, "adam")

    page = await browser.page("/undelivered")
    assert "refused:550" in page.text
    assert "Ada" in page.text
    assert (await browser.send(f"/undelivered/{delivery}", {})).status_code == 303
    assert "Nothing was given up." in (await browser.page("/undelivered")).text
    assert (await Browser(store, "lea").visit("/undelivered")).status_code == 403
    assert (await browser.send("/undelivered/dlv_nobody", {})).status_code == 404


async def test_what_nobody_needs_any_more_is_put_aside(store: Store) -> None:
    delivery = await bounced(store)
    aside = f"/v1/undelivered/{delivery}/put-aside"

    assert (await store.post(aside, by="lea")).status_code == 403
    assert (await store.post(aside, by="adam")).status_code == 201

    assert (await store.post(aside, by="adam")).status_code == 404
    assert (await store.get("/v1/undelivered", "adam")).json() == {"items": [], "waiting": 0}
    replay = f"/v1/undelivered/{delivery}/replay"
    assert (await store.post(replay, by="adam")).status_code == 404


async def test_the_page_puts_aside_with_the_other_button(store: Store) -> None:
    delivery = await bounced(store)
    browser = Browser(store, "adam")

    put = await browser.send(f"/undelivered/{delivery}", {"what": "put_aside"})

    assert put.status_code == 303
    assert "Nothing was given up." in (await browser.page("/undelivered")).text
    assert (await browser.send(f"/undelivered/{delivery}", {"what": "burn"})).status_code == 422
