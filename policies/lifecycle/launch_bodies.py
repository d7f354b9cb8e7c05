"""What a launch's commands must bring, read strictly: what is missing or odd is told by field."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from policies.errors import Incomplete
from policies.lifecycle.kernel import Fact, instant, iso
from policies.lifecycle.launch_state import Launch, Status
from policies.rules.target import Target, is_overdue, of_json

_CODE = re.compile(r"[a-z][a-z0-9_-]{0,59}")
_DIGEST_MOST = 200


def code(body: Mapping[str, Any], field: str = "reason") -> str:
    """A reason code; the prose is elsewhere, by digest."""
    value = body.get(field)
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise Incomplete(f"a {field} code is missing (a-z, 0-9, - and _)", field=field)
    return value


def digest(body: Mapping[str, Any], field: str, what: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not 0 < len(value) <= _DIGEST_MOST:
        raise Incomplete(f"{what} is missing", field=field)
    return value


def told(body: Mapping[str, Any]) -> dict[str, Any]:
    """Why: a code and, if somebody wrote one, a note by digest."""
    note = digest(body, "note", "the note") if body.get("note") is not None else None
    return {"reason": code(body), "note": note}


def count(body: Mapping[str, Any], field: str, *, most: int) -> int | None:
    value = body.get(field)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise Incomplete(f"“{field}” is a number from 0 to {most}", field=field)
    return value


def time(body: Mapping[str, Any], field: str) -> datetime | None:
    if body.get(field) is None:
        return None
    try:
        return instant(body[field])
    except ValueError as fault:
        raise Incomplete("a time with its zone is needed", field=field) from fault


def target(body: Mapping[str, Any], now: datetime) -> Target:
    """The target in `body`, which lies ahead. Raises `Incomplete`."""
    value = body.get("target")
    if not isinstance(value, Mapping):
        raise Incomplete("the target is missing", field="target")
    wanted = of_json(value)
    passed = wanted.is_instant and wanted.start is not None and wanted.start <= now
    if passed or is_overdue(wanted, now):
        raise Incomplete("that date is in the past", field="target", now=iso(now))
    return wanted


def held(s: Launch, now: datetime, cause: str, **more: Any) -> Fact:
    """A hold, with the moment by which somebody looks at it again (I4)."""
    late = s.status is Status.COUNTDOWN
    span = s.terms.hold_review_s if late else s.terms.hold_review_early_s
    body = {"cause": cause, "review_by": iso(now + timedelta(seconds=span)), **more}
    return Fact("launch:held", body)
