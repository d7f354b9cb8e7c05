"""Closing a launch: the store files the report and scores the forecasts; the lead says what was
learnt."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import col

from gonogo.db.launch_items import observe
from gonogo.db.session import reading, writing
from gonogo.db.tables import ReleasePicture
from tests.api.store import Store
from tests.api.test_launch_levers import sent
from tests.api.test_launch_pages import ahead, ready, words
from tests.api.test_pages import HOSTILE, Browser
from tests.launch_stories import DAY, Told, bind
from tests.policies.launches import OPEN


async def opened(store: Store, ago: timedelta = 8 * DAY) -> Told:
    """Open for longer than its soak, unless `ago` says otherwise."""
    release = await ready(store)
    told = Told(store, "Opening of the store", ahead(-ago), soak_s=7 * 86_400)
    return told.live(release)


async def test_closing_files_the_report_of_the_record_and_scores_what_was_kept(
    store: Store,
) -> None:
    told = await opened(store)
    path = f"/v1/launches/{told.subject}"
    kept = await store.post(f"{path}/forecasts", {"by": told.opening.isoformat()}, by="lea")
    seen = (await store.get(f"{path}/report", "lea")).json()
    version = (await store.get(path, "lea")).headers["ETag"]

    done = await store.post(
        f"{path}/close", {"lessons": "Ask earlier."}, by="lea", version=version, key="once"
    )
    again = await store.post(
        f"{path}/close", {"lessons": "Ask earlier."}, by="lea", version=version, key="once"
    )
    filed = (await store.get(f"{path}/report/filed", "lea")).json()
    now = (await store.get(f"{path}/report", "lea")).json()
    page = await store.get(f"{path}/report.html", "lea")
    outside = await store.get(f"{path}/report/filed", "ada")

    assert kept.status_code in (201, 400), kept.text
    assert (done.status_code, again.headers.get("Idempotent-Replayed")) == (200, "true"), done.text
    assert done.json()["status"] == "closed"
    assert (filed["score"], filed["unscored"]) == (
        seen["score"]["brier"],
        seen["score"]["unscored"],
    )
    assert filed["report"]["timeline"] == seen["timeline"] == now["timeline"][:-1]
    assert filed["report"]["lessons"] == now["lessons"]
    assert now["timeline"][-1]["what"] == "closed"
    assert "Ask earlier." in page.text
    assert "Ask earlier." not in str(filed)
    assert outside.status_code == 403


async def test_without_a_kept_forecast_the_score_is_null_and_the_reason_is_said(
    store: Store,
) -> None:
    told = await opened(store)
    path = f"/v1/launches/{told.subject}"
    unfiled = await store.get(f"{path}/report/filed", "lea")

    done = await store.post(f"{path}/close", {}, by="lea", version=told.state.version)

    event = store.app.state.services.ledger.events(told.svc.store, told.subject)[-1]
    assert unfiled.status_code == 404
    assert (done.json()["score"], done.json()["unscored"]) == (None, "no_forecast"), done.text
    assert (event.body["score"], event.body["unscored"]) == (None, "no_forecast")
    assert event.body["lessons"] is None
    assert event.body["report"].startswith("prose:")


async def test_i1_closing_names_what_was_seen_and_takes_nobodys_own_score(store: Store) -> None:
    told = await opened(store)
    path = f"/v1/launches/{told.subject}/close"

    unseen = await store.post(path, {}, by="lea")
    stale = await store.post(path, {}, by="lea", version=1)
    odd: dict[str, Any] = {"report": "all went well", "score": 0}
    invented = await store.post(path, odd, by="lea", version=told.state.version)
    long = await store.post(path, {"lessons": "x" * 100_000}, by="lea", version=1)

    assert (unseen.status_code, stale.status_code) == (428, 409)
    assert (invented.status_code, long.status_code) == (422, 422)


async def test_the_board_shows_what_will_be_filed_and_then_the_report(store: Store) -> None:
    told = await opened(store)
    told.now = told.opening + DAY
    told.give("suspend", "sam", told.why("A drill."))
    told.give("restore", "lou", told.why("Over."))
    with reading(told.svc.engine) as session:
        items = observe(session, told.svc.store, told.subject, wave=1, opened=True, at=told.now)
    told.give("restore", "lea", told.why("Over."), items=items, **OPEN)
    board = f"/launches/{told.subject}"
    before = await Browser(store, "lea").page(board)

    done = await sent(store, "lea", board, f"{board}/close", lessons=HOSTILE)
    after = await Browser(store, "lea").page(board)

    assert "no forecast was kept" in before.text
    assert "It was suspended" in before.text
    assert "File the report and close it" in before.text
    assert done[:2] == (303, f"{board}?said=launch-close"), done
    assert f"/v1/launches/{told.subject}/report.html" in after.links
    assert "and is closed" in words(after)
    assert "File the report and close it" not in after.text


async def test_until_it_has_soaked_its_button_is_off_and_says_until_when(store: Store) -> None:
    told = await opened(store, 2 * DAY)
    board = f"/launches/{told.subject}"

    page = words(await Browser(store, "lea").page(board))
    part = page[page.index('id="close"') :][:4_000]
    early = await sent(store, "lea", board, f"{board}/close", lessons="")

    assert "it soaks until" in part, part
    assert 'disabled aria-describedby="off-close"' in part
    assert early[0] == 409
    assert "not soaked" in early[2]


async def test_a_partly_open_launch_says_how_to_go_on_stop_and_take_it_back(store: Store) -> None:
    release, other = await ready(store), await ready(store, "Bread Doctor")
    told = Told(store, "Opening of the store", ahead(-DAY))
    bind(store, other, told.subject, wave=2)
    told.live(release)
    board = f"/launches/{told.subject}"

    partial = words(await Browser(store, "lea").page(board))
    finished = await sent(store, "lea", board, board, what="finish")
    live = words(await Browser(store, "lea").page(board))

    assert told.state.status.value == "partial"
    assert "To take it back, suspend all of it at once, or roll back single releases" in partial
    for lever in ("hold", "suspend", "next_wave", "finish"):
        assert f'name="what" value="{lever}"' in partial
    assert finished[:2] == (303, f"{board}?said=launch-finish"), finished[2][:500]
    assert "To take it back" not in live


async def test_the_pressure_is_filed_as_it_was_and_stays_so(store: Store) -> None:
    told = await opened(store)
    path = f"/v1/launches/{told.subject}"
    seen = (await store.get(f"{path}/pressure", "lea")).json()

    await store.post(f"{path}/close", {}, by="lea", version=told.state.version)
    filed = (await store.get(f"{path}/report/filed", "lea")).json()["report"]["pressure"]
    with writing(told.svc.engine) as session:  # what is looked at has moved on since
        session.execute(
            update(ReleasePicture)
            .where(col(ReleasePicture.store_id) == told.svc.store)
            .values(launch=None)
        )
    later = (await store.get(f"{path}/report", "lea")).json()["pressure"]
    page = await store.get(f"{path}/report.html", "lea")

    assert filed == {name: seen[name] for name in ("value", "level", "parts")}
    assert filed["value"] > 0  # a gate was waived, and there was a no-go
    assert later == filed
    assert f"{filed['value']:.2f} between 0 and 1: {filed['level']}" in page.text


async def test_what_was_filed_before_reports_held_the_pressure_is_still_read(store: Store) -> None:
    told = await opened(store)
    old = {"schema": 1, "launch": told.subject, "timeline": [], "lessons": []}
    told.now = told.opening + 8 * DAY
    body = {"report": told.say(json.dumps(old)), "score": None, "unscored": "no_forecast"}
    told.give("close", "lea", body)
    path = f"/v1/launches/{told.subject}"

    filed = (await store.get(f"{path}/report/filed", "lea")).json()
    now = (await store.get(f"{path}/report", "lea")).json()
    page = await store.get(f"{path}/report.html", "lea")

    assert filed["report"] == old
    assert (now["status"], now["pressure"]) == ("closed", None)
    assert "It was not looked at." in page.text
