"""The machines by kind: what `record`, `rebuild` and `can` look a subject's rules up in."""

from collections.abc import Mapping
from typing import Any

from policies.lifecycle import (
    embargo,
    hold,
    launch,
    listing,
    memo,
    publisher,
    purge,
    release,
    stop,
    submission,
    transfer,
    window,
)
from policies.lifecycle.kernel import Event, Machine

MACHINES: Mapping[str, Machine[Any]] = {
    machine.kind: machine
    for machine in (
        submission.MACHINE,
        release.MACHINE,
        listing.MACHINE,
        stop.MACHINE,
        publisher.MACHINE,
        purge.MACHINE,
        hold.MACHINE,
        launch.MACHINE,
        memo.MACHINE,
        window.MACHINE,
        transfer.MACHINE,
        embargo.MACHINE,
    )
}
PREFIX_OF: Mapping[str, str] = {
    "submission": "sub",
    "release": "rel",
    "listing": "lst",
    "stop": "stp",
    "publisher": "pub",
    "purge": "prg",
    "hold": "hld",
    "launch": "lch",
    "memo": "mem",
    "window": "win",
    "transfer": "trf",
    "embargo": "emb",
}
KIND_OF: Mapping[str, str] = {prefix: kind for kind, prefix in PREFIX_OF.items()}


def kind_of(subject: str) -> str:
    """The machine a subject id belongs to. Raises `KeyError` for an unknown prefix."""
    return KIND_OF[subject.partition("_")[0]]


def fold(kind: str, events: tuple[Event, ...] | list[Event], state: Any = None) -> Any:
    """The state after `events`, in order of `seq`."""
    evolve = MACHINES[kind].evolve
    for event in events:
        state = evolve(state, event)
    return state
