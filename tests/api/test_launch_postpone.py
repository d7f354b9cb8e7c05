"""A postponement is seen before it is done, and done only as it was seen."""

import pytest
from markupsafe import escape

from tests.api.store import Store
from tests.api.test_launch_levers import sent
from tests.api.test_launch_pages import ahead, ready, words
from tests.api.test_pages import HOSTILE, Browser, Page
from tests.launch_stories import DAY, Told, bind


async def gating(store: Store) -> tuple[Told, str]:
    told = Told(store, "Opening", ahead(9 * DAY)).gating()
    bind(store, await ready(store), told.subject)
    return told, f"/launches/{told.subject}/postpone"


def asked(page: Page) -> dict[str, str]:
    """The hidden fields of the form that commits."""
    return page.hidden


async def test_what_would_follow_is_shown_and_nothing_happens(store: Store) -> None:
    told, path = await gating(store)

    empty = await Browser(store, "lea").page(path)
    page = await Browser(store, "lea").page(f"{path}?target=early 2031")
    odd = await Browser(store, "lea").page(f"{path}?target=soon")

    assert "Say when instead" in empty.text
    assert "<ins>early 2031</ins>" in page.text
    assert "<strong>1</strong> item moves" in words(page)
    assert "Postpone it now" in words(page)
    assert "Nobody can read" in odd.text
    state = (await store.get(f"/v1/launches/{told.subject}", "lea")).json()
    assert state["status"] == "gating"


async def test_it_is_postponed_as_it_was_seen(store: Store) -> None:
    told, path = await gating(store)
    page = await Browser(store, "lea").page(f"{path}?target=tbd by 2031-03-15")

    mute = await Browser(store, "lea").send(path, asked(page))
    done = await Browser(store, "lea").send(
        path, {**asked(page), "note": "Unexpected things keep us busy."}
    )
    board = await Browser(store, "una").page(f"/launches/{told.subject}")

    assert mute.status_code == 422
    assert done.status_code == 303, done.text
    assert done.headers["location"].endswith("said=postponed")
    assert "Postponed: <strong>to be decided; new date by 15 March 2031</strong>" in board.text
    assert "Unexpected things keep us busy." in board.text


async def test_it_is_refused_with_the_difference_if_anything_changed(store: Store) -> None:
    told, path = await gating(store)
    page = await Browser(store, "lea").page(f"{path}?target=early 2031")
    bind(store, await ready(store, "Bread Doctor"), told.subject)

    answer = await Browser(store, "lea").send(path, {**asked(page), "note": "Busy."})
    again = await Browser(store, "lea").send(path, {**asked(Page(answer.text)), "note": "Busy."})

    assert answer.status_code == 409
    assert "The plan changed since you looked. Nothing was postponed." in answer.text
    assert "Items move: 1 when you looked, 2 now." in " ".join(answer.text.split())
    assert again.status_code == 303


async def test_what_needs_a_decision_is_named(store: Store) -> None:
    told, path = await gating(store)
    embargoed = await ready(store, "Bread Doctor")
    bind(store, embargoed, told.subject, not_before="2026-12-24T09:00:00Z")

    page = await Browser(store, "lea").page(f"{path}?target=early 2031")

    assert "Does its embargo move along" in page.text
    assert "Bread Doctor" in page.text


async def test_only_the_lead_postpones_and_developers_see_no_preview(store: Store) -> None:
    told, path = await gating(store)

    others = await Browser(store, "rita").page(f"{path}?target=early 2031")
    developer = await Browser(store, "ada").visit(path)
    foreign = await sent(
        store, "rita", f"/launches/{told.subject}", path,
        plan_hash="0" * 64, target="early 2031", note="Busy.",
    )  # fmt: skip

    assert "Postponing it is not possible" in others.text
    assert developer.status_code == 404
    assert foreign[0] in (403, 409)


async def test_both_memos_stand_beside_the_preview_as_they_will_be_and_nobody_has_them(
    store: Store,
) -> None:
    told, path = await gating(store)
    lea = Browser(store, "lea")
    when = f"{path}?target=early 2031&why=unexpected"

    english = await lea.page(when)
    french = await lea.page(f"{when}&tongue=fr")
    nothing = (await store.get("/v1/memos", "lea")).json()["items"]
    done = await lea.send(path, {**asked(english), "note": "Two reviewers left."})
    made = await store.post("/v1/memos", {"launch": told.subject}, by="lea")
    parts = (await store.get(made.headers["location"], "lea")).json()["parts"]

    assert "Nobody has them" in english.text
    assert nothing == []
    assert done.headers["location"] == f"/memos?launch={told.subject}&said=postponed"
    for locale, page in (("en", english), ("fr", french)):
        for audience in ("internal", "public"):
            assert escape(parts[f"{audience}/{locale}"]["subject"]) in page.text
        for line in parts[f"public/{locale}"]["text"].splitlines():
            assert escape(line.removeprefix("- ")) in page.text
    assert "Unexpected things have kept us busy." in parts["public/en"]["text"]
    assert "Two reviewers left." in parts["internal/en"]["text"]
    assert "Two reviewers left." not in parts["public/en"]["text"]


async def test_an_earlier_date_is_no_postponement_and_offers_no_commit(store: Store) -> None:
    _, path = await gating(store)

    page = await Browser(store, "lea").page(f"{path}?target={ahead(5 * DAY):%Y-%m-%d}")

    assert "That is no postponement" in page.text
    assert "Postpone it now" not in page.text


@pytest.mark.parametrize("field", ["why", "tongue"])
async def test_a_reason_or_a_language_nobody_wrote_is_refused(store: Store, field: str) -> None:
    _, path = await gating(store)

    answer = await Browser(store, "lea").visit(f"{path}?target=early 2031&{field}={HOSTILE}")

    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
