"""Announced launches for everybody: what public memos said, and nothing that happens inside."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlmodel import col, delete, select

from api.app import create_app
from gonogo.db.announcements import told_before
from gonogo.db.memos import MemoPicture
from gonogo.db.session import reading, writing
from gonogo.db.tables import ProseRow
from tests.api.launches import Recorded, on
from tests.api.store import Store, opened
from tests.api.test_launch_pages import ready
from tests.api.test_pages import HOSTILE, Browser, assert_careful
from tests.launch_stories import DAY, Told

PATH = "/v1/announcements"
SECRET = "Two people left, do not tell anybody."


async def prepared(store: Store, launch: str, **more: Any) -> dict[str, Any]:
    answer = await store.post("/v1/memos", {"launch": launch, **more}, by="lea")
    assert answer.status_code == 201, answer.text
    memo: dict[str, Any] = (await store.get(answer.headers["location"], "lea")).json()
    return memo


async def send(store: Store, memo: str, audience: str = "public") -> None:
    sent = await store.post(f"/v1/memos/{memo}/send", {"audience": audience}, by="lea")
    assert sent.status_code == 200, sent.text


async def tell(store: Store, launch: str, **more: Any) -> str:
    memo = await prepared(store, launch, **more)
    await send(store, memo["id"])
    return str(memo["id"])


async def rewrite(store: Store, memo: dict[str, Any], subject: str, text: str) -> None:
    for part in memo["parts"]:
        if part.startswith("public/"):
            body = {"part": part, "subject": subject, "text": text}
            answer = await store.post(f"/v1/memos/{memo['id']}/edit", body, by="lea")
            assert answer.status_code == 200, answer.text


async def listed(store: Store) -> list[dict[str, Any]]:
    answer = await store.get(PATH)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def everything(store: Store) -> list[Any]:
    """All that a visitor is answered, to the byte, as far as it is about launches."""
    found: list[Any] = []
    for path in (PATH, f"{PATH}?limit=1", "/v1/announcements.ics", "/announcements", "/memos"):
        answer = await store.get(path)
        assert answer.status_code == 200, answer.text
        headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
        found.append((path, headers, answer.content))
    return found


async def test_a_launch_is_announced_once_a_public_memo_was_sent(store: Store) -> None:
    launch = Recorded(store).planned("2031-05")
    memo = await tell(store, launch.id)

    (one,) = await listed(store)

    assert (one["launch"], one["name"], one["status"]) == (launch.id, "The GPT Store", "announced")
    assert one["date"]["words"] == {"en": "in May 2031", "fr": "en mai 2031"}
    assert (one["date"]["precision"], one["open_since"]) == ("month", None)
    assert [told["id"] for told in one["memos"]] == [memo]
    assert one["memos"][0]["languages"] == ["en", "fr"]
    assert one["told_at"] == one["memos"][0]["public_at"]
    assert set(one) == {
        "launch", "name", "title", "status", "open_since", "date", "told_at", "memos",
    }  # fmt: skip


async def test_nothing_that_happens_inside_changes_a_byte_outside(store: Store) -> None:
    launch = Recorded(store).planned("2031-05")
    await tell(store, launch.id)
    outside = await everything(store)

    async def same(what: str) -> None:
        assert await everything(store) == outside, what

    other = Recorded(store).planned("2031-03", "Project Falcon")
    await same("another launch was planned")
    memo = await prepared(store, other.id)
    await same("a memo about it was prepared")
    await send(store, memo["id"], "internal")
    await same("insiders have it")
    launch.give("amend", name="Project Condor", mode="atomic")
    await same("it has another name inside")
    launch.give("narrow", target=on("2031-05-20"))
    await same("its date is narrower inside")
    launch.give("postpone", target=on("2031-09"), reason="unexpected", note=None)
    await same("its date moved inside")
    moved = await prepared(store, launch.id)
    await send(store, moved["id"], "internal")
    await same("insiders know of it")
    launch.give("replan", target=on("2031-09-05T10:00"))
    await same("it was planned anew")
    launch.give("hold", reason="safety", note=None)
    await same("it is on hold")


async def test_a_cancellation_is_news_once_everybody_was_told(store: Store) -> None:
    told = Told(store, "Night owls", datetime.now(UTC) + 60 * DAY).planned("2031-05")
    await tell(store, told.subject)
    told.give("postpone", "lea", told.why(SECRET) | {"target": told.target("2031-09")})
    told.give("cancel", "lea", told.why(SECRET))
    told.give("cancel", "lou", told.why(SECRET))
    quiet = await everything(store)
    (before,) = await listed(store)
    await tell(store, told.subject)

    (after,) = await listed(store)

    assert told.state.status == "cancelled"
    assert (before["status"], before["date"]["words"]["en"]) == ("announced", "in May 2031")
    assert (after["status"], after["date"]["words"]["en"]) == ("cancelled", "in May 2031")
    for secret in (SECRET, "Lea", "Lou", "September"):
        assert secret not in str(quiet)
    event = next(iter(Calendar.from_ical((await store.get(f"{PATH}.ics")).content).events))
    assert str(event["status"]) == "CANCELLED"


async def test_a_date_stands_as_it_was_told_last(store: Store) -> None:
    launch = Recorded(store).planned("2031-05")
    await tell(store, launch.id)
    launch.give("postpone", target=on("2031-09"), reason="unexpected", note=None)
    launch.give("replan", target=on("2031-09"))
    launch.give("hold", reason="safety", note=None)
    await tell(store, launch.id)  # of the hold: it tells no date

    (held,) = await listed(store)
    await tell(store, launch.id, about=3)
    (moved,) = await listed(store)

    assert (held["status"], held["date"]["words"]["en"]) == ("on_hold", "in May 2031")
    assert moved["date"]["words"]["en"] == "in September 2031"


async def test_a_later_memo_is_compared_with_what_was_told_not_with_what_a_hold_knew(
    store: Store,
) -> None:
    launch = Recorded(store).planned("2031-05")
    await tell(store, launch.id)
    launch.give("postpone", target=on("2031-09"), reason="unexpected", note=None)
    launch.give("replan", target=on("2031-09"))
    launch.give("hold", reason="safety", note=None)
    await tell(store, launch.id)
    launch.give("postpone", target=on("2031-11"), reason="unexpected", note=None)

    text = (await prepared(store, launch.id))["parts"]["public/en"]["text"]

    assert "November" in text
    assert "in May 2031" in text
    assert "September" not in text
    svc = store.app.state.services
    with reading(svc.engine) as session:
        assert told_before(session, svc.store, launch.id, 2) is None


async def test_a_date_or_a_name_that_was_edited_out_was_told_to_nobody(store: Store) -> None:
    launch = Recorded(store).planned("2031-05", "Project Falcon")
    memo = await prepared(store, launch.id)
    await rewrite(store, memo, "Something opens", f"Soon, we hope.\n\n{HOSTILE}")
    await send(store, memo["id"])

    (one,) = await listed(store)
    answers = str(await everything(store))
    shown = await Browser(store, None).visit("/announcements")

    assert (one["name"], one["title"], one["date"]) == (None, "Something opens", None)
    assert "Falcon" not in answers
    assert "May 2031" not in answers
    assert Calendar.from_ical((await store.get(f"{PATH}.ics")).content).events == []
    assert_careful(shown)


async def test_a_correction_is_linked_and_tells_no_date_that_moved_inside_only(
    store: Store,
) -> None:
    launch = Recorded(store).planned("2031-05")
    wrong = await tell(store, launch.id)
    launch.give("postpone", target=on("2031-09"), reason="unexpected", note=None)
    draft = await prepared(store, launch.id, corrects=wrong, right="It opens in the morning.")
    before = await listed(store)
    await send(store, draft["id"])

    (one,) = await listed(store)
    page = (await Browser(store, None).visit("/announcements")).text

    assert [told["id"] for told in before[0]["memos"]] == [wrong]
    assert before[0]["memos"][0]["corrected_by"] is None
    assert [told["id"] for told in one["memos"]] == [draft["id"], wrong]
    assert (one["memos"][0]["corrects"], one["memos"][1]["corrected_by"]) == (wrong, draft["id"])
    assert (one["date"]["words"]["en"], one["status"]) == ("in May 2031", "announced")
    assert "September" not in str(draft["parts"]["public/en"])
    assert "septembre" not in str(draft["parts"]["public/fr"])
    assert f"/memos/{wrong}" in page
    assert f"/memos/{draft['id']}" in page


async def test_a_date_that_was_told_wrongly_is_set_right_by_its_correction(store: Store) -> None:
    launch = Recorded(store).planned("2031-05")
    memo = await prepared(store, launch.id)
    await rewrite(store, memo, "The GPT Store opens in June 2031", "In June 2031.")
    await send(store, memo["id"])
    (wrong,) = await listed(store)
    await tell(store, launch.id, corrects=memo["id"], right="May, not June.")

    (right,) = await listed(store)

    assert (wrong["name"], wrong["date"]) == ("The GPT Store", None)
    assert right["date"]["words"]["en"] == "in May 2031"


async def test_what_only_insiders_have_is_corrected_for_insiders_alone(store: Store) -> None:
    launch = Recorded(store).planned("2031-05")
    inside = await prepared(store, launch.id)
    await send(store, inside["id"], "internal")

    right = await prepared(store, launch.id, corrects=inside["id"], right="It is in May.")
    path = f"/v1/memos/{right['id']}/send"
    refused = await store.post(path, {"audience": "public"}, by="lea")

    assert list(right["parts"]) == ["internal/en", "internal/fr"]
    assert refused.status_code == 422
    assert await listed(store) == []


async def test_erased_texts_leave_what_nobody_had_edited(store: Store) -> None:
    launch, edited = (Recorded(store).planned("2031-05", name) for name in ("Kept", "Rewritten"))
    await tell(store, launch.id)
    memo = await prepared(store, edited.id)
    await rewrite(store, memo, "Something", "Soon.")
    await send(store, memo["id"])
    svc = store.app.state.services
    with writing(svc.engine) as session:
        rows = session.exec(select(MemoPicture).where(MemoPicture.store_id == svc.store))
        states = [row.state for row in rows]
        wanted = [
            digest
            for state in states
            for part in state["parts"].values()
            for digest in (part["subject"], part["text"])
        ]
        session.connection().execute(delete(ProseRow).where(col(ProseRow.digest).in_(wanted)))

    other, plain = await listed(store)
    page = await Browser(store, None).visit("/announcements")

    assert (plain["name"], plain["date"]["words"]["en"]) == ("Kept", "in May 2031")
    assert (other["name"], other["title"], other["date"]) == (None, "(erased)", None)
    assert page.status_code == 200


async def test_open_is_what_is_served_and_a_suspension_nobody_was_told_of_is_not_said(
    store: Store,
) -> None:
    release = await ready(store)
    told = Told(store, "First opening", datetime.now(UTC) - timedelta(hours=2)).live(release)
    before = await listed(store)
    await tell(store, told.subject, about=2)
    (opened_,) = await listed(store)
    told.now = datetime.now(UTC)
    told.give("suspend", "sam", told.why(SECRET))
    (dark,) = await listed(store)
    shown = (await Browser(store, None).visit("/announcements")).text
    await tell(store, told.subject)
    (said,) = await listed(store)

    assert before == []
    assert (opened_["status"], opened_["open_since"] is not None) == ("open", True)
    assert (dark["status"], dark["open_since"]) == ("announced", None)
    assert "suspended" not in shown.lower()
    assert "out of service" not in shown.lower()
    assert (said["status"], said["open_since"]) == ("suspended", None)
    assert SECRET not in str(said)


async def test_what_was_told_last_comes_first_and_pages_neither_skip_nor_repeat(
    store: Store,
) -> None:
    launches = [Recorded(store).planned("2031-05", f"Launch {number}").id for number in range(5)]
    hidden = Recorded(store).planned("2031-05", "Hidden")
    await prepared(store, hidden.id)
    for launch in (*launches[3:], *launches[:3]):
        await tell(store, launch)

    seen: list[str] = []
    cursor = None
    for _ in range(4):
        page = (await store.get(PATH, limit=2, **({"cursor": cursor} if cursor else {}))).json()
        seen += [one["launch"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert seen == [launches[number] for number in (2, 1, 0, 4, 3)]
    assert hidden.id not in json.dumps(seen)


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIiwiYiJd", "WyIyMDMxLTAxLTAxIiwiXHUwMDAwIl0"])
async def test_a_cursor_of_somewhere_else_is_a_bad_request(store: Store, cursor: str) -> None:
    answer = await store.get(PATH, cursor=cursor)
    page = await Browser(store, None).visit(f"/announcements?cursor={cursor}")

    assert (answer.status_code, page.status_code) == (400, 400)
    assert (await store.get(PATH, limit=0)).status_code == 422
    assert (await store.get(PATH, limit=101)).status_code == 422


async def test_a_store_announces_nothing_of_another(store: Store) -> None:
    launch = Recorded(store).planned("2031-05")
    await tell(store, launch.id)

    async with opened(store.settings, create_app(store.settings)) as other:
        quiet = await listed(other)
        own = Recorded(other).planned("2031-06", "The other store")
        await tell(other, own.id)
        theirs = await listed(other)
    ours = await listed(store)

    assert quiet == []
    assert [one["launch"] for one in theirs] == [own.id]
    assert [one["launch"] for one in ours] == [launch.id]


async def test_answers_are_kept_nowhere_and_have_no_version(store: Store) -> None:
    launch = Recorded(store).planned("2031-05")
    await tell(store, launch.id)

    for path in (PATH, "/v1/announcements.ics", "/announcements"):
        answer = await store.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert not {"etag", "last-modified", "age"} & set(answer.headers)


async def test_the_calendar_outside_leads_to_the_memo_and_counts_nothing_inside(
    store: Store,
) -> None:
    launch = Recorded(store).planned("2031-05-20T10:00")
    memo = await tell(store, launch.id)
    first = (await store.get("/v1/announcements.ics")).content
    mine = (await store.get("/v1/calendar.ics", "ada")).content
    launch.give("hold", reason="safety", note=None)

    (event,) = Calendar.from_ical(first).events
    (own,) = Calendar.from_ical(mine).events

    assert str(event["summary"]) == "The GPT Store opens"
    assert str(event["url"]) == f"{store.settings.base}/memos/{memo}"
    assert (own["uid"], own["sequence"]) == (event["uid"], event["sequence"])
    assert int(str(event["sequence"])) > 20_000_000  # minutes, not events
    assert (await store.get("/v1/announcements.ics")).content == first


async def test_everybody_sees_the_same_page_and_visitors_find_it(store: Store) -> None:
    launch = Recorded(store).planned("2031-05", f"Store {HOSTILE}"[:80])
    await tell(store, launch.id)

    visitor = await Browser(store, None).visit("/announcements")
    lead = await Browser(store, "lea").visit("/announcements")
    shelf = await Browser(store, None).visit("/catalogue")

    assert_careful(visitor)
    assert "In May 2031" in visitor.text
    assert 'href="/announcements"' in shelf.text
    for answer in (visitor, lead):
        main = answer.text.partition("<main")[2].partition("</main>")[0]
        assert "Lea" not in main
        assert f"/launches/{launch.id}" not in main
