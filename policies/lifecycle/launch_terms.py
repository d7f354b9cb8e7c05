"""What a launch pins from its policy pack when it is drafted."""

from typing import Any

from policies.pack import PolicyPack


def launch_terms_from(pack: PolicyPack) -> dict[str, Any]:
    """`launch_state.Terms` as JSON, for the body of the command *draft*."""
    rules = pack.launch.model_dump(mode="json", exclude={"modes", "duties"})
    gates = [{k: v for k, v in gate.items() if k != "title"} for gate in rules.pop("gates")]
    return {"pack": pack.digest, "gates": gates, **rules}
