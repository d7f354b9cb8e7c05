"""`gonogo release choose`: what a developer says when a launch is postponed."""

import json
from typing import Any

from tests.cli.conftest import Shell
from tests.cli.fake_api import FakeApi, Says

PATH = "/v1/releases/rel_1"


def release(asked: dict[str, Any] | None) -> dict[str, Any]:
    return {"id": "rel_1", "phase": "bound", "version": 3, "asked": asked}


def test_a_choice_answers_the_postponement_that_asks_now(gonogo: Shell) -> None:
    answers = {
        f"GET {PATH}": [Says(release({"launch": "lch_1", "nth": 2}))],
        f"POST {PATH}/choose": [Says({"phase": "ready", "release": "rel_1"})],
    }
    with FakeApi(answers) as fake:
        told = gonogo("release", "choose", "rel_1", "ship-alone", token="gng_x", url=fake.url)

    assert told.code == 0, told.err
    sent = json.loads(fake.asked[-1].body)
    assert sent == {"launch": "lch_1", "nth": 2, "choice": "ship_alone"}


def test_nothing_is_sent_where_nothing_is_asked_or_the_word_is_odd(gonogo: Shell) -> None:
    with FakeApi({f"GET {PATH}": [Says(release(None))]}) as fake:
        unasked = gonogo("release", "choose", "rel_1", "wait", token="gng_x", url=fake.url)
        odd = gonogo("release", "choose", "rel_1", "leave", token="gng_x", url=fake.url)

    assert (unasked.code, odd.code) == (1, 2)
    assert "no launch that was postponed" in unasked.err
    assert [one.path for one in fake.asked] == [PATH]


def test_what_is_asked_of_a_publisher_is_listed(gonogo: Shell) -> None:
    one = {"release": "rel_1", "gpt": "gpt_1", "name": "\x1b[31mSky", "choice": None}
    page = {
        "publisher": "pub_1",
        "items": [
            {"launch": "lch_1", "name": "Opening", "open": False, "default": "withdraw",
             "decide_by": "2030-05-01T00:00:00Z", "releases": [one]},
        ],
    }  # fmt: skip
    with FakeApi({"GET /v1/publishers/pub_1/choices": [Says(page)]}) as fake:
        told = gonogo("publisher", "choices", "pub_1", token="gng_x", url=fake.url)

    assert told.code == 0, told.err
    assert "withdraw" in told.out
    assert "\x1b[31m" not in told.out
