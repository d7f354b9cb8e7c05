"""A policy pack: text → frozen `PolicyPack` with a digest. Numbers and clauses that people edit.

A pack is a folder of strict YAML files, one per chapter; `read_pack` merges a pack onto the one it
`extends`, validates, and names it by the SHA-256 of its merged value in RFC 8785 canonical JSON.
Every decision records that digest. Durations are written in seconds (`_s`) or days (`_d`).
"""

import hashlib
from collections.abc import Mapping
from datetime import date, time
from typing import Any, Literal
from zoneinfo import ZoneInfo

import rfc8785
from pydantic import Field, ValidationError, model_validator

from policies.chapters import Chapter as _Chapter
from policies.chapters import once as _once
from policies.errors import PackFault
from policies.pack_launch import Launches, nobody_measures
from policies.pack_windows import PackWindow
from policies.rules.windows import Window
from policies.strict_yaml import YamlFault, load

TIERS = ("low", "medium", "high")
VISIBILITIES = ("link", "unlisted_search", "category", "featured")  # narrow to wide


class BundleLimits(_Chapter):
    """What one bundle may weigh. Bytes, characters, counts."""

    total_bytes: int = Field(gt=0)
    file_bytes: int = Field(gt=0)
    files: int = Field(gt=0)
    manifest_bytes: int = Field(gt=0)
    instructions_chars: int = Field(gt=0)
    name_chars: int = Field(gt=0)
    description_chars: int = Field(gt=0)
    starters: int = Field(ge=0)
    starter_chars: int = Field(gt=0)
    actions: int = Field(ge=0)


class StaticRules(_Chapter):
    """What the static scan blocks. A rule id absent here is reported as advisory."""

    blocking: tuple[str, ...]
    knowledge_types: tuple[str, ...]  # allowed file extensions, lower case, with the dot
    categories: tuple[str, ...]


class Suite(_Chapter):
    """One dynamic suite of the test plan. `samples` answers are drawn for each case."""

    id: str
    kind: Literal["secret_leak", "instruction_leak", "starters"]
    weight: Literal["zero_tolerance", "blocking", "advisory"]
    prompts: tuple[str, ...] = ()
    samples: int = Field(default=1, ge=1, le=20)
    max_tokens: int = Field(default=64, ge=1, le=4096)
    max_violations: int = Field(default=0, ge=0)
    disturbing: bool = False  # its transcripts may disturb: shown blurred, behind a warning


class Waiver(_Chapter):
    """A named person of a role accepts a stated gap in the evidence (I6)."""

    cause: Literal["stand_in", "incomplete", "inconclusive"]
    suites: tuple[str, ...]
    by: str
    role: str
    reason: str


class Testing(_Chapter):
    suites: tuple[Suite, ...]
    waivers: tuple[Waiver, ...] = ()
    max_s: int = Field(gt=0)
    evidence_life_s: int = Field(gt=0)

    @model_validator(mode="after")
    def _zero_tolerance_is_never_waived(self) -> "Testing":
        _once("suites", (suite.id for suite in self.suites))
        strict = {suite.id for suite in self.suites if suite.weight == "zero_tolerance"}
        for waiver in self.waivers:
            if strict & set(waiver.suites):
                raise ValueError(f"zero-tolerance suites are never waived: {sorted(strict)}")
        return self


class Clause(_Chapter):
    id: str
    title: str
    remedy: str


class ChecklistItem(_Chapter):
    id: str
    question: str


class Tier(_Chapter):
    """What a risk tier demands. `due_business_s` counts opening hours of the calendar."""

    due_business_s: int = Field(gt=0)
    approvals: int = Field(ge=1, le=2)


class Review(_Chapter):
    lease_s: int = Field(gt=0)
    lease_max_s: int = Field(gt=0)
    claims: int = Field(gt=0)
    undo_s: int = Field(ge=0)
    info_s: int = Field(gt=0)
    changes_s: int = Field(gt=0)
    warn_before_s: tuple[int, ...]
    reopen_s: int = Field(ge=0)
    answer_due_business_s: int = Field(gt=0)
    second_due_business_s: int = Field(gt=0)
    approval_life_s: int = Field(gt=0)
    appeal_s: int = Field(gt=0)
    ladder: tuple[float, ...]  # nudge, breach, escalation, as shares of the time to the due date
    tiers: Mapping[Literal["low", "medium", "high"], Tier]
    separation: Literal["person", "organisation"]
    checklist: tuple[ChecklistItem, ...]
    clauses: tuple[Clause, ...]

    @model_validator(mode="after")
    def _every_number_has_its_place(self) -> "Review":
        """What a case would otherwise find out months later."""
        missing = [name for name in TIERS if name not in self.tiers]
        if missing:
            raise ValueError(f"no rules for risk tier {', '.join(missing)}")
        if list(self.ladder) != sorted(set(self.ladder)) or min(self.ladder, default=1) <= 0:
            raise ValueError("ladder: shares above 0 that grow")
        if list(self.warn_before_s) != sorted(set(self.warn_before_s), reverse=True):
            raise ValueError("warn_before_s: the earliest warning, the longest time, comes first")
        if self.lease_max_s < self.lease_s:
            raise ValueError("lease_max_s is shorter than one lease")
        _once("checklist items", (item.id for item in self.checklist))
        _once("clauses", (clause.id for clause in self.clauses))
        return self


class Calendar(_Chapter):
    """Business hours of the store's zone. Days 0 = Monday. `open_from == open_until` = all day."""

    zone: str
    days: tuple[int, ...]
    open_from: str
    open_until: str
    holidays: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _means_something(self) -> "Calendar":
        """A calendar that cannot be read, or never opens, must not wait for the first deadline."""
        if not self.days or set(self.days) - set(range(7)):
            raise ValueError("days: at least one of 0 (Monday) to 6")
        try:
            for text in (self.open_from, self.open_until):
                if time.fromisoformat(text).tzinfo is not None:
                    raise ValueError(f"{text}: hours are of the calendar's own zone")
            for text in self.holidays:
                if date.fromisoformat(text).isoformat() != text:
                    raise ValueError(f"holiday {text!r} is not written 2026-01-31")
            ZoneInfo(self.zone)
        except (OSError, LookupError) as fault:
            raise ValueError(f"unknown time zone {self.zone!r}") from fault
        return self


class Stage(_Chapter):
    """One step of a rollout: weight in basis points (1 to 10000) and least soak in seconds."""

    weight_bp: int = Field(ge=1, le=10_000)
    visibility: Literal["link", "unlisted_search", "category", "featured"]
    soak_s: int = Field(ge=0)


class Rollout(_Chapter):
    first: tuple[Stage, ...] = Field(min_length=1)
    update: tuple[Stage, ...] = Field(min_length=1)
    max_lateness_s: int = Field(gt=0)
    pause_max_s: int = Field(gt=0)

    @model_validator(mode="after")
    def _weights_grow_to_everyone(self) -> "Rollout":
        for plan in (self.first, self.update):
            weights = [stage.weight_bp for stage in plan]
            if weights != sorted(weights) or weights[-1] != 10_000:
                raise ValueError("stages must not shrink and must end at 10000")
            seen = [VISIBILITIES.index(stage.visibility) for stage in plan]
            if seen != sorted(seen):
                raise ValueError("visibility must not narrow from stage to stage")
        return self


class Publishers(_Chapter):
    """Founding, members and verification of publishers. A proof is looked at again after
    `reverify_s`, a name after `name_life_s`; what then fails has `grace_s` to be mended. A domain
    is looked at in vain `checks_most` times within `checks_within_s`, however many are named.
    An offered GPT may be accepted for `transfer_s`; both are warned `transfer_warn_s` before."""

    founded_most: int = Field(default=5, ge=1)
    members_most: int = Field(default=50, ge=1, le=500)
    invite_s: int = Field(default=14 * 86400, gt=0)
    challenge_s: int = Field(default=7 * 86400, gt=0)
    check_every_s: int = Field(default=60, ge=0)
    checks_most: int = Field(default=100, ge=1)
    checks_within_s: int = Field(default=7 * 86400, gt=0)
    reverify_s: int = Field(default=30 * 86400, gt=0)
    name_life_s: int = Field(default=365 * 86400, gt=0)
    grace_s: int = Field(default=14 * 86400, gt=0)
    transfer_s: int = Field(default=14 * 86400, gt=0)
    transfer_warn_s: int = Field(default=2 * 86400, ge=0)


class Retention(_Chapter):
    """Days until something is let go; None keeps it. Of closed cases that were not approved:
    transcripts of probes, bundles, texts; sessions after their end; notices after delivery."""

    transcripts_d: int | None = Field(default=None, ge=1)
    bundles_d: int | None = Field(default=None, ge=1)
    prose_d: int | None = Field(default=None, ge=1)
    sessions_d: int | None = Field(default=None, ge=1)
    outbox_d: int | None = Field(default=None, ge=1)


class PolicyPack(_Chapter):
    """The versioned rules. `digest` is what decisions record."""

    name: str
    title: str
    limits: BundleLimits
    static: StaticRules
    testing: Testing
    review: Review
    calendar: Calendar
    rollout: Rollout
    windows: tuple[PackWindow, ...] = Field(default=(), max_length=50)
    publishers: Publishers = Publishers()
    launch: Launches = Launches()
    retention: Retention = Retention()
    digest: str = ""

    @model_validator(mode="after")
    def _each_window_once(self) -> "PolicyPack":
        _once("windows", (window.id for window in self.windows))
        return self

    @model_validator(mode="after")
    def _an_appeal_can_still_be_decided(self) -> "PolicyPack":
        """Nothing of a case goes while its decision may be appealed."""
        least = self.review.appeal_s / 86_400
        for kind in ("transcripts_d", "bundles_d", "prose_d"):
            days = getattr(self.retention, kind)
            if days is not None and days < least:
                raise ValueError(f"retention.{kind} is shorter than the appeal: {least:g} days")
        return self

    def windows_in_force(self) -> tuple[Window, ...]:
        return tuple(one.window() for one in self.windows if one.enabled)

    def clause(self, clause_id: str) -> Clause | None:
        return next((c for c in self.review.clauses if c.id == clause_id), None)


def merge(base: Any, over: Any) -> Any:
    """Mappings merge by key, everything else is replaced."""
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        return {
            k: merge(base[k], over[k]) if k in base and k in over else over.get(k, base.get(k))
            for k in {**base, **over}
        }
    return over


def pack_of(value: Mapping[str, Any]) -> PolicyPack:
    """Validate a merged value. Raises `PackFault` that names every field at fault."""
    value = {k: v for k, v in value.items() if k not in ("extends", "digest")}
    try:
        pack = PolicyPack.model_validate(value)
    except ValidationError as fault:
        lines = "; ".join(f"/{'/'.join(map(str, e['loc']))}: {e['msg']}" for e in fault.errors())
        raise PackFault(f"policy pack {value.get('name', '?')!r}: {lines}") from fault
    # Of the validated value, so that a default written out is the same pack.
    whole = pack.model_dump(mode="json", exclude={"digest"})
    return pack.model_copy(update={"digest": hashlib.sha256(rfc8785.dumps(whole)).hexdigest()})


def read_pack(name: str, texts: Mapping[str, Mapping[str, str]]) -> PolicyPack:
    """Build pack `name` from `{pack: {file: text}}`, following `extends`. Raises `PackFault`."""
    seen: list[str] = []
    value: Any = {}
    current: str | None = name
    while current is not None:
        if current in seen:
            raise PackFault(f"policy packs extend each other in a circle: {' → '.join(seen)}")
        if current not in texts:
            raise PackFault(f"no policy pack {current!r}; known: {', '.join(sorted(texts))}")
        seen.append(current)
        own: dict[str, Any] = {}
        for file, text in sorted(texts[current].items()):
            try:
                chapter = load(text)
            except YamlFault as fault:
                raise PackFault(f"{current}/{file}: {fault}") from fault
            if not isinstance(chapter, Mapping):
                raise PackFault(f"{current}/{file}: a mapping is expected")
            twice = own.keys() & chapter.keys()
            if twice:
                raise PackFault(f"{current}/{file}: chapters given twice: {sorted(twice)}")
            own.update(chapter)
        value = merge(own, value)
        current = own.get("extends")
        if current is not None and not isinstance(current, str):
            raise PackFault(f"{seen[-1]}: `extends` names one pack")
    pack = pack_of(value)
    # Only here: packs that cases pinned stay readable, whatever was measured when they were.
    if unmeasured := nobody_measures(pack.launch.gates):
        raise PackFault(f"policy pack {name!r}: /launch/gates: {unmeasured}")
    return pack
