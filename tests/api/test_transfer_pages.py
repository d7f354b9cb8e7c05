"""Pages of a GPT that changes hands: offered on its page, answered where the other side looks."""

from tests.api.store import Store, manifest
from tests.api.test_pages import HOSTILE, Browser, assert_careful


async def given(browser: Browser, path: str, form_of: str, **fields: str) -> str:
    """Send the form of `path` to `to`; where it leads."""
    form = await browser.page(path)
    answer = await browser.send(form_of, {"key": form.hidden["key"], **fields})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def test_offering_and_accepting_works_by_pages_alone(store: Store) -> None:
    ada, ben = Browser(store, "ada"), Browser(store, "ben")
    listing = await store.released(manifest("Lantern Guide"))
    gpt, marrow = listing["gpt"], store.publishers["marrow"]
    store.id_of("ben")

    offered = await given(
        ada, f"/gpts/{gpt}", f"/gpts/{gpt}/transfers", to=marrow, note="As agreed."
    )
    transfer = offered.partition("?")[0]
    mine = await ada.page(f"/gpts/{gpt}")
    theirs = await ben.page(f"/publishers/{marrow}")
    inbox = await ben.page("/inbox")
    page = await ben.page(transfer)
    accepted = await given(ben, transfer, transfer, what="accept")
    now = await ben.page(f"/gpts/{gpt}")

    assert offered.endswith("said=offered")
    assert transfer in mine.links
    for where in (theirs, inbox, page):
        assert "Lantern Guide" in where.text
        assert 'value="accept"' in where.text
        assert 'value="withdraw"' not in where.text
    assert "As agreed." in page.text
    assert "Ada" not in page.text  # a publisher offers, not a person
    assert accepted.endswith("said=accepted")
    assert (await ada.visit(f"/gpts/{gpt}")).status_code == 404
    assert "of the former publisher" in now.text
    assert not [link for link in now.links if link.startswith(("/submissions/", "/releases/"))]
    assert "It was handed over to another publisher" in now.text


async def test_what_is_in_the_way_is_said_beside_the_form(store: Store) -> None:
    case = await store.submitted()
    ada = Browser(store, "ada")
    form = await ada.page(f"/gpts/{case['gpt']}")
    path = f"/gpts/{case['gpt']}/transfers"
    key = {"key": form.hidden["key"]}

    open_case = await ada.send(path, {**key, "to": store.publishers["marrow"]})
    nobody = await ada.send(path, {**key, "to": "  "})
    odd = await ada.send(path, {**key, "to": "pub é"})

    assert (open_case.status_code, nobody.status_code, odd.status_code) == (409, 422, 404)
    assert "withdraw its open submission" in open_case.text


async def test_a_hostile_note_is_shown_and_does_nothing_and_strangers_see_no_offer(
    store: Store,
) -> None:
    case = await store.submitted()
    await store.post(f"/v1/submissions/{case['id']}/withdraw", by="ada")
    store.id_of("ben")
    offer = {"to": store.publishers["marrow"], "note": HOSTILE}
    told = await store.post(f"/v1/gpts/{case['gpt']}/transfers", offer, by="ada")
    path = f"/transfers/{told.json()['transfer']}"

    page = await Browser(store, "ben").visit(path)
    withdrawn = await given(Browser(store, "ada"), path, path, what="withdraw")

    assert_careful(page)
    assert "<script>alert" not in page.text
    assert withdrawn.endswith("said=done")
    assert (await Browser(store, None).visit(path)).status_code in (
        303, 401, 404,
    )  # fmt: skip
