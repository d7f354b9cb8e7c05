"""Fetch one small text from a stranger's server, without being led anywhere else.

The connection goes to an address that `gonogo.outside` judged; `httpx-secure` judges it once more.
Redirects are not followed, sizes and times are limited.
"""

import asyncio
import ssl

import dns.asyncresolver
import httpx
from httpx_secure import SSRFProtectionError, httpx_ssrf_protection

from gonogo.outside import Address, Guard, Unfetched, judged

MOST_BYTES = 4096
CONNECT_S, WHOLE_S = 3.0, 6.0


class WellKnown:
    """`fetch` reads one path of one host over https. Raises `Unfetched`."""

    def __init__(
        self,
        resolver: dns.asyncresolver.Resolver,
        guard: Guard | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._resolver, self._guard = resolver, guard or Guard()
        self._trust = trust or ssl.create_default_context()

    async def fetch(self, host: str, path: str) -> bytes:
        """At most `MOST_BYTES`; status 200 of exactly this place."""
        try:
            async with asyncio.timeout(WHOLE_S):
                addresses = await judged(self._resolver, self._guard, host, self._guard.port)
                return await self._from_any(host, path, addresses)
        except TimeoutError:
            raise Unfetched("https_timeout") from None

    async def _from_any(self, host: str, path: str, addresses: list[Address]) -> bytes:
        fault = Unfetched("https_unreachable")
        for address in addresses[:2]:
            try:
                return await self._get(host, path, address)
            except httpx.ConnectTimeout:
                fault = Unfetched("https_timeout")
            except httpx.ConnectError as failed:
                refused = "CERTIFICATE" in str(failed).upper()
                fault = Unfetched("certificate" if refused else "https_unreachable")
            except SSRFProtectionError:
                raise Unfetched("address_not_public") from None
            except httpx.TimeoutException:
                fault = Unfetched("https_timeout")
            except httpx.HTTPError:
                fault = Unfetched("https_unreadable")
        raise fault

    async def _get(self, host: str, path: str, address: Address) -> bytes:
        shown = f"[{address}]" if address.version == 6 else str(address)
        client = httpx_ssrf_protection(
            httpx.AsyncClient(
                verify=self._trust,
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(WHOLE_S, connect=CONNECT_S),
            ),
            check_globally_reachable=False,  # `Guard` is narrower
            custom_validator=self._guard.allows,
        )
        request = client.build_request(
            "GET",
            f"https://{shown}:{self._guard.port}{path}",
            headers={"Host": host, "Accept": "text/plain", "Accept-Encoding": "identity"},
            extensions={"sni_hostname": host},
        )
        async with client:
            response = await client.send(request, stream=True)
            try:
                if response.is_redirect:
                    raise Unfetched("https_redirect")
                if response.status_code != 200:
                    raise Unfetched(f"https_status:{response.status_code}")
                return await _bounded(response)
            finally:
                await response.aclose()


async def _bounded(response: httpx.Response) -> bytes:
    body = b""
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > MOST_BYTES:
            raise Unfetched("https_too_large")
    return body
