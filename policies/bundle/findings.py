"""What a scan found: rule, place, a message that never holds the secret itself."""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, order=True)
class Finding:
    """One finding. `pointer` is RFC 6901 inside a parsed document, "" for the whole file.

    `message` names type, line and at most the first four characters of anything secret.
    `blocking` is False until `weighed` with the rules of a pack.
    """

    rule: str
    file: str
    pointer: str
    message: str
    blocking: bool = False


def weighed(findings: Iterable[Finding], blocking: Iterable[str]) -> tuple[Finding, ...]:
    """The findings with `blocking` set by the pack's rule ids, each once, blocking ones first."""
    strict = frozenset(blocking)
    marked = {replace(f, blocking=f.rule in strict) for f in findings}
    return tuple(sorted(marked, key=lambda f: (not f.blocking, f)))
