"""Pages of publishers: they say what to put where and why it did not work; their forms work."""

from tests.api.store import Store
from tests.api.test_pages import HOSTILE, Browser, assert_careful
from tests.api.test_publishers import founded, fresh_domain, seen
from tests.names import NameServer


async def test_founding_proving_and_inviting_works_by_pages_alone(
    store: Store, names: NameServer
) -> None:
    ada, ben, domain = Browser(store, "ada"), Browser(store, "ben"), fresh_domain()
    start = await ada.page("/publishers")
    made = await ada.send("/publishers", {**start.hidden, "name": "Nova House"})
    path = made.headers["location"].partition("?")[0]

    async def give(who: Browser, **fields: str) -> str:
        form = await who.page(path)
        key = {"key": form.hidden["key"], "version": form.hidden.get("version", "0")}
        answer = await who.send(path, {**key, **fields})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    await give(ada, what="challenge", text=domain)
    steps = await ada.page(path)
    failed = await give(ada, what="check")
    why = await ada.visit(failed)
    view = await seen(store, path.rpartition("/")[2])
    names.txt(domain, view["challenge"]["dns"]["value"])
    proven = await give(ada, what="check")
    await give(ada, what="invite", person=store.id_of("ben"))
    invited = await ben.page("/publishers")
    await give(ben, what="accept")
    whole = await ben.page(path)

    assert f"_gonogo-challenge.{domain}" in steps.text
    assert f"https://{domain}/.well-known/gonogo-challenge.txt" in steps.text
    assert failed.endswith("said=not_shown")
    assert "There is no TXT record at that name" in why.text
    assert proven.endswith("said=proven")
    assert path in invited.links
    assert "Ben" in whole.text
    assert "Somebody became a member" in whole.text


async def test_a_page_hides_nothing_hostile_and_shows_nothing_to_strangers(store: Store) -> None:
    publisher = await founded(store, name=HOSTILE[:100])

    own = await Browser(store, "ada").visit(f"/publishers/{publisher}")
    strange = await Browser(store, "ben").visit(f"/publishers/{publisher}")

    assert_careful(own)
    assert "<script>alert" not in own.text
    assert strange.status_code == 404


async def test_staff_attest_and_revoke_on_the_page(store: Store) -> None:
    publisher = await founded(store)
    lea, path = Browser(store, "lea"), f"/publishers/{publisher}"

    async def give(**fields: str) -> int:
        form = await lea.page(path)
        fixed = {name: form.hidden[name] for name in ("key", "version")}
        return (await lea.send(path, {**fixed, **fields})).status_code

    blind = await give(what="attest", text="Agrees.")
    attested = await give(what="attest", text="Agrees.", note="Register and invoice.")
    verified = (await seen(store, publisher))["verified"]
    revoked = await give(what="revoke", text="It was forged.")

    assert (blind, attested, verified, revoked) == (422, 303, True, 303)
    assert not (await seen(store, publisher))["verified"]


async def test_a_form_without_what_it_needs_says_so_and_changes_nothing(store: Store) -> None:
    publisher = await founded(store)
    ada, path = Browser(store, "ada"), f"/publishers/{publisher}"
    form = await ada.page(path)
    key = form.hidden["key"]

    codes = [
        (await ada.send(path, {"key": key, "version": "1", **fields})).status_code
        for fields in (
            {"what": "challenge"},
            {"what": "challenge", "text": "co.uk"},
            {"what": "invite", "person": "per_ é"},
            {"what": "invite", "person": "per_none"},
            {"what": "leave"},
            {"what": "bless"},
            {"what": "rename", "text": "x" * 121},
        )
    ]

    assert codes == [422, 422, 404, 404, 409, 422, 422]
    assert (await seen(store, publisher))["seq"] == 1


async def test_whoever_is_only_invited_is_not_named(store: Store) -> None:
    publisher, ben, twin = await founded(store), store.id_of("ben"), store.id_of("twin")
    path = f"/v1/publishers/{publisher}"
    for person in (ben, twin):
        await store.post(f"{path}/invitations", {"person": person}, by="ada")
    await store.post(f"{path}/accept", by="ben")

    owner = await Browser(store, "ada").page(f"/publishers/{publisher}")
    member = (await store.get(path, "ben")).json()
    staff = await Browser(store, "lea").page(f"/publishers/{publisher}")

    assert "Ben" in owner.text
    assert twin in owner.text  # by the id the owner gave, to take it back
    assert "Twin" not in owner.text
    assert "Twin" not in staff.text
    assert member["invited"] == {}


async def test_staff_reinstate_and_add_an_owner_on_the_page(store: Store) -> None:
    publisher, ben = await founded(store), store.id_of("ben")
    path = f"/publishers/{publisher}"

    async def give(by: str, **fields: str) -> int:
        browser = Browser(store, by)
        form = await browser.page(path)
        fixed = {name: form.hidden[name] for name in ("key", "version")}
        return (await browser.send(path, {**fixed, **fields})).status_code

    codes = [
        await give("lea", what="attest", text="Agrees.", note="Register and invoice."),
        await give("lea", what="revoke", text="It was forged."),
    ]
    revoker = await Browser(store, "lea").page(path)
    codes += [
        await give("lou", what="reinstate"),
        await give("lou", what="reinstate", text="It was not."),
        await give("adam", what="add_member", person=ben, role="owner"),
    ]
    view = await seen(store, publisher)

    assert 'value="reinstate"' not in revoker.text
    assert codes == [303, 303, 422, 303, 303]
    assert (view["revoked"], view["members"][ben]) == (False, "owner")
