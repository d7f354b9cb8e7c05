"""Signing in with an identity provider, against a real one over HTTP that also lies."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from api.browser import COOKIE
from api.pages.provider import BACK
from api.pages.provider import COOKIE as WAY
from gonogo.settings import Settings
from tests.api.signing_in import SECRET, Visit, invited, lie, user
from tests.api.store import AT
from tests.provider import LIES


async def test_an_invited_person_signs_in_works_and_comes_again(visit: Visit) -> None:
    person = invited(visit.store, "nora@lantern.example")
    await user(visit.issuer, "n-1", email="Nora@Lantern.example", email_verified=True, name="N. O.")

    first = await visit.whole("n-1", next="/reviews")
    me = await visit.me()
    await user(visit.issuer, "n-1", email="another@lantern.example", email_verified=False)
    again = await visit.whole("n-1")

    assert (first.status_code, first.headers["location"]) == (303, "/reviews")
    assert (me["person"], me["name"], me["roles"]) == (person, "Nora", ["reviewer"])
    assert again.status_code == 303
    assert (await visit.me())["person"] == person
    assert visit.cookies[WAY] == ""


async def test_the_request_has_state_nonce_and_a_challenge_for_the_code(visit: Visit) -> None:
    invited(visit.store, "pia@lantern.example")
    await user(visit.issuer, "p-1", email="pia@lantern.example", email_verified=True)

    begun = await visit.there()
    location = await visit.at_provider(begun, "p-1")
    await visit.back(location)

    async with httpx.AsyncClient(base_url=visit.issuer, trust_env=False) as http:
        seen = (await http.get("/seen")).json()
    asked, sent = seen["authorize"], seen["token"]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"].encode()).digest())
    basic = base64.b64decode(sent["authorization"].removeprefix("Basic ")).decode()
    assert asked["code_challenge_method"] == "S256"
    assert asked["code_challenge"] == challenge.decode().rstrip("=")
    assert asked["redirect_uri"] == sent["redirect_uri"] == AT + BACK
    assert len(asked["state"]) >= 20
    assert len(asked["nonce"]) >= 20
    assert basic == f"gonogo:{SECRET}"
    told = {one.lower().partition("=")[0].strip() for one in begun.headers["set-cookie"].split(";")}
    assert {"httponly", "secure", "path", "samesite"} <= told
    assert SECRET not in str(begun.headers) + location


async def test_the_secret_is_sent_the_way_the_provider_takes_it(visit: Visit) -> None:
    invited(visit.store, "pam@lantern.example")
    await user(visit.issuer, "p-2", email="pam@lantern.example", email_verified=True)
    await lie(visit.issuer, "post-only")

    answer = await visit.whole("p-2")

    async with httpx.AsyncClient(base_url=visit.issuer, trust_env=False) as http:
        sent = (await http.get("/seen")).json()["token"]
    assert answer.status_code == 303
    assert (sent["client_secret"], sent["authorization"]) == (SECRET, None)


@pytest.mark.parametrize(
    "how",
    [one for one in LIES if not one.startswith(("discovery", "only", "huge", "packed", "down"))],
)
async def test_a_token_that_is_not_what_it_has_to_be_lets_nobody_in(visit: Visit, how: str) -> None:
    invited(visit.store, "eve@lantern.example")
    await user(visit.issuer, "e-1", email="eve@lantern.example", email_verified=True)
    begun = await visit.there()
    await lie(visit.issuer, how)
    if how in ("none", "hs256"):  # discovery offers these, too
        begun = await visit.there()

    answer = await visit.back(await visit.at_provider(begun, "e-1"))

    if how in ("no-id-token", "token-not-json"):
        assert answer.status_code == 502
        assert "makes no sense" in answer.text
    else:
        assert answer.status_code == 400
        assert "cannot be trusted" in answer.text
    assert COOKIE not in visit.cookies
    await lie(visit.issuer, "")
    assert (await visit.whole("e-1")).status_code == 303  # nothing was bound meanwhile


@pytest.mark.parametrize(
    "how",
    ["discovery-issuer", "discovery-http", "discovery-list", "only-none", "huge", "packed", "down"],
)
async def test_a_provider_that_cannot_be_trusted_or_reached_is_told(visit: Visit, how: str) -> None:
    signed_in = {"Cookie": visit.store.cookie_of("ada")}
    await lie(visit.issuer, how)

    answer = await visit.there()
    goes_on = await visit.store.http.get("/mine", headers=signed_in)
    await lie(visit.issuer, "")
    better = await visit.there()

    assert answer.status_code == 502
    assert "Lantern ID" in answer.text
    assert "location" not in answer.headers
    assert goes_on.status_code == 200
    assert better.status_code == 303


async def test_the_way_back_belongs_to_one_browser_and_is_open_once(visit: Visit) -> None:
    invited(visit.store, "kim@lantern.example")
    await user(visit.issuer, "k-1", email="kim@lantern.example", email_verified=True)
    location = await visit.at_provider(await visit.there(), "k-1")
    kept = dict(visit.cookies)
    stranger = Visit(visit.store, visit.issuer)
    await stranger.there()

    other_browser = await stranger.back(location)
    stranger.cookies = {}
    no_cookie = await stranger.back(location)
    stranger.cookies = {WAY: kept[WAY][:-1] + ("0" if kept[WAY][-1] != "0" else "1")}
    changed_cookie = await stranger.back(location)
    first = await visit.back(location)
    visit.cookies = kept  # a browser that forgets to forget
    replayed = await visit.back(location)

    codes = [a.status_code for a in (other_browser, no_cookie, changed_cookie, first, replayed)]
    assert codes == [400, 400, 400, 303, 400]
    assert "refused" in replayed.text
    assert COOKIE not in stranger.cookies


async def test_a_way_back_is_open_for_minutes(visit: Visit) -> None:
    await user(visit.issuer, "t-1", email="t@lantern.example", email_verified=True)
    location = await visit.at_provider(await visit.there(), "t-1")
    told, _, _ = visit.cookies[WAY].partition(".")
    late = json.loads(base64.urlsafe_b64decode(told))
    late[-1] -= 3600
    visit.cookies[WAY] = f"{base64.urlsafe_b64encode(json.dumps(late).encode()).decode()}.00"

    answer = await visit.back(location)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"error": "access_denied"}, "You did not sign in"),
        ({"error": "<script>alert(1)</script>"}, "refused"),
        ({"code": "x" * 3_000}, "refused"),
        ({"code": "1", "iss": "https://accounts.example"}, "cannot be trusted"),
    ],
)
async def test_what_the_provider_complains_about_is_told_as_a_page(
    visit: Visit, query: dict[str, str], words: str
) -> None:
    begun = await visit.there()
    (state,) = parse_qs(urlsplit(begun.headers["location"]).query)["state"]
    sent = httpx.QueryParams({"state": state, **query})

    answer = await visit.back(f"{AT}{BACK}?{sent}")

    assert answer.status_code in (400, 502)
    assert words in answer.text
    assert "<script>alert" not in answer.text


async def test_cancelling_at_the_provider_is_told(visit: Visit) -> None:
    location = await visit.at_provider(await visit.there(), "x", action="deny")

    answer = await visit.back(location)

    assert "access_denied" in location
    assert COOKIE not in visit.cookies
    assert answer.status_code == 400


def test_a_provider_needs_an_address_of_ours_and_a_name_for_us() -> None:
    wrong: list[dict[str, Any]] = [
        {"oidc_issuer": "http://accounts.example", "oidc_client_id": "x"},
        {"oidc_issuer": "https://accounts.example"},
        {"oidc_issuer": "https://accounts.example", "oidc_client_id": "x", "host": "0.0.0.0"},
        {"oidc_roles": {"all": "system"}},
        {"oidc_roles": {"all": "king"}},
        {"public_url": "http://store.example"},
        {"public_url": "https://store.example/path"},
        {"public_url": "https://me:pass@store.example"},
    ]

    for given in wrong:
        with pytest.raises(ValueError, match=r".") as refused:
            Settings(**given, oidc_client_secret=SECRET)
        assert SECRET not in str(refused.value)

    public = Settings(public_url="https://Store.example:443/", host="0.0.0.0")
    assert public.public_url == "https://store.example"
