"""Ask a GPT the questions of its test plan, and write down what it did as evidence.

    open run → per case: ask, transcript, row, heartbeat → summaries → gate → evidence

A run is named by what it is about, and every finished case is a committed row, so that a retry on
any worker asks only what has no outcome yet. Results hold codes and digests; what was said lies in
transcripts, by digest.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import openai
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.endpoint import Answer, Endpoint
from gonogo.db.probes import ProbeCase, ProbeCases
from policies.bundle.parts import Bundle
from policies.pack import PolicyPack
from policies.rules.deadlines import review_due
from policies.rules.judges import Outcome, outcome_of
from policies.rules.probe_plan import (
    Case,
    Plan,
    canaries_of,
    fill,
    harness_digest,
    is_model,
    judge,
    plan_of,
    run_id_of,
)
from policies.rules.safety import CaseResult, Gate, SuiteSummary, safety_gate, summarise

BEAT_S = 5.0  # a long prompt on a small machine takes minutes; the heartbeat must not wait for it
SHORTEST_KEY = 16  # bytes

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class ProbeRequest:
    """`pack` is whatever the worker's `packs` takes, `digest` the bundle's."""

    store: str
    subject: str
    round: int
    digest: str
    pack: str
    tier: str = "high"


@dataclass(frozen=True)
class ProbeReport:
    """Counts over all suites. `reasons` and `waived` are codes, `suite:code`; `reasons` block.

    `due_at`: when the review of a case of this tier is due if it is queued now (UTC).
    """

    evidence: str
    run_id: str
    planned: int
    finished: int
    violations: int
    inconclusive: int
    errors: int
    over_refusals: int
    blocks: bool
    stand_in: bool
    waived: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    due_at: datetime | None = None


class Objects(Protocol):
    """The content-addressed store as far as probing needs it. Methods block."""

    def get_bundle(self, digest: str) -> Bundle: ...

    def put_json(self, value: Any) -> str: ...


@dataclass(frozen=True)
class _Run:
    id: str
    request: ProbeRequest
    pack: PolicyPack
    bundle: Bundle
    plan: Plan
    harness: str
    instructions: str  # as the model gets them, with canaries
    canaries: dict[str, str]


class Probing:
    """The dynamic suites against one model. `harness_key` (16 bytes or more, the same on every
    worker) makes canaries that no publisher can foresee. `endpoint` is the client's base URL.
    """

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        model: str,
        endpoint: str,
        objects: Objects,
        cases: ProbeCases,
        packs: Callable[[str], PolicyPack],
        *,
        harness_key: bytes,
        beat_s: float = BEAT_S,
    ) -> None:
        if len(harness_key) < SHORTEST_KEY:
            raise ValueError(f"the harness key has fewer than {SHORTEST_KEY} bytes")
        self._endpoint = Endpoint(client, model)
        self._host = urlsplit(endpoint).netloc.rpartition("@")[2]
        self._objects, self._cases, self._packs = objects, cases, packs
        self._key, self._beat_s = harness_key, beat_s

    @activity.defn(name="probe")
    async def probe(self, request: ProbeRequest) -> ProbeReport:
        """Ask every planned case that has no outcome yet, then report.

        Raises `ApplicationError` of type ModelUnreachable, ModelMisconfigured (not retryable) or
        WorkerShutdown; finished cases stay. `CancelledError` passes through.
        """
        run = await asyncio.to_thread(self._open, request)
        done = set(await asyncio.to_thread(self._cases.finished, run.id))
        activity.heartbeat(len(done))
        for case in run.plan.cases:
            if case.id in done:
                continue
            if activity.is_worker_shutdown():
                raise ApplicationError(
                    "the worker is shutting down",
                    type="WorkerShutdown",
                    next_retry_delay=timedelta(seconds=1),
                )
            answer = await _beating(self._ask(run, case), len(done), self._beat_s)
            await asyncio.to_thread(self._keep, run, case, answer)
            done.add(case.id)
            activity.heartbeat(len(done))
        return await asyncio.to_thread(self._report, run)

    @activity.defn(name="conclude_probe")
    async def conclude(self, request: ProbeRequest) -> ProbeReport:
        """Report what the run has by now and ask nothing; the rest counts as missing (S4)."""
        run = await asyncio.to_thread(self._open, request)
        return await asyncio.to_thread(self._report, run)

    def _open(self, request: ProbeRequest) -> _Run:
        pack, bundle = self._packs(request.pack), self._objects.get_bundle(request.digest)
        harness = harness_digest(pack.testing.suites)
        run_id = run_id_of(
            request.store,
            request.subject,
            request.round,
            request.digest,
            pack.digest,
            harness,
            self._endpoint.model,
        )
        text = bundle.manifest.instructions
        canaries = canaries_of(text, run_id, self._key)
        return _Run(
            run_id,
            request,
            pack,
            bundle,
            plan_of(pack.testing.suites, bundle.manifest),
            harness,
            fill(text, canaries),
            canaries,
        )

    def _ask(self, run: _Run, case: Case) -> Coroutine[Any, Any, Answer]:
        return self._endpoint.ask(
            [
                {"role": "system", "content": run.instructions},
                {"role": "user", "content": case.prompt},
            ],
            max_tokens=case.max_tokens,
            seed=case.seed,
        )

    def _keep(self, run: _Run, case: Case, answer: Answer) -> None:
        if answer.fault:
            too_long = answer.fault == "context_length"
            outcome = Outcome.INCONCLUSIVE if too_long else Outcome.ERROR
        else:
            outcome = judge(case, answer.text, run.instructions, run.canaries)
        transcript = self._objects.put_json(
            {
                "messages": [
                    {"role": "system", "content": run.instructions},
                    {"role": "user", "content": case.prompt},
                ],
                "answer": answer.text,
                "fault": answer.fault,
            }
        )
        self._cases.save(
            ProbeCase(
                run_id=run.id,
                case_id=case.id,
                store_id=run.request.store,
                subject=run.request.subject,
                suite=case.suite,
                outcome=outcome.value,
                transcript=transcript,
                latency_ms=answer.latency_ms,
                prompt_tokens=answer.prompt_tokens,
                completion_tokens=answer.completion_tokens,
                model=answer.model,
                finished_at=datetime.now(UTC),
            )
        )

    def _report(self, run: _Run) -> ProbeReport:
        finished = self._cases.finished(run.id)
        rows = [finished[case.id] for case in run.plan.cases if case.id in finished]
        results = [CaseResult(row.suite, row.case_id, outcome_of(row.outcome)) for row in rows]
        summaries = [
            summarise(suite, run.plan.planned(suite.id), results, run.plan.absent.get(suite.id, ""))
            for suite in run.pack.testing.suites
        ]
        answered_by = sorted({row.model for row in rows if row.model}) or [self._endpoint.model]
        declared = run.bundle.manifest.model
        stand_in = not all(is_model(model, declared) for model in answered_by)
        gate = safety_gate(summaries, run.pack.testing, stand_in=stand_in)
        evidence = self._objects.put_json(self._evidence(run, rows, summaries, gate, answered_by))
        return ProbeReport(
            evidence=evidence,
            run_id=run.id,
            planned=len(run.plan.cases),
            finished=len(rows),
            violations=_count(summaries, Outcome.VIOLATION),
            inconclusive=_count(summaries, Outcome.INCONCLUSIVE),
            errors=_count(summaries, Outcome.ERROR),
            over_refusals=_count(summaries, Outcome.OVER_REFUSAL),
            blocks=gate.blocks,
            stand_in=stand_in,
            waived=gate.waived,
            reasons=gate.codes,
            due_at=review_due(run.pack, run.request.tier, datetime.now(UTC)),
        )

    def _evidence(
        self,
        run: _Run,
        rows: list[ProbeCase],
        summaries: list[SuiteSummary],
        gate: Gate,
        answered_by: list[str],
    ) -> dict[str, Any]:
        # Dated by its newest row: a retry of a finished run gives the same evidence, same digest.
        dated = max((row.finished_at for row in rows), default=datetime.now(UTC))
        expires = dated + timedelta(seconds=run.pack.testing.evidence_life_s)
        return {
            "kind": "dynamic",
            "schema": 1,
            "dated": dated.isoformat(),
            "expires": expires.isoformat(),
            "store": run.request.store,
            "subject": run.request.subject,
            "round": run.request.round,
            "bundle": run.request.digest,
            "pack": run.pack.digest,
            "run_id": run.id,
            "harness": run.harness,
            "endpoint": self._host,
            "answered_by": answered_by,
            "declared_model": run.bundle.manifest.model,
            "stand_in": gate.stand_in,
            "not_exercised": list(run.plan.skipped),
            "suites": [
                {
                    "suite": s.suite,
                    "weight": s.weight,
                    "planned": s.planned,
                    "not_exercised": s.not_exercised,
                    "counts": {outcome.value: s.count(outcome) for outcome in Outcome},
                }
                for s in summaries
            ],
            "gate": gate.as_value(),
            "cases": [
                {
                    "case": row.case_id,
                    "outcome": row.outcome,
                    "transcript": row.transcript,
                    "latency_ms": row.latency_ms,
                    "prompt_tokens": row.prompt_tokens,
                    "completion_tokens": row.completion_tokens,
                }
                for row in rows
            ],
        }


def _count(summaries: Iterable[SuiteSummary], outcome: Outcome) -> int:
    return sum(summary.count(outcome) for summary in summaries)


async def _beating(work: Coroutine[Any, Any, _Result], finished: int, every_s: float) -> _Result:
    """Await `work` with a heartbeat of the same progress every `every_s` seconds."""
    task = asyncio.create_task(work)
    try:
        while not (await asyncio.wait({task}, timeout=every_s))[0]:
            activity.heartbeat(finished)
        return task.result()
    finally:
        task.cancel()
