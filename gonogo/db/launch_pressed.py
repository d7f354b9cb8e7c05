"""The pressure on a launch: of its own events, its items, and what its pack waives."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from gonogo.db.launch_pressure import Looked, look
from policies.lifecycle.kernel import Event
from policies.lifecycle.launch_state import Launch
from policies.pack import PolicyPack
from policies.rules.pressure import Pressure, pressure
from policies.rules.shortened import Shortened, shortened


@dataclass(frozen=True)
class Pressed:
    """`waivers`, `moves`: the launch's own events of that kind."""

    launch: Launch
    told: Pressure
    looked: Looked
    shortened: tuple[Shortened, ...]
    waivers: tuple[Event, ...]
    moves: tuple[Event, ...]


def pressed(session: Session, state: Launch, events: Sequence[Event], pack: PolicyPack) -> Pressed:
    """`events` are all of the launch, in order; `pack` is the one that it pins. Five queries."""
    looked = look(session, state.store, state.id)
    waived = tuple(one for one in events if one.type == "launch:gate:waived")
    suites = [
        Shortened("suite_waived", suite, None, waiver.role)
        for waiver in pack.testing.waivers
        for suite in waiver.suites
    ]
    short = (*shortened(events), *looked.shortened, *suites)
    told = pressure(
        state,
        (step for item in looked.items for step in item.steps),
        [str(one.body["gate"]) for one in waived],
        len(short),
    )
    moves = tuple(
        one for one in events if one.type in ("launch:postponed", "launch:brought_forward")
    )
    return Pressed(state, told, looked, short, waived, moves)
