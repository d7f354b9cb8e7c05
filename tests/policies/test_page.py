"""The pictures of docs/policies.md show the tables of the code."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from policies.lifecycle import (
    launch_state,
    listing_state,
    publisher_state,
    release_state,
    submission_state,
)
from policies.lifecycle.launch_state import AHEAD, Status
from policies.lifecycle.release_state import LIVE, Phase
from policies.lifecycle.submission_state import OPEN, Stage

PAGE = Path(__file__).parents[2] / "docs" / "policies.md"
# What the page says in a sentence below its picture.
SAID: Mapping[str, Collection[tuple[str, str]]] = {
    "submission": {(stage, to) for stage in OPEN for to in (Stage.VALIDATING, Stage.WITHDRAWN)}
    - {(Stage.VALIDATING, Stage.VALIDATING)},
    "release": {
        *((phase, Phase.SUPERSEDED) for phase in set(Phase) - release_state.FINAL),
        *((phase, Phase.ROLLED_BACK) for phase in (*LIVE, Phase.BAKING)),
        *((phase, Phase.CANCELLED) for phase in (Phase.READY, Phase.SCHEDULED)),
        *((phase, Phase.CANCELLED) for phase in (Phase.BOUND, Phase.BLOCKED)),
    },
    "listing": set(),
    "publisher": set(),
    "launch": {
        *((status, to) for status in AHEAD for to in (Status.HOLD, Status.POSTPONED)),
        *((Status.HOLD, status) for status in AHEAD),
    },
}
TABLES: Mapping[str, Mapping[str, frozenset[str]]] = {
    "submission": {str(k): frozenset(map(str, v)) for k, v in submission_state.NEXT.items()},
    "release": {str(k): frozenset(map(str, v)) for k, v in release_state.NEXT.items()},
    "listing": {str(k): frozenset(map(str, v)) for k, v in listing_state.NEXT.items()},
    "publisher": {str(k): frozenset(map(str, v)) for k, v in publisher_state.NEXT.items()},
    "launch": {str(k): frozenset(map(str, v)) for k, v in launch_state.NEXT.items()},
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_picture_shows_exactly_the_moves_of_the_code(kind: str) -> None:
    pictures = re.findall(r"```mermaid\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    picture = dict(zip(TABLES, pictures, strict=True))[kind]
    drawn = set(re.findall(r"(\w+) --> (\w+)", picture))

    said = {(str(one), str(two)) for one, two in SAID[kind]}
    moves = {(one, two) for one, others in TABLES[kind].items() for two in others if one != two}

    assert drawn | said == moves
    assert not drawn & said
