"""The record: what is stored is stored once, in order, by whom it says, and can be folded back."""

import random
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlmodel import col, select

from gonogo.db.ledger import Ledger, UnknownStore
from gonogo.db.session import engine_of, reading, writing
from gonogo.db.tables import CommandRow, EventRow
from policies.errors import Refused
from policies.lifecycle.kernel import Actor, Fact, event_hash
from policies.lifecycle.machines import MACHINES, PREFIX_OF, fold
from policies.lifecycle.submission_permits import LEGAL
from policies.wire import RecordAnswer
from tests.builders import ADA, CAST, KEY, RUI, SENA, SOL, STORE, T0
from tests.db.desk import Desk, forged
from tests.policies.states import SYS, submission_body


def test_what_is_stored_comes_back_as_numbered_events_and_a_picture(desk: Desk) -> None:
    answer = desk.review("submit", "sub_1", ADA)

    assert answer.outcome == "stored"
    assert [(e.seq, e.position, e.type) for e in answer.events] == [(1, 1, "submission:opened")]
    assert desk.ledger.events(STORE, "sub_1") == answer.events
    assert desk.state("sub_1").stage.value == "validating"
    assert desk.totals() == (1, 1, 1)


def test_i8_a_repeat_gets_the_first_answer_and_changes_nothing(desk: Desk) -> None:
    desk.queued(1)
    request = desk.request(desk.order("claim", "sub_1", RUI))
    desk.ledger.record(request)
    before = desk.totals()

    again = desk.ledger.record(request)

    assert (again.outcome, desk.totals()) == ("known", before)
    assert [event.type for event in again.events] == ["submission:review:claimed"]


def test_i8_a_repeat_is_known_even_after_the_case_closed(desk: Desk) -> None:
    desk.queued(1)
    claim = desk.request(desk.order("claim", "sub_1", RUI))
    desk.ledger.record(claim)
    desk.review("withdraw", "sub_1", ADA)
    before = desk.totals()

    again = desk.ledger.record(replace(claim, expected_seq=5))

    assert (again.outcome, again.events, desk.totals()) == ("known", (), before)


def test_i8_the_first_answer_is_kept_with_the_command(desk: Desk) -> None:
    subject = desk.queued(1)
    order = desk.order("claim", subject, RUI)
    with writing(desk.engine) as session:
        session.add(
            CommandRow(
                store_id=STORE, id=order.id, kind="submission/claim", subject=subject,
                actor_id=RUI.id, body_hash="h", received_at=T0,
            )
        )  # fmt: skip
    request = desk.request(order)
    first = desk.ledger.record(request)
    desk.review("release_claim", subject, RUI)

    again = desk.ledger.record(request)

    assert again.answer == first.answer
    assert (again.answer["stage"], desk.state(subject).stage.value) == ("in_review", "queued")


def test_who_is_behind_gets_what_they_have_not_seen_and_nothing_is_stored(desk: Desk) -> None:
    desk.queued(1)
    request = desk.request(desk.order("claim", "sub_1", RUI))
    desk.review("withdraw", "sub_1", ADA)
    before = desk.totals()

    answer = desk.ledger.record(request)

    assert answer.outcome == "behind"
    assert [event.type for event in answer.events] == ["submission:withdrawn"]
    assert desk.totals() == before


def test_a_command_that_causes_nothing_writes_nothing(desk: Desk) -> None:
    desk.queued(1)
    before = desk.totals()

    answer = desk.ledger.record(desk.request(desk.order("claim", "sub_1", RUI), facts=()))

    assert (answer.outcome, answer.events, desk.totals()) == ("stored", (), before)


@pytest.mark.parametrize(
    "change",
    [{"mac": ""}, {"mac": "0" * 64}, {"actor": SENA}, {"kind": "withdraw"}, {"body": {"x": 1}},
     {"at": T0 + timedelta(days=1)}],
)  # fmt: skip
def test_i2_a_forged_command_is_refused_and_nothing_is_written(
    desk: Desk, change: dict[str, Any]
) -> None:
    desk.queued(1)
    before = desk.totals()

    answer = desk.ledger.record(forged(desk.request(desk.order("claim", "sub_1", RUI)), **change))

    assert answer.refusal is not None
    assert (answer.outcome, answer.refusal.code) == ("refused", "forged")
    assert desk.totals() == before


def test_i2_a_mac_of_another_installation_does_not_hold(desk: Desk) -> None:
    desk.queued(1)
    elsewhere = Ledger(desk.engine, b"another key")

    answer = elsewhere.record(desk.request(desk.order("claim", "sub_1", RUI)))

    assert (answer.refusal and answer.refusal.code) == "forged"


HUMAN = [(kind, fact) for kind, machine in MACHINES.items() for fact in sorted(machine.human_facts)]


@pytest.mark.parametrize(("kind", "fact"), HUMAN)
def test_i2_the_system_cannot_cause_what_only_a_person_can(
    desk: Desk, kind: str, fact: str
) -> None:
    order = desk.order("anything", f"{PREFIX_OF[kind]}_1", SYS)

    answer = desk.ledger.record(desk.request(order, facts=(Fact(fact, {"gpt": "gpt_1"}),)))

    assert (answer.refusal and answer.refusal.code) == "forged"
    assert desk.totals() == (0, 0, 0)


def test_i2_nobody_gets_past_the_mac_by_naming_the_system_as_actor(desk: Desk) -> None:
    desk.queued(1)
    desk.review("claim", "sub_1", RUI)
    order = desk.order("approve", "sub_1", RUI, submission_body("approve", desk.state("sub_1")))
    request = desk.request(order)

    answer = desk.ledger.record(forged(request, actor=SYS))

    assert (answer.refusal and answer.refusal.code) == "forged"


def test_i2_a_signed_command_causes_only_what_is_its_to_cause(desk: Desk) -> None:
    desk.queued(1)
    order = desk.order("claim", "sub_1", RUI)
    approval = Fact("submission:review:approved", {"verdict": "approve", "digest": "d1"})

    answer = desk.ledger.record(desk.request(order, facts=(approval,)))

    assert (answer.refusal and answer.refusal.code) == "forged"


def test_a_store_that_is_not_there_is_an_error_and_no_refusal(desk: Desk) -> None:
    request = forged(desk.request(desk.order("submit", "sub_1", ADA), facts=()), store="nowhere")

    with pytest.raises(UnknownStore, match="nowhere"):
        desk.ledger.record(request)


def test_i8_the_events_of_a_subject_are_chained_by_hash(desk: Desk) -> None:
    desk.approved(1)
    desk.approved(2)
    desk.ledger.record(desk.exposing(1))  # two facts of one command

    for subject in ("sub_1", "sub_2", "lst_1"):
        events = desk.ledger.events(STORE, subject)
        assert events[0].prev == ""
        assert [event.prev for event in events[1:]] == [event_hash(e) for e in events[:-1]]
        assert [event.seq for event in events] == list(range(1, len(events) + 1))


def test_i8_a_changed_event_breaks_the_chain(desk: Desk) -> None:
    desk.approved(1)
    with writing(desk.engine) as session:
        row = session.get(EventRow, (STORE, "sub_1", 4))
        assert row is not None
        row.actor_id = "per_eve"

    events = desk.ledger.events(STORE, "sub_1")

    assert events[4].prev != event_hash(events[3])


def writer(url: str, number: int, barrier: Barrier, outcomes: list[RecordAnswer]) -> None:
    """Opens a case, then competes for the shared one: claims and gives it back."""
    desk = Desk(url)
    mine, actor = f"sub_{number}", (RUI, SENA)[number % 2]
    desk._count = number * 1000
    barrier.wait()
    desk.review("submit", mine, ADA, gpt=f"gpt_{number}")
    for _ in range(12):
        for kind in ("claim", "release_claim"):
            try:
                outcomes.append(desk.review(kind, "sub_shared", actor))
            except Refused:
                continue
    desk.engine.dispose()


def test_i8_two_writers_at_once_leave_no_gap_and_no_double(database: str) -> None:
    desk = Desk(database)
    desk.review("submit", "sub_shared", ADA, gpt="gpt_shared")
    desk.review("scanned", "sub_shared", SYS)
    desk.review("tested", "sub_shared", SYS)
    barrier, outcomes = Barrier(2), list[RecordAnswer]()

    threads = [Thread(target=writer, args=(database, n, barrier, outcomes)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    stored = [answer for answer in outcomes if answer.outcome == "stored"]
    events = desk.ledger.events(STORE, "sub_shared")
    with reading(desk.engine) as session:
        positions = session.exec(select(EventRow.position).order_by(col(EventRow.position))).all()
        by_commit = session.exec(select(EventRow).order_by(col(EventRow.recorded_at))).all()
    assert len(events) == 3 + len(stored)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert list(positions) == list(range(1, len(positions) + 1))
    assert [row.position for row in by_commit] == list(positions)
    assert [event.prev for event in events[1:]] == [event_hash(e) for e in events[:-1]]
    assert desk.state("sub_shared") == desk.folded("sub_shared")
    desk.engine.dispose()


def open_to(desk: Desk, subject: str) -> list[tuple[str, Actor]]:
    """What somebody may do now, but for what ends a case."""
    found, state = [], desk.state(subject)
    for kind in sorted(set(LEGAL) - {"withdraw", "settle"}):
        for actor in CAST:
            try:
                MACHINES["submission"].permit(state, kind, actor, desk.now)
            except Refused:
                continue
            found.append((kind, actor))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_picture_is_the_fold_after_any_sequence_of_commands(desk: Desk, seed: int) -> None:
    pick = random.Random(seed)
    subjects = [desk.queued(n) for n in (1, 2)]

    for _ in range(60):
        subject = pick.choice(subjects)
        desk.wait(seconds=pick.choice((0, 60, 300)))
        kind, actor = pick.choice(open_to(desk, subject) or [("claim", RUI)])
        try:
            desk.review(kind, subject, actor, tier=pick.choice(("low", "high")))
        except Refused:
            continue

    assert desk.totals()[0] > 20
    for subject in subjects:
        assert desk.state(subject) == desk.folded(subject)


def test_events_read_in_two_parts_fold_to_the_same(desk: Desk) -> None:
    desk.approved(1)
    first = desk.ledger.events(STORE, "sub_1")[:2]

    rest = desk.ledger.events(STORE, "sub_1", after=2)

    assert fold("submission", rest, fold("submission", first)) == desk.state("sub_1")


def test_i3_a_stop_is_recorded_without_anything_but_the_database(database: str) -> None:
    engine = engine_of(database)
    desk = Desk(database)
    request = desk.request(
        desk.order("place", "stp_1", SOL, {"scope": "store", "target": STORE, "reason": "unsafe"})
    )

    answer = Ledger(engine, KEY).record(request)

    assert (answer.outcome, answer.answer["status"]) == ("stored", "active")
    desk.engine.dispose()
    engine.dispose()
