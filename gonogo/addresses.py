"""Addresses of pages and providers: origins as browsers write them, and what is this machine."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit


def is_loopback(host: str) -> bool:
    """`host` is a name or address of this very machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> str:
    """`scheme://host[:port]` as browsers write it. Raises `ValueError` for anything but https,
    or http to this machine, and for a path, a query, or credentials."""
    parts = secure(url.strip().rstrip("/"))
    if parts.path or parts.query or parts.fragment:
        raise ValueError("it is scheme, host and port alone: https://gonogo.example")
    name, port = parts.hostname or "", parts.port
    host = f"[{name}]" if ":" in name else name
    is_default = port in (None, 443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{host}" + ("" if is_default else f":{port}")


def plain(url: str) -> str:
    """`url` of a server inside, without a slash at its end. Raises `ValueError` for anything but
    http and https, and for a query or credentials."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it begins with http:// or https:// and names a host")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError("it names no password, and asks nothing: a token is a setting of its own")
    _ = parts.port  # raises for one that is none
    return url.strip().rstrip("/")


def secure(url: str) -> SplitResult:
    """The parts of a URL that may be trusted with a secret. Raises `ValueError` for anything but
    https, or http to this machine, and for credentials."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(name)):
        raise ValueError("it begins with https://, or with http:// on this machine alone")
    if not name or parts.username is not None or parts.password is not None:
        raise ValueError("it names a host, and nobody's password")
    return parts
