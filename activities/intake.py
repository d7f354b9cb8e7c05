"""The static scan of one digest: every scanner, one piece of evidence, a report of codes only.

The evidence is a JSON object in the store; the report, which travels through workflow history,
holds its digest, counts, rule ids and the risk tier. No text of the bundle is in the report.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from temporalio import activity

from activities.scanners import SCANNERS, Scanner, unread
from gonogo.objects import Objects
from policies.bundle.findings import Finding, weighed
from policies.bundle.parts import Bundle, secret_names
from policies.pack import PolicyPack
from policies.rules.risk import Risk, risk_tier

FAILED = "scanner-failed"


@dataclass(frozen=True)
class ScanRequest:
    """`pack` is whatever the injected loader of packs is called with."""

    store: str
    subject: str
    digest: str
    pack: str


@dataclass(frozen=True)
class ScanReport:
    """`evidence` is the digest of the evidence. `rules` are the ids found, sorted, each once."""

    evidence: str
    blocking: int
    advisory: int
    rules: tuple[str, ...] = ()
    tier: str = "high"
    reasons: tuple[str, ...] = ()
    secrets_marked: int = 0


class Intake:
    """Static scanning over one object store. `clock` gives aware UTC time."""

    def __init__(
        self,
        objects: Objects,
        packs: Callable[[str], PolicyPack],
        scanners: Sequence[Scanner] = SCANNERS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._objects = objects
        self._packs = packs
        self._scanners = scanners
        self._clock = clock

    @activity.defn(name="static_scan")
    async def static_scan(self, request: ScanRequest) -> ScanReport:
        """Scan the bundle `request.digest` by the rules of `request.pack`.

        A scanner that raises is a blocking finding. A bundle or pack that cannot be read raises
        (`ObjectMissing`, `ObjectCorrupt`, `PackFault`): there is nothing to find anything in.
        """
        return await asyncio.to_thread(self._scan, request)

    def _scan(self, request: ScanRequest) -> ScanReport:
        pack = self._packs(request.pack)
        bundle = self._objects.get_bundle(request.digest)
        # Whatever a pack forgets to list, a scanner that failed has not said yes.
        findings = weighed(self._findings(bundle, pack), (*pack.static.blocking, FAILED))
        risk = risk_tier(bundle.manifest, findings)
        evidence = self._objects.put_json(self._evidence(request, bundle, pack, findings, risk))
        blocking = sum(finding.blocking for finding in findings)
        return ScanReport(
            evidence=evidence,
            blocking=blocking,
            advisory=len(findings) - blocking,
            rules=tuple(sorted({finding.rule for finding in findings})),
            tier=risk.tier,
            reasons=risk.reasons,
            secrets_marked=len(secret_names(bundle.manifest.instructions)),
        )

    def _findings(self, bundle: Bundle, pack: PolicyPack) -> list[Finding]:
        findings: list[Finding] = []
        for scanner in self._scanners:
            try:
                findings += scanner.scan(bundle, pack)
            except Exception as fault:
                # The type only: an exception's text may quote what it choked on.
                message = f"the scanner {scanner.id} failed with {type(fault).__name__}"
                findings.append(Finding(FAILED, "", "", message))
                activity.logger.warning(message)
        return findings

    def _evidence(
        self,
        request: ScanRequest,
        bundle: Bundle,
        pack: PolicyPack,
        findings: Sequence[Finding],
        risk: Risk,
    ) -> dict[str, Any]:
        return {
            "kind": "static",
            "schema": 1,
            "bundle": request.digest,
            "pack": pack.digest,
            "dated": self._clock().astimezone(UTC).isoformat(timespec="seconds"),
            "scanners": {scanner.id: scanner.version for scanner in self._scanners},
            "findings": [asdict(finding) for finding in findings],
            "tier": risk.tier,
            "reasons": list(risk.reasons),
            "secrets_marked": list(secret_names(bundle.manifest.instructions)),
            "unread": list(unread(bundle)),
        }
