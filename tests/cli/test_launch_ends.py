"""`gonogo launch forward`, `close`, `report`: an earlier date, the end, what came of it."""

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


def test_a_report_tells_the_pressure_in_one_word(gonogo: Shell) -> None:
    made = {
        "timeline": [], "postponements": 0, "dissent": [], "incidents": [],
        "score": {"brier": 0.1, "unscored": None},
        "pressure": {"value": 0.431, "level": "pressed", "parts": {}},
    }  # fmt: skip
    with FakeApi({f"GET {PATH}/report": [Says(made)]}) as fake:
        told = gonogo("launch", "report", "lch_1", token="gng_x", url=fake.url)

    assert (told.code, "pressure: 0.43 (pressed)" in told.out) == (0, True), told.err


def test_an_earlier_date_is_looked_at_first_and_what_is_in_the_way_ends_it(gonogo: Shell) -> None:
    why = [{"code": "not_ready", "id": "rel_1", "name": ESCAPE}]
    answers = {
        f"GET {PATH}": [Says(launch("gating"))],
        f"POST {PATH}/forward/preview": [Says({"may": False, "why": why})],
    }
    with FakeApi(answers) as fake:
        told = gonogo(
            "launch", "forward", "lch_1", "2030-05-04 09:00", "--reason", "ready",
            token="gng_x", url=fake.url,
        )  # fmt: skip

    assert (told.code, "not_ready" in told.out, "\x1b" in told.out) == (1, True, False)
    assert [asked.path for asked in fake.asked if asked.method == "POST"] == [
        f"{PATH}/forward/preview"
    ]


def test_with_nothing_in_the_way_the_first_voice_is_given(gonogo: Shell) -> None:
    answers = {
        f"GET {PATH}": [Says(launch("gating"))],
        f"POST {PATH}/forward/preview": [Says({"may": True, "why": []})],
        f"POST {PATH}/bring-forward": [Says({"status": "gating", "proposed": "forward"})],
    }
    with FakeApi(answers) as fake:
        told = gonogo(
            "launch", "forward", "lch_1", "2030-05-04 09:00", "--reason", "ready",
            token="gng_x", url=fake.url,
        )  # fmt: skip

    assert (told.code, "second person" in told.out) == (0, True), told.err
    assert fake.asked[-1].headers["If-Match"] == '"7"'
