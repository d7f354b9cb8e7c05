"""Memos over HTTP: written from the record, embargoed until sent, corrected and never changed."""

from datetime import date
from typing import Any

from sqlmodel import select

from api.kept import Order
from gonogo.db.notices import NoticeRow
from gonogo.db.prose import keep_prose
from gonogo.db.session import reading
from gonogo.db.tables import EventRow
from gonogo.notices.fanout import Fanout
from policies.lifecycle.kernel import Actor
from tests.api.launches import Recorded, in_days, on
from tests.api.store import PEOPLE, Store

NOTE = "Two people left, do not tell anybody."


def postponed(store: Store) -> Recorded:
    launch = Recorded(store).planned(in_days(10))
    note = keep_prose(store.app.state.services.engine, NOTE)
    launch.give("postpone", target=on(in_days(40)), reason="unexpected", note=note)
    return launch


async def prepared(store: Store, launch: Recorded, **more: Any) -> dict[str, Any]:
    answer = await store.post("/v1/memos", {"launch": launch.id, **more}, by="lea")
    assert answer.status_code == 201, answer.text
    memo: dict[str, Any] = (await store.get(answer.headers["location"], "lea")).json()
    return memo


async def send(store: Store, memo: dict[str, Any], audience: str) -> Any:
    return await store.post(f"/v1/memos/{memo['id']}/send", {"audience": audience}, by="lea")


async def test_a_memo_is_written_from_the_record_for_both_audiences(store: Store) -> None:
    memo = await prepared(store, postponed(store))

    parts = memo["parts"]
    assert list(parts) == ["internal/en", "internal/fr", "public/en", "public/fr"]
    assert memo["kind"] == "postponed"
    assert NOTE in parts["internal/en"]["text"]
    assert "Lea" in parts["internal/fr"]["text"]
    assert "Unexpected things have kept us busy." in parts["public/en"]["text"]
    for name in ("public/en", "public/fr"):
        assert NOTE not in parts[name]["text"]
        assert "Lea" not in parts[name]["text"]
    assert {kind for kind, may in memo["can"].items() if may["allowed"]} == {
        "edit",
        "send",
        "discard",
    }


async def test_the_public_is_told_no_date_that_was_moved_inside_only(store: Store) -> None:
    launch = Recorded(store).planned(in_days(10))
    await send(store, await prepared(store, launch, locales=["en"]), "public")
    launch.give("postpone", target=on(in_days(40)), reason="quality")
    await prepared(store, launch)  # sent to nobody outside
    launch.give("postpone", target=on(in_days(70)), reason="unexpected")

    parts = (await prepared(store, launch, locales=["en"]))["parts"]

    told, inside = (f"{date.fromisoformat(in_days(days)):%-d %B %Y}" for days in (10, 40))
    assert told in parts["public/en"]["text"]
    assert inside not in parts["public/en"]["text"]
    assert inside in parts["internal/en"]["text"]


async def test_nobody_outside_reads_it_before_it_is_sent_nor_insiders_text_ever(
    store: Store,
) -> None:
    memo = await prepared(store, postponed(store))
    outside = f"/v1/public/memos/{memo['id']}"

    before = (await store.get(outside)).status_code
    inside = await send(store, memo, "internal")
    still = (await store.get(outside)).status_code
    public = await send(store, memo, "public")
    after = (await store.get(outside)).json()
    listed = (await store.get("/v1/public/memos")).json()["items"]
    foreign = await store.get(f"/v1/memos/{memo['id']}", "ada")

    assert (before, inside.status_code, still, public.status_code) == (404, 200, 404, 200)
    assert list(after["parts"]) == ["public/en", "public/fr"]
    assert NOTE not in str(after)
    assert {key for part in after["parts"].values() for key in part} == {"subject", "text"}
    assert not {"prepared_by", "sent", "can", "about"} & set(after)
    assert [one["id"] for one in listed] == [memo["id"]]
    assert foreign.status_code == 403


async def test_a_key_of_one_memo_is_no_repeat_for_another(store: Store) -> None:
    launch = postponed(store)
    one, other = [await prepared(store, launch, locales=["en"]) for _ in range(2)]
    words = {"part": "public/en", "subject": "Later", "text": "Soon."}

    first = await store.post(f"/v1/memos/{one['id']}/edit", words, by="lea", key="key-of-one-memo")
    again = await store.post(f"/v1/memos/{one['id']}/edit", words, by="lea", key="key-of-one-memo")
    second = await store.post(
        f"/v1/memos/{other['id']}/edit", words, by="lea", key="key-of-one-memo"
    )

    assert (first.status_code, again.json()) == (200, first.json())
    assert (second.status_code, second.json()["type"]) == (422, "/problems/key-reused")


async def test_i1_nobody_sends_what_another_changed_since_they_read_it(store: Store) -> None:
    memo = await prepared(store, postponed(store), locales=["en"])
    path, read = f"/v1/memos/{memo['id']}", memo["version"]
    words = {"part": "public/en", "subject": "Later", "text": "Soon."}
    to = {"audience": "public"}
    await store.post(f"{path}/edit", words, by="lou", version=read)

    late = [
        await store.post(f"{path}/{what}", body, by="lea", version=read)
        for what, body in (("send", to), ("edit", words), ("discard", None))
    ]
    outside = await store.get(f"/v1/public/memos/{memo['id']}")
    done = await store.post(f"{path}/send", to, by="lea", version=read + 1, key="send-it-once")
    again = await store.post(f"{path}/send", to, by="lea", version=read + 1, key="send-it-once")

    assert {answer.status_code for answer in late} == {412}
    assert outside.status_code == 404
    assert (done.status_code, again.json()) == (200, done.json())


async def test_a_part_is_edited_until_somebody_has_it(store: Store) -> None:
    memo = await prepared(store, postponed(store), locales=["en"])
    path = f"/v1/memos/{memo['id']}"
    words = {
        "part": "public/en",
        "subject": "Later\r\nBcc: x",
        "text": "Soon.\r\n\r\n\x1b[1mReally.",
    }

    edited = await store.post(f"{path}/edit", words, by="lea")
    await send(store, memo, "public")
    late = await store.post(f"{path}/edit", words | {"text": "Never."}, by="lea")
    seen = (await store.get(path, "lea")).json()["parts"]["public/en"]

    assert edited.status_code == 200
    assert (late.status_code, late.json()["type"]) == (409, "/problems/illegal-move")
    assert seen == {"subject": "Later Bcc: x", "text": "Soon.\n\n[1mReally.\n", "edits": 1}


async def test_a_correction_is_a_memo_of_its_own_and_both_name_each_other(store: Store) -> None:
    launch = postponed(store)
    memo = await prepared(store, launch)
    early = await store.post(
        "/v1/memos", {"launch": launch.id, "corrects": memo["id"], "right": "x"}, by="lea"
    )
    await send(store, memo, "public")

    correction = await prepared(store, launch, corrects=memo["id"], right="It opens in May.")
    await send(store, correction, "public")
    old = (await store.get(f"/v1/public/memos/{memo['id']}")).json()
    new = (await store.get(f"/v1/public/memos/{correction['id']}")).json()

    assert early.status_code == 404  # nobody was told anything wrong yet
    assert old["corrected_by"] == correction["id"]
    assert old["parts"] == {
        name: {"subject": part["subject"], "text": part["text"]}
        for name, part in memo["parts"].items()
        if name.startswith("public/")
    }
    assert new["corrects"] == memo["id"]
    assert "It opens in May." in new["parts"]["public/en"]["text"]
    assert f"/memos/{memo['id']}" in new["parts"]["public/fr"]["text"]


async def test_a_discarded_memo_is_sent_to_nobody(store: Store) -> None:
    memo = await prepared(store, postponed(store))

    gone = await store.post(f"/v1/memos/{memo['id']}/discard", by="lea")
    refused = await send(store, memo, "public")

    assert (gone.json()["memo"], gone.status_code) == (memo["id"], 200)
    assert refused.status_code == 409


async def test_who_may_write_and_what_about(store: Store) -> None:
    launch = postponed(store)
    others = [
        (await store.post("/v1/memos", {"launch": launch.id}, by=name)).status_code
        for name in ("ada", "rita", "adam")
    ]
    drafted = await store.post("/v1/memos", {"launch": launch.id, "about": 1}, by="lea")
    nowhere = await store.post("/v1/memos", {"launch": "lch_none"}, by="lea")
    odd = await store.post("/v1/memos", {"launch": launch.id, "locales": ["de"]}, by="lea")

    assert others == [403, 403, 403]
    assert (drafted.status_code, nowhere.status_code, odd.status_code) == (400, 404, 422)


async def test_texts_and_names_stay_out_of_events(store: Store) -> None:
    memo = await prepared(store, postponed(store))
    await send(store, memo, "public")

    with reading(store.app.state.services.engine) as session:
        rows = session.exec(select(EventRow).where(EventRow.subject == memo["id"])).all()
    bodies = str([row.body for row in rows])

    assert [row.type for row in rows] == ["memo:prepared", "memo:sent"]
    for said in ("Lea", NOTE, "GPT Store", "busy"):
        assert said not in bodies


async def test_sending_tells_insiders_and_builders_in_the_launch(store: Store) -> None:
    launch = postponed(store)
    case = await store.approved()
    await store.until(f"/v1/releases/{case['release']}", lambda r: r["phase"] == "ready")
    svc = store.app.state.services
    bound = await svc.gateway.send(
        Order(
            machine="release",
            kind="bind",
            subject=case["release"],
            gpt=case["gpt"],
            actor=Actor(store.id_of("lea"), PEOPLE["lea"]),
            body={"launch": launch.id, "wave": 1, "importance": "must"},
        )
    )
    memo = await prepared(store, launch)
    await send(store, memo, "internal")
    await send(store, memo, "public")
    lane = Fanout(svc.engine, svc.store, "Europe/London", mail=False)
    while lane.batch():
        pass

    told = {
        name: [
            one["subject"]
            for one in (await store.get("/v1/me/inbox", name)).json()["items"]
            if one["notice"].startswith("memo")
        ]
        for name in ("ada", "ben", "rita")
    }
    with reading(svc.engine) as session:
        kept = session.exec(select(NoticeRow).where(NoticeRow.subject == memo["id"])).all()

    assert bound.answer is not None
    assert len(told["ada"]) == 1
    assert told["ben"] == []
    assert len(told["rita"]) == 1
    assert {row.notice for row in kept} >= {"memo", "memo_inside"}
