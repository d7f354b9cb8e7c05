"""What is known about a case: its bundle, the difference to what was approved, its evidence."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.compare import difference_between
from api.deps import Digest, Services, Svc
from api.erased import erased, sentence
from api.errors import Problem
from api.schema import READ
from api.subjects import SeenCase
from gonogo.db import lists
from gonogo.db.session import reading
from gonogo.objects import ObjectFault
from policies.bundle.digest import file_digest
from policies.lifecycle.kernel import iso
from policies.lifecycle.submission_state import Submission

router = APIRouter(prefix="/v1/submissions", tags=["evidence"])
_Sha256 = Annotated[str | None, Query(pattern=r"^[0-9a-f]{64}$")]


@router.get("/{subject}/evidence", responses=READ)
def list_evidence(svc: Svc, case: SeenCase) -> dict[str, Any]:
    """Everything found out about this case, of all rounds. `current` is what decisions rest on."""
    with reading(svc.engine) as session:
        named = lists.evidence_of(session, case)
    return {
        "items": [
            {
                "digest": one.digest,
                "round": one.round,
                "recorded_at": iso(one.at),
                "current": one.digest in case.evidence,
                **_told(svc, one.digest),
            }
            for one in named
        ]
    }


@router.get("/{subject}/evidence/{evidence}", responses=READ)
def get_evidence(svc: Svc, case: SeenCase, evidence: Digest) -> dict[str, Any]:
    """One piece of evidence, whole, if this case's record names it."""
    return _evidence(svc, case, evidence)


@router.get("/{subject}/evidence/{evidence}/transcripts/{transcript}", responses=READ)
def get_transcript(
    svc: Svc, case: SeenCase, evidence: Digest, transcript: Digest
) -> dict[str, Any]:
    """What was said in one probe, if that evidence names it. Secrets in it are canaries."""
    cases = _evidence(svc, case, evidence).get("cases", [])
    if transcript not in {one["transcript"] for one in cases}:
        raise Problem("not-found", "this evidence names no such transcript")
    return _object(svc, transcript)


@router.get("/{subject}/bundle", responses=READ)
def get_bundle(svc: Svc, case: SeenCase, digest: _Sha256 = None) -> dict[str, Any]:
    """Manifest, whole instructions and list of files: of this round, or of the named revision."""
    wanted = digest or case.digest
    with reading(svc.engine) as session:
        if not lists.is_revision(session, svc.store, case.gpt, wanted):
            raise Problem("not-found", "this GPT has no such revision")
    try:
        bundle = svc.objects.get_bundle(wanted)
    except ObjectFault as fault:
        raise _gone(svc, fault) from fault
    return {
        "gpt": case.gpt,
        "digest": wanted,
        "manifest": bundle.manifest.value,
        "instructions": bundle.manifest.instructions,
        "files": [
            {"path": path, "bytes": len(data), "sha256": file_digest(data)}
            for path, data in sorted(bundle.files.items())
        ],
    }


@router.get("/{subject}/difference", responses=READ)
def get_difference(svc: Svc, case: SeenCase, since: _Sha256 = None) -> dict[str, Any]:
    """From the revision approved last, or from the named one, to the present bundle."""
    with reading(svc.engine) as session:
        base = since or lists.last_approved(session, case)
    if base is None:
        raise Problem("not-found", "no revision of this GPT was approved before; name one")
    found = difference_between(svc, case.gpt, base, case.digest)
    if found is None:
        raise Problem("not-found", "this GPT has no such revision, or its bundle is gone")
    return found


def _evidence(svc: Services, case: Submission, digest: str) -> dict[str, Any]:
    with reading(svc.engine) as session:
        named = {one.digest for one in lists.evidence_of(session, case)}
    if digest not in named:
        raise Problem("not-found", "this case's record names no such evidence")
    return _object(svc, digest)


def _object(svc: Services, digest: str) -> dict[str, Any]:
    try:
        value: dict[str, Any] = svc.objects.get_json(digest)
    except ObjectFault as fault:
        raise _gone(svc, fault) from fault
    return value


def _gone(svc: Services, fault: ObjectFault) -> Problem:
    """Erased by request, or missing: the problem says which."""
    told = erased(svc, (fault.digest,)).get(fault.digest)
    return Problem("not-found", sentence(told) if told else str(fault))


def _told(svc: Services, digest: str) -> dict[str, Any]:
    """Kind, dates and a summary. An object that is gone is said to be, the list goes on."""
    try:
        value = svc.objects.get_json(digest)
    except ObjectFault as fault:
        return {"kind": None, "missing": str(fault), **erased(svc, (digest,)).get(digest, {})}
    about = {
        "kind": value.get("kind"),
        "dated": value.get("dated"),
        "expires": value.get("expires"),
        "bundle": value.get("bundle"),
    }
    if value.get("kind") == "static":
        findings = value["findings"]
        blocking = sum(bool(finding["blocking"]) for finding in findings)
        return {
            **about,
            "summary": {
                "blocking": blocking,
                "advisory": len(findings) - blocking,
                "tier": value["tier"],
                "reasons": value["reasons"],
                "rules": sorted({one["rule"] for one in findings}),
            },
        }
    if value.get("kind") == "dynamic":
        return {
            **about,
            "summary": {
                "answered_by": value["answered_by"],
                "declared_model": value["declared_model"],
                "stand_in": value["stand_in"],
                "not_exercised": value["not_exercised"],
                "suites": value["suites"],
                "gate": value["gate"],
                "cases": len(value["cases"]),
            },
        }
    return about
