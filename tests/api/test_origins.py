"""No other site's page gives commands with a cookie, on any route; only this machine plays."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from api.browser import COOKIE
from api.pages import PAGES
from api.routes import ROUTERS
from tests.api.store import AT, Store

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
FOREIGN: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": AT.replace("http", "https", 1)},
    {},
)


def unsafe_routes() -> Iterator[tuple[str, str]]:
    for router in (*ROUTERS, *PAGES):
        for route in router.routes:
            assert isinstance(route, APIRoute)
            path = route.path
            for name in route.param_convertors:
                path = path.replace(f"{{{name}}}", "x")
            for method in sorted((route.methods or set()) & set(UNSAFE)):
                yield method, path


async def test_no_route_takes_a_cookie_from_another_sites_page(store: Store) -> None:
    cookie = {"Cookie": store.cookie_of("adam")}
    routes = sorted(unsafe_routes())

    answers = [
        (method, path, await store.http.request(method, path, headers={**cookie, **foreign}))
        for method, path in routes
        for foreign in FOREIGN
    ]

    assert len(routes) > 30
    assert {(m, p) for m, p, a in answers if a.status_code != 403} == set()
    assert all("cross-site" in a.text or "another site" in a.text for _, _, a in answers)
    assert not any("set-cookie" in a.headers for _, _, a in answers)


@pytest.mark.parametrize(
    "own",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": AT},
        {"Sec-Fetch-Site": "same-origin", "Origin": AT},
    ],
)
async def test_our_own_pages_give_commands(store: Store, own: dict[str, str]) -> None:
    case = await store.submitted()
    cookie = {"Cookie": store.cookie_of("ada")}

    answer = await store.http.post(
        f"/v1/submissions/{case['id']}/withdraw", headers={**cookie, **own}
    )

    assert answer.status_code == 200


async def test_a_token_needs_no_page_and_a_cookie_beside_it_counts_for_nothing(
    store: Store,
) -> None:
    case = await store.submitted()
    path = f"/v1/submissions/{case['id']}/withdraw"
    cookie = {"Cookie": store.cookie_of("ada"), "Sec-Fetch-Site": "cross-site"}

    bad = await store.http.post(path, headers={**cookie, "Authorization": "Bearer gng_nonsense"})
    page = await store.http.get("/mine", headers={**cookie, "Authorization": "Bearer gng_nonsense"})
    basic = await store.http.post(path, headers={**cookie, "Authorization": "Basic YTpi"})
    good = await store.http.post(path, headers={**cookie, **store.headers("ada")})

    assert (bad.status_code, page.status_code, basic.status_code) == (401, 303, 403)
    assert good.status_code == 200


async def test_what_another_site_loads_is_loaded_by_nobody(store: Store) -> None:
    cookie = {"Cookie": store.cookie_of("ada"), "Sec-Fetch-Site": "cross-site"}

    image = await store.http.get("/v1/me", headers={**cookie, "Sec-Fetch-Dest": "image"})
    frame = await store.http.get("/mine", headers={**cookie, "Sec-Fetch-Dest": "iframe"})
    link = await store.http.get("/mine", headers={**cookie, "Sec-Fetch-Dest": "document"})

    assert (image.status_code, frame.status_code, link.status_code) == (401, 303, 200)
    assert "set-cookie" not in frame.headers


ELSEWHERE: tuple[dict[str, Any], ...] = (
    {"headers": {"Host": "evil.example:8600"}},  # DNS rebinding
    {"headers": {"Host": "127.0.0.1.evil.example"}},
    {"headers": {"Host": "127.0.0.1@evil.example"}},
    {"headers": {"Host": "127.0.0.1/x"}},
    {"headers": {"X-Forwarded-For": "203.0.113.9"}},
    {"headers": {"Forwarded": "for=203.0.113.9"}},
    {"client": ("203.0.113.9", 4000)},
    {"client": ("::ffff:203.0.113.9", 4000)},
    {"settings": {"host": "0.0.0.0"}},
    {"settings": {"host": "192.0.2.7"}},
    {"settings": {"public_url": "https://gonogo.example"}},
)


@pytest.mark.parametrize("how", ELSEWHERE, ids=str)
async def test_signing_in_without_a_provider_is_for_this_machine_alone(
    store: Store, how: dict[str, Any]
) -> None:
    changed = store.settings.model_copy(update={"demo_sign_in": True, **how.get("settings", {})})
    store.use(changed)
    transport = httpx.ASGITransport(app=store.app, client=how.get("client", ("127.0.0.1", 1)))
    headers = {"Sec-Fetch-Site": "same-origin", **how.get("headers", {})}

    async with httpx.AsyncClient(transport=transport, base_url=AT, headers=headers) as http:
        token = await http.post("/sign-in", data={"token": store.token_of("ada")})
        person = await http.post("/sign-in/demo", data={"person": store.id_of("ada")})
        page = await http.get("/")

    assert (token.status_code, person.status_code) == (403, 403)
    assert COOKIE not in token.headers.get("set-cookie", "") + person.headers.get("set-cookie", "")
    assert "gng_" not in page.text
    assert store.id_of("ada") not in page.text


async def test_names_to_play_are_offered_in_a_demonstration_only(store: Store) -> None:
    form = {"person": store.id_of("ada")}
    own = {"Sec-Fetch-Site": "same-origin"}

    refused = await store.http.post("/sign-in/demo", data=form, headers=own)
    before = await store.http.get("/")
    store.use(store.settings.model_copy(update={"demo_sign_in": True}))
    page = await store.http.get("/")
    entered = await store.http.post("/sign-in/demo", data=form, headers=own)
    nobody = await store.http.post("/sign-in/demo", data={"person": "per_none"}, headers=own)

    assert (refused.status_code, entered.status_code, nobody.status_code) == (403, 303, 404)
    assert store.id_of("ada") not in before.text
    assert "A demonstration." in page.text
    assert store.id_of("ada") in page.text
    assert COOKIE in entered.headers["set-cookie"]
