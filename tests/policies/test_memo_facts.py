"""The facts of a memo are those of one event of a launch."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from policies.lifecycle.kernel import Event
from policies.rules.memo_facts import KINDS, TOLD_BY_MEMO, memo_facts
from policies.rules.target import Target

AT = datetime(2023, 11, 30, 18, tzinfo=UTC)
DECEMBER = Target(
    "month",
    "UTC",
    datetime(2023, 12, 1, tzinfo=UTC),
    datetime(2024, 1, 1, tzinfo=UTC),
    "month:2023-12",
)
EARLY = replace(
    DECEMBER,
    precision="season",
    label="season:2024-early",
    start=datetime(2024, 1, 1, tzinfo=UTC),
    end=datetime(2024, 4, 1, tzinfo=UTC),
)


@dataclass(frozen=True)
class Had:
    target: Target | None


def event(type: str, body: dict[str, Any] | None = None) -> Event:
    return Event("default", 9, "lch_1", 4, type, "per_b", "cmd_1", AT, AT, "pack", "1", body or {})


def test_a_postponement_is_told_with_both_dates() -> None:
    body = {
        "reason": "unexpected",
        "note": "prose:1",
        "from": DECEMBER.as_json(),
        "to": EARLY.as_json(),
        "nth": 2,
        "moved": 40,
        "flagged": 3,
    }

    facts = memo_facts(event("launch:postponed", body), Had(None))

    assert facts is not None
    assert (facts.kind, facts.before, facts.after) == ("postponed", DECEMBER, EARLY)
    assert (facts.nth, facts.moved, facts.flagged, facts.note) == (2, 40, 3, "prose:1")
    assert facts.decided_by == ("per_b",)


def test_a_date_that_was_there_before_is_taken_from_the_launch() -> None:
    facts = memo_facts(event("launch:target:narrowed", {"target": DECEMBER.as_json()}), Had(EARLY))

    assert facts is not None
    assert (facts.before, facts.after) == (EARLY, DECEMBER)


def test_both_voices_are_told_the_first_one_first() -> None:
    facts = memo_facts(event("launch:cancelled", {"first": "per_a"}), Had(EARLY))

    assert facts is not None
    assert facts.decided_by == ("per_a", "per_b")


def test_an_opening_counts_what_stayed_behind() -> None:
    body = {"wave": 1, "ready": 37, "excluded": ["rel_1", "rel_2"]}

    facts = memo_facts(event("launch:wave:opened", body), None)

    assert facts is not None
    assert (facts.wave, facts.opened, facts.excluded) == (1, 37, 2)


@pytest.mark.parametrize("type", ["launch:poll:voted", "launch:gate:signed", "submission:opened"])
def test_what_needs_no_memo_has_none(type: str) -> None:
    assert memo_facts(event(type), None) is None


def test_every_kind_but_a_correction_follows_from_an_event() -> None:
    empty = {kind: memo_facts(event(kind), None) for kind in TOLD_BY_MEMO}

    assert {facts.kind for facts in empty.values() if facts} == set(KINDS) - {"corrected"}
