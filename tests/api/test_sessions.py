"""A signed-in browser: what its cookie is, how long it counts, and what ends it at once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select, update

from api import attempts
from api.browser import COOKIE
from api.errors import Problem
from gonogo.db.browser_sessions import SESSIONS_MOST
from gonogo.db.entries import digest_of
from gonogo.db.people import PersonRow, TokenRow
from gonogo.db.session import engine_of, reading, writing
from gonogo.db.signin import SessionRow
from tests.api.store import Store, manifest

OWN = {"Sec-Fetch-Site": "same-origin"}


async def signed_in_as(store: Store, cookie: str) -> str | None:
    """The person whose session `cookie` names."""
    answer = await store.http.get("/v1/me", headers={"Cookie": cookie})
    return str(answer.json()["person"]) if answer.status_code == 200 else None


async def entered(store: Store, name: str, **headers: str) -> str:
    """Sign in by token; the Cookie header of the browser afterwards."""
    answer = await store.http.post(
        "/sign-in", data={"token": store.token_of(name)}, headers={**OWN, **headers}
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["set-cookie"].partition(";")[0]


def row_of(store: Store, cookie: str) -> SessionRow:
    engine = engine_of(store.settings.database)
    with reading(engine) as session:
        row = session.get(SessionRow, digest_of(cookie.partition("=")[2]))
    engine.dispose()
    assert row is not None
    return row


def change(store: Store, cookie: str, **values: object) -> None:
    engine = engine_of(store.settings.database)
    with writing(engine) as session:
        session.exec(
            update(SessionRow)
            .where(col(SessionRow.sha256) == digest_of(cookie.partition("=")[2]))
            .values(**values)
        )
    engine.dispose()


async def test_the_cookie_is_a_random_id_out_of_reach_of_scripts_and_neighbours(
    store: Store,
) -> None:
    answer = await store.http.post(
        "/sign-in", data={"token": store.token_of("ada"), "next": "/releases"}, headers=OWN
    )
    wrong = await store.http.post("/sign-in", data={"token": "gng_" + "a" * 38}, headers=OWN)

    cookie = answer.headers["set-cookie"]
    told = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert answer.headers["location"] == "/releases"
    assert cookie.startswith("__Host-")
    assert {"httponly", "secure", "path=/", "samesite=lax", "max-age=43200"} == told
    assert wrong.status_code == 401
    assert "set-cookie" not in wrong.headers
    assert store.token_of("ada") not in answer.text + cookie
    assert len(cookie.partition(";")[0].partition("=")[2]) >= 43


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
    ],
)
async def test_signing_in_leads_to_no_other_site(store: Store, path: str) -> None:
    fields = {"token": store.token_of("ada"), "next": path}

    answer = await store.http.post("/sign-in", data=fields, headers=OWN)
    cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    home = await store.http.get("/", params={"next": path}, headers=cookie)

    assert answer.headers["location"] == home.headers["location"] == "/mine"


async def test_an_id_from_before_signing_in_means_nothing_after(store: Store) -> None:
    planted = f"{COOKIE}={'a' * 43}"
    before = await entered(store, "ada")

    with_planted = await entered(store, "ada", Cookie=planted)
    after = await entered(store, "ada", Cookie=before)

    assert await signed_in_as(store, planted) is None
    assert with_planted != planted
    assert await signed_in_as(store, before) is None
    assert await signed_in_as(store, after) == store.id_of("ada")


async def test_signing_out_ends_the_session_on_the_server(store: Store) -> None:
    cookie, other = await entered(store, "ada"), await entered(store, "ada")

    out = await store.http.post("/sign-out", headers={**OWN, "Cookie": cookie})

    assert out.headers["location"] == "/?said=signed-out"
    assert f'{COOKIE}=""' in out.headers["set-cookie"]
    assert "cache" in out.headers["clear-site-data"]
    assert await signed_in_as(store, cookie) is None
    assert await signed_in_as(store, other) == store.id_of("ada")


@pytest.mark.parametrize("column", ["expires_at", "idle_at", "revoked_at"])
async def test_a_session_that_ended_lets_nobody_in(store: Store, column: str) -> None:
    cookie = await entered(store, "ada")
    change(store, cookie, **{column: datetime.now(UTC) - timedelta(seconds=1)})

    page = await store.http.get("/mine", headers={"Cookie": cookie})

    assert await signed_in_as(store, cookie) is None
    assert page.headers["location"] == "/?next=/mine"


async def test_use_is_noted_once_a_minute_and_pages_that_ask_by_themselves_are_no_use(
    store: Store,
) -> None:
    cookie = await entered(store, "ada")
    fresh = row_of(store, cookie)
    await signed_in_as(store, cookie)
    unchanged = row_of(store, cookie)
    earlier = datetime.now(UTC) - timedelta(minutes=2)
    change(store, cookie, last_seen_at=earlier)

    await store.http.get("/mine", headers={"Cookie": cookie, "HX-Request": "true"})
    by_itself = row_of(store, cookie)
    await store.http.get("/mine", headers={"Cookie": cookie})
    used = row_of(store, cookie)

    assert unchanged.last_seen_at == fresh.last_seen_at
    assert by_itself.last_seen_at == earlier
    assert used.last_seen_at > earlier
    assert used.idle_at > fresh.idle_at
    assert used.expires_at == fresh.expires_at


async def test_roles_and_leaving_are_in_force_with_the_next_request(store: Store) -> None:
    cookie = await entered(store, "ada")
    headers = store.headers("adam")
    await store.http.put(
        f"/v1/people/{store.id_of('ada')}/roles", json={"roles": ["auditor"]}, headers=headers
    )
    me = await store.http.get("/v1/me", headers={"Cookie": cookie})

    engine = engine_of(store.settings.database)
    with writing(engine) as session:
        row = session.exec(select(PersonRow).where(PersonRow.id == store.id_of("ada"))).one()
        row.left_at = datetime.now(UTC)
    engine.dispose()

    assert me.json()["roles"] == ["auditor"]
    assert await signed_in_as(store, cookie) is None


async def test_a_session_ends_with_the_token_it_was_opened_with(store: Store) -> None:
    made = (await store.post("/v1/me/tokens", {"label": "short", "days": 1}, by="ada")).json()
    store.tokens["ada"] = made["token"]
    cookie = await entered(store, "ada")
    outliving = await store.http.post(
        "/v1/me/tokens", json={"label": "x", "days": 30}, headers={**OWN, "Cookie": cookie}
    )

    engine = engine_of(store.settings.database)
    with writing(engine) as session:
        session.exec(
            update(TokenRow)
            .where(col(TokenRow.sha256) == made["id"])
            .values(revoked_at=datetime.now(UTC))
        )
    engine.dispose()

    assert outliving.status_code == 403
    assert await signed_in_as(store, cookie) is None


async def test_a_person_has_a_bounded_number_of_sessions(store: Store) -> None:
    cookies = [store.cookie_of("ada") for _ in range(SESSIONS_MOST + 3)]

    let_in = [await signed_in_as(store, cookie) is not None for cookie in cookies]

    assert let_in == [False] * 3 + [True] * SESSIONS_MOST


async def test_a_session_of_another_store_lets_nobody_in(store: Store) -> None:
    cookie = store.cookie_of("ada")
    change(store, cookie, store_id="another")

    assert await signed_in_as(store, cookie) is None


@pytest.mark.parametrize(
    "value", ["", "x", "a" * 44, "a" * 5_000, "é" * 43, "../../etc", "%00" * 14]
)
async def test_a_cookie_that_is_no_id_is_no_session(store: Store, value: str) -> None:
    answer = await store.http.get("/mine", headers={b"Cookie": f"{COOKIE}={value}".encode()})

    assert answer.status_code == 303


async def test_who_fails_too_often_has_to_wait(store: Store) -> None:
    wrong = {"token": "gng_" + "a" * 38}

    statuses = [
        (await store.http.post("/sign-in", data=wrong, headers=OWN)).status_code
        for _ in range(attempts.MOST)
    ]
    refused = await store.http.post("/sign-in", data={"token": store.token_of("ada")}, headers=OWN)

    assert statuses == [401] * attempts.MOST
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= attempts.WITHIN_S + 1


def test_attempts_are_forgotten_and_bounded() -> None:
    now = [0.0]
    counted = attempts.Attempts(lambda: now[0])
    for _ in range(attempts.MOST):
        counted.failed("203.0.113.9")

    with pytest.raises(Problem):
        counted.require_few("203.0.113.9")
    counted.require_few("203.0.113.10")
    now[0] = attempts.WITHIN_S + 1
    counted.require_few("203.0.113.9")
    for number in range(10_050):
        counted.failed(f"address {number}")

    assert len(counted._failed) == 10_000


async def test_a_token_and_a_cookie_of_one_person_count_once(store: Store) -> None:
    """I2: the second voice is a second person, however they came in."""
    actions = [
        {
            "name": "Sky",
            "openapi": "a.yaml",
            "auth": "api_key",
            "privacy_policy_url": "https://sky.example/privacy",
        }
    ]
    document = (
        "openapi: 3.0.0\ninfo: {title: t, version: '1'}\n"
        "servers: [{url: 'https://sky.example/v1'}]\npaths: {/now: {get: {responses: {}}}}\n"
    )
    case = await store.submitted(manifest(actions=actions), **{"a.yaml": document})
    await store.post(f"/v1/reviews/{case['id']}/claim", by="rita")
    seen = (await store.get(f"/v1/submissions/{case['id']}", "rita")).json()
    await store.decide(seen)
    held = (await store.get(f"/v1/submissions/{case['id']}", "rita")).json()
    cookie = {"Cookie": store.cookie_of("rita"), **OWN}

    second = await store.http.post(
        f"/v1/reviews/{case['id']}/decisions",
        json={"verdict": "confirm", "digest": held["digest"]},
        headers={**cookie, "If-Match": f'"{held["version"]}"'},
    )
    other = await store.decide(held, "confirm", by="rolf")

    assert held["stage"] == "held"
    assert (second.status_code, second.json()["type"]) == (403, "/problems/same-voice")
    assert other.status_code == 200
