"""Whom this installation may connect to when a stranger named the host: nobody inside.

A name is resolved here and every address it has is judged. Whoever connects goes to a judged
address itself: a second answer of the name (DNS rebinding) is never asked for.
"""

import asyncio
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

import dns.asyncresolver
import dns.resolver

from gonogo.addresses import is_loopback

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LOOKUP_S = 3.0
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


def servers_of(text: str) -> list[str]:
    """The name servers of a setting: with commas between them, none for the system's."""
    return [one.strip() for one in text.split(",") if one.strip()]


async def judged(
    resolver: dns.asyncresolver.Resolver, guard: Guard, host: str, port: int
) -> list[Address]:
    """Every address of `host`, a name or an address, before anybody connects. Raises `Unfetched`.

    One address inside is enough to refuse: an honest host has none.
    """
    try:
        found = [ipaddress.ip_address(host)]
    except ValueError:
        if is_loopback(host):
            raise Unfetched("address_not_public") from None
        found = await addresses_of(resolver, host)
    if not all(guard.allows(host, one, port) for one in found):
        raise Unfetched("address_not_public")
    return found


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
