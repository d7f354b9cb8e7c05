"""`gonogo launch close`, `report`: how a launch ends, and what came of it."""

import json

from tests.cli.conftest import Shell
from tests.cli.fake_api import FakeApi, Says
from tests.cli.test_launches import ESCAPE, PATH, launch


def test_closing_names_the_version_seen_and_tells_the_score_or_why_there_is_none(
    gonogo: Shell,
) -> None:
    for score, unscored, said in ((0.04, None, "0.040"), (None, "no_forecast", "no forecast was")):
        answer = {"status": "closed", "score": score, "unscored": unscored}
        answers = {f"GET {PATH}": [Says(launch("live"))], f"POST {PATH}/close": [Says(answer)]}
        with FakeApi(answers) as fake:
            told = gonogo(
                "launch", "close", "lch_1", "--lessons", "Ask earlier.", token="gng_x",
                url=fake.url,
            )  # fmt: skip

        assert (told.code, said in told.out) == (0, True), told.err
        assert fake.asked[-1].headers["If-Match"] == '"7"'
        assert json.loads(fake.asked[-1].body) == {"lessons": "Ask earlier."}


def test_a_report_is_a_table_whatever_people_wrote_into_the_record(gonogo: Shell) -> None:
    moment = {"at": "2030-05-04T09:00:00Z", "what": "held", "by": "per_lea", "code": ESCAPE}
    made = {
        "timeline": [moment], "postponements": 2, "dissent": [], "incidents": [],
        "score": {"brier": None, "unscored": "not_due"},
    }  # fmt: skip
    with FakeApi({f"GET {PATH}/report": [Says(made)]}) as fake:
        told = gonogo("launch", "report", "lch_1", token="gng_x", url=fake.url)

    assert (told.code, "postponed: 2" in told.out) == (0, True), told.err
    assert "\x1b" not in told.out
