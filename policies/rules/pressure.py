"""How much a launch was pressed: time for testing and review against the usual, waivers, overrides.

Each part is between 0 (as usual) and 1. They are joined as causes that may each do the damage
alone, value = 1 − Π(1 − part): one strong part shows whatever the others are, and none averages
another away. A choice of ours, for looking and for comparing launches; it decides nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from policies.lifecycle.launch_state import Launch
from policies.rules.gates import Mark

NAMED_MOST = 50
_MANY = 4  # so many weigh half of what endlessly many would
# Above which value a launch is called so.
TENSE, PRESSED = 0.15, 0.4
Level = Literal["calm", "tense", "pressed"]


@dataclass(frozen=True)
class Spent:
    """One step of one item: seconds spent (None: no trace of it) and the usual for its risk tier
    (None: there is no usual yet)."""

    release: str
    step: Literal["testing", "review"]
    seconds: float | None
    usual_s: float | None


@dataclass(frozen=True)
class Hurried:
    """A step that took less than usual: `share` of its time is missing, 1: no trace of it."""

    release: str
    step: str
    seconds: float | None
    usual_s: float | None
    share: float


@dataclass(frozen=True)
class Pressure:
    """`parts`: haste, waived, overridden, dissent, moved, shortened. `hurried` names the worst of
    `hurried_in_all`; `unknown` counts steps without a usual time to be compared with."""

    value: float
    level: Level
    parts: Mapping[str, float]
    hurried: tuple[Hurried, ...]
    hurried_in_all: int
    waived: tuple[str, ...]
    overridden: tuple[str, ...]
    unknown: int


def hurry(spent: Spent) -> float | None:
    """The share of the usual time that is missing; None where nothing is usual yet."""
    if spent.seconds is None:
        return 1.0  # no trace of it: unknown never means done with care
    if spent.usual_s is None or spent.usual_s <= 0:
        return None
    return min(1.0, max(0.0, 1.0 - max(0.0, spent.seconds) / spent.usual_s))


def pressure(
    launch: Launch, steps: Iterable[Spent], waivers: Iterable[str] = (), shortened: int = 0
) -> Pressure:
    """`waivers`: ids of gates waived at any time, from the record; those that stand are added.
    `shortened`: how many steps were made shorter than the rules meant (`shortened.py`)."""
    shares = [(one, hurry(one)) for one in steps]
    known = [(one, share) for one, share in shares if share is not None]
    hurried = sorted(
        (
            Hurried(one.release, one.step, one.seconds, one.usual_s, share)
            for one, share in known
            if share > 0
        ),
        key=lambda h: (-h.share, h.release, h.step),
    )
    waived = sorted({*waivers, *(gate for gate, mark in launch.marks.items() if _risky(mark))})
    overridden = sorted({vote.role for vote in launch.votes if vote.override})
    dissent = {vote.role for vote in launch.votes if vote.vote != "GO"}
    polled = len(launch.terms.poll_roles)
    parts = {
        "haste": sum(share for _, share in known) / len(known) if known else 0.0,
        "waived": _share(len(waived), len(launch.terms.gates)),
        "overridden": _share(len(overridden), polled),
        "dissent": _share(len(dissent), polled) / 2,  # heard and answered: half as bad
        "moved": _share(launch.postponements, launch.postponements + _MANY),
        "shortened": _share(shortened, shortened + _MANY),
    }
    left = 1.0
    for part in parts.values():
        left *= 1.0 - part
    return Pressure(
        value=1.0 - left,
        level=level(1.0 - left),
        parts=parts,
        hurried=tuple(hurried[:NAMED_MOST]),
        hurried_in_all=len(hurried),
        waived=tuple(waived),
        overridden=tuple(overridden),
        unknown=len(shares) - len(known),
    )


def _risky(mark: Mark) -> bool:
    return mark.waived and not mark.holds


def level(value: float) -> Level:
    return "calm" if value < TENSE else "tense" if value < PRESSED else "pressed"


def _share(count: int, of: int) -> float:
    return min(1.0, count / of) if of > 0 else 0.0
