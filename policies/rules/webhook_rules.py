"""Webhooks by the Standard Webhooks specification: what is sent, when again, when no more.

Types are ours with full stops for colons: `submission.review.approved`. A filter names whole types,
or a beginning with `*`: `submission.*`.
"""

import re
from datetime import datetime, timedelta

# Seconds after each failed attempt: the schedule the specification recommends.
RETRY_AFTER_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
# An endpoint that answered nothing right for so long is switched off and its owner told.
DISABLE_AFTER = timedelta(days=5)
TYPES_MOST = 50
_FILTER = re.compile(r"[a-z_]+(\.[a-z_]+)*(\.\*)?|\*")


def wire_type(event_type: str) -> str:
    return event_type.replace(":", ".")


def is_filter(text: str) -> bool:
    return len(text) <= 80 and _FILTER.fullmatch(text) is not None


def wants(filters: tuple[str, ...], event_type: str) -> bool:
    """Whether an endpoint with these filters is sent this type; without filters, every one."""
    sent = wire_type(event_type)
    return not filters or any(
        one in ("*", sent) or (one.endswith(".*") and sent.startswith(one[:-1])) for one in filters
    )


def retry_at(schedule: tuple[int, ...], attempts: int, now: datetime) -> datetime | None:
    """When to try again after `attempts` failed ones; None: no more."""
    if attempts < 1:
        raise ValueError("a retry follows an attempt")
    return now + timedelta(seconds=schedule[attempts - 1]) if attempts <= len(schedule) else None
