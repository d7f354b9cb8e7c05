"""The inbox over HTTP and on its pages: one's own, bounded, marked, with hostile names."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlmodel import col, select

from gonogo.db.notices import DeliveryRow, NoticeRow
from gonogo.db.session import reading, writing
from gonogo.notices.addresses import Addresses
from gonogo.notices.fanout import Fanout
from gonogo.notices.keys import ADDRESS_KEY, derived
from gonogo.notices.mailing import confirmation
from tests.api.store import Store, manifest, opened
from tests.api.test_pages import HOSTILE, Browser
from tests.api.world import World


def fan_out(store: Store) -> int:
    engine, done = store.app.state.services.engine, 0
    fanout = Fanout(engine, store.settings.store, "Europe/London", mail=False)
    while taken := fanout.batch():
        done += taken
    return done


async def asked(store: Store, name: str = "Night Sky Guide") -> dict[str, Any]:
    """A case with a question to ada, fanned out."""
    case = await store.claimed(manifest(name))
    body = {"reason": "purpose", "note": "What is <b>it</b> for?"}
    answer = await store.post(
        f"/v1/reviews/{case['id']}/decisions",
        {"verdict": "ask", "digest": case["digest"], **body},
        by="rita",
        version=case["version"],
    )
    assert answer.status_code == 200, answer.text
    fan_out(store)
    return case


async def test_the_publisher_reads_what_was_asked_and_others_do_not_have_it(store: Store) -> None:
    store.id_of("ben")
    store.id_of("ada")
    case = await asked(store)

    inbox = (await store.get("/v1/me/inbox", "ada")).json()
    question = next(one for one in inbox["items"] if one["notice"] == "question")
    entry = (await store.get(f"/v1/me/inbox/{question['id']}", "ada")).json()

    assert question["title"] == "A reviewer has a question: Night Sky Guide"
    assert question["path"] == f"/submissions/{case['id']}"
    assert "What is <b>it</b> for?" in entry["text"]
    assert (await store.get(f"/v1/me/inbox/{question['id']}", "ben")).status_code == 404
    assert (await store.get(f"/v1/me/inbox/{question['id']}", "rita")).status_code == 404
    assert (await store.get("/v1/me/inbox", "ben")).json()["items"] == []
    assert (await store.get("/v1/me/inbox")).status_code == 401


async def test_read_and_unread_are_counted(store: Store) -> None:
    store.id_of("ada")
    await asked(store)
    first = (await store.get("/v1/me/inbox", "ada")).json()
    one = first["items"][0]["id"]

    async def put(path: str, body: Any = None, method: str = "PUT") -> int:
        headers = store.headers("ada")
        answer = await store.http.request(method, path, json=body, headers=headers)
        return answer.status_code

    async def unread() -> int:
        return int((await store.get("/v1/me/inbox", "ada")).json()["unread"])

    assert first["unread"] == len(first["items"]) > 1
    assert await put(f"/v1/me/inbox/{one}/read") == 204
    assert await unread() == first["unread"] - 1
    assert await put(f"/v1/me/inbox/{one}/read", method="DELETE") == 204
    assert await unread() == first["unread"]
    early = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    assert await put("/v1/me/inbox/read", {"until": early}) == 200
    assert await unread() == first["unread"]
    assert await put("/v1/me/inbox/read", {"until": first["items"][0]["at"]}) == 200
    assert await unread() == 0
    assert await put("/v1/me/inbox/dlv_nobody/read") == 404
    assert (await store.get("/v1/me/inbox", "ada", unread=True)).json()["items"] == []


async def test_the_list_comes_in_pages_and_takes_no_foreign_cursor(store: Store) -> None:
    ada = store.id_of("ada")
    await asked(store)
    engine, name = store.app.state.services.engine, store.settings.store
    with reading(engine) as session:
        notice = session.exec(select(NoticeRow).where(col(NoticeRow.store_id) == name)).first()
    assert notice is not None
    at = datetime.now(UTC) - timedelta(days=1)
    with writing(engine) as session:
        for number in range(150):
            session.add(
                DeliveryRow(
                    store_id=name,
                    id=f"dlv_{name}_{number:03}",
                    notice_id=notice.id,
                    channel="inbox",
                    recipient=ada,
                    subject=notice.subject,
                    position=notice.position,
                    topic="progress",
                    state="sent",
                    message_id="m",
                    created_at=at,
                )
            )

    seen: list[str] = []
    cursor: str | None = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = (await store.get("/v1/me/inbox", "ada", limit=60, **more)).json()
        seen += [one["id"] for one in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break

    assert len(seen) == len(set(seen)) > 150
    assert answer["unread"] == 100  # “more than 99”; counting further would cost
    assert (await store.get("/v1/me/inbox", "ada", cursor="bm90aGluZw")).status_code == 400
    assert (await store.get("/v1/me/inbox", "ada", limit=1_000)).status_code == 422


async def test_preferences_are_a_matrix_that_is_kept(store: Store) -> None:
    chosen = {
        "topics": {"progress": {"inbox": "off", "mail": "daily"}},
        "quiet": {"start": "22:00", "end": "07:30"},
    }

    answer = await store.http.put("/v1/me/notices", json=chosen, headers=store.headers("ada"))

    kept = (await store.get("/v1/me/notices", "ada")).json()
    assert answer.json() == kept
    assert kept["topics"]["progress"] == {"inbox": "off", "mail": "daily"}
    assert kept["topics"]["my_gpts"] == {"inbox": "now", "mail": "now"}
    assert kept["quiet"] == {"start": "22:00", "end": "07:30"}
    assert kept["mail"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"topics": {"everything": {"mail": "off"}}},
        {"topics": {"progress": {"inbox": "daily"}}},
        {"topics": {"progress": {"fax": "now"}}},
        {"quiet": {"start": "24:00", "end": "07:00"}},
        {"quiet": {"start": "22:00"}},
        {"surprise": True},
    ],
)
async def test_preferences_that_mean_nothing_are_refused(store: Store, body: Any) -> None:
    answer = await store.http.put("/v1/me/notices", json=body, headers=store.headers("ada"))

    assert answer.status_code == 422
    assert answer.json()["faults"]


async def test_the_pages_show_the_count_the_text_and_what_was_chosen(store: Store) -> None:
    store.id_of("ada")
    case = await asked(store, "Sky <Guide>")
    browser = Browser(store, "ada")

    page = await browser.page("/inbox")
    assert f"/submissions/{case['id']}" in page.links
    entry = next(link for link in sorted(page.links) if link.startswith("/inbox/dlv_"))
    texts = [(await browser.page(link)).text for link in page.links if "/inbox/dlv_" in link]
    assert any("What is &lt;b&gt;it&lt;/b&gt; for?" in text for text in texts)
    assert "unread</span>" not in texts[-1]  # the count on the page that read the last one
    assert "Everything is read." in (await browser.page("/inbox")).text
    answer = await browser.send(f"{entry}/unread", {})
    assert answer.status_code == 303
    assert "1 unread." in (await browser.page("/inbox")).text
    chosen = {"progress.mail": "off", "quiet_start": "21:00", "quiet_end": "06:00"}
    assert (await browser.send("/inbox/preferences", chosen)).status_code == 303
    kept = (await store.get("/v1/me/notices", "ada")).json()
    assert kept["topics"]["progress"] == {"inbox": "now", "mail": "off"}
    assert kept["quiet"] == {"start": "21:00", "end": "06:00"}
    assert 'value="21:00"' in (await browser.page("/inbox/preferences")).text
    wrong = await browser.send("/inbox/preferences", {"progress.mail": "hourly"})
    assert wrong.status_code == 422


async def test_a_hostile_name_stays_text_in_the_inbox(store: Store) -> None:
    store.id_of("ada")
    await asked(store, HOSTILE[:60])

    page = await Browser(store, "ada").page("/inbox")

    assert "<img src=x" not in page.text
    assert "<script>alert" not in page.text


async def test_a_visitor_is_sent_to_sign_in(store: Store) -> None:
    for path in ("/inbox", "/inbox/preferences", "/inbox/dlv_1"):
        answer = await Browser(store, None).visit(path)
        assert (answer.status_code, answer.headers["location"][:7]) == (303, "/?next=")


async def test_an_address_waits_for_its_readers_word(world: World) -> None:
    mails = world.settings.model_copy(update={"smtp_url": SecretStr("smtp://127.0.0.1:9")})
    async with opened(mails, world.app) as store:
        headers = store.headers("ada")

        async def put(email: str) -> httpx.Response:
            return await store.http.put("/v1/me/address", json={"email": email}, headers=headers)

        assert (await put("ada@example.org\r\nBcc: x@y.z")).status_code == 422
        assert (await put("ada@example.org")).json() == {"sent": True}
        assert (await put("eve@example.org")).status_code == 409
        kept = (await store.get("/v1/me/notices", "ada")).json()["mail"]
        assert kept == {"email": "ada@example.org", "confirmed": False, "bounced_at": None}
        wrong = {"proof": "0" * 64}
        answer = await store.post("/v1/me/address/confirm", wrong, by="ada")
        assert answer.status_code == 404
        book = Addresses(store.app.state.services.engine, store.settings.store)
        row = book.of(store.id_of("ada"))
        assert row is not None
        proof = confirmation(derived(mails.mac_key(), ADDRESS_KEY), row)
        browser = Browser(store, "ada")
        assert "ada@example.org" in (await browser.page(f"/inbox/address/{proof}")).text
        assert (await browser.send(f"/inbox/address/{proof}", {})).status_code == 303
        assert (await store.get("/v1/me/notices", "ada")).json()["mail"]["confirmed"]
        assert (await store.get("/v1/me/notices", "ben")).json()["mail"] is None
        assert (await store.http.delete("/v1/me/address", headers=headers)).status_code == 204
        assert (await store.get("/v1/me/notices", "ada")).json()["mail"] is None


async def test_without_a_mail_server_nobody_is_promised_a_letter(store: Store) -> None:
    answer = await store.http.put(
        "/v1/me/address", json={"email": "ada@example.org"}, headers=store.headers("ada")
    )

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/illegal-move")


async def test_staff_see_on_the_timeline_who_was_told_and_the_publisher_does_not(
    store: Store,
) -> None:
    store.id_of("ada")
    case = await asked(store)

    inside = (await Browser(store, "lea").page(f"/reviews/{case['id']}")).text
    outside = (await Browser(store, "ada").page(f"/submissions/{case['id']}")).text
    receipts = (await store.get(f"/v1/receipts/{case['id']}", "lea")).json()["items"]

    assert "Told: 1 person" in inside
    assert "Told:" not in outside
    asked_of = [one for one in receipts if one["notice"] == "question"]
    assert [(one["recipient"], one["channel"], one["state"]) for one in asked_of] == [
        (store.id_of("ada"), "inbox", "sent")
    ]
    assert (await store.get(f"/v1/receipts/{case['id']}", "ada")).status_code == 403
    assert (await store.get(f"/v1/receipts/{case['id']}", "twin")).status_code == 404
