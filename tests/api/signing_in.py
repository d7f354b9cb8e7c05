"""One browser on its way to an identity provider and back, for tests."""

from dataclasses import dataclass
from typing import Any

import httpx

from api.browser import COOKIE
from api.pages.provider import BACK
from api.provider import Provider
from gonogo.db.enrolment import invite
from gonogo.db.session import engine_of, writing
from gonogo.settings import Settings
from tests.api.store import AT, Store

SECRET = "correct-horse-battery-staple"


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
    """What the provider does wrong from now on; empty: nothing."""
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
