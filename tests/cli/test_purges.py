"""`gonogo purge`: the dry run is shown before anybody says yes."""

from typing import Any

from tests.cli.conftest import Shell
from tests.cli.fake_api import FakeApi, Says

PLAN: dict[str, Any] = {
    "erased": {"prose": 3, "objects": 9, "rows": 1}, "kept": {"prose": 0, "objects": 2},
    "holds": ["hld_1"], "in_use": [],
}  # fmt: skip
VIEW = {"scope": "gpt", "target": "gpt_1", "asked_by": "per_1", "step": "asked"}


def test_asking_shows_the_dry_run_and_asks_back(gonogo: Shell) -> None:
    answers = {
        "GET /v1/purges/plan": [Says(PLAN)],
        "POST /v1/purges": [Says({"subject": "prg_1", "status": "done"}, 201)],
    }
    words = ("purge", "ask", "gpt", "gpt_1", "--reason", "letter")
    with FakeApi(answers) as fake:
        no = gonogo(*words, token="gng_x", url=fake.url, stdin="n\n")
        asked = [one.method for one in fake.asked]
        yes = gonogo(*words, "--yes", token="gng_x", url=fake.url)

    assert (no.code, asked, yes.code) == (1, ["GET"], 0)
    assert "3 prose, 9 objects, 1 rows" in no.err
    assert "2 objects" in no.err
    assert "hld_1" in no.err
    assert "prg_1" in yes.out


def test_confirming_shows_a_fresh_dry_run(gonogo: Shell) -> None:
    answers = {
        "GET /v1/purges/prg_1": [Says(VIEW)],
        "GET /v1/purges/plan": [Says(PLAN)],
        "POST /v1/purges/prg_1/confirm": [Says({"status": "done"})],
    }
    with FakeApi(answers) as fake:
        no = gonogo("purge", "confirm", "prg_1", token="gng_x", url=fake.url, stdin="n\n")
        yes = gonogo("purge", "confirm", "prg_1", "--yes", token="gng_x", url=fake.url)

    assert (no.code, yes.code) == (1, 0)
    assert "asked by per_1" in no.err
    assert [one.path.partition("?")[2] for one in fake.asked if "plan" in one.path] == [
        "scope=gpt&target=gpt_1"
    ] * 2
