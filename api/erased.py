"""What people are told where a text or an object was erased: when, and by which request."""

from collections.abc import Iterable
from typing import Any

from api.deps import Services
from gonogo.db.erasures import tombstones
from gonogo.db.session import reading
from policies.lifecycle.kernel import iso


def erased(svc: Services, digests: Iterable[str]) -> dict[str, dict[str, Any]]:
    """`{digest: {at, by}}` of those that were erased."""
    wanted = set(digests)
    if not wanted:
        return {}
    with reading(svc.engine) as session:
        rows = tombstones(session, wanted)
    return {digest: {"at": iso(row.erased_at), "by": row.purge} for digest, row in rows.items()}


def sentence(told: dict[str, Any] | None) -> str:
    """`(erased on 2026-11-24 by request prg_…)`; without more knowledge, `(erased)`."""
    return f"(erased on {told['at'][:10]} by request {told['by']})" if told else "(erased)"
