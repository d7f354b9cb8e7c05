"""How long the round that was decided was tested and in somebody's hands."""

from datetime import timedelta

import pytest

from policies.rules.case_time import CaseTime, case_time
from tests.builders import T0


def told(*events: tuple[str, int]) -> CaseTime:
    return case_time((f"submission:{kind}", T0 + timedelta(seconds=s)) for kind, s in events)


PLAIN = (("opened", 0), ("tests:finished", 60), ("review:claimed", 100), ("review:approved", 400))


@pytest.mark.parametrize(
    ("events", "known"),
    [
        (PLAIN, CaseTime(True, False, 60.0, 300.0)),
        (PLAIN[:3], CaseTime(False, False, 60.0, None)),
        ((*PLAIN[:2], ("policy:approved", 90)), CaseTime(True, True, 60.0, None)),
        ((PLAIN[0], *PLAIN[2:]), CaseTime(True, False, None, 300.0)),
        ((PLAIN[0], PLAIN[3]), CaseTime(True, False, None, None)),
        ((), CaseTime()),
    ],
)
def test_each_step_is_timed_from_its_own_trace(
    events: tuple[tuple[str, int], ...], known: CaseTime
) -> None:
    assert told(*events) == known


def test_only_the_last_round_counts_and_only_while_somebody_has_it() -> None:
    found = told(
        *PLAIN[:3],
        ("review:changes_requested", 200),
        ("round:opened", 1000),
        ("tests:finished", 1030),
        ("review:resumed", 1030),
        ("review:asked", 1050),
        ("review:answered", 5000),
        ("review:claimed", 6000),
        ("review:released", 6010),
        ("review:claimed", 7000),
        ("review:held", 7005),
        ("review:claimed", 8000),
        ("review:approved", 8007),
    )

    assert found == CaseTime(True, False, 30.0, 20.0 + 10.0 + 5.0 + 7.0)


def test_a_new_round_takes_the_approval_back() -> None:
    assert told(*PLAIN, ("round:opened", 900)) == CaseTime()
