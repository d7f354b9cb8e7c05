"""Launches in people's calendars: secret addresses, and nothing outside before it was told."""

from typing import Any

from icalendar import Calendar

from gonogo.db.calendars import CalendarRow
from gonogo.db.session import reading
from tests.api.launches import Recorded, in_days, on
from tests.api.store import AT, Store


def keys(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    found = list(Calendar.from_ical(answer.content).walk())[1:]
    return sorted(str(one["uid"]).partition("-")[2].partition("@")[0] for one in found)


async def announced(store: Store, launch: Recorded) -> None:
    memo = await store.post("/v1/memos", {"launch": launch.id}, by="lea")
    path = f"/v1/memos/{memo.json()['subject']}/send"
    assert (await store.post(path, {"audience": "public"}, by="lea")).status_code == 200


async def test_staff_see_polls_and_checks_and_builders_the_opening(store: Store) -> None:
    launch = Recorded(store).planned(f"{in_days(30)}T10:00")
    await announced(store, launch)

    inside = keys(await store.get("/v1/calendar.ics", "lea"))
    outside = keys(await store.get("/v1/calendar.ics", "ada"))
    nobody = await store.get("/v1/calendar.ics")

    assert "opening" in inside
    assert "poll" in inside
    assert outside == ["opening"]
    assert nobody.status_code == 401


def days(answer: Any) -> list[str]:
    return [one.decoded("dtstart").isoformat() for one in Calendar.from_ical(answer.content).events]


async def test_a_date_that_nobody_was_told_is_in_no_calendar_outside(store: Store) -> None:
    launch = Recorded(store).planned(in_days(30))
    quiet = days(await store.get("/v1/calendar.ics", "ada"))
    await announced(store, launch)
    told = days(await store.get("/v1/calendar.ics", "ada"))
    launch.give("postpone", target=on(in_days(60)), reason="unexpected")
    moved = days(await store.get("/v1/calendar.ics", "ada"))
    inside = days(await store.get("/v1/calendar.ics", "lea"))
    await announced(store, launch)
    again = days(await store.get("/v1/calendar.ics", "ada"))

    assert quiet == []
    assert told == moved == [in_days(30)]  # it stands where everybody was told it is
    assert inside == again == [in_days(60)]


async def test_a_secret_address_works_until_another_one_or_none_is_made(store: Store) -> None:
    Recorded(store).planned(in_days(30))

    async def fetch(url: str) -> int:
        return (await store.get(url.removeprefix(store.settings.base))).status_code

    first = (await store.post("/v1/me/calendar", by="lea")).json()["url"]
    works = await fetch(first)
    second = (await store.post("/v1/me/calendar", by="lea")).json()["url"]
    old, new = await fetch(first), await fetch(second)
    since = (await store.get("/v1/me/calendar", "lea")).json()["made_at"]
    ended = await store.http.delete("/v1/me/calendar", headers=store.headers("lea"))
    gone = await fetch(second)
    others = [await fetch(f"{AT}/calendar/{'x' * 43}.ics"), await fetch(f"{AT}/calendar/x.ics")]

    assert first.startswith(f"{store.settings.base}/calendar/")
    assert (works, old, new, ended.status_code, gone) == (200, 404, 200, 204, 404)
    assert since is not None
    assert all(status in (404, 422) for status in others)


async def test_a_secret_address_stands_nowhere_in_clear(store: Store) -> None:
    url = (await store.post("/v1/me/calendar", by="ada")).json()["url"]
    token = url.rpartition("/")[2].removesuffix(".ics")

    svc = store.app.state.services
    with reading(svc.engine) as session:
        row = session.get(CalendarRow, (svc.store, store.id_of("ada")))

    assert row is not None
    assert token not in row.sha256
    assert len(token) == 43


async def test_freezes_stand_in_the_calendar_of_staff_and_in_previews(store: Store) -> None:
    launch = Recorded(store).planned(f"{in_days(20)}T10:00")
    declared = await store.post(
        "/v1/windows",
        {
            "kind": "deny",
            "tz": "America/Los_Angeles",
            "begins": f"{in_days(39)}T00:00",
            "ends": f"{in_days(42)}T00:00",
            "applies_to": "increase",
            "overrun": "finish_step",
            "override_role": "product_lead",
            "reason": "holidays",
        },
        by="lea",
    )
    decide_by = f"{in_days(3)}T00:00:00Z"
    body = {"target": f"{in_days(40)}T10:00", "decide_by": decide_by}

    inside = keys(await store.get("/v1/calendar.ics", "lea"))
    outside = keys(await store.get("/v1/calendar.ics", "ada"))
    path = f"/v1/launches/{launch.id}/postponement/preview"
    seen = (await store.post(path, body, by="lea")).json()

    assert declared.status_code == 201, declared.text
    window = declared.json()["subject"]
    assert any(key.startswith(window) for key in inside)
    assert outside == []
    assert seen["newly"]["hits"] == [f"freeze:{window}"]
    assert {"code": "freeze", "id": window, "other": None} in seen["conflicts"]
