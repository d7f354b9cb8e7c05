"""Where an action sends what users say: only to a public name, over https, as written.

A host counts as an address in every notation a resolver accepts (`127.1`, `0x7f000001`,
`２１３０７０６４３３`, `[::ffff:10.0.0.1]`), after the WHATWG URL Standard, section 3.5.
"""

import re
import unicodedata
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network
from urllib.parse import unquote, urlsplit

from policies.bundle.findings import Finding
from policies.bundle.openapi import Spec, read_spec
from policies.bundle.parts import MANIFEST, Action, Bundle

LOOPBACK_NAMES = (
    "localhost",
    "localhost.localdomain",
    "ip6-localhost",
    "ip6-loopback",
    "localtest.me",
    "lvh.me",
)
PRIVATE_SUFFIXES = (
    "local",
    "internal",
    "intranet",
    "lan",
    "corp",
    "home",
    "home.arpa",
    "private",
    "onion",
    "nip.io",
    "sslip.io",
    "xip.io",
    "traefik.me",
)
NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
LABELS = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
NAT64 = IPv6Network("64:ff9b::/96")


def url_rules(url: str) -> tuple[tuple[str, str], ...]:
    """(rule, message) for everything wrong with one absolute URL; empty for a good one."""
    if any(c.isspace() or not c.isprintable() or c in "\\{}" for c in url):
        return (("action-spec-invalid", "the URL holds blanks, braces or invisible characters"),)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return (("action-spec-invalid", "the URL cannot be read"),)
    if not parts.scheme or not host:
        return (("action-spec-invalid", "the URL is not absolute"),)
    found = []
    if parts.scheme != "https":
        found.append(("action-not-https", f"the scheme is {parts.scheme}"))
    if "@" in parts.netloc:
        found.append(("action-spec-invalid", "the URL carries a user name or password"))
    return (*found, *host_rules(host))


def host_rules(host: str) -> tuple[tuple[str, str], ...]:
    """(rule, message) for a host as `urlsplit` gives it (no brackets, no port)."""
    if ":" in host:
        try:
            return _address_rules(IPv6Address(host))
        except AddressValueError:
            return (("action-spec-invalid", "the IPv6 address cannot be read"),)
    name = unicodedata.normalize("NFKC", unquote(host)).replace("。", ".").lower().rstrip(".")
    last = name.rpartition(".")[2]
    if NUMBER.fullmatch(last):
        address = _ipv4(name)
        if address is None:
            return (("action-host-ip", "the host ends in a number and is no name"),)
        return _address_rules(address)
    if _under(name, LOOPBACK_NAMES):
        return (("action-host-loopback", "the name is for this machine"),)
    if (name and "." not in name) or _under(name, PRIVATE_SUFFIXES):
        return (("action-host-private", "the name is for a private network"),)
    try:
        ascii_name = name.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_name = ""
    if not LABELS.fullmatch(ascii_name):
        return (("action-spec-invalid", "the host is not a domain name"),)
    return ()


def _under(name: str, domains: Iterable[str]) -> bool:
    return any(name == domain or name.endswith("." + domain) for domain in domains)


def _ipv4(name: str) -> IPv4Address | None:
    """The address of one to four parts, each decimal, octal or hexadecimal."""
    parts = name.split(".")
    if len(parts) > 4 or not all(NUMBER.fullmatch(part) for part in parts):
        return None
    numbers = [_number(part) for part in parts]
    *first, last = numbers
    if None in numbers or last is None or last >= 256 ** (5 - len(parts)):
        return None
    value = last
    for index, part in enumerate(first):
        if part is None or part > 255:
            return None
        value += part * 256 ** (3 - index)
    return IPv4Address(value)


def _number(part: str) -> int | None:
    if len(part) > 40:
        return None
    try:
        if part.startswith("0x"):
            return int(part[2:] or "0", 16)
        return int(part, 8) if len(part) > 1 and part.startswith("0") else int(part)
    except ValueError:
        return None


def _address_rules(address: IPv4Address | IPv6Address) -> tuple[tuple[str, str], ...]:
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            address = inner
    found = [("action-host-ip", "the host is an address, not a name")]
    if address.is_loopback or address.is_unspecified:
        found.append(("action-host-loopback", "the address is this machine's"))
    elif address.is_link_local:
        found.append(("action-host-link-local", "the address is link-local"))
    elif not address.is_global or address.is_multicast:
        found.append(("action-host-private", "the address is not public"))
    return tuple(found)


def action_findings(bundle: Bundle) -> list[Finding]:
    """Findings about every action: its document, each URL it can call, its privacy policy.

    Raises `YamlFault` or `UnicodeDecodeError` for a document that `read_bundle` never saw.
    """
    findings: list[Finding] = []
    for index, action in enumerate(bundle.manifest.actions):
        if action.openapi in bundle.files:
            spec = read_spec(action.openapi, bundle.files[action.openapi])
            findings += _spec_findings(action, spec)
        else:
            findings.append(
                Finding(
                    "action-spec-invalid",
                    MANIFEST,
                    f"/actions/{index}/openapi",
                    "the document is absent",
                )
            )
        findings += _privacy_findings(action, index)
    return findings


def _spec_findings(action: Action, spec: Spec) -> Iterable[Finding]:
    for pointer, message in spec.faults:
        yield Finding("action-spec-invalid", action.openapi, pointer, message)
    for url in (*spec.servers, *spec.oauth):
        for rule, message in url_rules(url.url):
            yield Finding(rule, action.openapi, url.pointer, message)


def _privacy_findings(action: Action, index: int) -> Iterable[Finding]:
    pointer = f"/actions/{index}/privacy_policy_url"
    url = action.privacy_policy_url
    if url is None or not url.strip():
        yield Finding("action-privacy-missing", MANIFEST, pointer, "no privacy policy is named")
        return
    for rule, message in url_rules(url):
        # A privacy policy nobody can open is a missing one; the transport rule stays itself.
        named = rule if rule == "action-not-https" else "action-privacy-missing"
        yield Finding(named, MANIFEST, pointer, message)
