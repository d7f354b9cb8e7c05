"""Closed cases with all they hold, and their erasing, for tests."""

from typing import Any

import rfc8785

from gonogo.audit.beside import prose_faults
from gonogo.audit.erased import burials
from gonogo.audit.events import read_events
from gonogo.audit.report import Report
from gonogo.audit.verify import object_faults
from gonogo.db.prose import keep_prose
from gonogo.db.session import reading, writing
from gonogo.db.tables import GptRow, RevisionRow
from gonogo.erasable import Plan, plan
from gonogo.erasure import erase
from gonogo.objects import ObjectMissing, Objects
from policies.bundle.parts import Bundle
from tests.builders import ADA, AMY, IDA, PUBLISHER, RUI, STORE, T0
from tests.db.desk import Desk
from tests.db.test_limits import code
from tests.policies.bundles import manifest, read
from tests.policies.states import SYS

SHARED = b"content of knowledge/shared.md"


def bundle(files: dict[str, bytes], name: str) -> Bundle:
    return read({"gpt.yaml": rfc8785.dumps(manifest(name=name, knowledge=sorted(files))), **files})


def uploaded(desk: Desk, objects: Objects, gpt: str, made: Bundle) -> str:
    digest = objects.put_bundle(made)
    with writing(desk.engine) as session:
        if session.get(GptRow, (STORE, gpt)) is None:
            session.add(GptRow(store_id=STORE, id=gpt, publisher=PUBLISHER, name="Sky",
                               category=None, created_at=T0))  # fmt: skip
        session.add(RevisionRow(store_id=STORE, gpt=gpt, digest=digest, name="Sky",
                                description="Stars.", category=None, created_at=T0))  # fmt: skip
    return digest


def rejected(desk: Desk, objects: Objects, number: int, *paths: str) -> tuple[str, str, str]:
    """A closed case with its own bundle: (digest, reference of its note, transcript)."""
    files = {path: f"content of {path}".encode() for path in paths}
    digest = uploaded(desk, objects, f"gpt_{number}", bundle(files, name=f"GPT {number}"))
    said = objects.put_json({"messages": [], "answer": f"to {number}", "fault": None})
    evidence = objects.put_json({"kind": "dynamic", "cases": [{"transcript": said}]})
    subject = f"sub_{number}"
    desk.review("submit", subject, ADA, gpt=f"gpt_{number}", digest=digest)
    desk.review("scanned", subject, SYS)
    desk.review("tested", subject, SYS, evidence=[evidence])
    desk.review("claim", subject, RUI)
    note = keep_prose(desk.engine, f"Not good enough, {number}.")
    assert note
    desk.review("reject", subject, RUI, note=note)
    return digest, note, said


def asked(desk: Desk, scope: str, target: str, number: int = 1) -> Any:
    body = {"scope": scope, "target": target, "reason": "request", "note": None}
    return desk.give("ask", f"prg_{number}", AMY, body)


def purged(desk: Desk, objects: Objects, scope: str, target: str, number: int = 1) -> Plan:
    """Asked, confirmed, erased and finished."""
    assert code(asked(desk, scope, target, number)) == "stored"
    subject = f"prg_{number}"
    assert code(desk.give("confirm", subject, IDA)) == "stored"
    found = plan(desk.engine, objects, STORE, scope, target, desk.now)
    report = erase(desk.engine, objects, STORE, subject, found)
    assert code(desk.give("finish", subject, SYS, report)) == "stored"
    return found


def audit(desk: Desk, objects: Objects) -> list[Any]:
    with reading(desk.engine) as session:
        read = read_events(session, STORE)
        report = Report(STORE, T0)
        buried = burials(session)
        return [
            *read.faults,
            *prose_faults(session, read, report, buried.prose),
            *buried.faults,
            # Evidence `e1` of the scan is a name that nobody stored.
            *(f for f in object_faults(objects, read, report, lambda: buried.objects)
              if " e1" not in f.what),
        ]  # fmt: skip


def gone(objects: Objects, digest: str) -> bool:
    try:
        objects.get(digest)
    except ObjectMissing:
        return True
    return False
