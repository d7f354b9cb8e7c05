"""What a launch pins from its policy pack when it is drafted."""

from typing import Any

from policies.pack import PolicyPack


def launch_terms_from(pack: PolicyPack) -> dict[str, Any]:
    """`launch_state.Terms` as JSON, for the body of the command *draft*."""
    rules = pack.launch.model_dump(mode="json", exclude={"modes", "duties"})
    del rules["gates"]
    # What the query asks stays in the pack: bodies of events hold no prose of anybody.
    gates = [
        gate.model_dump(mode="json", exclude={"title", "prometheus"})
        | ({"measure": gate.looks_at} if gate.kind == "measured" else {})
        for gate in pack.launch.gates
    ]
    return {"pack": pack.digest, "gates": gates, **rules}
