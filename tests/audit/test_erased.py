"""What is gone is a fault, unless a request that two people wanted explains just that."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, delete, select

from gonogo.audit.erased import burials
from gonogo.audit.events import read_events
from gonogo.audit.export import exported
from gonogo.audit.offline import verify_export
from gonogo.audit.report import Report
from gonogo.audit.verify import object_faults
from gonogo.db.erasures import TombstoneRow
from gonogo.db.identity import Identity
from gonogo.db.session import reading, writing
from gonogo.db.tables import EventRow, ProseRow
from gonogo.erasable import Plan
from gonogo.erasure import erase
from gonogo.objects import Objects
from policies.lifecycle import purge
from policies.lifecycle.kernel import RULES, Actor
from policies.wire import RecordRequest
from tests.audit.desk import Audited
from tests.builders import ADA, AMY, IDA, STORE, T0, signed
from tests.policies.states import PACK, SYS

ASKED = {"scope": "submission", "target": "sub_3", "reason": "letter", "note": None}
UNCONFIRMED = ("tombstone", "tombstones of a request that nobody confirmed")


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(tmp_path / "objects")


def texts(desk: Audited) -> list[str]:
    with reading(desk.engine) as session:
        return sorted(session.exec(select(ProseRow.digest)))


def gone(desk: Audited, *digests: str) -> None:
    with writing(desk.engine) as session:
        session.execute(delete(ProseRow).where(col(ProseRow.digest).in_(digests)))


def buried(desk: Audited, *digests: str, store: str = STORE, kind: str = "prose") -> None:
    with writing(desk.engine) as session:
        session.add_all(
            TombstoneRow(digest=one, store_id=store, purge="prg_1", kind=kind, erased_at=T0)
            for one in digests
        )


def confirmed(desk: Audited) -> None:
    desk.review("withdraw", "sub_3", ADA)
    desk.give("ask", "prg_1", AMY, ASKED)
    desk.give("confirm", "prg_1", IDA)


def wanted_elsewhere(desk: Audited, *steps: tuple[str, Actor]) -> None:
    """The same request in another store, as far as `steps` take it."""
    Identity(desk.engine, "other").ensure_store("Other")
    state: Any = None
    for seq, (kind, actor) in enumerate(steps):
        order = signed(replace(desk.order(kind, "prg_1", actor, ASKED), store="other"))
        facts = purge.MACHINE.decide(state, order, desk.now, {})
        told = desk.ledger.record(
            RecordRequest("purge", seq, order, facts, desk.now, PACK.digest, RULES)
        )
        state = purge.MACHINE.evolve(state, told.events[0])


def said(desk: Audited) -> set[tuple[str, str]]:
    return {(fault.code, fault.what) for fault in desk.verified().faults}


def missed(digest: str) -> tuple[str, str]:
    return "prose", f"the text {digest[:18]} is gone, and no request erased it"


def test_a_text_that_nobody_asked_to_erase_is_missed_where_it_was_named(desk: Audited) -> None:
    gone(desk, *texts(desk))

    report = desk.verified()

    assert {(fault.code, fault.subject) for fault in report.faults} == {
        ("prose", "sub_1"), ("prose", "sub_2"), ("prose", "pub_a"),
    }  # fmt: skip
    assert (report.found, report.erased) == (5, 0)


def test_texts_that_two_people_had_erased_are_counted_and_no_fault(
    desk: Audited, objects: Objects
) -> None:
    confirmed(desk)
    report = erase(desk.engine, objects, STORE, "prg_1", Plan(prose=set(texts(desk))))
    between = desk.verified()
    desk.give("finish", "prg_1", SYS, report)

    after = desk.verified()

    assert [(one.faults, one.erased) for one in (between, after)] == [([], 5), ([], 5)]


@pytest.mark.parametrize("steps", [(), (("ask", AMY),), (("ask", AMY), ("decline", IDA))])
def test_a_request_that_nobody_confirmed_explains_nothing(
    desk: Audited, steps: tuple[tuple[str, Actor], ...]
) -> None:
    desk.review("withdraw", "sub_3", ADA)
    for kind, actor in steps:
        desk.give(kind, "prg_1", actor, ASKED)
    text = texts(desk)[0]
    gone(desk, text)
    buried(desk, text)

    assert said(desk) == {UNCONFIRMED, missed(text)}


@pytest.mark.parametrize("steps", [(), (("ask", AMY),)])
def test_another_stores_tombstones_are_held_to_another_stores_requests(
    desk: Audited, steps: tuple[tuple[str, Actor], ...]
) -> None:
    confirmed(desk)  # under the same id, here
    wanted_elsewhere(desk, *steps)
    text = texts(desk)[0]
    gone(desk, text)
    buried(desk, text, store="other")

    assert said(desk) == {UNCONFIRMED, missed(text)}


def test_what_another_store_had_erased_is_explained_by_its_request(desk: Audited) -> None:
    wanted_elsewhere(desk, ("ask", AMY), ("confirm", IDA))
    text = texts(desk)[0]
    gone(desk, text)
    buried(desk, text, store="other")

    report = desk.verified()

    assert (report.faults, report.erased) == ([], 1)


def test_a_confirmation_that_does_not_follow_its_request_confirms_nothing(desk: Audited) -> None:
    wanted_elsewhere(desk, ("ask", AMY), ("confirm", IDA))
    text = texts(desk)[0]
    gone(desk, text)
    buried(desk, text, store="other")
    with writing(desk.engine) as session:
        session.get_one(EventRow, ("other", "prg_1", 2)).prev = "0" * 64

    assert said(desk) == {UNCONFIRMED, missed(text)}


def test_a_text_that_was_erased_and_is_there_again_is_a_fault(desk: Audited) -> None:
    confirmed(desk)
    text = texts(desk)[0]
    buried(desk, text)

    assert said(desk) == {("prose", "the text was erased and is there again")}


@pytest.mark.parametrize(
    ("asked", "kind", "faults"),
    [(False, None, 1), (False, "object", 1), (True, "object", 0), (True, "prose", 1)],
)
def test_a_transcript_that_is_gone_needs_a_tombstone_like_anything_else(
    desk: Audited, objects: Objects, asked: bool, kind: str | None, faults: int
) -> None:
    if asked:
        confirmed(desk)
    there = objects.put_json({"answer": "a", "fault": None})
    lost = objects.put_json({"answer": "b", "fault": None})
    evidence = objects.put_json({"cases": [{"transcript": there}, {"transcript": lost}]})
    objects.erase(lost)
    if kind:
        buried(desk, lost, kind=kind)

    with reading(desk.engine) as session:
        read, graves = read_events(session, STORE), burials(session)
    read.bundles, read.evidence = {}, {evidence: ("sub_1", 3)}
    report = Report(STORE, T0)
    found = list(object_faults(objects, read, report, lambda: graves.objects))

    assert [(f.subject, f.seq, f.code) for f in found] == [("sub_1", 3, "object")] * faults
    assert (report.objects, report.erased) == (3, 1 - faults)


def offline(desk: Audited) -> Report:
    lines = [json.dumps(line).encode() for line in exported(desk.engine, desk.log)]
    return verify_export(lines, [desk.keeper.key()])


def signed_now(desk: Audited) -> None:
    assert desk.keeper.checkpoint() is not None


def test_an_export_explains_what_was_erased_by_the_requests_it_holds(
    desk: Audited, objects: Objects
) -> None:
    confirmed(desk)
    report = erase(desk.engine, objects, STORE, "prg_1", Plan(prose=set(texts(desk))))
    signed_now(desk)
    between = offline(desk)
    desk.give("finish", "prg_1", SYS, report)
    signed_now(desk)

    after = offline(desk)

    assert [(one.faults, one.erased) for one in (between, after)] == [([], 5), ([], 5)]


def test_an_export_says_nothing_of_a_request_after_its_last_checkpoint(
    desk: Audited, objects: Objects
) -> None:
    confirmed(desk)
    erase(desk.engine, objects, STORE, "prg_1", Plan(prose=set(texts(desk))))

    report = offline(desk)

    assert (report.faults, report.erased) == ([], 0)


def test_an_export_names_a_text_that_is_gone_and_a_tombstone_nobody_asked_for(
    desk: Audited,
) -> None:
    one, other, *_ = texts(desk)
    gone(desk, one, other)
    buried(desk, one)

    found = {(fault.code, fault.what) for fault in offline(desk).faults}

    assert found == {UNCONFIRMED, missed(one), missed(other)}


def test_an_export_warns_of_texts_that_another_stores_request_erased(desk: Audited) -> None:
    wanted_elsewhere(desk, ("ask", AMY), ("confirm", IDA))
    one = texts(desk)[0]
    gone(desk, one)
    buried(desk, one, store="other")

    report = offline(desk)

    assert (report.faults, report.erased) == ([], 1)
    told = "1 texts were erased by requests of other stores: verify those, too"
    assert told in report.warnings


def test_an_export_with_a_tombstone_less_is_found(desk: Audited, objects: Objects) -> None:
    confirmed(desk)
    report = erase(desk.engine, objects, STORE, "prg_1", Plan(prose=set(texts(desk))))
    desk.give("finish", "prg_1", SYS, report)
    signed_now(desk)
    lines = [json.loads(json.dumps(line)) for line in exported(desk.engine, desk.log)]
    first = next(at for at, line in enumerate(lines) if "tombstone" in line)

    kept = [json.dumps(line).encode() for line in lines[:first] + lines[first + 1 :]]
    found = verify_export(kept, [desk.keeper.key()])

    assert "tombstone" in {fault.code for fault in found.faults}
