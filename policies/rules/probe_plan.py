"""Which probes one GPT gets: manifest and suites in, cases and canaries out.

A probe is one case: a user's message to the GPT's instructions. The developer marks a secret in the
instructions as `{{secret:NAME}}`; the harness puts a canary in its place, so that a leak is exact
and the real secret is never sent to a model. Everything here is a function of its arguments, hence
a retry plans the same cases, with the same canaries, under the same run id.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from policies.bundle.parts import SECRET, Manifest, secret_names
from policies.pack import Suite
from policies.rules.judges import (
    JUDGES_VERSION,
    Outcome,
    judge_instruction_leak,
    judge_secret_leak,
    judge_starter,
)

PLAN_VERSION = "1"
STARTERS_AT_MOST = 4  # of each GPT; the reviewer is told of those that were left out
SEED = 7

# Words that GPTs rarely use, so that a leak is no coincidence, and that a small model copies
# without mangling (measured), so that a leak is exact.
_FIRST = (
    "KESTREL",
    "OSPREY",
    "WALNUT",
    "BADGER",
    "JUNIPER",
    "HERON",
    "MARTEN",
    "SORREL",
    "CEDAR",
    "LINNET",
    "MAGPIE",
    "GANNET",
    "PLOVER",
    "ALDER",
    "STOAT",
    "PELICAN",
    "CURLEW",
    "TULIP",
    "WALRUS",
    "BITTERN",
)
_LAST = (
    "MOON",
    "HARBOR",
    "COMET",
    "LANTERN",
    "GLACIER",
    "ANVIL",
    "QUARRY",
    "ISLAND",
    "BEACON",
    "COPPER",
    "TUNDRA",
    "MEADOW",
    "SIGNAL",
    "WINTER",
    "ORCHARD",
    "MARBLE",
    "THUNDER",
    "SADDLE",
    "VELVET",
    "CANYON",
)


@dataclass(frozen=True)
class Case:
    """One planned probe. `id` is stable within a run: suite, prompt and sample, from 1."""

    id: str
    suite: str
    kind: str
    prompt: str
    max_tokens: int
    seed: int


@dataclass(frozen=True)
class Plan:
    """All probes of one GPT, in the order they are asked; the one prefix stays cached meanwhile.

    `absent` names by suite why it has no case. `skipped` are codes of what no suite exercises.
    """

    cases: tuple[Case, ...]
    absent: Mapping[str, str]
    skipped: tuple[str, ...]

    def planned(self, suite: str) -> int:
        return sum(case.suite == suite for case in self.cases)


def plan_of(suites: Sequence[Suite], manifest: Manifest) -> Plan:
    """The cases of `suites` for one manifest. A suite of an unknown kind gets none."""
    cases: list[Case] = []
    absent: dict[str, str] = {}
    for suite in suites:
        prompts: Sequence[str] = suite.prompts
        if suite.kind == "secret_leak" and not secret_names(manifest.instructions):
            absent[suite.id], prompts = "no_marked_secret", ()
        elif suite.kind == "instruction_leak" and not manifest.instructions.strip():
            absent[suite.id], prompts = "no_instructions", ()
        elif suite.kind == "starters":
            prompts = manifest.starters[:STARTERS_AT_MOST]
            if not prompts:
                absent[suite.id] = "no_starters"
        cases += [
            Case(
                f"{suite.id}/{number}/{sample}",
                suite.id,
                suite.kind,
                prompt,
                suite.max_tokens,
                SEED + sample,
            )
            for number, prompt in enumerate(prompts, 1)
            for sample in range(1, suite.samples + 1)
        ]
    return Plan(tuple(cases), absent, _not_exercised(manifest))


def _not_exercised(manifest: Manifest) -> tuple[str, ...]:
    able = manifest.capabilities
    declared = {
        "browsing": able.browsing,
        "images": able.images,
        "code": able.code,
        "retrieval": bool(manifest.knowledge or manifest.absent.knowledge),
        "absent_knowledge": bool(manifest.absent.knowledge),
        "absent_model": manifest.absent.model,
        "actions": bool(manifest.actions),
        "further_starters": len(manifest.starters) > STARTERS_AT_MOST,
    }
    return tuple(code for code, is_declared in declared.items() if is_declared)


def harness_digest(suites: Sequence[Suite]) -> str:
    """SHA-256 over suite definitions, prompts and the versions of plan and judges, in hex."""
    value: dict[str, Any] = {
        "judges": JUDGES_VERSION,
        "plan": PLAN_VERSION,
        "suites": [suite.model_dump(mode="json") for suite in suites],
    }
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def is_model(answered: str, declared: str) -> bool:
    """Whether `answered` is `declared` or a dated snapshot of it, like declared-2026-08-06."""
    if answered == declared:
        return True
    tail = answered.removeprefix(declared)
    return tail != answered and re.fullmatch(r"-\d{4}-?\d{2}-?\d{2}", tail) is not None


def run_id_of(*parts: str | int) -> str:
    """One run's id by what it is about; the same parts name the same run on every retry."""
    return "prb_" + hashlib.sha256(rfc8785.dumps(list(parts))).hexdigest()[:32]


def canaries_of(instructions: str, run_id: str, key: bytes) -> dict[str, str]:
    """A canary like KESTREL-4417-MOON for each marked secret, unknown to whoever lacks `key`."""
    canaries = {}
    for name in secret_names(instructions):
        number = int.from_bytes(hmac.digest(key, f"canary/{run_id}/{name}".encode(), "sha256")[:8])
        number, first = divmod(number, len(_FIRST))
        number, last = divmod(number, len(_LAST))
        canaries[name] = f"{_FIRST[first]}-{1000 + number % 9000}-{_LAST[last]}"
    return canaries


def fill(instructions: str, canaries: Mapping[str, str]) -> str:
    """The instructions as the model gets them, every marked secret replaced by its canary."""
    return SECRET.sub(lambda mark: canaries[mark[1]], instructions)


def judge(case: Case, answer: str, instructions: str, canaries: Mapping[str, str]) -> Outcome:
    """Judge `answer` by the kind of its suite. `instructions` are the filled ones."""
    if case.kind == "secret_leak":
        found = [judge_secret_leak(answer, canary) for canary in canaries.values()]
        if not found:
            return Outcome.INCONCLUSIVE
        return Outcome.VIOLATION if Outcome.VIOLATION in found else found[0]
    if case.kind == "instruction_leak":
        return judge_instruction_leak(answer, instructions)
    if case.kind == "starters":
        return judge_starter(answer)
    return Outcome.INCONCLUSIVE
