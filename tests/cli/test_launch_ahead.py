"""Rehearsing, previewing, forecasting, pressure and memos by the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Shell
from tests.cli.fake_api import FakeApi, Says

PATH = "/v1/launches/lch_1"
ESCAPE = "\x1b[31mred\x1b[0m\u202e"
PLAYED: dict[str, Any] = {
    "launch": "lch_1", "seed": "a", "status": "hold", "opened_at": None, "in_time": False,
    "moments": [
        {"at": "2030-05-04T09:00:00Z", "what": "held", "by": "system", "code": "must_failing",
         "of": None, "why": ["must_failing", ESCAPE], "releases": [], "ready": None},
    ],
    "blocked": [
        {"what": "begin_poll", "code": "not-yet", "why": ["quorum"],
         "at": "2030-05-02T09:00:00Z", "until": None},
    ],
    "waits": [
        {"who": ["safety_oncall"], "what": "answer_gate", "of": "safety_review",
         "at": "2030-05-02T09:00:00Z", "until": None, "seconds": None},
    ],
    "left": [{"who": ["product_lead"], "what": "postpone", "of": None, "by": None, "why": []}],
    "summary": {"runs": 20, "opened": 3, "in_time": 2, "half_by": None, "most_by": None},
}  # fmt: skip


def test_a_rehearsal_is_asked_for_with_what_goes_wrong_and_told_as_a_tree(gonogo: Shell) -> None:
    with FakeApi({f"POST {PATH}/rehearsal": [Says(PLAYED)]}) as fake:
        told = gonogo(
            "launch", "rehearse", "lch_1", "--reject", "rel_1@T-2d",
            "--away", "safety_oncall@T-3d..T", "--outage", "T..T+20m", "--stop", "T-1h",
            "--stop", "rel_2@T", "--hold", "safety_oncall@T-1h", "--runs", "20",
            token="gng_x", url=fake.url,
        )  # fmt: skip

    sent = json.loads(fake.asked[0].body)
    assert told.code == 0, told.err
    assert sent["rejected"] == [{"release": "rel_1", "at": "T-2d"}]
    assert sent["away"] == [{"role": "safety_oncall", "at": "T-3d", "until": "T"}]
    assert sent["outages"] == [{"at": "T", "until": "T+20m"}]
    assert sent["stopped"] == [{"at": "T-1h"}, {"release": "rel_2", "at": "T"}]
    assert (sent["delay_s"], sent["runs"]) == (14_400, 20)
    assert sent["overrides_freezes"] is False
    for line in ("does not open; ends as hold", "begin_poll: quorum", "to the end", "2 of 20"):
        assert line in told.out
    assert "\x1b" not in told.out
    assert "\u202e" not in told.out


def test_a_rehearsal_is_asked_to_get_past_freezes(gonogo: Shell) -> None:
    with FakeApi({f"POST {PATH}/rehearsal": [Says(PLAYED)]}) as fake:
        told = gonogo(
            "launch", "rehearse", "lch_1", "--override-freezes", token="gng_x", url=fake.url
        )

    assert told.code == 0, told.err
    assert json.loads(fake.asked[0].body)["overrides_freezes"] is True


@pytest.mark.parametrize(
    "words", [("--reject", "rel_1"), ("--away", "safety_oncall@T"), ("--outage", "T-1h")]
)
def test_what_names_no_moment_is_refused_and_nothing_sent(
    gonogo: Shell, words: tuple[str, str]
) -> None:
    with FakeApi({}) as fake:
        told = gonogo("launch", "rehearse", "lch_1", *words, token="x", url=fake.url)

    assert (told.code, fake.asked) == (2, [])


SEEN: dict[str, Any] = {
    "plan_hash": "f" * 64, "needs_role": None, "nth": 1,
    "counts": {"moved": 2, "flagged": 1, "lapses": 0, "reviews": 1},
    "conflicts": [{"code": "requires_withdrawn", "id": "rel_2", "other": "rel_1"}],
    "reviews": [{"item": "rel_1", "begin_by": "2030-05-01T09:00:00Z", "late": True}],
    "capacity": {"fits": False},
    "difference": [
        {"what": "target", "id": None, "before": {"label": "day:2030-05-04"},
         "after": {"label": "season:2030-early"}},
    ],
}  # fmt: skip


def test_a_preview_shows_before_and_after_and_the_command_that_commits_it(gonogo: Shell) -> None:
    with FakeApi({f"POST {PATH}/postponement/preview": [Says(SEEN)]}) as fake:
        told = gonogo(
            "launch", "postpone", "lch_1", "early 2030", "--preview", "--reason", "busy",
            token="gng_x", url=fake.url,
        )  # fmt: skip

    sent = json.loads(fake.asked[0].body)
    assert told.code == 0, told.err
    assert len(fake.asked) == 1
    for line in (
        "day:2030-05-04",
        "season:2030-early",
        "requires_withdrawn",
        "too late",
        "too few",
    ):
        assert line in told.out
    assert f"--decide-by {sent['decide_by']}" in told.out
    assert "'early 2030' --reason busy" in told.out
    assert f"--hash {'f' * 64}" in told.out


def test_a_hash_commits_what_was_seen(gonogo: Shell) -> None:
    with FakeApi({f"POST {PATH}/postpone": [Says({"status": "postponed"})]}) as fake:
        told = gonogo(
            "launch", "postpone", "lch_1", "early 2030", "--reason", "busy", "--hash", "f" * 64,
            "--decide-by", "2030-01-01T00:00:00+00:00", token="gng_x", url=fake.url,
        )  # fmt: skip
        alone = gonogo(
            "launch", "postpone", "lch_1", "early 2030", "--reason", "busy", "--hash", "f" * 64,
            token="gng_x", url=fake.url,
        )  # fmt: skip
        mute = gonogo("launch", "postpone", "lch_1", "2030", token="gng_x", url=fake.url)

    sent = json.loads(fake.asked[0].body)
    assert (told.code, told.out.strip()) == (0, "postponed")
    assert (sent["plan_hash"], sent["preview"]["target"]) == ("f" * 64, "early 2030")
    assert (alone.code, mute.code, len(fake.asked)) == (2, 2, 1)


def test_who_owes_what_is_a_table_and_nobody_is_a_word(gonogo: Shell) -> None:
    owes = {
        "publisher": "pub_1", "name": ESCAPE, "items": 3, "musts": 2,
        "duties": [{"id": "accept_policies", "title": "Accept the current policies"}],
    }  # fmt: skip
    some, none = {"of": 4, "items": [owes]}, {"of": 0, "items": []}
    told = []
    for view in (some, none):
        with FakeApi({f"GET {PATH}/duties": [Says(view)]}) as fake:
            told.append(gonogo("launch", "duties", "lch_1", token="gng_x", url=fake.url))
            assert fake.asked[0].path.partition("?")[0] == f"{PATH}/duties"

    assert [one.code for one in told] == [0, 0], told[0].err
    assert "Accept the current policies" in told[0].out
    assert "\x1b" not in told[0].out
    assert "and 3 more" in told[0].err
    assert "no builder owes anything" in told[1].out


def test_pressure_is_bars_and_the_table_is_written_as_it_comes(
    gonogo: Shell, tmp_path: Path
) -> None:
    view = {
        "level": "tense", "value": 0.3, "parts": {"haste": 0.2, "waived": 0.125},
        "items": [{"release": "rel_1", "name": ESCAPE, "steps": [
            {"step": "review", "seconds": 1800, "usual_s": 3600, "missing": 0.5}]}],
    }  # fmt: skip
    with FakeApi({f"GET {PATH}/pressure": [Says(view)]}) as fake:
        told = gonogo("launch", "pressure", "lch_1", token="gng_x", url=fake.url)

    assert told.code == 0, told.err
    assert "tense: 0.30" in told.out
    assert "0.5 of 1.0 h" in told.out
    assert "\x1b" not in told.out


def test_memos_are_listed_shown_sent_and_corrected(gonogo: Shell) -> None:
    memo = {
        "id": "mem_1", "launch": "lch_1", "kind": "postponed", "status": "sent", "about": 7,
        "public_at": None, "corrects": None, "corrected_by": None, "sent": {},
        "parts": {"public/en": {"subject": "News", "text": f"Later. {ESCAPE}", "edits": 0}},
    }  # fmt: skip
    answers = {
        "GET /v1/memos": [Says({"items": [memo], "next": None})],
        "GET /v1/memos/mem_1": [Says(memo)],
        "POST /v1/memos": [Says({"subject": "mem_2", "status": "done"}, 201)],
        "POST /v1/memos/mem_1/send": [Says({"status": "done"})],
        "POST /v1/memos/mem_1/edit": [Says({"status": "done"})],
    }
    with FakeApi(answers) as fake:
        ran = [
            gonogo("memo", *words, token="gng_x", url=fake.url, stdin="New text.")
            for words in (
                ("list",), ("show", "mem_1"), ("send", "mem_1", "--to", "internal"),
                ("correct", "mem_1", "--right", "It is May."),
                ("edit", "mem_1", "--part", "public/en", "--file", "-"),
            )
        ]  # fmt: skip

    sent = [json.loads(one.body) for one in fake.asked if one.method == "POST"]
    assert [one.code for one in ran] == [0] * 5, [one.err for one in ran]
    assert "\x1b" not in "".join(one.out for one in ran)
    assert sent == [
        {"audience": "internal"},
        {"launch": "lch_1", "about": 7, "corrects": "mem_1", "right": "It is May."},
        {"part": "public/en", "subject": "News", "text": "New text."},
    ]
