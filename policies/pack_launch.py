"""The chapter `launch:` of a policy pack: gates, poll and times of launches, duties of builders."""

from typing import Literal

from pydantic import Field, model_validator

from policies.chapters import Chapter, once

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
    `most` is the greatest value of a measured gate that still holds."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    title: str
    kind: Literal["measured", "attested", "signed"]
    owner_role: Staff
    freshness_s: int = Field(gt=0)
    waivable_by: Staff | None = None
    most: float | None = None

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
    """Named events that open many listings together. Seconds; `checks_s` before the opening."""

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

    @model_validator(mode="after")
    def _can_be_gone_through(self) -> "Launches":
        once("gates", (gate.id for gate in self.gates))
        once("duties", (duty.id for duty in self.duties))
        once("polled roles", self.poll_roles)
        if list(self.checks_s) != sorted(set(self.checks_s), reverse=True) or not self.checks_s:
            raise ValueError("checks_s: the earliest check, the longest time, comes first")
        if self.checks_s[-1] <= 0 or self.checks_s[0] > self.poll_open_before_s:
            raise ValueError("checks_s: after the poll opens and before the opening")
        return self
