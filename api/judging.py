"""What somebody may do to a case, a release or a listing, former owners of its GPT included.

The rules know who owns a GPT now; who had it, or gets it, only the record knows (I2). A button that
the record would refuse is off, and says why.
"""

from collections.abc import Collection
from typing import Any

from api.deps import Services
from api.views import can_view
from gonogo.db.handover import CONFLICT, JUDGING, in_conflict
from gonogo.db.session import reading
from policies.errors import SelfApproval
from policies.lifecycle.kernel import Actor

_REFUSED = {"allowed": False, "code": SelfApproval.code, "because": CONFLICT}


def can_judge(svc: Services, machine: str, state: Any, who: Actor) -> dict[str, Any]:
    """As `can_view`, with what the record adds: a query for those who could judge it and belong to
    a publisher."""
    found = can_view(machine, state, who)
    if not who.publishers or not _judging(machine, found):
        return found
    with reading(svc.engine) as session:
        barred = in_conflict(session, svc.store, {state.gpt}, who.publishers)
    return without_conflicts(machine, found, state.gpt, barred)


def without_conflicts(
    machine: str, can: dict[str, Any], gpt: str, barred: Collection[str]
) -> dict[str, Any]:
    """`can` of something about `gpt`, where those of the GPTs `barred` are not theirs to judge."""
    if gpt not in barred:
        return can
    return {**can, **dict.fromkeys(_judging(machine, can), _REFUSED)}


def _judging(machine: str, can: dict[str, Any]) -> set[str]:
    return {kind for kind in JUDGING[machine] & can.keys() if can[kind]["allowed"]}
