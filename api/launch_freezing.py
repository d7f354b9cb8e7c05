"""What a date would meet of the store's windows: told whenever somebody gives a launch one."""

from datetime import UTC, datetime
from typing import Any

from api.deps import Services
from gonogo.db.launch_windows import windows_met
from gonogo.db.session import reading
from policies.rules.target import Target


def freeze_met(svc: Services, target: Target, pack: str | None = None) -> dict[str, Any] | None:
    """`windows`, `wholly`, `next_legal`, `free` spans of an interval; None: nothing is in its way.
    `pack` is the digest of the one that the launch pins, else that of today."""
    with reading(svc.engine) as session:
        found = windows_met(session, svc.store, pack or svc.pack.digest, target, datetime.now(UTC))
    return found.as_json() if found else None
