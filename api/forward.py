"""What bringing a launch forward would meet: looked at before anybody commits to it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from api.deps import Services
from api.views import time_text
from gonogo.db import launch_lists as board_db
from gonogo.db.launch_forward import look_forward
from gonogo.db.launch_gates import measure
from gonogo.db.session import reading
from policies.errors import Incomplete
from policies.lifecycle.launch_forward import in_the_way
from policies.lifecycle.launch_gating import measured
from policies.lifecycle.launch_look import after
from policies.lifecycle.launch_moving import SAYS
from policies.lifecycle.launch_state import Launch
from policies.rules.target import Target, compare


@dataclass(frozen=True)
class Ahead:
    """`why`: every reason against it, as (code, id); `names` those of items. `earliest` (UTC) is
    the first moment with the notice that developers are owed. Truthy if nothing is in the way."""

    target: Target
    why: tuple[tuple[str, str], ...]
    names: dict[str, str]
    earliest: datetime

    def __bool__(self) -> bool:
        return not self.why


def looked_forward(svc: Services, launch: Launch, target: Target) -> Ahead:
    """Look as the command will. Raises `Incomplete` for a date that is not sooner."""
    if launch.target is None:
        raise Incomplete("it has no date yet: plan it", field="target")
    change = compare(target, launch.target)
    if target.start is None or change != "brought_forward":
        raise Incomplete(f"that is not sooner: {SAYS[change]}", field="target")
    now, pack = datetime.now(UTC), svc.packs(launch.terms.pack)
    with reading(svc.engine) as session:
        observed = {
            "forward": look_forward(
                session, svc.store, launch.id, target, now, pack=pack, in_force=svc.pack
            ),
            "gates": measure(session, svc.store, launch.id, now, svc.pack).gates,
        }
        gates = after(launch, measured(launch, now, observed), now).gates(now)
        found = [f"gate:{one}" for one in gates.why] + list(in_the_way(observed, target))
        why = tuple((code, id) for code, _, id in (one.partition(":") for one in found))
        items = {id for _, id in why if id.startswith("rel_")}
        names = board_db.names_of(session, svc.store, launch.id, items) if items else {}
    notice = timedelta(seconds=launch.terms.minimum_notice_s)
    return Ahead(target, why, names, now + notice)


def ahead_view(seen: Ahead) -> dict[str, Any]:
    return {
        "target": seen.target.as_json(),
        "may": bool(seen),
        "why": [{"code": code, "id": id, "name": seen.names.get(id)} for code, id in seen.why],
        "earliest": time_text(seen.earliest),
    }
