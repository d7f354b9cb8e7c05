"""Signing in with an identity provider, against a real one over HTTP that also lies."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlmodel import col, update

from api.browser import COOKIE
from api.pages.provider import BACK
from api.pages.provider import COOKIE as WAY
from api.provider import Provider
from gonogo.db.enrolment import invite
from gonogo.db.people import PersonRow
from gonogo.db.session import engine_of, writing
from gonogo.db.signin import InvitationRow
from gonogo.settings import Settings
from tests.api.store import AT, Store
from tests.provider import LIES, running

SECRET = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running() as url:
        yield url


@dataclass
class Visit:
    """One browser on its way to the provider and back. `cookies` are what it was given last."""

    store: Store
    issuer: str

    async def there(self, **params: str) -> httpx.Response:
        answer = await self.store.http.get("/sign-in/provider", params=params)
        self.cookies = _cookies(answer)
        return answer

    async def at_provider(self, begun: httpx.Response, sub: str, **form: str) -> str:
        """Consent there; the address it sends the browser back to."""
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(begun.headers["location"], data={"sub": sub, **form})
        return answer.headers["location"]

    async def back(self, location: str) -> httpx.Response:
        assert location.startswith(AT + BACK)
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = await self.store.http.get(location.removeprefix(AT), headers={"Cookie": sent})
        self.cookies = {**self.cookies, **_cookies(answer)}
        return answer

    async def whole(self, sub: str, **params: str) -> httpx.Response:
        return await self.back(await self.at_provider(await self.there(**params), sub))

    async def me(self) -> dict[str, Any]:
        cookie = {"Cookie": f"{COOKIE}={self.cookies.get(COOKIE, '')}"}
        answer: dict[str, Any] = (await self.store.http.get("/v1/me", headers=cookie)).json()
        return answer


def _cookies(answer: httpx.Response) -> dict[str, str]:
    found = [one.partition(";")[0].partition("=") for one in answer.headers.get_list("set-cookie")]
    return {name: value.strip('"') for name, _, value in found}


@pytest.fixture
async def visit(store: Store, issuer: str) -> Visit:
    async with httpx.AsyncClient(base_url=issuer, trust_env=False) as http:
        await http.put("/lie", json={"how": ""})
    configure(store, issuer)
    return Visit(store, issuer)


def configure(store: Store, issuer: str, **more: Any) -> None:
    given = {
        "oidc_issuer": issuer,
        "oidc_client_id": "gonogo",
        "oidc_client_secret": SECRET,
        "oidc_name": "Lantern ID",
        "oidc_contact": "hello@store.example",
        **more,
    }
    fields = {name: getattr(store.settings, name) for name in Settings.model_fields}
    settings = Settings(**{**fields, **given})
    store.use(settings, provider=Provider(settings))


async def user(issuer: str, sub: str, **claims: Any) -> None:
    async with httpx.AsyncClient(base_url=issuer, trust_env=False) as http:
        (await http.put(f"/users/{sub}", json=claims)).raise_for_status()


async def lie(issuer: str, how: str) -> None:
    async with httpx.AsyncClient(base_url=issuer, trust_env=False) as http:
        (await http.put("/lie", json={"how": how})).raise_for_status()


def invited(
    store: Store, email: str, name: str = "Nora", roles: tuple[str, ...] = ("reviewer",)
) -> str:
    person = store.identity.add_person(name, roles)
    engine = engine_of(store.settings.database)
    with writing(engine) as session:
        invite(session, store.settings.store, person, email, "per_adam")
    engine.dispose()
    return person


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


async def test_whom_nobody_invited_is_told_whom_to_ask(visit: Visit) -> None:
    await user(visit.issuer, "u-1", email="una@lantern.example", email_verified=True)

    answer = await visit.whole("u-1")

    assert answer.status_code == 403
    assert "hello@store.example" in answer.text
    assert COOKIE not in visit.cookies


@pytest.mark.parametrize("verified", [False, "true", 1, None])
async def test_an_address_that_is_not_verified_is_nobodys(visit: Visit, verified: object) -> None:
    invited(visit.store, "mo@lantern.example")
    await user(visit.issuer, "m-1", email="mo@lantern.example", email_verified=verified)

    answer = await visit.whole("m-1")

    assert answer.status_code == 403
    assert "not verified" in answer.text


async def test_an_invitation_counts_once_and_not_for_ever(visit: Visit) -> None:
    invited(visit.store, "ray@lantern.example")
    late = invited(visit.store, "late@lantern.example", "Late")
    engine = engine_of(visit.store.settings.database)
    with writing(engine) as session:
        session.exec(
            update(InvitationRow)
            .where(col(InvitationRow.person) == late)
            .values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
        )
    engine.dispose()
    await user(visit.issuer, "r-1", email="ray@lantern.example", email_verified=True)
    await user(visit.issuer, "r-2", email="ray@lantern.example", email_verified=True)
    await user(visit.issuer, "l-1", email="late@lantern.example", email_verified=True)

    first, second, expired = [await visit.whole(sub) for sub in ("r-1", "r-2", "l-1")]

    assert [a.status_code for a in (first, second, expired)] == [303, 403, 403]


async def test_who_left_stays_out(visit: Visit) -> None:
    person = invited(visit.store, "lou@lantern.example")
    await user(visit.issuer, "l-2", email="lou@lantern.example", email_verified=True)
    await visit.whole("l-2")
    engine = engine_of(visit.store.settings.database)
    with writing(engine) as session:
        session.exec(
            update(PersonRow).where(col(PersonRow.id) == person).values(left_at=datetime.now(UTC))
        )
    engine.dispose()

    answer = await visit.whole("l-2")

    assert answer.status_code == 403
    assert "You left this store" in answer.text


async def test_an_open_door_makes_developers_and_nothing_else(visit: Visit) -> None:
    configure(visit.store, visit.issuer, oidc_signup="developer")
    await user(visit.issuer, "d-1", email="dev@lantern.example", name="Dev\nOps <b>")

    answer = await visit.whole("d-1")
    me = await visit.me()

    assert answer.headers["location"] == "/mine"
    assert (me["name"], me["roles"], me["publishers"]) == ("Dev Ops <b>", ["developer"], [])


async def test_groups_give_and_take_their_roles_and_no_others(visit: Visit) -> None:
    configure(
        visit.store,
        visit.issuer,
        oidc_roles_claim="groups",
        oidc_roles={"gpt-reviewers": "reviewer", "gpt-leads": "product_lead"},
    )
    by_group = ["gpt-reviewers", "gpt-leads", "administrator", 7]
    await user(visit.issuer, "g-1", name="Gro", groups=by_group)

    await visit.whole("g-1")
    first = await visit.me()
    visit.store.identity.add_person("Gro", ("auditor", *first["roles"]), (), first["person"])
    await user(visit.issuer, "g-1", name="Gro", groups="gpt-leads")
    await visit.whole("g-1")
    second = await visit.me()
    await user(visit.issuer, "g-1", name="Gro", groups={"gpt-leads": True})
    await visit.whole("g-1")
    third = await visit.me()

    assert first["roles"] == ["product_lead", "reviewer"]
    assert second["roles"] == ["auditor", "product_lead"]
    assert third["roles"] == ["auditor"]


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
