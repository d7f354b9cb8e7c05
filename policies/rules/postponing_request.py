"""What is asked for when a launch is postponed, and what can be said about each item."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from policies.rules.launch_around import Aim


class Mode(StrEnum):
    SHIFT = "shift"  # items move with the launch
    DETACH = "detach"  # items leave it and keep their own time
    HOLD_AT_CURRENT = "hold_at_current"  # items stay bound, and get no new time until a re-plan


class Choice(StrEnum):
    """What the developer of an item wants."""

    WAIT = "wait"
    SHIP_ALONE = "ship_alone"
    WITHDRAW = "withdraw"


class Exposed(StrEnum):
    """What happens to an item that users have already. Nobody's default: it is chosen."""

    CONTINUE = "continue"
    HOLD = "hold"
    ROLL_BACK = "roll_back"


class Embargoed(StrEnum):
    """What happens to an embargo of an item, which does not move with the launch by itself."""

    KEEP = "keep"
    MOVE = "move"
    DROP = "drop"


@dataclass(frozen=True)
class Request:
    """What a person asks for. `choices`, `exposed` and `embargoes` are what was decided so far;
    developers who said nothing until `decide_by` have chosen `default`. `nth` counts this
    postponement (1 is the first); from the second on its date needs the approval of `higher_role`.
    """

    source: Aim
    target: Aim
    decide_by: datetime
    mode: Mode = Mode.SHIFT
    default: Choice = Choice.WAIT
    choices: Mapping[str, Choice] = field(default_factory=dict)
    exposed: Mapping[str, Exposed | None] = field(default_factory=dict)
    embargoes: Mapping[str, Embargoed] = field(default_factory=dict)
    nth: int = 1
    higher_role: str = "product_lead"


@dataclass(frozen=True)
class Moved:
    """`was` and `becomes` are None where the target is no instant. `offset_s` is the item's new
    distance from the opening: where a clock change lies between them it differs from the old."""

    item: str
    was: datetime | None
    becomes: datetime | None
    offset_s: int


@dataclass(frozen=True)
class Answer:
    """`source`: chosen, or default (asked until `decide_by`)."""

    item: str
    choice: Choice
    source: str


@dataclass(frozen=True)
class Conflict:
    """What needs a decision before the new date can be kept. `code`: embargo_undecided,
    exposed_undecided, requires_withdrawn, requires_waiting, approval_lapsed, evidence_lapsed (of
    what ships alone), review_late, no_capacity, embargo_broken, freeze."""

    code: str
    id: str
    other: str | None = None
