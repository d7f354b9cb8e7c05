"""The identity provider: OpenID Connect by authlib, authorization code with PKCE, state and nonce.

What authlib leaves to its caller is done here: the issuer of the discovery document has to be the
configured one, endpoints have to be safe to send secrets to, only signatures by an asymmetric key
count, the audience is ours alone, answers have a size and a time.
"""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import BaseApp
from authlib.integrations.base_client.async_app import AsyncOAuth2Mixin
from authlib.integrations.base_client.async_openid import AsyncOpenIDMixin
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc.errors import JoseError

from gonogo.addresses import is_loopback, secure
from gonogo.db.enrolment import Known
from gonogo.settings import Settings

ANSWER_S, ANSWER_BYTES = 10.0, 256 * 1024
LEEWAY_S = 120  # between the provider's clock and ours
FRESH_S = 3600.0  # how long discovery and keys are believed
ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
_SCOPE = "openid email profile"


class ProviderFault(Exception):
    """`code` says what went wrong: `away`, `answer` (nonsense), `refused`, `denied`, `state`,
    `forged`. The text is for logs."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True)
class Begun:
    """Where to send the browser, and what has to be remembered until it comes back."""

    url: str
    state: str
    nonce: str
    verifier: str


class Provider:
    """The provider of one installation. `redirect_uri` is always given by the caller."""

    def __init__(self, settings: Settings) -> None:
        assert settings.oidc_issuer is not None
        self.issuer, self.label = settings.oidc_issuer, settings.oidc_name
        self._client_id = settings.oidc_client_id or ""
        self._secret = settings.oidc_client_secret.get_secret_value() or None
        self._groups_claim = settings.oidc_roles_claim
        self._tls = httpx2.create_ssl_context()  # made once: it reads every root there is
        self._app, self._made_at = self._fresh(), time.monotonic()

    async def begin(self, redirect_uri: str) -> Begun:
        """Raises `ProviderFault` when the provider cannot be asked."""
        made = await _told(self._now().create_authorization_url(redirect_uri))
        return Begun(made["url"], made["state"], made["nonce"], made["code_verifier"])

    async def finish(self, code: str, begun: Begun, redirect_uri: str) -> Known:
        """Who came back with `code`. Raises `ProviderFault`."""
        app = self._now()
        token = await _told(
            app.fetch_access_token(
                redirect_uri=redirect_uri, code=code, code_verifier=begun.verifier
            )
        )
        if not isinstance(token.get("id_token"), str):
            raise ProviderFault("answer", "the provider sent no id token")
        options = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self._client_id},
        }
        told: dict[str, Any] = dict(
            await _told(app.parse_id_token(token, begun.nonce, options, leeway=LEEWAY_S))
        )
        subject = told.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise ProviderFault("answer", "the provider named no subject")
        if self._lacks(told) and "userinfo_endpoint" in app.server_metadata:
            more = dict(await _told(app.userinfo(token=token)))
            if more.get("sub") != subject:  # OpenID Connect Core, 5.3.2
                raise ProviderFault("forged", "userinfo is about another subject")
            told = {**more, **told}
        return self._claims(subject, told)

    def _lacks(self, told: Mapping[str, Any]) -> bool:
        wanted = ("email", *([self._groups_claim] if self._groups_claim else ()))
        return any(name not in told for name in wanted)

    def _claims(self, subject: str, told: Mapping[str, Any]) -> Known:
        email, is_verified = _text(told.get("email")), told.get("email_verified") is True
        return Known(
            issuer=self.issuer,
            subject=subject,
            name=_text(told.get("name")),
            email=email if is_verified else None,
            unverified_email=email is not None and not is_verified,
            groups=_groups(told.get(self._groups_claim)) if self._groups_claim else None,
        )

    def _now(self) -> "_App":
        """A client whose discovery document and keys are not too old."""
        if time.monotonic() - self._made_at > FRESH_S:
            self._app, self._made_at = self._fresh(), time.monotonic()
        return self._app

    def _fresh(self) -> "_App":
        host = secure(self.issuer).hostname or ""
        return _App(
            framework=None,
            name="oidc",
            client_id=self._client_id,
            client_secret=self._secret,
            server_metadata_url=f"{self.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": _SCOPE,
                "code_challenge_method": "S256",
                "timeout": ANSWER_S,
                "verify": self._tls,
                "headers": {"Accept-Encoding": "identity"},
                "trust_env": not is_loopback(host),
                "event_hooks": {"response": [_bounded]},
            },
            expected_issuer=self.issuer,
        )


class _App(AsyncOAuth2Mixin, AsyncOpenIDMixin, BaseApp):  # type: ignore[misc]  # authlib is untyped
    client_cls = AsyncOAuth2Client

    def __init__(self, *, expected_issuer: str, **given: Any) -> None:
        super().__init__(**given)
        self._expected_issuer = expected_issuer

    async def load_server_metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = await super().load_server_metadata()
        try:
            self._check(found)
        except ProviderFault:
            self.server_metadata.clear()  # ask again next time
            raise
        return found

    def _check(self, found: dict[str, Any]) -> None:
        if found.get("issuer") != self._expected_issuer:
            raise ProviderFault("answer", "discovery names another issuer")
        for name in _ENDPOINTS:
            if name in found or name != "userinfo_endpoint":
                try:
                    secure(str(found.get(name, "")))
                except ValueError as fault:
                    raise ProviderFault("answer", f"{name}: {fault}") from fault
        ways = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" not in ways and "client_secret_post" in ways:
            found["token_endpoint_auth_method"] = "client_secret_post"  # noqa: S105  # a way
        offered = found.get("id_token_signing_alg_values_supported") or ["RS256"]
        found["id_token_signing_alg_values_supported"] = sorted(ALGORITHMS & set(offered))
        if not found["id_token_signing_alg_values_supported"]:
            raise ProviderFault("answer", "the provider signs with no key that we trust")


async def _told(answer: Any) -> Any:
    """Await the provider. Whatever goes wrong on the way becomes a `ProviderFault`."""
    try:
        return await answer
    except ProviderFault:
        raise
    except httpx2.HTTPStatusError as fault:
        raise ProviderFault("away", f"status {fault.response.status_code}") from fault
    except (httpx2.HTTPError, httpx2.InvalidURL) as fault:
        raise ProviderFault("away", type(fault).__name__) from fault
    except JoseError as fault:
        raise ProviderFault("forged", f"{type(fault).__name__}: {fault.error}") from fault
    except AuthlibBaseError as fault:
        raise ProviderFault("refused", str(fault.error)[:100]) from fault
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as fault:
        # What a malformed document does inside the library.
        raise ProviderFault("answer", type(fault).__name__) from fault


async def _bounded(response: httpx2.Response) -> None:
    """Let an answer be read only so far; a packed one says nothing about its length."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ProviderFault("answer", "a packed answer, though none was asked for")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._inner:
            size += len(piece)
            if size > ANSWER_BYTES:
                raise ProviderFault("answer", f"an answer of more than {ANSWER_BYTES} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


def _text(value: object) -> str | None:
    return value.strip() if isinstance(value, str) and 0 < len(value.strip()) <= 254 else None


def _groups(value: object) -> frozenset[str]:
    """The groups that a claim names: a list, or one alone. Nothing else gives a role."""
    if isinstance(value, str):
        return frozenset({value})
    if not isinstance(value, list) or len(value) > 1_000:
        return frozenset()
    return frozenset(one for one in value if isinstance(one, str))
