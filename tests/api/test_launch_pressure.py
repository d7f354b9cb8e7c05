"""The pressure on a real launch: time spent, waivers, dissent, moved dates; JSON, table, page."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import col

from api.launch_pressure import COLUMNS
from gonogo.db import launch_pressure
from gonogo.db.launch_pressure import look
from gonogo.db.session import reading, writing
from gonogo.db.tables import GptRow
from tests.api.store import PEOPLE, Store, manifest
from tests.api.test_launch_freezes import counting
from tests.api.test_launch_pages import STAFF, ready, words
from tests.api.test_pages import HOSTILE, Browser, assert_careful
from tests.launch_stories import DAY, Told, bind

FORMULA = '=HYPERLINK("http://evil.example","Night Sky")'


def opening() -> datetime:
    return (datetime.now(UTC) + timedelta(hours=1)).replace(second=0, microsecond=0)


async def test_waivers_dissent_and_unhurried_items_are_told_with_their_parts(store: Store) -> None:
    told = Told(store, "Opening of the store", opening()).armed()
    bind(store, await ready(store), told.subject)

    found = (await store.get(f"/v1/launches/{told.subject}/pressure", "lea")).json()

    assert [one["gate"] for one in found["waived"]] == ["support_ready"]
    assert [(one["role"], one["vote"]) for one in found["dissent"]] == [("policy_editor", "NO_GO")]
    assert found["parts"]["waived"] > 0
    assert found["parts"]["dissent"] > 0
    assert (found["overridden"], found["moved"]) == ([], [])
    (item,) = found["items"]
    assert [one["step"] for one in item["steps"]] == ["testing", "review"]
    assert all(one["seconds"] > 0 for one in item["steps"])
    # Nothing is usual in a store with one case, so nothing is called hurried.
    assert [one["missing"] for one in item["steps"]] == [None, None]
    assert found["counts"]["steps_without_usual"] == 2
    assert found["level"] in ("tense", "pressed")


async def test_an_item_is_hurried_against_other_cases_of_its_tier_and_not_against_its_own_launch(
    store: Store, monkeypatch: Any
) -> None:
    monkeypatch.setattr(launch_pressure, "FEWEST", 1)
    told = Told(store, "Opening of the store", opening()).gating()
    usual = await store.approved(manifest("Tides"))
    mine = await store.approved(manifest("Night Sky"))
    await store.until(f"/v1/releases/{mine['release']}", lambda r: r["phase"] == "ready")
    bind(store, str(mine["release"]), told.subject)
    svc = store.app.state.services

    with reading(svc.engine) as session:
        (item,) = look(session, svc.store, told.subject).items

    testing, review = item.steps
    assert usual["id"] != mine["id"]
    assert testing.usual_s is not None
    assert review.usual_s is not None
    assert testing.usual_s != testing.seconds  # of the other case, measured by the same clock


async def test_the_table_holds_everything_and_no_name_is_a_formula(store: Store) -> None:
    told = Told(store, "Opening of the store", opening()).armed()
    release = await ready(store)
    bind(store, release, told.subject)
    svc = store.app.state.services
    with writing(svc.engine) as session:
        session.execute(
            update(GptRow).where(col(GptRow.store_id) == svc.store).values(name=FORMULA)
        )

    answer = await store.get(f"/v1/launches/{told.subject}/pressure.csv", "lea")
    head, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    by = {row[0] for row in rows}

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f'filename="{told.subject}-pressure.csv"' in answer.headers["content-disposition"]
    assert tuple(head) == COLUMNS
    assert all(len(row) == len(COLUMNS) for row in rows)
    assert {"pressure", "part", "step", "waived", "dissent"} <= by
    assert {row[3] for row in rows if row[0] == "step"} == {"'" + FORMULA}
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@")]


async def test_the_page_shows_bars_words_and_formulas_to_staff_alone(store: Store) -> None:
    told = Told(store, "Opening of the store", opening()).armed()
    bind(store, await ready(store, HOSTILE), told.subject)
    path = f"/launches/{told.subject}/pressure"

    page = await Browser(store, "lea").page(path)
    answers = {by: await Browser(store, by).visit(path) for by in PEOPLE}
    outside = [
        (await store.get(f"/v1/launches/{told.subject}/{what}", "ada")).status_code
        for what in ("pressure", "pressure.csv")
    ]
    nowhere = (await store.get("/v1/launches/lch_none/pressure", "lea")).status_code

    assert '<svg class="bar' in page.text
    for part in ("Haste", "Waived gates", "waived gates ÷ gates", "was waived by Lou"):
        assert part in words(page)
    assert f"/v1/launches/{told.subject}/pressure.csv" in page.links
    assert {by for by, one in answers.items() if one.status_code == 200} == set(STAFF)
    assert {answers[by].status_code for by in ("ada", "ben")} == {404}
    for answer in answers.values():
        assert_careful(answer)
    assert (outside, nowhere) == ([403, 403], 404)


async def test_a_postponed_launch_is_moved_and_an_empty_one_calm(store: Store) -> None:
    moved = Told(store, "Night owls", datetime.now(UTC) + 20 * DAY).gating()
    later = moved.target("early 2031")
    moved.give("postpone", "lea", {**moved.why("Busy."), "target": later})
    calm = Told(store, "Some day", datetime.now(UTC) + 60 * DAY).planned()

    first = (await store.get(f"/v1/launches/{moved.subject}/pressure", "lea")).json()
    second = (await store.get(f"/v1/launches/{calm.subject}/pressure", "lea")).json()

    assert first["parts"]["moved"] == 0.2
    assert [one["what"] for one in first["moved"]] == ["postponed"]
    assert second["parts"]["moved"] == second["parts"]["haste"] == 0
    assert second["items"] == []


async def test_who_got_past_a_freeze_is_a_shortened_step_on_page_table_and_json(
    store: Store,
) -> None:
    told = counting(store, "product_lead")
    path = f"/launches/{told.subject}/pressure"
    before = (await store.get(f"/v1{path}", "lea")).json()
    stop = {"windows": ["win_1"], "until": None, "roles": ["product_lead"]}
    told.give(
        "override_freeze", "lou", told.why("Press is there."), **told.seen() | {"freeze": stop}
    )

    after = (await store.get(f"/v1{path}", "lea")).json()
    table = (await store.get(f"/v1{path}.csv", "lea")).text
    page = words(await Browser(store, "lea").page(path))

    passed = [one for one in after["shortened"] if one["code"] == "past_a_freeze"]
    assert [(one["of"], one["by"]) for one in passed] == [(told.subject, store.id_of("lou"))]
    assert after["shortened_in_all"] == before["shortened_in_all"] + 1
    assert after["parts"]["shortened"] > before["parts"]["shortened"]
    assert table.count("past_a_freeze") == 1
    assert "It went past a freeze (Lou" in page
