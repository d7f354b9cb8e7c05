"""`gonogo retention` on the machine: a dry run changes nothing, an empty sweep writes nothing."""

import json

from tests.cli.conftest import Shell


def test_a_store_without_old_things_lets_nothing_go(gonogo: Shell) -> None:
    gonogo("init")

    planned = json.loads(gonogo("retention", "--dry-run", "--json").out)
    done = json.loads(gonogo("retention", "--json").out)
    rebuilt = json.loads(gonogo("rebuild", "--json").out)

    assert set(planned["erased"].values()) == {0}
    assert done == {"erased": {}, "more": False}
    assert rebuilt["subjects"] == 0


def test_a_place_without_a_store_is_not_made_one(gonogo: Shell) -> None:
    assert gonogo("retention", "--dry-run").code == 3
