"""Who may ask: tokens that hold and tokens that do not; accounts made by administrators."""

from datetime import UTC, datetime, timedelta

from sqlmodel import select

from gonogo.db.identity import mint_token
from gonogo.db.people import TokenRow
from gonogo.db.session import engine_of, writing
from tests.api.store import Store


async def status(store: Store, authorization: str) -> int:
    answer = await store.http.get("/v1/me", headers={"Authorization": authorization})
    return answer.status_code


async def test_me_says_who_i_am(store: Store) -> None:
    me = (await store.get("/v1/me", "ada")).json()

    assert (me["name"], me["roles"], me["staff"]) == ("Ada", ["developer"], False)
    assert me["publishers"] == [
        {"id": store.publishers["lumen"], "name": "Lumen", "verified": True}
    ]


async def test_only_a_whole_and_living_token_is_let_in(store: Store) -> None:
    good = store.token_of("ada")
    broken = [
        "",
        "gng_",
        good[:-1],
        good + "a",
        good[:-1] + ("a" if good[-1] != "a" else "b"),
        good.upper(),
        mint_token(),
        "gng_" + "é" * 38,
        "x" * 5_000,
    ]

    assert await status(store, f"Bearer {good}") == 200
    assert [await status(store, f"Bearer {token}") for token in broken if token.isascii()] == [
        401
    ] * (len(broken) - 1)
    assert await status(store, f"Basic {good}") == 401
    refusal = await store.http.get("/v1/me")
    assert refusal.headers["www-authenticate"] == 'Bearer realm="gonogo"'


async def test_a_token_is_shown_once_and_ends_at_once(store: Store) -> None:
    made = await store.post("/v1/me/tokens", {"label": "ci", "days": 7}, by="ada")
    token = made.json()["token"]
    listed = (await store.get("/v1/me/tokens", "ada")).json()["items"]
    let_in = await status(store, f"Bearer {token}")

    foreign = await store.http.delete(
        f"/v1/me/tokens/{made.json()['id']}", headers=store.headers("ben")
    )
    ended = await store.http.delete(
        f"/v1/me/tokens/{made.json()['id']}", headers=store.headers("ada")
    )

    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    assert token not in str(listed)
    assert {row["label"] for row in listed} == {"test", "ci"}
    assert (let_in, foreign.status_code, ended.status_code) == (200, 404, 204)
    assert await status(store, f"Bearer {token}") == 401


async def test_an_expired_token_is_not_let_in(store: Store) -> None:
    made = (await store.post("/v1/me/tokens", {"label": "ci", "days": 1}, by="ada")).json()
    engine = engine_of(store.settings.database)
    with writing(engine) as session:
        row = session.exec(select(TokenRow).where(TokenRow.sha256 == made["id"])).one()
        row.expires_at = datetime.now(UTC) - timedelta(seconds=1)
    engine.dispose()

    assert await status(store, f"Bearer {made['token']}") == 401


async def test_a_token_makes_none_that_outlives_it(store: Store) -> None:
    short = (await store.post("/v1/me/tokens", {"label": "ci", "days": 7}, by="ada")).json()
    headers = {"Authorization": f"Bearer {short['token']}"}

    answers = [
        (
            await store.http.post(
                "/v1/me/tokens", json={"label": "x", "days": days}, headers=headers
            )
        ).status_code
        for days in (None, 30, 6)
    ]

    assert answers == [422, 403, 201]


async def test_an_administrator_makes_people_publishers_and_members(store: Store) -> None:
    publisher = (
        await store.post("/v1/publishers", {"name": "Nova", "verified": True}, by="adam")
    ).json()["publisher"]
    person = (
        await store.post("/v1/people", {"name": "Nora", "roles": ["reviewer"]}, by="adam")
    ).json()["person"]
    token = (await store.post(f"/v1/people/{person}/tokens", {"label": "first"}, by="adam")).json()[
        "token"
    ]
    second = await store.post(f"/v1/people/{person}/tokens", {"label": "again"}, by="adam")
    headers = store.headers("adam")
    await store.http.put(f"/v1/publishers/{publisher}/members/{person}", headers=headers)
    await store.http.put(
        f"/v1/people/{person}/roles", json={"roles": ["developer"]}, headers=headers
    )

    store.tokens["nora"] = token
    me = (await store.get("/v1/me", "nora")).json()

    assert second.status_code == 409
    assert me["roles"] == ["developer"]
    assert [one["id"] for one in me["publishers"]] == [publisher]
    everybody = (await store.get("/v1/people", "adam")).json()["items"]
    assert person in {one["person"] for one in everybody}


NO_ACCOUNTS: list[tuple[str, dict[str, object], int]] = [
    ("/v1/people", {"name": "X", "roles": ["system"]}, 422),
    ("/v1/people", {"name": "X", "roles": ["king"]}, 422),
    ("/v1/people", {"name": "X\nY", "roles": []}, 422),
    ("/v1/people", {"name": "X", "roles": [], "publishers": ["pub_none"]}, 404),
    ("/v1/people/per_none/tokens", {"label": "x"}, 404),
    ("/v1/publishers", {"name": ""}, 422),
]


async def test_an_account_that_cannot_be_is_refused(store: Store) -> None:
    for path, body, code in NO_ACCOUNTS:
        assert (await store.post(path, body, by="adam")).status_code == code
        assert (await store.post(path, body, by="lea")).status_code in (403, 422)
