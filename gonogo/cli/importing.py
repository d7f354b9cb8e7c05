"""`import`: records of GPTs from elsewhere, one a line, each submitted as a bundle of its own."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gonogo.cli.exits import REFUSED, USAGE, Failure
from gonogo.cli.screen import text
from gonogo.cli.session import Session, command
from gonogo.cli.words import stage_of, style_of

if TYPE_CHECKING:
    from policies.bundle.importing import Imported
    from policies.pack import PolicyPack

RECORDS_MOST = 10_000
_STYLES = {"taken": "green", "fits": "green", "repeat": "dim", "refused": "bold red"}


@dataclass
class Row:
    """What became of one record. `outcome`: `taken`, `repeat`, `fits` (--dry-run) or `refused`."""

    line: int
    name: str = ""
    outcome: str = "refused"
    submission: str | None = None
    gpt: str | None = None
    stage: str | None = None
    absent: tuple[str, ...] = ()
    faults: list[dict[str, str]] = field(default_factory=list)


def register(app: typer.Typer) -> None:
    command(app, "import")(import_)


def import_(
    session: Session,
    file: Annotated[Path, typer.Argument(help="Records of GPTs, one JSON object a line.")],
    publisher: Annotated[str | None, typer.Option(help="Needed if you belong to several.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read all of it, submit nothing, ask nobody.")
    ] = False,
) -> None:
    """Submit every record of a file as a GPT. Doing it again goes on where it stopped.

    What a record does not bring (bytes of knowledge files, model, category) is marked absent: that
    is no obstacle, it is shown to the reviewer and counts as untested.
    """
    rows: list[Row] = []
    pack = _pack(session) if dry_run else None
    seen: dict[str, tuple[int, str]] = {}
    try:
        for row, record in _read(file):
            rows.append(row)
            if record is not None and not _is_double(row, record, seen):
                if pack is not None:
                    _try(row, record, pack)
                else:
                    _submit(session, row, record, publisher)
            session.screen.tell(f"{row.line}: {row.name or '(no name)'} – {row.outcome}", "dim")
    except Failure as failure:
        if rows:
            session.screen.tell(f"stopped after {len(rows)} records; run it again to go on")
        failure.value = {**failure.value, "records": [vars(row) for row in rows]}
        raise
    _tell(session, rows)


def _tell(session: Session, rows: list[Row]) -> None:
    counts = {
        outcome: sum(row.outcome == outcome for row in rows)
        for outcome in ("taken", "repeat", "fits", "refused")
    }
    shown = [
        (
            str(row.line),
            row.name,
            text(row.outcome, _STYLES[row.outcome]),
            row.submission or "",
            text(stage_of(row.stage), style_of(row.stage)) if row.stage else "",
            ", ".join(row.absent),
        )
        for row in rows
    ]
    faults = [
        (str(row.line), f["pointer"], f["code"], f["message"]) for row in rows for f in row.faults
    ]
    parts = [
        session.screen.table(("line", "GPT", "outcome", "submission", "stage", "absent"), shown)
    ]
    if faults:
        parts.append(session.screen.table(("line", "where", "code", "what"), faults))
    total = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    value = {"records": [vars(row) for row in rows], "counts": counts}
    session.screen.answer(value, *parts, text(f"{len(rows)} records: {total or 'none'}"))
    if counts["refused"]:
        raise typer.Exit(REFUSED)


def _read(file: Path) -> "Iterator[tuple[Row, Imported | None]]":
    """Every line with its record, or the faults why it is none; empty lines are passed over."""
    from policies.bundle.importing import RECORD_BYTES, read_record
    from policies.bundle.parts import BundleRefused

    try:
        source = file.open("rb")
    except OSError as fault:
        raise Failure("This file cannot be read", str(fault), exit_code=USAGE) from fault
    with source:
        number = count = 0
        while line := source.readline(RECORD_BYTES + 2):
            number += 1
            if not line.strip():
                continue
            count += 1
            if count > RECORDS_MOST:
                raise Failure(
                    "Too many records",
                    f"one call takes {RECORDS_MOST}",
                    "split the file",
                    exit_code=USAGE,
                )
            row = Row(number)
            try:
                record = read_record(line.rstrip(b"\r\n"))
            except BundleRefused as refused:
                row.faults = [_fault(f.pointer, f.code, f.message) for f in refused.faults]
                yield row, None
                while not line.endswith(b"\n") and (line := source.readline(RECORD_BYTES)):
                    pass  # the rest of a line that is too long
                continue
            row.name, row.absent = record.name, record.absent
            yield row, record


def _is_double(row: Row, record: "Imported", seen: dict[str, tuple[int, str]]) -> bool:
    """Two records of one name are one GPT: the same again is passed over, another is refused."""
    digest = _digest(record)
    line, first = seen.setdefault(record.name, (row.line, digest))
    if line == row.line:
        return False
    if first == digest:
        row.outcome = "repeat"
    else:
        what = f"line {line} has another GPT of this name; a submission holds one of them"
        row.faults = [_fault("/name", "duplicate", what)]
    return True


def _submit(session: Session, row: Row, record: "Imported", publisher: str | None) -> None:
    from gonogo.cli.client import Refusal

    files = [("files", (path, data)) for path, data in record.files.items()]
    key = "import-" + hashlib.sha256(f"{publisher}\n{_digest(record)}".encode()).hexdigest()
    try:
        taken = session.api.command(
            "/v1/submissions", {"publisher": publisher}, files=files, key=key
        )
    except Refusal as refusal:
        if refusal.code in ("unauthenticated", "not-allowed", "orchestrator-unavailable"):
            raise  # true of every record that follows
        row.faults = [
            _fault(str(f.get("pointer", "")), str(f.get("code", "")), str(f.get("message", "")))
            for f in refusal.problem.get("faults", ())
        ] or [_fault("", refusal.code, str(refusal.problem.get("detail") or refusal))]
        return
    row.outcome = "repeat" if session.api.replayed else "taken"
    row.submission, row.gpt = str(taken["subject"]), str(taken["gpt"])
    row.stage = str(taken["stage"]) if "stage" in taken else None


def _try(row: Row, record: "Imported", pack: "PolicyPack") -> None:
    from policies.bundle.manifest import read_bundle
    from policies.bundle.parts import BundleRefused

    try:
        read_bundle(record.files, pack.limits, pack.static.categories)
    except BundleRefused as refused:
        row.faults = [_fault(f.pointer, f.code, f"{f.file}: {f.message}") for f in refused.faults]
        return
    row.outcome = "fits"


def _pack(session: Session) -> "PolicyPack":
    from gonogo.packs import load_pack
    from policies.errors import PackFault

    settings = session.settings()
    try:
        pack = load_pack(settings.pack, settings.packs)
    except PackFault as fault:
        raise Failure("The policy pack cannot be read", str(fault), "set GONOGO_PACK") from fault
    session.screen.tell(f"by the limits of the pack {pack.name}; a store may have others", "dim")
    return pack


def _digest(record: "Imported") -> str:
    """What makes two records the same: their files, by path and bytes."""
    whole = hashlib.sha256()
    for path, data in sorted(record.files.items()):
        whole.update(f"{path}\n{len(data)}\n".encode() + data)
    return whole.hexdigest()


def _fault(pointer: str, code: str, message: str) -> dict[str, Any]:
    return {"pointer": pointer, "code": code, "message": message}
