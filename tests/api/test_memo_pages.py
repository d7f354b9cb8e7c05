"""Memos on pages: written, edited, sent and corrected by forms alone; read by everybody."""

import re

import pytest

from api.pages import memos
from tests.api.launches import Recorded
from tests.api.store import Store
from tests.api.test_inbox import fan_out
from tests.api.test_memos import NOTE, postponed
from tests.api.test_pages import HOSTILE, Browser, assert_careful


async def written(store: Store, launch: Recorded) -> str:
    lea = Browser(store, "lea")
    form = await lea.page(f"/memos?launch={launch.id}")
    made = await lea.send("/memos", {"key": form.hidden["key"], "launch": launch.id})
    assert made.status_code == 303, made.text
    return made.headers["location"].partition("?")[0]


async def test_a_memo_is_written_edited_and_sent_on_pages_alone(store: Store) -> None:
    path = await written(store, postponed(store))
    lea = Browser(store, "lea")
    hidden = await Browser(store, None).visit(path)

    form = await lea.page(path)
    key = form.hidden["key"]
    edit = {"key": key, "what": "edit", "part": "public/en"}
    empty = await lea.send(path, edit | {"subject": "x", "text": " "})
    edited = await lea.send(path, edit | {"subject": "Later", "text": f"Soon.\n\n{HOSTILE}"})
    sent = await lea.send(path, {"key": key, "what": "send", "audience": "public"})
    public = await Browser(store, None).visit(path)
    inside = await lea.page(path)
    listed = await Browser(store, None).visit("/memos")

    assert hidden.status_code == 404
    assert NOTE in form.text
    assert " by Lea" in form.text.partition(", written ")[2].partition("</p>")[0]
    assert ", written " not in public.text + listed.text
    assert ", edited" not in public.text
    assert ", edited" in inside.text
    assert (empty.status_code, edited.status_code, sent.status_code) == (422, 303, 303)
    assert public.status_code == 200
    assert "Soon." in public.text
    assert NOTE not in public.text
    assert "Send it to" not in public.text
    assert_careful(public)
    assert_careful(listed)
    assert path in listed.text
    assert NOTE in inside.text


async def test_a_sent_memo_tells_its_senders_how_many_have_it_and_nobody_else(
    store: Store,
) -> None:
    path = await written(store, postponed(store))
    lea = Browser(store, "lea")
    for name in ("lea", "sam"):
        store.id_of(name)
    form = await lea.page(path)
    fields = {"key": form.hidden["key"], "what": "send", "audience": "internal"}
    assert (await lea.send(path, fields)).status_code == 303

    before = await lea.page(path)
    fan_out(store)
    after = await lea.page(path)
    form = await lea.page(path)
    fields = {"key": form.hidden["key"], "what": "send", "audience": "public"}
    assert (await lea.send(path, fields)).status_code == 303
    fan_out(store)
    outside = await Browser(store, None).visit(path)

    assert "Told: " not in before.text
    people = {int(count) for count in re.findall(r"Told: (\d+) p", after.text)}
    assert len(people) == 1
    assert people.pop() > 0
    assert "Told: " not in outside.text


async def test_a_sent_memo_is_corrected_by_another_on_its_page(store: Store) -> None:
    path = await written(store, postponed(store))
    lea = Browser(store, "lea")
    for audience in ("internal", "public"):
        form = await lea.page(path)
        fields = {"key": form.hidden["key"], "what": "send", "audience": audience}
        assert (await lea.send(path, fields)).status_code == 303

    form = await lea.page(path)
    fields = {"key": form.hidden["key"], "what": "correct"}
    blind = await lea.send(path, fields)
    made = await lea.send(path, fields | {"right": "It opens in May."})
    correction = made.headers["location"].partition("?")[0]
    draft = await lea.page(correction)
    await lea.send(correction, {"key": draft.hidden["key"], "what": "send", "audience": "public"})
    old, new = await Browser(store, None).visit(path), await Browser(store, None).visit(correction)

    assert (blind.status_code, made.status_code) == (422, 303)
    assert f'href="{correction}"' in old.text
    assert f'href="{path}"' in new.text
    assert "It opens in May." in new.text


async def test_older_memos_of_one_launch_are_of_that_launch(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memos, "PAGE", 1)
    launch, other = postponed(store), postponed(store)
    lea = Browser(store, "lea")
    await written(store, other)
    path = await written(store, launch)
    form = await lea.page(path)
    sent = await lea.send(path, {"key": form.hidden["key"], "what": "send", "audience": "public"})
    form = await lea.page(path)
    fields = {"key": form.hidden["key"], "what": "correct", "right": "It opens in May."}
    made = await lea.send(path, fields)

    newest = await lea.page(f"/memos?launch={launch.id}")
    (older,) = [link for link in newest.links if "cursor=" in link]
    page = await lea.page(older)

    assert (sent.status_code, made.status_code) == (303, 303)
    assert path in page.links
    assert not [link for link in page.links if "cursor=" in link]  # the other launch's is none


async def test_only_leads_have_buttons(store: Store) -> None:
    path = await written(store, postponed(store))

    rita = await Browser(store, "rita").visit(path)
    ada = await Browser(store, "ada").visit(path)

    assert rita.status_code == 200
    assert "Send it to" not in rita.text
    assert ada.status_code == 404
