"""What builders owe before a launch, on a page: done by a button where their word counts."""

from tests.api.store import Store
from tests.api.test_pages import Browser, assert_careful


async def test_policies_are_accepted_on_the_page(store: Store) -> None:
    path = f"/duties/{store.publishers['lumen']}"
    ada = Browser(store, "ada")

    before = await ada.page(path)
    sent = await ada.send(path, {"key": before.hidden["key"], "duty": "accept_policies"})
    after = await ada.visit(path)

    assert "We accept them" in before.text
    assert sent.status_code == 303
    assert "We accept them" not in after.text
    assert "All of it is done." in after.text
    assert_careful(after)


async def test_only_its_own_people_have_the_button_and_strangers_see_nothing(store: Store) -> None:
    path = f"/duties/{store.publishers['lumen']}"

    lea, ben = await Browser(store, "lea").visit(path), await Browser(store, "ben").visit(path)
    form = await Browser(store, "lea").page("/stops")
    refused = await Browser(store, "lea").send(
        path, {"key": form.hidden["key"], "duty": "accept_policies"}
    )

    assert lea.status_code == 200
    assert "We accept them" not in lea.text
    assert ben.status_code == 404
    assert refused.status_code == 403
