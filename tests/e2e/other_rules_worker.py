"""A worker whose rules differ: leases are a day longer and nobody may approve any more.

    python -m tests.e2e.other_rules_worker

What was recorded under the old rules must stand, although this worker would decide otherwise.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from gonogo import worker
from gonogo.settings import Settings
from policies.errors import IllegalMove
from policies.lifecycle import submission
from policies.lifecycle.kernel import Command, Fact, instant, iso
from policies.lifecycle.submission_state import Submission

_DECIDE = submission.decide


def decide(
    state: Submission | None, command: Command, now: datetime, observed: Mapping[str, Any]
) -> tuple[Fact, ...]:
    if command.kind == "approve":
        raise IllegalMove("nobody approves here")
    facts = _DECIDE(state, command, now, observed)
    return tuple(
        replace(
            fact,
            body={
                **fact.body,
                "lease_until": iso(instant(fact.body["lease_until"]) + timedelta(days=1)),
            },
        )
        if "lease_until" in fact.body
        else fact
        for fact in facts
    )


if __name__ == "__main__":
    # The workflow module looks its machine up by name in a passed-through module.
    object.__setattr__(submission.MACHINE, "decide", decide)
    asyncio.run(worker.serve(Settings()))
