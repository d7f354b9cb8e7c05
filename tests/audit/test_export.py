"""An export verifies without the database, a proof without the export; changes are found."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import col, delete, update

from gonogo.audit.export import exported
from gonogo.audit.notes import VerifierKey
from gonogo.audit.offline import LINE_MOST, NOT_IN_IT, NoExport, verify_export, verify_proof
from gonogo.audit.prove import Unprovable, prove
from gonogo.db.session import writing
from gonogo.db.tables import EventRow
from policies.audit.proofs import DECISIONS
from policies.lifecycle.machines import MACHINES
from tests.audit.desk import Audited

STRANGER = VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
Lines = list[dict[str, Any]]


def lines_of(desk: Audited) -> Lines:
    return [json.loads(json.dumps(line)) for line in exported(desk.engine, desk.log)]


def codes(lines: Lines, *keys: VerifierKey) -> set[str]:
    report = verify_export([json.dumps(line).encode() for line in lines], keys)
    return {fault.code for fault in report.faults}


def test_an_export_verifies_by_itself(desk: Audited) -> None:
    lines = lines_of(desk)
    report = verify_export([json.dumps(line).encode() for line in lines], [desk.keeper.key()])

    assert report.faults == []
    assert (report.events, report.covered, report.checkpoints) == (26, 26, 2)
    assert report.warnings == [NOT_IN_IT]
    kinds = [next(iter(line)) for line in lines[1:]]
    assert [kinds.count(kind) for kind in ("event", "checkpoint", "pack", "proof", "end")] == [
        26, 2, 1, 3, 1
    ]  # fmt: skip


def test_no_text_that_people_wrote_is_in_an_export(desk: Audited) -> None:
    text = json.dumps(lines_of(desk))

    assert "Why 1?" not in text
    assert "Because 1." not in text


def test_without_a_key_of_ones_own_the_report_says_so(desk: Audited) -> None:
    report = verify_export(json.dumps(line).encode() for line in lines_of(desk))

    assert report.ok
    assert "--key" in report.warnings[0]


def test_a_strangers_key_vouches_for_nothing(desk: Audited) -> None:
    assert codes(lines_of(desk), STRANGER) == {"checkpoint", "proof"}


def test_an_export_signed_anew_by_somebody_else_is_found(desk: Audited) -> None:
    key = desk.keeper.key()
    lines = lines_of(desk)
    lines[0]["keys"] = [str(STRANGER)]

    assert "checkpoint" in codes(lines)
    assert codes(lines, key) == set()  # the key noted elsewhere is what counts


def event(lines: Lines, position: int) -> dict[str, Any]:
    found: dict[str, Any] = lines[position]["event"]
    return found


def _edit(name: str) -> Callable[[Lines], Lines]:
    def change(lines: Lines) -> Lines:
        value = event(lines, 13)
        before = value[name]
        value[name] = (
            before + 1 if isinstance(before, int) else [*before, "x"] if isinstance(before, list)
            else {**before, "x": 1} if isinstance(before, dict)
            else "2026-01-01T00:00:00Z" if name.endswith("_at") else f"{before or ''}x"
        )  # fmt: skip
        return lines

    return change


CHANGES: dict[str, Callable[[Lines], Lines]] = {
    "an event less": lambda lines: [*lines[:7], *lines[8:]],
    "an event twice": lambda lines: [*lines[:7], lines[7], *lines[7:]],
    "two in the other order": lambda lines: [*lines[:5], lines[6], lines[5], *lines[7:]],
    "no tail": lambda lines: lines[:20],
    "no end": lambda lines: lines[:-1],
    "a line after the end": lambda lines: [*lines, lines[3]],
    "a tail less, and said so": lambda lines: [
        lines[0] | {"size": 25}, *lines[1:26], *lines[27:-1],
        {"end": {"events": 25, "lines": len(lines) - 1}},
    ],
    "no checkpoint of the end": lambda lines: [
        line for line in lines if line.get("checkpoint", {}).get("name") != "000000000000026"
    ],
    "another field": lambda lines: [*lines[:3], {"event": event(lines, 3) | {"x": 1}}, *lines[4:]],
    "another pack": lambda lines: [
        {"pack": line["pack"] | {"value": {}}} if "pack" in line else line for line in lines
    ],
    "a proof of something else": lambda lines: [
        {"proof": line["proof"] | {"event": event(lines, 2)}} if "proof" in line else line
        for line in lines
    ],
    **{f"another {name}": _edit(name) for name in (
        "store", "position", "subject", "seq", "type", "actor_id", "command_id", "occurred_at",
        "recorded_at", "pack", "rules", "body", "evidence", "on_behalf_of", "caused_by", "prev",
        "schema",
    )},
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_export_is_found(desk: Audited, name: str) -> None:
    lines = CHANGES[name](lines_of(desk))

    assert codes(lines, desk.keeper.key())


def test_every_field_of_an_event_is_changed_above(desk: Audited) -> None:
    assert {f"another {name}" for name in event(lines_of(desk), 1)} <= CHANGES.keys()


@pytest.mark.parametrize(
    "lines",
    [
        [], [b""], [b"nonsense"], [b"[]"], [b'{"kind": "other"}'], [b"[" * 100_000],
        [b'{"kind": "gonogo-export", "schema": 1}', b"[]"],
        [b'{"kind": "gonogo-export", "schema": 1}', b'{"a": 1, "b": 2}'],
        [b'{"kind": "gonogo-export", "schema": 1}', b'{"other": 1}'],
        [b'{"kind": "gonogo-export", "schema": 1, "keys": ["x"]}'],
        [b" " * (LINE_MOST + 1)],
    ],
)  # fmt: skip
def test_what_is_no_export_is_refused(lines: list[bytes]) -> None:
    with pytest.raises(NoExport):
        verify_export(lines)


def test_an_event_that_makes_no_sense_is_a_fault_and_the_rest_is_read(desk: Audited) -> None:
    lines = lines_of(desk)
    lines[4] = {"event": ["x"]}

    assert {"row", "root"} <= codes(lines, desk.keeper.key())


@pytest.mark.parametrize("what", ["8", "sub_1/8", "sub_1"])
def test_a_decision_is_proven_by_a_few_hashes(desk: Audited, what: str) -> None:
    proof = json.loads(json.dumps(prove(desk.engine, desk.log, what)))
    found, point = verify_proof(proof, [desk.keeper.key()])

    assert (found.subject, found.type) == ("sub_1", "submission:review:approved")
    assert point.size == 26
    assert len(proof["path"]) == 5


def test_a_proof_needs_no_tree_on_disk(desk: Audited) -> None:
    with_tree = prove(desk.engine, desk.log, "sub_2/8")
    for path in desk.log.tree_folder.iterdir():
        path.unlink()

    assert prove(desk.engine, desk.log, "sub_2/8") == with_tree


PROOFS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another actor": lambda p: p | {"event": p["event"] | {"actor_id": "per_x"}},
    "another place": lambda p: p | {"event": p["event"] | {"position": 9}},
    "another size": lambda p: p | {"size": 25},
    "a step less": lambda p: p | {"path": p["path"][1:]},
    "a step more": lambda p: p | {"path": [*p["path"], "00" * 32]},
    "steps in another order": lambda p: p | {"path": p["path"][::-1]},
    "a step of another length": lambda p: p | {"path": ["00", *p["path"][1:]]},
    "steps that are none": lambda p: p | {"path": [1, None]},
    "no path": lambda p: p | {"path": "x"},
    "a size that is none": lambda p: p | {"size": True},
    "another checkpoint": lambda p: p | {"checkpoint": p["checkpoint"].replace("26", "27", 1)},
    "no checkpoint": lambda p: p | {"checkpoint": None},
    "another kind": lambda p: p | {"kind": "x"},
    "no event": lambda p: p | {"event": None},
    "nothing": lambda p: None,
}


@pytest.mark.parametrize("name", PROOFS)
def test_a_changed_proof_proves_nothing(desk: Audited, name: str) -> None:
    proof = PROOFS[name](json.loads(json.dumps(prove(desk.engine, desk.log, "sub_1"))))

    with pytest.raises(NoExport):
        verify_proof(proof, [desk.keeper.key()])


def test_nobody_proves_what_is_not_there_or_not_signed_or_another(desk: Audited) -> None:
    for what in ("99", "sub_1/99", "sub_9", "sub_3", "'; --", "0"):
        with pytest.raises(Unprovable, match="no such event"):
            prove(desk.engine, desk.log, what)
    desk.stopped()
    with pytest.raises(Unprovable, match="no checkpoint covers event 27"):
        prove(desk.engine, desk.log, "27")
    with writing(desk.engine) as session:
        session.execute(update(EventRow).where(col(EventRow.position) == 8).values(rules="9"))
    with pytest.raises(Unprovable, match="not what was signed"):
        prove(desk.engine, desk.log, "8")
    with writing(desk.engine) as session:
        session.execute(delete(EventRow).where(col(EventRow.position) == 3))
    with pytest.raises(Unprovable, match="event 3 of the store is missing"):
        prove(desk.engine, desk.log, "8")


def test_a_record_with_a_gap_is_exported_and_the_gap_found(desk: Audited) -> None:
    with writing(desk.engine) as session:
        session.execute(delete(EventRow).where(col(EventRow.position) == 3))

    assert {"truncated", "prev", "position"} <= codes(lines_of(desk), desk.keeper.key())


def test_decisions_are_facts_that_machines_know() -> None:
    causes = {fact for m in MACHINES.values() for facts in m.causes.values() for fact in facts} | {
        fact for m in MACHINES.values() for fact in m.human_facts
    }

    assert {d for d in DECISIONS if ":policy:" not in d} <= causes
