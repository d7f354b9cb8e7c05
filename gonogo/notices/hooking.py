"""Sending events to endpoints: signed, thin, with one deadline, never where an inside address is.

A body holds ids, type, position, time and links; who may read more asks the API. Of an answer
nothing but the status is read, and a redirect is a failure: it could lead anywhere.
"""

import asyncio
import json
import ssl
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import dns.asyncresolver
import httpx
from httpx_secure import SSRFProtectionError, httpx_ssrf_protection
from sqlalchemy import Engine

from gonogo.addresses import is_loopback
from gonogo.db.notices import NoticeRow, WebhookRow
from gonogo.db.session import writing
from gonogo.notices.deliveries import Outgoing, Result
from gonogo.notices.keys import Unsealable
from gonogo.notices.signing import headers
from gonogo.notices.telling import tell_about_webhook
from gonogo.notices.webhooks import TEST, Webhooks, disable
from gonogo.outside import Address, Guard, Unfetched, judged
from policies.lifecycle.kernel import iso
from policies.rules.notice_facts import facts_from
from policies.rules.webhook_rules import DISABLE_AFTER, wire_type

DEADLINE_S, CONNECT_S = 15.0, 5.0
RETRY_AFTER_MOST = timedelta(hours=1)
_PAGES = {"sub": "/submissions", "rel": "/releases"}
_APIS = {
    "sub": "/v1/submissions",
    "rel": "/v1/releases",
    "stp": "/v1/stops",
    "pub": "/v1/publishers",
}


class Hooker:
    """`tls` is what certificates are checked against; None: what the machine trusts. `opened` are
    addresses inside that may be connected to all the same, for tests on one machine."""

    def __init__(
        self,
        engine: Engine,
        webhooks: Webhooks,
        base: str,
        *,
        mail: bool,
        resolver: dns.asyncresolver.Resolver,
        loopback: bool = False,
        tls: ssl.SSLContext | None = None,
        opened: frozenset[Address] = frozenset(),
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._engine, self._webhooks, self._base, self._mail = engine, webhooks, base, mail
        self._tls = tls or ssl.create_default_context()
        self._resolver, self._loopback, self._opened = resolver, loopback, opened
        self._deadline_s = deadline_s

    async def send(self, out: Outgoing) -> Result:
        """One attempt. Never raises for what the other side does."""
        began = time.monotonic()
        hook = await asyncio.to_thread(self._webhooks.of, out.row.recipient)
        if hook is None or hook.state != "active":
            return _result(began, "disabled", final=True)
        body = payload(out.notice, self._base)
        now = datetime.now(UTC)
        try:
            keys = self._webhooks.keys(hook, now)
        except Unsealable:
            return _result(began, "unsealable")
        signed = headers(keys, out.row.message_id, int(now.timestamp()), body)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._post(hook, signed, body, began)
        except TimeoutError:
            return _result(began, "timeout")
        except SSRFProtectionError:
            return _result(began, "inside_address")
        except Unfetched as fault:
            inside = fault.code == "address_not_public"
            return _result(began, "inside_address" if inside else "unreachable")
        except httpx.TimeoutException:
            return _result(began, "timeout")
        except httpx.ConnectError as fault:
            return _result(began, "tls" if _about_tls(fault) else "unreachable")
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            return _result(began, f"error:{type(fault).__name__}")

    async def _post(
        self, hook: WebhookRow, signed: dict[str, str], body: bytes, began: float
    ) -> Result:
        url = httpx.URL(hook.url)
        host = url.raw_host.decode("ascii")
        port = url.port or (443 if url.scheme == "https" else 80)
        client = httpx.AsyncClient(
            verify=self._tls,
            trust_env=False,  # a proxy would connect for us, past every check
            follow_redirects=False,
            timeout=httpx.Timeout(self._deadline_s, connect=CONNECT_S),
            headers={"user-agent": "gonogo-webhooks/1", "accept-encoding": "identity"},
        )
        places = [url]
        if not (self._loopback and url.scheme == "http" and is_loopback(host)):
            guard = Guard(self._opened, port)
            addresses = await judged(self._resolver, guard, host, port)
            # Once more, of the connection. Alone it would connect to a name and judge afterwards.
            httpx_ssrf_protection(
                client, check_globally_reachable=False, custom_validator=guard.allows
            )
            places = [url.copy_with(host=str(one)) for one in addresses[:2]]
        sent = {"content-type": "application/json", "host": url.netloc.decode("ascii")} | signed
        fault: httpx.TransportError | None = None
        async with client:
            for place in places:
                try:
                    async with client.stream(
                        "POST",
                        place,
                        content=body,
                        headers=sent,
                        extensions={"sni_hostname": host},  # whose certificate is asked for
                    ) as answer:
                        return _judged(answer, began)
                except (httpx.ConnectError, httpx.ConnectTimeout) as failed:
                    fault = failed
        assert fault is not None  # there is a place, and it neither answered nor raised
        raise fault

    async def done(self, out: Outgoing, result: Result, state: str) -> None:
        """After an attempt: remember since when an endpoint fails, switch it off in the end."""
        await asyncio.to_thread(self._settle, out, result)

    def _settle(self, out: Outgoing, result: Result) -> None:
        now = datetime.now(UTC)
        with writing(self._engine) as session:
            hook = session.get(WebhookRow, (out.row.store_id, out.row.recipient))
            if hook is None or hook.state != "active":
                return
            if result.ok:
                if hook.failing_since is not None:
                    hook.failing_since = None
                    session.add(hook)
                return
            if hook.failing_since is None:
                hook.failing_since = now
                session.add(hook)
            why = None
            if result.status == 410:
                why = "gone"
            elif now - hook.failing_since >= DISABLE_AFTER:
                why = "failing"
            if why is not None:
                disable(session, hook, why)
                tell_about_webhook(session, hook, why, now, mail=self._mail)


def payload(notice: NoticeRow, base: str) -> bytes:
    """The same bytes for every attempt."""
    facts = facts_from(notice.facts)
    prefix = notice.subject.partition("_")[0]
    links = {
        "page": f"{base}{_PAGES[prefix]}/{notice.subject}" if prefix in _PAGES else None,
        "api": f"{base}{_APIS[prefix]}/{notice.subject}" if prefix in _APIS else None,
    }
    data = {
        "store": notice.store_id,
        "subject": notice.subject,
        "position": notice.position,
        "gpt": facts.gpt,
        "publisher": facts.publisher,
        "links": {name: url for name, url in links.items() if url},
    }
    if notice.type == TEST:
        data = {"store": notice.store_id, "webhook": notice.subject}
    value = {
        "type": wire_type(notice.type),
        "timestamp": iso(notice.created_at),
        "data": {name: v for name, v in data.items() if v is not None},
    }
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _about_tls(fault: BaseException | None) -> bool:
    """Whether a handshake failed: the client wraps what the socket said."""
    while fault is not None:
        if isinstance(fault, ssl.SSLError):
            return True
        fault = fault.__cause__ or fault.__context__
    return False


def _judged(answer: httpx.Response, began: float) -> Result:
    status = answer.status_code
    if 200 <= status < 300:
        return _result(began, str(status), ok=True, status=status)
    later = _retry_after(answer.headers.get("retry-after"))
    if status == 410:
        return _result(began, "410", status=status, final=True)
    outcome = f"redirect:{status}" if 300 <= status < 400 else str(status)
    return _result(began, outcome, status=status, not_before=later)


def _retry_after(text: str | None) -> datetime | None:
    """RFC 9110, 10.2.3: seconds or a date; at most an hour away."""
    now = datetime.now(UTC)
    try:
        if text is None:
            return None
        at = now + timedelta(seconds=int(text)) if text.isdigit() else parsedate_to_datetime(text)
        return min(at.astimezone(UTC), now + RETRY_AFTER_MOST)
    except (ValueError, OverflowError, TypeError):
        return None


def _result(
    began: float,
    outcome: str,
    *,
    ok: bool = False,
    status: int | None = None,
    final: bool = False,
    not_before: datetime | None = None,
) -> Result:
    spent = int((time.monotonic() - began) * 1000)
    return Result(ok, outcome, status, spent, final, not_before)
