"""Webhooks over HTTP and on pages: whose they are, secrets once, refusals that say what to do."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.launches import Recorded
from tests.api.store import Store
from tests.api.test_inbox import fan_out
from tests.api.test_pages import HOSTILE, Browser

URL = "https://hooks.example/in"


async def made(store: Store, by: str = "adam", **more: Any) -> httpx.Response:
    return await store.post("/v1/webhooks", {"label": "Ours", "url": URL, **more}, by=by)


async def test_an_administrator_makes_one_and_sees_its_secret_once(store: Store) -> None:
    answer = await made(store, types=["release.*"])
    hook = answer.json()
    again = await store.get(f"/v1/webhooks/{hook['id']}", "adam")

    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert hook["secret"].startswith("whsec_")
    assert hook["public_key"].startswith("whpk_")
    assert "secret" not in again.json()
    assert hook["secret"] not in (await store.get("/v1/webhooks", "adam")).text
    assert again.json()["types"] == ["release.*"]


async def test_an_owner_has_those_of_the_publisher_and_nobody_elses(store: Store) -> None:
    lumen, marrow = store.publishers["lumen"], store.publishers["marrow"]
    store.id_of("ada")
    whole = (await made(store)).json()["id"]
    own = await made(store, by="ada", publisher=lumen)

    assert own.status_code == 201
    assert (await made(store, by="ada", publisher=marrow)).status_code == 403
    assert (await made(store, by="ada")).status_code == 403
    assert (await made(store, by="adam", publisher=lumen)).status_code == 403
    assert (await made(store, by="lea")).status_code == 403
    listed = (await store.get("/v1/webhooks", "ada")).json()["items"]
    assert [one["id"] for one in listed] == [own.json()["id"]]
    for by, hook in (("ada", whole), ("ben", own.json()["id"]), ("adam", own.json()["id"])):
        assert (await store.get(f"/v1/webhooks/{hook}", by)).status_code == 404
        assert (await store.post(f"/v1/webhooks/{hook}/test", by=by)).status_code == 404
        assert (await store.post(f"/v1/webhooks/{hook}/secret", by=by)).status_code == 404
    assert (await store.get("/v1/webhooks")).status_code == 401


@pytest.mark.parametrize(
    "more",
    [
        {"url": "http://hooks.example/"},
        {"url": "https://127.0.0.1/"},
        {"url": "https://user:pass@hooks.example/"},
        {"types": ["Release"]},
        {"types": ["release.*"] * 51},
        {"label": "a\nb"},
        {"label": ""},
        {"surprise": 1},
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_reason(store: Store, more: Any) -> None:
    answer = await made(store, **more)

    assert answer.status_code == 422
    assert answer.json()["detail"]


async def test_it_is_changed_rotated_switched_off_and_removed(store: Store) -> None:
    hook = (await made(store)).json()
    path, headers = f"/v1/webhooks/{hook['id']}", store.headers("adam")

    async def patch(**body: Any) -> httpx.Response:
        return await store.http.patch(path, json=body, headers=headers)

    assert (await patch(label="Mine", types=["stop.*"])).json()["label"] == "Mine"
    assert (await patch(url="https://10.0.0.1/")).status_code == 422
    new = (await store.post(f"{path}/secret", by="adam")).json()
    assert new["secret"] != hook["secret"]
    assert (await store.get(path, "adam")).json()["old_keys_until"]
    assert (await store.post(f"{path}/test", by="adam")).status_code == 201
    assert (await patch(state="disabled")).json()["why"] == "by_hand"
    assert (await store.post(f"{path}/test", by="adam")).status_code == 409
    since = {"since": datetime.now(UTC).isoformat()}
    assert (await store.post(f"{path}/replay", since, by="adam")).status_code == 409
    assert (await patch(state="active")).json()["why"] is None
    assert (await store.http.delete(path, headers=headers)).status_code == 204
    assert (await store.get(path, "adam")).status_code == 404


async def test_deliveries_are_listed_and_sent_again_under_the_same_id(store: Store) -> None:
    hook = (await made(store)).json()["id"]
    case = await store.submitted()
    fan_out(store)
    path = f"/v1/webhooks/{hook}"

    listed = (await store.get(f"{path}/deliveries", "adam", limit=100)).json()["items"]
    mine = [one for one in listed if one["subject"] == case["id"]]
    assert {one["type"] for one in mine} >= {"submission.opened", "submission.tests.finished"}
    assert {one["state"] for one in mine} == {"waiting"}
    one = {"delivery": mine[0]["id"]}
    assert (await store.post(f"{path}/replay", one, by="adam")).json() == {"replayed": 1}
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    answer = await store.post(f"{path}/replay", {"since": since}, by="adam")
    assert answer.json() == {"replayed": 0}  # nothing was given up, nothing was missed
    for wrong in ({}, {"since": since, "delivery": "dlv_1"}, {"since": "yesterday"}):
        assert (await store.post(f"{path}/replay", wrong, by="adam")).status_code == 422
    again = (await store.get(f"{path}/deliveries", "adam")).json()["items"]
    assert {one["message"] for one in again} == {one["message"] for one in listed}


async def test_the_pages_make_one_show_its_secret_once_and_its_deliveries(store: Store) -> None:
    browser = Browser(store, "adam")
    form = {"label": HOSTILE[:80], "url": URL, "types": "submission.* stop.*", "publisher": ""}

    shown = await browser.send("/webhooks", form)
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", shown.text)
    assert shown.status_code == 200
    assert secret is not None
    page = await browser.page("/webhooks")
    assert secret[0] not in page.text
    assert "<img src=x" not in page.text
    (link,) = {one for one in page.links if one.startswith("/webhooks/whk_")}
    assert (await browser.send(f"{link}/test", {})).status_code == 303
    detail = await browser.page(link)
    assert "webhook.test" in detail.text
    assert "On its way" in detail.text
    assert "<img src=x" not in detail.text
    new = await browser.send(f"{link}/secret", {})
    assert secret[0] not in new.text
    assert "whsec_" in new.text
    assert (await browser.send(link, {**form, "label": "Plain"})).status_code == 303
    assert (await browser.send(link, {**form, "url": "ftp://x"})).status_code == 422
    assert (await browser.send(f"{link}/switch-off", {})).status_code == 303
    assert "Switched off" in (await browser.page(link)).text
    assert (await browser.send(f"{link}/nothing", {})).status_code == 404
    assert (await browser.send(f"{link}/remove", {})).status_code == 303
    assert (await browser.visit(link)).status_code == 404
    assert (await Browser(store, "ben").visit("/webhooks")).status_code == 200


async def test_events_of_launches_and_embargoes_are_delivered_though_they_aim_at_dates(
    store: Store,
) -> None:
    hook = (await made(store)).json()["id"]
    gpt = (await store.submitted())["gpt"]
    body = {"gpt": gpt, "not_before": "2031-01-10", "reason": "press"}
    embargo = await store.post("/v1/embargoes", body, by="ada")
    Recorded(store).planned("2031-05")

    fan_out(store)
    found = (await store.get(f"/v1/webhooks/{hook}/deliveries", "adam")).json()["items"]

    assert embargo.status_code == 201
    assert {"embargo.set", "launch.drafted", "launch.planned"} <= {one["type"] for one in found}
