"""What is gone is a fault, unless a request that two people wanted explains just that."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, delete, select

from gonogo.audit.erased import burials
from gonogo.audit.events import read_events
from gonogo.audit.report import Report
from gonogo.audit.verify import object_faults
from gonogo.db.erasures import TombstoneRow
from gonogo.db.identity import Identity
from gonogo.db.session import reading, writing
from gonogo.db.tables import EventRow, ProseRow
from gonogo.erasure import Plan, erase
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
    ("digs", "faults"),
    [
        (lambda desk, one: None, 1),
        (lambda desk, one: buried(desk, one, kind="object"), 1),
        (lambda desk, one: (confirmed(desk), buried(desk, one, kind="object")), 0),
        (lambda desk, one: (confirmed(desk), buried(desk, one, kind="prose")), 1),
    ],
)
def test_a_transcript_that_is_gone_needs_a_tombstone_like_anything_else(
    desk: Audited, objects: Objects, digs: Callable[[Audited, str], Any], faults: int
) -> None:
    there = objects.put_json({"answer": "a", "fault": None})
    lost = objects.put_json({"answer": "b", "fault": None})
    evidence = objects.put_json({"cases": [{"transcript": there}, {"transcript": lost}]})
    objects.erase(lost)
    digs(desk, lost)

    with reading(desk.engine) as session:
        read, graves = read_events(session, STORE), burials(session)
    read.bundles, read.evidence = {}, {evidence: ("sub_1", 3)}
    report = Report(STORE, T0)
    found = list(object_faults(objects, read, report, lambda: graves.objects))

    assert [(f.subject, f.seq, f.code) for f in found] == [("sub_1", 3, "object")] * faults
    assert (report.objects, report.erased) == (3, 1 - faults)
