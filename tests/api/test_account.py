"""Accounts by page and by JSON: tokens made once, sessions ended, people invited and leaving."""

from typing import Any

import pytest
from sqlalchemy import event

from api.accounts import TOKENS_MOST
from gonogo.db.enrolment import Door, Enrolment, Known, invite, normal_email
from gonogo.db.membership import make_token
from gonogo.db.session import engine_of, writing
from tests.api.store import Store
from tests.api.test_pages import Browser, Page, assert_careful
from tests.api.test_sessions import OWN, entered, signed_in_as


async def test_a_token_is_made_once_however_often_it_is_asked_for(store: Store) -> None:
    body = {"label": "ci", "days": 7}

    first = await store.post("/v1/me/tokens", body, by="ada", key="k1")
    again = await store.post("/v1/me/tokens", body, by="ada", key="k1")
    other = await store.post("/v1/me/tokens", {**body, "days": 8}, by="ada", key="k1")
    foreign = await store.post("/v1/me/tokens", body, by="ben", key="k1")
    listed = (await store.get("/v1/me/tokens", "ada")).json()["items"]

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")
    assert foreign.json()["token"] != first.json()["token"]
    assert [row["label"] for row in listed].count("ci") == 1
    assert first.json()["token"] not in str(listed)


async def test_a_repeat_after_a_while_shows_no_token(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (await store.post("/v1/me/tokens", {"label": "ci"}, by="ada", key="k1")).json()
    monkeypatch.setattr("api.accounts.SHOWN_S", 0)

    again = (await store.post("/v1/me/tokens", {"label": "ci"}, by="ada", key="k1")).json()

    assert again["token"] is None
    assert {**again, "token": first["token"]} == first


async def test_the_secret_of_a_token_is_kept_nowhere(store: Store) -> None:
    made = (await store.post("/v1/me/tokens", {"label": "ci"}, by="ada", key="k1")).json()

    for path in store.settings.data.glob("gonogo.db*"):
        assert made["token"].encode() not in path.read_bytes()


async def test_a_person_has_a_bounded_number_of_tokens(store: Store) -> None:
    for number in range(TOKENS_MOST - 1):  # and the one they ask with
        store.identity.issue_token(store.id_of("ada"), f"t{number}")

    answer = await store.post("/v1/me/tokens", {"label": "x"}, by="ada")

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/over-limit")


async def test_use_of_a_token_is_noted(store: Store) -> None:
    await store.get("/v1/me", "ada")

    (row,) = (await store.get("/v1/me/tokens", "ada")).json()["items"]

    assert row["last_used_at"] is not None


async def test_people_are_made_once_and_invited(store: Store) -> None:
    body = {"name": "Nora", "roles": ["reviewer"], "email": "Nora@Lantern.example"}

    first = await store.post("/v1/people", body, by="adam", key="k1")
    again = await store.post("/v1/people", body, by="adam", key="k1")
    taken = await store.post("/v1/people", {**body, "name": "Eve"}, by="adam", key="k2")
    wrong = await store.post("/v1/people", {**body, "email": "a@b\nBcc: c@d"}, by="adam")
    asked = await store.get(f"/v1/commands/{'cmd_none'}", "adam")
    people = (await store.get("/v1/people", "adam")).json()["items"]

    assert first.json() == again.json()
    assert first.json()["invited_until"]
    assert (taken.status_code, wrong.status_code, asked.status_code) == (409, 422, 404)
    assert [row["name"] for row in people].count("Nora") == 1
    assert "Eve" not in {row["name"] for row in people}


async def test_publishers_named_for_a_new_person_take_them_in(store: Store) -> None:
    body = {"name": "Dev", "roles": ["developer"], "publishers": [store.publishers["lumen"]]}

    made = [(await store.post("/v1/people", body, by="adam", key="k1")).json() for _ in "ab"]

    assert made[0] == made[1]
    people = (await store.get("/v1/people", "adam")).json()["items"]
    (row,) = [row for row in people if row["name"] == "Dev"]
    assert row["publishers"] == [store.publishers["lumen"]]


async def test_nobody_with_a_way_in_is_invited_or_given_a_token(store: Store) -> None:
    """I2: who invites a colleague to an own address, or makes their token, would be two people."""
    rita = store.id_of("rita")
    store.token_of("rita")

    invited = await store.post(
        f"/v1/people/{rita}/invitation", {"email": "adam@store.example"}, by="adam"
    )
    token = await store.post(f"/v1/people/{rita}/tokens", {"label": "x"}, by="adam")

    assert (invited.status_code, token.status_code) == (409, 409)


async def test_i2_nobody_is_given_a_token_while_invited(store: Store) -> None:
    body = {"name": "Nora", "roles": ["reviewer"], "email": "nora@lantern.example"}
    nora = (await store.post("/v1/people", body, by="adam")).json()["person"]

    invited = await store.post(f"/v1/people/{nora}/tokens", {"label": "x"}, by="adam")
    await store.post(f"/v1/people/{nora}/leave", by="adam")
    await store.post(f"/v1/people/{nora}/return", by="adam")
    withdrawn = await store.post(f"/v1/people/{nora}/tokens", {"label": "x"}, by="adam")

    assert (invited.status_code, withdrawn.status_code) == (409, 201)
    assert "withdraw the invitation first" in invited.json()["detail"]


async def test_i2_who_comes_in_by_an_invitation_is_nobody_elses_token(store: Store) -> None:
    body = {"name": "Nora", "roles": ["reviewer"]}
    nora = (await store.post("/v1/people", body, by="adam")).json()["person"]
    first = await store.post(f"/v1/people/{nora}/tokens", {"label": "x"}, by="adam")
    store.tokens["nora"] = first.json()["token"]
    before = await store.get("/v1/me", "nora")
    engine, name = engine_of(store.settings.database), store.settings.store
    known = Known("https://id.example", "n-1", email="nora@lantern.example")
    with writing(engine) as session:
        invite(session, name, nora, "nora@lantern.example", "operator", once_more=True)

    assert Enrolment(engine, name).admit(known, Door({})) == nora
    after = await store.get("/v1/me", "nora")
    with writing(engine) as session:
        _, store.tokens["nora"] = make_token(session, name, nora, "own", 7, None)
    assert Enrolment(engine, name).admit(known, Door({})) == nora
    own = await store.get("/v1/me", "nora")
    engine.dispose()

    assert (before.status_code, after.status_code, own.status_code) == (200, 401, 200)


async def test_leaving_ends_everything_at_once_and_can_be_undone(store: Store) -> None:
    cookie, person = await entered(store, "ada"), store.id_of("ada")

    left = [await store.post(f"/v1/people/{person}/leave", by="adam") for _ in "ab"]
    out = await store.get("/v1/me", "ada")
    session = await signed_in_as(store, cookie)
    back = await store.post(f"/v1/people/{person}/return", by="adam")
    still_out = await store.get("/v1/me", "ada")
    fresh = await signed_in_as(store, store.cookie_of("ada"))

    assert [answer.status_code for answer in (*left, back)] == [200] * 3
    assert (out.status_code, session, still_out.status_code) == (401, None, 401)
    assert fresh == person


async def test_somebody_stays_to_give_roles(store: Store) -> None:
    adam = store.id_of("adam")

    leaving = await store.post(f"/v1/people/{adam}/leave", by="adam")
    dropping = await store.http.put(
        f"/v1/people/{adam}/roles", json={"roles": ["auditor"]}, headers=store.headers("adam")
    )
    store.identity.add_person("Second", ("administrator",))
    with_another = await store.post(f"/v1/people/{adam}/leave", by="adam")

    assert (leaving.status_code, dropping.status_code) == (409, 409)
    assert "last administrator" in leaving.json()["detail"]
    assert with_another.status_code == 200


@pytest.mark.parametrize(
    "path", ["/v1/people", "/v1/people/x/invitation", "/v1/people/x/leave", "/v1/people/x/return"]
)
async def test_accounts_are_for_administrators(store: Store, path: str) -> None:
    body: dict[str, Any] = {"name": "X", "roles": [], "email": "x@y.example"}

    answer = await store.post(
        path, body if path == "/v1/people" else {"email": "x@y.example"}, by="lea"
    )

    assert answer.status_code == 403


async def test_people_are_listed_page_by_page(store: Store) -> None:
    for name in ("adam", "ada", "ben", "rita", "lea"):
        store.id_of(name)

    first = (await store.get("/v1/people", "adam", limit=3)).json()
    rest = (await store.get("/v1/people", "adam", limit=3, cursor=first["next"])).json()
    strange = await store.get("/v1/people", "adam", cursor="abc")

    found = [row["name"] for row in (*first["items"], *rest["items"])]
    assert (len(first["items"]), rest["next"]) == (3, None)
    assert sorted(found) == ["Ada", "Adam", "Ben", "Lea", "Rita"]
    assert strange.status_code == 400


async def test_sessions_are_listed_and_ended_by_their_person(store: Store) -> None:
    here, there = await entered(store, "ada"), await entered(store, "ada")
    own = {**OWN, "Cookie": here}

    listed = (await store.http.get("/v1/me/sessions", headers=own)).json()["items"]
    other = next(row["id"] for row in listed if not row["current"])
    foreign = await store.http.delete(f"/v1/me/sessions/{other}", headers=store.headers("ben"))
    ended = await store.http.delete(f"/v1/me/sessions/{other}", headers=own)
    gone = await signed_in_as(store, there)
    everywhere = await store.http.delete("/v1/me/sessions", headers=own)

    assert [row["current"] for row in listed].count(True) == 1
    assert here.partition("=")[2] not in str(listed)
    assert (foreign.status_code, ended.status_code, gone) == (404, 204, None)
    assert everywhere.json() == {"ended": 1}
    assert await signed_in_as(store, here) is None


async def test_the_account_page_shows_a_token_once_and_ends_it(store: Store) -> None:
    ada = Browser(store, "ada")
    page = await ada.page("/account")
    form = {"key": page.hidden["key"], "label": "<b>CI</b>", "days": "30"}

    made = [await ada.send("/account/tokens", form) for _ in "ab"]
    token = next(
        a["value"] for a in Page(made[0].text).all("input") if a.get("id") == "fresh-token"
    )
    let_in = await store.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    later = await ada.page("/account")
    row = (
        await store.http.get("/v1/me/tokens", headers={"Authorization": f"Bearer {token}"})
    ).json()
    mine = next(one for one in row["items"] if one["label"] == "<b>CI</b>")
    ended = await ada.send(f"/account/tokens/{mine['id']}/end")

    assert_careful(made[0])
    assert made[0].headers["cache-control"] == "no-store"
    assert str(token) in made[1].text  # a double click sees it, too
    assert let_in.status_code == 200
    assert str(token) not in later.text
    assert "<b>CI</b>" not in later.text
    assert ended.headers["location"] == "/account?said=token-ended"
    assert (
        await store.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    ).status_code == 401


async def test_the_account_page_ends_sessions(store: Store) -> None:
    here, there = store.cookie_of("ada"), store.cookie_of("ada")
    own = {**OWN, "Cookie": here}

    elsewhere = await store.http.post("/account/sessions/end", headers=own)
    gone, stays = await signed_in_as(store, there), await signed_in_as(store, here)
    listed = (await store.http.get("/v1/me/sessions", headers=own)).json()["items"]
    out = await store.http.post(f"/account/sessions/{listed[0]['id']}/end", headers=own)

    assert elsewhere.status_code == 303
    assert (gone, stays) == (None, store.id_of("ada"))
    assert out.headers["location"] == "/?said=signed-out"
    assert await signed_in_as(store, here) is None


async def test_administrators_manage_people_by_pages(store: Store) -> None:
    adam = Browser(store, "adam")
    page = await adam.page("/people")
    form = {"key": page.hidden["key"], "name": "Nora <i>", "email": "n@lantern.example"}

    made = [await adam.send("/people", {**form, "roles": ["reviewer", "auditor"]}) for _ in "ab"]
    path = made[0].headers["location"].partition("?")[0]
    person = path.rpartition("/")[2]
    shown = await adam.visit(path)
    roles = await adam.send(f"{path}/roles", {"roles": ["developer"]})
    invited = await adam.send(f"{path}/token", {"key": "t0"})
    left = await adam.send(f"{path}/leave")
    closed = await adam.page(path)
    back = await adam.send(f"{path}/return")
    token = await adam.send(f"{path}/token", {"key": "t1"})
    second = await adam.send(f"{path}/token", {"key": "t2"})
    people = (await store.get("/v1/people", "adam")).json()["items"]
    outsiders = [(await Browser(store, "lea").visit(one)).status_code for one in ("/people", path)]

    assert made[0].headers["location"] == made[1].headers["location"]
    assert_careful(shown)
    assert "n@lantern.example" in shown.text
    assert "Nora <i>" not in shown.text
    assert [a.status_code for a in (roles, left, back)] == [303, 303, 303]
    assert [a.status_code for a in (invited, token, second)] == [409, 200, 409]
    assert "Make a first token" not in shown.text
    assert "gng_" in token.text
    assert "nobody comes in with this account" in closed.text
    row = next(one for one in people if one["person"] == person)
    assert (row["roles"], row["left"]) == (["developer"], False)
    assert outsiders == [403, 403]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a@b",
        "@b.example",
        "a@b.example, c@d.example",
        "a b@c.example",
        "a@b.example\n",
        "a" * 65 + "@b.example",
        "a@" + "b." * 200 + "example",
        "<a@b.example>",
        "a@[127.0.0.1]",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    if text.strip() == "a@b.example":
        assert normal_email(text) == "a@b.example"
        return
    with pytest.raises(ValueError, match="no e-mail address"):
        normal_email(text)


async def test_pages_of_accounts_need_a_dozen_queries(store: Store) -> None:
    asked: list[str] = []

    def noted(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.startswith("BEGIN"):
            asked.append(statement)

    engine = store.app.state.services.engine
    browser = Browser(store, "adam")
    for path in ("/account", "/people", f"/people/{store.id_of('adam')}"):
        asked.clear()
        event.listen(engine, "before_cursor_execute", noted)
        answer = await browser.visit(path)
        event.remove(engine, "before_cursor_execute", noted)

        assert answer.status_code == 200
        assert 0 < len(asked) <= 12, (path, asked)
