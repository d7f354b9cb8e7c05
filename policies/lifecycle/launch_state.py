"""A launch: its states, the table of legal moves, and what it knows of itself.

draft → planned → gating → poll → armed → countdown → launching → partial → live → closed
                    ↑____________ postponed, hold (anything before live) → cancelled
                                                     live, partial ⇄ suspended

Its items are releases that say themselves that they belong to it. Ten thousand of them do not sit
in this state: what a decider must know of them is observed, as counts and as what fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from policies.rules.gates import Gate, Gates, Mark, look
from policies.rules.target import Target

Mode = Literal["atomic", "quorum", "independent"]
Word = Literal["GO", "NO_GO", "ABSTAIN"]


class Status(StrEnum):
    DRAFT = "draft"
    PLANNED = "planned"
    GATING = "gating"
    POLL = "poll"
    ARMED = "armed"
    COUNTDOWN = "countdown"
    LAUNCHING = "launching"
    LIVE = "live"
    PARTIAL = "partial"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    HOLD = "hold"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"


FINAL = frozenset({Status.CLOSED, Status.CANCELLED})
# Announced, nothing open yet: what one person may hold and one lead may postpone at any second.
AHEAD = frozenset({Status.PLANNED, Status.GATING, Status.POLL, Status.ARMED, Status.COUNTDOWN})
# The way to the opening: a gate that turns red here stops it.
COMMITTED = frozenset({Status.POLL, Status.ARMED, Status.COUNTDOWN})
OPENED = frozenset({Status.LAUNCHING, Status.PARTIAL, Status.LIVE})

_STOPS = frozenset({Status.HOLD, Status.POSTPONED})
NEXT: Mapping[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.PLANNED, Status.CANCELLED}),
    Status.PLANNED: frozenset({Status.GATING}) | _STOPS,
    Status.GATING: frozenset({Status.POLL}) | _STOPS,
    Status.POLL: frozenset({Status.ARMED, Status.GATING}) | _STOPS,
    Status.ARMED: frozenset({Status.COUNTDOWN, Status.GATING}) | _STOPS,
    Status.COUNTDOWN: frozenset({Status.LAUNCHING}) | _STOPS,
    Status.LAUNCHING: frozenset({Status.PARTIAL, Status.LIVE}),
    Status.PARTIAL: frozenset({Status.LAUNCHING, Status.LIVE, Status.SUSPENDED, Status.CLOSED,
                               Status.HOLD}),
    Status.LIVE: frozenset({Status.SUSPENDED, Status.CLOSED}),
    Status.SUSPENDED: frozenset({Status.LIVE, Status.PARTIAL}),
    Status.HOLD: AHEAD | {Status.PARTIAL, Status.SUSPENDED, Status.POSTPONED, Status.CANCELLED},
    Status.POSTPONED: frozenset({Status.GATING, Status.CANCELLED}),
    Status.CLOSED: frozenset(),
    Status.CANCELLED: frozenset(),
}  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """What a launch pins from its pack when it is drafted. Times in seconds."""

    pack: str
    gates: tuple[Gate, ...]
    poll_roles: tuple[str, ...]
    tier_line: str  # safety's NO-GO on items above this tier is never overridden
    risk_role: str  # who may override a NO-GO
    date_role: str  # who approves the date of a second postponement
    poll_open_before_s: int
    silence_s: int
    checks_s: tuple[int, ...]  # before the opening, the earliest first
    max_lateness_s: int
    hold_review_s: int  # of a hold in the countdown
    hold_review_early_s: int  # of any other hold
    remind_s: int  # between two tellings of the same thing that is late
    plan_within_s: int
    minimum_notice_s: int  # that developers have, of a date brought forward
    soak_s: int
    votes_most: int  # of one role in one round
    waves_most: int
    choose_within_s: int = 7 * 86400  # for developers, of a postponement that names no time
    duties_remind_s: tuple[int, ...] = ()  # before the opening, the earliest first


@dataclass(frozen=True)
class Vote:
    """One voice in a poll. It is never changed: a second one is appended."""

    round: int
    role: str
    vote: Word
    by: str
    at: datetime
    statement: str | None = None  # digest of the prose
    override: str | None = None  # who accepted the risk of this NO-GO


@dataclass(frozen=True)
class Poll:
    """`outcome` is None while it is open. A round that failed waits for the lead to call again."""

    round: int
    opened_at: datetime
    closes_at: datetime
    outcome: Literal["go", "no_go", "abstained", "silent"] | None = None
    called_again: bool = False

    @property
    def waits_for_call(self) -> bool:
        return self.outcome not in (None, "go") and not self.called_again


@dataclass(frozen=True)
class Held:
    """Why it is on hold, by whom, and by when somebody looks at it again."""

    cause: str
    before: Status
    by: str
    at: datetime
    review_by: datetime
    why: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()  # releases, the first of them
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Freeze:
    """Windows over its opening, as they were last seen. `waits`: its time has come, and it opens by
    itself when they let it. `roles` may override them, all of them together."""

    windows: tuple[str, ...]
    until: datetime | None
    roles: tuple[str, ...]
    at: datetime
    waits: bool = False


@dataclass(frozen=True)
class Proposal:
    """The first of two voices."""

    what: Literal["cancel", "forward", "restore"]
    by: str
    at: datetime
    target: Target | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Asked:
    """What developers are asked since postponement `nth`: until when they choose, and what counts
    as chosen by whoever says nothing. `closed`: the time is over and was said to be."""

    nth: int
    at: datetime
    decide_by: datetime
    default: Literal["wait", "ship_alone", "withdraw"]
    reminded: bool = False
    closed: bool = False


@dataclass(frozen=True)
class Counts:
    """Of the items of one wave, when they were last counted."""

    wave: int
    must: int
    must_ready: int
    ready: int
    at: datetime
    quorum_met: bool


@dataclass(frozen=True)
class Launch:
    """The fold. All times UTC. `wave` counts the waves that are open; 0: nothing was ever open.

    `excluded` names releases that failed the precheck when the wave of that number opened: they
    stay dark until they are in a later wave.
    """

    id: str
    store: str
    name: str
    tz: str
    drafted_by: str
    terms: Terms
    mode: Mode
    quorum: int | None
    status: Status
    since: datetime
    seq: int = 0
    version: int = 1
    target: Target | None = None
    postponements: int = 0
    postponed_by: str | None = None
    promised_from: datetime | None = None  # the first moment of what it was postponed from
    approved_date: Target | None = None  # of a second postponement, by the higher role
    asked: Asked | None = None  # by the last postponement
    marks: Mapping[str, Mark] = field(default_factory=dict)
    poll: Poll | None = None
    rounds: int = 0
    votes: tuple[Vote, ...] = ()  # of all rounds, changed ones too
    held: Held | None = None
    proposal: Proposal | None = None
    counts: Counts | None = None
    checked: tuple[int, ...] = ()  # of `terms.checks_s`, those behind us
    reminded: tuple[int, ...] = ()  # of `terms.duties_remind_s`, those behind us
    musts: int | None = None  # of the wave ahead, at the last check; None: none, or a hold since
    wave: int = 0
    waves: int = 1
    wave_wanted: int | None = None
    opened_at: datetime | None = None  # the first wave
    wave_at: datetime | None = None  # the newest wave
    excluded: Mapping[str, int] = field(default_factory=dict)
    suspended_from: Status | None = None
    told: int = 0  # how often it was said that somebody is late, in this state
    told_at: datetime | None = None
    report: str | None = None  # digest of what was filed
    lessons: str | None = None  # digest of what its lead learnt
    score: float | None = None
    unscored: str | None = None  # why a closed launch has no score
    freeze: Freeze | None = None
    overridden: tuple[str, ...] = ()  # windows that people got past, for the opening ahead

    @property
    def opens_at(self) -> datetime | None:
        """The instant of the opening, once it is known that precisely."""
        return self.target.start if self.target and self.target.is_instant else None

    @property
    def is_open(self) -> bool:
        return self.status not in FINAL

    def gates(self, now: datetime) -> Gates:
        return look(self.terms.gates, self.marks, now)

    def gate(self, gate_id: Any) -> Gate | None:
        return next((gate for gate in self.terms.gates if gate.id == gate_id), None)

    def standing_votes(self) -> dict[str, Vote]:
        """The last vote of each role in the present round."""
        if self.poll is None:
            return {}
        return {vote.role: vote for vote in self.votes if vote.round == self.poll.round}


def terms_of(body: Mapping[str, Any]) -> Terms:
    return Terms(
        **{
            **body,
            "gates": tuple(Gate(**gate) for gate in body["gates"]),
            "poll_roles": tuple(body["poll_roles"]),
            "checks_s": tuple(body["checks_s"]),
            "duties_remind_s": tuple(body.get("duties_remind_s", ())),
        }
    )
