"""What answers over HTTP or is read from elsewhere: objects, policy pack, model, API."""

import asyncio
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from gonogo.addresses import is_loopback
from gonogo.cli.doctor.check import Check, clock, timed
from gonogo.objects import Objects
from gonogo.packs import load_pack
from gonogo.settings import Settings
from policies.errors import PackFault
from policies.rules.probe_plan import is_model

_PROBE = b"gonogo doctor was here\n"
_LARGEST = 2**20  # bytes of an answer that is looked at


def objects(settings: Settings) -> Iterator[Check]:
    kept = Objects(settings.objects)
    with timed() as took:
        intact = kept.get(kept.put(_PROBE)) == _PROBE
    where = urlsplit(settings.objects)
    host = where.netloc.rpartition("@")[2]
    shown = f"{where.scheme}://{host}" if where.scheme else settings.objects
    yield Check("ok" if intact else "fail", "objects", f"{shown}: written and read back in {took}")


def pack(settings: Settings) -> Iterator[Check]:
    try:
        found = load_pack(settings.pack, settings.packs)
    except PackFault as fault:
        yield Check("fail", "policy pack", str(fault), "mend the file it names")
        return
    yield Check("ok", "policy pack", f"{found.name} {found.digest[:12]}: {found.title}")


def model(settings: Settings) -> Iterator[Check]:
    """One question of one token: an endpoint that lists a model need not answer with it."""
    base = settings.model_endpoint.rstrip("/")
    host = urlsplit(base).netloc.rpartition("@")[2]
    key = settings.model_api_key.get_secret_value()
    try:
        with timed() as took:
            answer = httpx.post(
                f"{base}/chat/completions",
                json={
                    "model": settings.model,
                    "messages": [{"role": "user", "content": "Say yes."}],
                    "max_tokens": 1,
                },
                headers={"Authorization": f"Bearer {key}"},
                timeout=httpx.Timeout(60, connect=5),
                trust_env=settings.model_url is not None,
            )
    except httpx.HTTPError as fault:
        yield Check(
            "fail",
            "model",
            f"no answer at {host} ({type(fault).__name__})",
            "gonogo up, or set GONOGO_MODEL_URL",
        )
        return
    if answer.status_code in (401, 403):
        yield Check("fail", "model", f"{host} refuses the key", "set GONOGO_MODEL_API_KEY")
    elif answer.status_code == 404:
        yield Check(
            "fail",
            "model",
            f"{host} knows no {settings.model}",
            "set GONOGO_MODEL to one it serves, GONOGO_MODEL_URL to its base address",
        )
    elif not answer.is_success:
        yield Check(
            "warn", "model", f"{host} answers {answer.status_code}", "try again; see its log"
        )
    else:
        yield _declared(settings, host, answer, str(took))


def _declared(settings: Settings, host: str, answer: httpx.Response, took: str) -> Check:
    name: Any = None
    if len(answer.content) <= _LARGEST:
        try:
            name = answer.json()["model"]
        except (ValueError, KeyError, TypeError, RecursionError):
            name = None
    if not isinstance(name, str):
        return Check(
            "warn",
            "model",
            f"{host} does not say which model answered",
            "evidence will count as given by a stand-in",
        )
    fits = is_model(name, settings.model)
    return Check(
        "ok" if fits else "warn",
        "model",
        f"{host} answers in {took} as {name[:80]}",
        ""
        if fits
        else f"{settings.model} was asked for: evidence will count as given by a stand-in",
    )


def api(settings: Settings) -> Iterator[Check]:
    url = f"http://{settings.host}:{settings.port}"
    try:
        with timed() as took:
            answer = httpx.get(f"{url}/readyz", timeout=5, trust_env=False)
        status = str(answer.json()["status"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        taken = _somebody_listens(settings.host, settings.port)
        yield Check(
            "fail",
            "API",
            f"{url}: " + ("somebody else listens there" if taken else "nobody listens"),
            "set GONOGO_PORT" if taken else "gonogo up",
        )
        return
    yield Check(
        "ok" if status == "ok" else "warn",
        "API",
        f"{url} is {status[:20]}, in {took}",
        "" if status == "ok" else "see the failed parts in this list",
    )
    if "date" in answer.headers:
        # The header counts whole seconds, so half a second is the best guess.
        theirs = parsedate_to_datetime(answer.headers["date"])
        yield clock("the API's", (datetime.now(UTC) - theirs).total_seconds() - 0.5)


def _somebody_listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def provider(settings: Settings) -> Iterator[Check]:
    """Discovery, its issuer, endpoints and algorithms, as signing in meets them."""
    name = "identity provider"
    if settings.oidc_issuer is None:
        if is_loopback(settings.host):
            yield Check("ok", name, "none: people sign in by token, on this machine")
        else:
            remedy = "set GONOGO_OIDC_ISSUER to let people sign in to the pages"
            yield Check("warn", name, "none: the pages are open to nobody", remedy)
        return
    from api.provider import Provider, ProviderFault

    try:
        with timed() as took:
            asyncio.run(Provider(settings).begin("http://127.0.0.1/"))
    except ProviderFault as fault:
        remedy = "look at GONOGO_OIDC_ISSUER, and at the provider; signed-in people go on"
        yield Check("fail", name, f"{settings.oidc_issuer}: {fault}", remedy)
        return
    yield Check("ok", name, f"{settings.oidc_issuer} answers in {took}")
