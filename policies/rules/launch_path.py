"""What a launch waits for: the longest chain of remaining work, and how much slack others have.

Critical path method: J. E. Kelley, M. R. Walker, “Critical-Path Planning and Scheduling”, Eastern
Joint Computer Conference, 1959. Work along a chain is added up, since what depends on another item
is tested together with it. Remaining seconds are expectations, so the result is one too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from policies.errors import Incomplete
from policies.rules.launch_plan import Plan, examine


@dataclass(frozen=True)
class CriticalPath:
    """`items` from the first to finish to the last, `total_s` their sum. `finish_s` says when each
    item is ready at the earliest, `slack_s` by how much it may slip without moving the whole.

    With `unknown` items (nobody can say what remains) all numbers are lower bounds.
    """

    items: tuple[str, ...]
    total_s: float
    finish_s: Mapping[str, float]
    slack_s: Mapping[str, float]
    unknown: tuple[str, ...]


def critical_path(plan: Plan, remaining_s: Mapping[str, float | None]) -> CriticalPath:
    """`remaining_s` per item: seconds until it is ready, 0 once it is, None or absent if unknown.

    Raises `Incomplete` on a cycle, `ValueError` for a negative duration.
    """
    examined = examine(plan)
    if len(examined.order) != len(plan):
        raise Incomplete(str(examined.faults[0]), field="requires")
    known = {name: remaining_s.get(name) for name in plan.items}
    spent = {name: 0.0 if value is None else float(value) for name, value in known.items()}
    if any(not value >= 0 for value in spent.values()):
        raise ValueError("what remains is zero or more seconds")
    finish: dict[str, float] = {}
    after: dict[str, str] = {}
    for name in examined.order:
        before = [one for one in plan.items[name].requires if one in plan.items]
        latest = max(before, key=lambda one: finish[one], default=None)
        if latest is not None and finish[latest] > 0:
            after[name] = latest
        finish[name] = spent[name] + (finish[latest] if latest is not None else 0.0)
    total = max(finish.values(), default=0.0)
    last = dict.fromkeys(finish, total)  # the latest each may finish
    for name in reversed(examined.order):
        for one in plan.items[name].requires:
            if one in plan.items:
                last[one] = min(last[one], last[name] - spent[name])
    return CriticalPath(
        _chain(finish, after) if total > 0 else (),
        total,
        finish,
        {name: max(0.0, last[name] - finish[name]) for name in finish},
        tuple(name for name, value in known.items() if value is None),
    )


def _chain(finish: Mapping[str, float], after: Mapping[str, str]) -> tuple[str, ...]:
    chain = [max(finish, key=lambda one: finish[one])]
    while chain[-1] in after:
        chain.append(after[chain[-1]])
    return tuple(reversed(chain))
