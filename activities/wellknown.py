"""Fetch one small text from a stranger's server, without being led anywhere else.

The name is resolved here, every address it has is judged, and the connection goes to the judged
address itself: a second answer of the name (DNS rebinding) is never asked for. `httpx-secure`
judges the connection once more. Redirects are not followed, sizes and times are limited.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import dns.asyncresolver
import dns.exception
import dns.resolver
import httpx
from httpx_secure import SSRFProtectionError, httpx_ssrf_protection

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
MOST_BYTES = 4096
CONNECT_S, WHOLE_S, LOOKUP_S = 3.0, 6.0, 3.0
ADDRESSES_MOST = 16  # more than that is no honest answer
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # RFC 4291: all that is given out to hosts
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_METADATA = frozenset({"169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192"})


class Unfetched(Exception):
    """Nothing was fetched. `code` says why, as a stable name."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Guard:
    """Which addresses and port may be connected to. `opened` is for tests on one machine."""

    opened: frozenset[Address] = frozenset()
    port: int = 443

    def allows(self, host: str, address: Address, port: int) -> bool:
        return port == self.port and (address in self.opened or is_public(address))


def is_public(address: Address) -> bool:
    """Whether `address`, and every address it wraps, is reachable for everybody."""
    if str(address) in _METADATA or not address.is_global or address.is_multicast:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    if address not in _GLOBAL_UNICAST and address not in _NAT64:
        return False
    inner: list[ipaddress.IPv4Address | None] = [address.ipv4_mapped, address.sixtofour]
    inner += address.teredo or ()
    if address in _NAT64:
        inner.append(ipaddress.IPv4Address(address.packed[-4:]))
    return all(one is None or is_public(one) for one in inner)


def resolver_of(servers: Sequence[str]) -> dns.asyncresolver.Resolver:
    """A resolver that asks `servers` (`address` or `address:port`), or the system's when empty."""
    resolver = dns.asyncresolver.Resolver(configure=not servers)
    if servers:
        named = [one.rpartition(":") if one.count(":") == 1 else (one, "", "") for one in servers]
        resolver.nameservers = [host for host, _, _ in named]
        ports = {host: int(port) for host, _, port in named if port}
        resolver.nameserver_ports = ports
    resolver.lifetime = LOOKUP_S
    resolver.timeout = LOOKUP_S / 2
    return resolver


async def addresses_of(resolver: dns.asyncresolver.Resolver, host: str) -> list[Address]:
    """Every address of `host`, IPv4 first. Raises `Unfetched`."""
    both = await asyncio.gather(
        *(_asked(resolver, host, kind) for kind in ("A", "AAAA")), return_exceptions=True
    )
    found = [one for answer in both if not isinstance(answer, BaseException) for one in answer]
    if not found:
        faults = [one for one in both if isinstance(one, BaseException)]
        gone = all(isinstance(f, dns.resolver.NXDOMAIN | dns.resolver.NoAnswer) for f in faults)
        raise Unfetched("no_address" if gone else "dns_failed")
    if len(found) > ADDRESSES_MOST:
        raise Unfetched("too_many_addresses")
    return found


async def _asked(resolver: dns.asyncresolver.Resolver, host: str, kind: str) -> list[Address]:
    answer = await resolver.resolve(host, kind, search=False)
    return [ipaddress.ip_address(record.address) for record in answer]


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
                addresses = await addresses_of(self._resolver, host)
                self._judge(host, addresses)
                return await self._from_any(host, path, addresses)
        except TimeoutError:
            raise Unfetched("https_timeout") from None

    def _judge(self, host: str, addresses: Iterable[Address]) -> None:
        """One address inside is enough to refuse: an honest host has none."""
        if not all(self._guard.allows(host, one, self._guard.port) for one in addresses):
            raise Unfetched("address_not_public")

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
