"""Names of domains as people type them, made plain: what could be proven, in punycode.

A public suffix (`co.uk`, `github.io`) belongs to nobody who offers GPTs, so it proves nothing; nor
do names outside the public DNS. The list is that of publicsuffix.org, as its package carries it.
"""

import ipaddress
import secrets
from functools import cache

import idna
from publicsuffixlist import PublicSuffixList

LONGEST = 253
RECORD = "_gonogo-challenge"
WELL_KNOWN = "/.well-known/gonogo-challenge.txt"
PREFIX = "gonogo-verification="
# In the list, but not to be looked up in the public DNS or not anybody's own.
_NOT_OURS = frozenset({"onion", "arpa"})


class NoDomain(ValueError):
    """This cannot be proven. The message says why, in a sentence for whoever typed it."""


def domain_of(text: str) -> str:
    """The domain in `text` as lower-case A-labels (RFC 5891). Raises `NoDomain`."""
    name = text.strip().rstrip(".")
    if not name or len(name) > LONGEST:
        raise NoDomain("a domain has between 1 and 253 characters")
    if any(c in name for c in "/:@?#[]\\ %") or "*" in name:
        raise NoDomain("only the domain itself, such as example.com: no address, path or port")
    try:
        plain = idna.encode(name, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as fault:
        raise NoDomain(f"this is no domain: {fault}") from fault
    if len(plain) > LONGEST:
        raise NoDomain("a domain has between 1 and 253 characters")
    if _is_address(plain):
        raise NoDomain("an address proves nothing; name a domain")
    labels = plain.split(".")
    if len(labels) < 2 or labels[-1] in _NOT_OURS or _suffixes().publicsuffix(plain) is None:
        raise NoDomain("this name is not in the public domain name system")
    if _suffixes().privatesuffix(plain) is None:
        raise NoDomain("this is a suffix under which others register names; name your own domain")
    return plain


def shown(domain: str) -> str:
    """The domain with its Unicode form beside it, where there is another."""
    try:
        read = idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain
    return domain if read == domain else f"{domain} ({read})"


def new_challenge() -> str:
    """What has to be found at the domain: 32 random bytes. No secret, it is published."""
    return PREFIX + secrets.token_urlsafe(32)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        # `0x7f.1` and `2130706433` are addresses to some resolvers.
        last = name.rpartition(".")[2]
        return last.isdigit() or last.startswith("0x")
    return True


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)
