"""The chapter `launch:` of a policy pack: gates, poll and times of launches, duties of builders."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, model_validator

from policies.chapters import Chapter, once
from policies.rules.measures import MEASURES, PROMETHEUS, unknown

QUERY_MOST = 2_000  # characters of a query for Prometheus

Staff = Literal[
    "reviewer",
    "senior_reviewer",
    "product_lead",
    "safety_oncall",
    "policy_editor",
    "auditor",
    "administrator",
]


class LaunchGate(Chapter):
    """One gate of every launch: who owns it, how long an answer counts, who may accept its risk.
    What a measured gate looks at is `measure`, its own name unless it says another, or what its
    query in PromQL finds at the operator's Prometheus; it holds from `least` to `most`."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    title: str
    kind: Literal["measured", "attested", "signed"]
    owner_role: Staff
    freshness_s: int = Field(gt=0)
    waivable_by: Staff | None = None
    most: float | None = None
    least: float | None = None
    measure: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]{0,39}$")
    prometheus: str | None = Field(default=None, min_length=1, max_length=QUERY_MOST)

    @property
    def looks_at(self) -> str:
        """The measure of a measured gate."""
        return PROMETHEUS if self.prometheus else self.measure or self.id

    @model_validator(mode="after")
    def _says_what_is_looked_at(self) -> "LaunchGate":
        if self.kind != "measured" and (self.measure or self.prometheus or self.least is not None):
            raise ValueError(f"gate {self.id}: only a measured gate has a measure and limits")
        if (self.measure and self.prometheus) or self.measure == PROMETHEUS:
            raise ValueError(f"gate {self.id}: a measure or a query for Prometheus, not both")
        if self.prometheus and self.most is None and self.least is None:
            raise ValueError(f"gate {self.id}: a query needs `most`, `least` or both")
        if self.most is not None and self.least is not None and self.least > self.most:
            raise ValueError(f"gate {self.id}: no value is from {self.least:g} to {self.most:g}")
        return self

    @model_validator(mode="after")
    def _nobody_waives_their_own(self) -> "LaunchGate":
        if self.waivable_by == self.owner_role:
            raise ValueError(f"gate {self.id}: its owner cannot accept the risk of it")
        return self


class Duty(Chapter):
    """What builders must have done before their GPT can be part of a launch. `titles` are those in
    other languages, by locale."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    title: str
    titles: dict[str, str] = Field(default={}, max_length=50)

    def said(self, locale: str) -> str:
        return self.titles.get(locale, self.title)


class Launches(Chapter):
    """Named events that open many listings together. Seconds; `checks_s` before the opening, and
    `duties_remind_s`: when builders who owe something are reminded."""

    gates: tuple[LaunchGate, ...] = Field(default=(), max_length=50)
    poll_roles: tuple[Staff, ...] = ()
    modes: tuple[Literal["atomic", "quorum", "independent"], ...] = ("independent",)
    tier_line: Literal["low", "medium", "high"] = "low"
    risk_role: Staff = "administrator"
    date_role: Staff = "administrator"
    poll_open_before_s: int = Field(default=48 * 3600, gt=0)
    silence_s: int = Field(default=24 * 3600, gt=0)
    checks_s: tuple[int, ...] = (24 * 3600, 3600, 300)
    max_lateness_s: int = Field(default=900, gt=0)
    hold_review_s: int = Field(default=4 * 3600, gt=0)
    hold_review_early_s: int = Field(default=48 * 3600, gt=0)
    remind_s: int = Field(default=24 * 3600, gt=0)
    plan_within_s: int = Field(default=30 * 86400, gt=0)
    choose_within_s: int = Field(default=7 * 86400, gt=0)
    minimum_notice_s: int = Field(default=7 * 86400, ge=0)
    soak_s: int = Field(default=7 * 86400, ge=0)
    votes_most: int = Field(default=10, ge=1, le=100)
    waves_most: int = Field(default=20, ge=1, le=100)
    duties: tuple[Duty, ...] = ()
    duties_remind_s: tuple[Annotated[int, Field(gt=0)], ...] = Field(default=(), max_length=10)

    @model_validator(mode="after")
    def _can_be_gone_through(self) -> "Launches":
        once("gates", (gate.id for gate in self.gates))
        if list(self.duties_remind_s) != sorted(set(self.duties_remind_s), reverse=True):
            raise ValueError("duties_remind_s: the earliest, the longest time, comes first")
        once("duties", (duty.id for duty in self.duties))
        once("polled roles", self.poll_roles)
        if list(self.checks_s) != sorted(set(self.checks_s), reverse=True) or not self.checks_s:
            raise ValueError("checks_s: the earliest check, the longest time, comes first")
        if self.checks_s[-1] <= 0 or self.checks_s[0] > self.poll_open_before_s:
            raise ValueError("checks_s: after the poll opens and before the opening")
        return self


def nobody_measures(gates: Iterable[LaunchGate]) -> str | None:
    """What is wrong with gates that could never hold, as nobody can look at what they measure."""
    named = {gate.looks_at: gate.id for gate in gates if gate.kind == "measured"}
    strange = unknown(named)
    if not strange:
        return None
    gate, known = named[strange[0]], ", ".join(sorted(set(MEASURES) - {PROMETHEUS}))
    return (
        f"gate {gate}: nobody can measure {strange[0]!r}; `measure` is one of {known}, or ask "
        "Prometheus with `prometheus`"
    )
