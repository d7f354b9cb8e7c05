"""Limits across subjects, checked in the transaction that writes: claims, cases, exposure (I6)."""

from typing import Any

import pytest

from gonogo.db.people import PublisherRow
from gonogo.db.session import writing
from gonogo.db.tables import GptRow, PackRow
from policies.wire import RecordAnswer
from tests.builders import ADA, LEA, PUBLISHER, RUI, SENA, SOL, STORE, T0
from tests.db.desk import Desk
from tests.policies.states import PACK, SYS


def code(answer: RecordAnswer) -> str:
    return answer.refusal.code if answer.refusal else answer.outcome


def why(answer: RecordAnswer) -> list[str]:
    assert answer.refusal is not None, answer.outcome
    assert answer.refusal.code == "evidence-blocks"
    return list(answer.refusal.detail["reasons"])


def test_a_reviewer_holds_three_cases_and_no_fourth(desk: Desk) -> None:
    cases = [desk.queued(number) for number in range(4)]

    claims = [code(desk.review("claim", case, RUI)) for case in cases]
    desk.review("release_claim", cases[0], RUI)

    assert claims == ["stored", "stored", "stored", "over-limit"]
    assert code(desk.review("claim", cases[3], SENA)) == "stored"
    assert code(desk.review("claim", cases[0], RUI)) == "stored"


def test_a_claim_that_comes_along_with_a_new_round_keeps_its_place(desk: Desk) -> None:
    cases = [desk.queued(number) for number in range(4)]
    for case in cases[:3]:
        desk.review("claim", case, RUI)
    desk.review("submit", cases[0], ADA, gpt="gpt_0", digest="d2")

    fourth = desk.review("claim", cases[3], RUI)
    by_another = desk.review("claim", cases[3], SENA)

    assert desk.state(cases[0]).claimant is None
    assert code(fourth) == "over-limit"
    assert code(by_another) == "stored"


def test_undoing_counts_as_a_claim_again(desk: Desk) -> None:
    cases = [desk.queued(number) for number in range(4)]
    desk.review("claim", cases[0], RUI)
    desk.review("approve", cases[0], RUI)
    for case in cases[1:]:
        desk.review("claim", case, RUI)

    undone = desk.review("undo", cases[0], RUI)

    assert code(undone) == "over-limit"


def test_a_gpt_has_one_open_case(desk: Desk) -> None:
    desk.queued(1)

    second = desk.review("submit", "sub_2", ADA, gpt="gpt_1", digest="d2")
    desk.review("withdraw", "sub_1", ADA)
    third = desk.review("submit", "sub_3", ADA, gpt="gpt_1", digest="d2")

    assert (code(second), code(third)) == ("over-limit", "stored")


def test_an_expired_case_does_not_return_beside_a_newer_one(desk: Desk) -> None:
    desk.queued(1)
    desk.review("claim", "sub_1", RUI)
    desk.review("request_changes", "sub_1", RUI)
    desk.wait(days=31).review("expire", "sub_1", SYS)
    desk.review("submit", "sub_2", ADA, gpt="gpt_1", digest="d2")

    assert code(desk.review("submit", "sub_1", ADA, digest="d3")) == "over-limit"
    desk.review("withdraw", "sub_2", ADA)
    assert code(desk.review("submit", "sub_1", ADA, digest="d3")) == "stored"


def test_a_decision_is_not_undone_beside_a_newer_case(desk: Desk) -> None:
    desk.queued(1)
    desk.review("claim", "sub_1", RUI)
    desk.review("reject", "sub_1", RUI)
    desk.review("submit", "sub_2", ADA, gpt="gpt_1", digest="d2")

    assert code(desk.review("undo", "sub_1", RUI)) == "over-limit"


def test_a_rejected_digest_returns_only_by_appeal(desk: Desk) -> None:
    desk.queued(1)
    desk.review("claim", "sub_1", RUI)
    desk.review("reject", "sub_1", RUI)

    as_new_case = desk.review("submit", "sub_2", ADA, gpt="gpt_1", digest="d1")
    changed = desk.review("submit", "sub_2", ADA, gpt="gpt_1", digest="d2")
    as_new_round = desk.review("submit", "sub_2", ADA, digest="d1")

    assert [code(a) for a in (as_new_case, changed, as_new_round)] == [
        "illegal-move", "stored", "illegal-move",
    ]  # fmt: skip


def test_i6_an_approval_that_stands_lets_exposure_start_and_grow(desk: Desk) -> None:
    desk.approved(1)

    first = desk.ledger.record(desk.exposing(1, weight_bp=500, visibility="link"))
    second = desk.ledger.record(desk.exposing(1))

    assert (code(first), code(second)) == ("stored", "stored")
    assert desk.state("lst_1").exposure.weight_bp == 2500


def unverified(desk: Desk) -> None:
    with writing(desk.engine) as session:
        row = session.get(PublisherRow, (STORE, PUBLISHER))
        assert row is not None
        row.verified_at = None


def pack_forgotten(desk: Desk) -> None:
    with writing(desk.engine) as session:
        row = session.get(PackRow, PACK.digest)
        session.delete(row)


def in_category(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.add(GptRow(store_id=STORE, id="gpt_1", publisher=PUBLISHER, name="A",
                           category="education", created_at=T0))  # fmt: skip
    desk.stop("category", "education", SOL)


FAULTS: list[tuple[Any, list[str]]] = [
    (lambda desk: desk.stop("store", STORE, SOL), ["stopped:store"]),
    (lambda desk: desk.stop("publisher", PUBLISHER, LEA), ["stopped:publisher"]),
    (lambda desk: desk.stop("gpt", "gpt_1", SOL), ["stopped:gpt"]),
    (lambda desk: desk.stop("revision", "d1", SOL), ["stopped:revision"]),
    (in_category, ["stopped:category"]),
    (lambda desk: desk.wait(days=91), ["approval_expired", "evidence_stale"]),
    (unverified, ["publisher_unverified"]),
    (pack_forgotten, ["evidence_stale"]),
    (lambda desk: desk.give("quarantine", "lst_1", SOL, {"reason": "unsafe"}), ["quarantined"]),
]


@pytest.mark.parametrize(("fault", "reasons"), FAULTS, ids=[why[0] for _, why in FAULTS])
def test_i6_what_lapsed_since_the_workflow_looked_stops_growth(
    desk: Desk, fault: Any, reasons: list[str]
) -> None:
    desk.approved(1)
    desk.ledger.record(desk.exposing(1, weight_bp=500, visibility="link"))
    fault(desk)
    before = desk.totals()

    answer = desk.ledger.record(desk.exposing(1))

    assert why(answer) == reasons
    assert desk.totals() == before


def test_i6_a_stop_placed_between_deciding_and_recording_wins(desk: Desk) -> None:
    desk.approved(1)
    decided = desk.exposing(1)
    desk.stop("gpt", "gpt_1", SOL)

    answer = desk.ledger.record(decided)

    assert why(answer) == ["stopped:gpt"]
    assert desk.state("lst_1") is None


def test_i6_a_stop_that_was_lifted_stops_nothing_more(desk: Desk) -> None:
    desk.approved(1)
    stop = desk.stop("gpt", "gpt_1", SOL).answer["stop"]
    desk.give("lift", stop, LEA, {"reason": "fixed"})

    assert code(desk.ledger.record(desk.exposing(1))) == "stored"


def test_i6_an_approval_that_can_still_be_undone_exposes_nothing(desk: Desk) -> None:
    desk.queued(1)
    desk.review("claim", "sub_1", RUI)
    desk.review("approve", "sub_1", RUI)

    assert why(desk.ledger.record(desk.exposing(1))) == ["approval_can_still_be_undone"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"digest": "d9"}, "approval_of_another_digest"),
        ({"submission": "sub_9"}, "evidence_missing"),
        ({"submission": None}, "approval_missing"),
    ],
)
def test_i6_only_the_approved_digest_of_a_known_case_is_exposed(
    desk: Desk, changes: dict[str, Any], reason: str
) -> None:
    desk.approved(1)

    assert reason in why(desk.ledger.record(desk.exposing(1, **changes)))


def test_i6_wider_visibility_is_growth_too(desk: Desk) -> None:
    desk.approved(1)
    desk.ledger.record(desk.exposing(1, visibility="link"))
    desk.stop("gpt", "gpt_1", SOL)

    assert why(desk.ledger.record(desk.exposing(1, visibility="category"))) == ["stopped:gpt"]


@pytest.mark.parametrize("kind", ["expose", "resume"])
def test_i6_ending_a_halt_is_a_start_too(desk: Desk, kind: str) -> None:
    desk.approved(1)
    desk.ledger.record(desk.exposing(1))
    desk.give("halt", "lst_1", SYS, {"release": "rel_1"})
    desk.stop("gpt", "gpt_1", SOL)

    order = desk.exposing(1)
    if kind == "resume":
        body = {"release": "rel_1", "submission": "sub_1"}
        order = desk.request(desk.order("resume", "lst_1", SYS, body))

    assert why(desk.ledger.record(order)) == ["stopped:gpt"]


def test_i6_taking_the_place_of_another_release_is_a_start_even_with_less_weight(
    desk: Desk,
) -> None:
    desk.approved(1)
    desk.ledger.record(desk.exposing(1))
    desk.stop("gpt", "gpt_1", SOL)

    assert why(desk.ledger.record(desk.exposing(1, release="rel_2", weight_bp=1)))


def test_i6_relisting_needs_an_approval_that_stands_now(desk: Desk) -> None:
    desk.approved(1)
    desk.ledger.record(desk.exposing(1))
    desk.give("promote", "lst_1", SYS, {"release": "rel_1"})
    desk.give("unlist", "lst_1", ADA)

    desk.wait(days=1)
    assert code(desk.give("relist", "lst_1", ADA)) == "stored"
    desk.give("unlist", "lst_1", ADA)
    desk.wait(days=100)
    assert why(desk.give("relist", "lst_1", ADA)) == ["approval_expired", "evidence_stale"]


def test_i3_safer_commands_meet_no_such_limit(desk: Desk) -> None:
    desk.approved(1)
    desk.ledger.record(desk.exposing(1))
    desk.stop("store", STORE, SOL)
    desk.wait(days=400)

    assert code(desk.give("halt", "lst_1", SYS, {"release": "rel_1"})) == "stored"
    assert code(desk.give("unlist", "lst_1", ADA)) == "stored"
    assert code(desk.give("quarantine", "lst_1", SOL, {"reason": "unsafe"})) == "stored"
    assert code(desk.give("retract", "lst_1", SYS, {"release": "rel_1"})) == "stored"
