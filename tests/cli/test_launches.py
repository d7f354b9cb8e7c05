"""`gonogo launch`: what it sends, what it prints, and the exit codes that scripts rely on."""

import json
from pathlib import Path
from typing import Any

import pytest

from gonogo.cli.files import TEXT_BYTES
from tests.cli.conftest import Shell
from tests.cli.fake_api import FakeApi, Says, problem

PATH = "/v1/launches/lch_1"
ESCAPE = "\x1b[31mred\x1b[0m\u202e"


def launch(status: str = "gating", **more: Any) -> dict[str, Any]:
    """A launch as `GET /v1/launches/{id}` shows it."""
    return {
        "id": "lch_1", "name": "Store opening", "status": status, "turn": "gate owners",
        "unblocks": "Every gate is answered.", "version": 7, "seq": 7, "opens_at": None,
        "target": {"label": "month:2030-05"}, "held": None, "poll": None, "wave": 0,
        "gates": [
            {"id": "safety_review", "status": "green"}, {"id": "no_stop", "status": "missing"},
        ],
        "items": {"total": 3, "by_wave": {"1": 2, "2": 1}, "by_phase": {"bound": 3}},
        "excluded_count": 0, "freeze": None, **more,
    }  # fmt: skip


def test_a_date_goes_with_the_version_that_was_seen_as_what_it_is(gonogo: Shell) -> None:
    said = {"status": "gating", "resolved": {"label": "day:2030-05-04"}, "notice": None}
    for status, what in (("draft", "plan"), ("planned", "narrow"), ("postponed", "replan")):
        answers = {f"GET {PATH}": [Says(launch(status))], f"POST {PATH}/{what}": [Says(said)]}
        with FakeApi(answers) as fake:
            told = gonogo("launch", "plan", "lch_1", "2030-05-04", token="gng_x", url=fake.url)

        assert (told.code, "day:2030-05-04" in told.out) == (0, True), told.err
        assert fake.asked[-1].headers["If-Match"] == '"7"'


def test_a_date_in_a_freeze_is_told_with_the_next_legal_time(gonogo: Shell) -> None:
    freeze = {"windows": ["win_1", ESCAPE], "wholly": True, "free": [], "more": False,
              "next_legal": "2030-06-01T08:00:00Z"}  # fmt: skip
    parts = freeze | {"wholly": False, "free": [{"start": "2030-05-01T00:00:00Z",
                                                 "end": "2030-05-02T00:00:00Z"}]}  # fmt: skip
    said = {"status": "gating", "resolved": {"label": "day:2030-05-04"}, "notice": None}
    told = []
    for met in (freeze, parts):
        answers = {
            f"GET {PATH}": [Says(launch("planned"))],
            f"POST {PATH}/narrow": [Says(said | {"freeze": met})],
        }
        with FakeApi(answers) as fake:
            told.append(
                gonogo("launch", "plan", "lch_1", "2030-05-04", token="gng_x", url=fake.url)
            )

    assert "it lies in a freeze (win_1" in told[0].out
    assert "the next legal time is" in told[0].out
    assert "parts of it lie in a freeze (win_1" in told[1].out
    assert "\x1b" not in told[0].out


def test_a_hold_is_given_without_asking_for_anything_first(gonogo: Shell) -> None:
    with FakeApi({f"POST {PATH}/hold": [Says({"status": "hold"})]}) as fake:
        told = gonogo("launch", "hold", "lch_1", "--reason", "doubt", token="gng_x", url=fake.url)

    assert (told.code, told.out.strip()) == (0, "hold")
    assert [asked.method for asked in fake.asked] == ["POST"]


def test_a_freeze_is_shown_and_got_past_by_the_version_that_was_seen(gonogo: Shell) -> None:
    freeze = {"windows": ["win_1", ESCAPE], "until": None, "override_roles": [], "waits": False,
              "seen_at": "2030-05-04T09:00:00Z"}  # fmt: skip
    answers = {
        f"GET {PATH}": [Says(launch("countdown", freeze=freeze))],
        f"POST {PATH}/override-freeze": [Says({"status": "countdown"})],
    }
    with FakeApi(answers) as fake:
        seen = gonogo("launch", "status", "lch_1", token="gng_x", url=fake.url)
        told = gonogo(
            "launch", "override-freeze", "lch_1", "--reason", "press", "--window", "win_1",
            token="gng_x", url=fake.url,
        )  # fmt: skip

    assert "its time lies in a freeze: win_1" in seen.out
    assert "\x1b" not in seen.out
    assert told.code == 0, told.err
    assert json.loads(fake.asked[-1].body) == {"reason": "press", "windows": ["win_1"]}
    assert fake.asked[-1].headers["If-Match"] == '"7"'


def test_a_restoration_names_the_version_and_why_a_freeze_is_got_past(gonogo: Shell) -> None:
    answers = {
        f"GET {PATH}": [Says(launch("suspended")), Says(launch("suspended"))],
        f"POST {PATH}/restore": [
            Says({"status": "suspended", "proposed": "restore"}),
            Says({"status": "live"}),
        ],
    }
    with FakeApi(answers) as fake:
        first = gonogo("launch", "restore", "lch_1", token="gng_x", url=fake.url)
        second = gonogo(
            "launch", "restore", "lch_1", "--override", "press", token="gng_x", url=fake.url
        )

    sent = [one for one in fake.asked if one.method == "POST"]
    assert (first.code, "a second person is needed" in first.out) == (0, True), first.err
    assert (second.code, second.out.strip()) == (0, "live"), second.err
    assert [json.loads(one.body) for one in sent] == [
        {"reason": "resolved"},
        {"reason": "resolved", "override": {"reason": "press"}},
    ]
    assert [one.headers["If-Match"] for one in sent] == ['"7"', '"7"']


def test_items_go_two_hundred_a_call_and_what_was_refused_is_told(
    gonogo: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "ids"
    file.write_text("\n".join(f"rel_{n}" for n in range(201)))
    done = [{"release": f"rel_{n}", "status": "done"} for n in range(200)]
    no = {"release": "rel_200", "status": "refused", "code": "illegal-move", "because": ESCAPE}
    says = [Says({"items": done}), Says({"items": [no]})]
    with FakeApi({f"POST {PATH}/items": says}) as fake:
        told = gonogo(
            "launch", "items", "lch_1", "--file", str(file), "--importance", "must",
            token="gng_x", url=fake.url,
        )  # fmt: skip

    sent = [json.loads(asked.body)["items"] for asked in fake.asked]
    assert told.code == 1
    assert [len(part) for part in sent] == [200, 1]
    assert sent[0][0] == {"release": "rel_0", "wave": 1, "importance": "must"}
    assert "200 of 201 done" in told.out
    assert "\x1b" not in told.out
    assert "\u202e" not in told.out


def test_a_file_that_is_no_list_of_releases_is_refused_and_nothing_sent(
    gonogo: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "ids"
    file.write_text("rel_1\nDROP TABLE\n")
    with FakeApi({}) as fake:
        told = gonogo("launch", "items", "lch_1", "--file", str(file), token="x", url=fake.url)

    assert told.code == 2
    assert fake.asked == []


@pytest.mark.parametrize(
    "words",
    [
        ("launch", "items", "lch_1", "--file"),
        ("memo", "edit", "mem_1", "--part", "public/en", "--file"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_words_and_nothing_is_sent(
    gonogo: Shell, tmp_path: Path, words: tuple[str, ...]
) -> None:
    binary, huge = tmp_path / "binary", tmp_path / "huge"
    binary.write_bytes(b"rel_\xff\xfe")
    with huge.open("wb") as hollow:
        hollow.truncate(TEXT_BYTES + 1)
    with FakeApi({}) as fake:
        told = [
            gonogo(*words, str(file), token="x", url=fake.url)
            for file in (tmp_path / "absent", tmp_path, binary, huge)
        ]

    assert [one.code for one in told] == [2] * 4, [one.err for one in told]
    assert fake.asked == []
    for one, why in zip(told, ("cannot be read", "cannot be read", "no text", "too large"),
                        strict=True):  # fmt: skip
        assert why in one.err


def test_a_part_that_a_memo_lacks_is_refused_with_those_it_has(
    gonogo: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "text"
    file.write_text("Later.")
    memo = {"parts": {"public/en": {"subject": "News", "text": "Soon.", "edits": 0}}}
    with FakeApi({"GET /v1/memos/mem_1": [Says(memo)]}) as fake:
        told = gonogo(
            "memo", "edit", "mem_1", "--part", "public/de", "--file", str(file),
            token="x", url=fake.url,
        )  # fmt: skip

    assert told.code == 2
    assert "public/en" in told.err
    assert [one.method for one in fake.asked] == ["GET"]


def test_status_is_a_tree_of_gates_poll_and_waves(gonogo: Shell) -> None:
    poll = {
        "round": 2, "votes": [{"role": "safety_oncall", "vote": "GO"}],
        "waits_for": ["product_lead"], "outcome": None,
    }  # fmt: skip
    with FakeApi({f"GET {PATH}": [Says(launch("poll", poll=poll))]}) as fake:
        told = gonogo("launch", "status", "lch_1", token="gng_x", url=fake.url)

    assert told.code == 0
    for line in ("✔ safety_review: green", "✖ no_stop: missing", "round 2", "wave 2: 1"):
        assert line in told.out


def test_watching_ends_with_the_launch(gonogo: Shell) -> None:
    states = [Says(launch("live")), Says(launch("closed", seq=8))]
    with FakeApi({f"GET {PATH}": states}) as fake:
        told = gonogo("launch", "watch", "lch_1", token="gng_x", url=fake.url)

    assert told.code == 0
    assert "live: Every gate is answered." in told.err
    assert "closed" in told.out


def test_who_was_too_late_reads_why(gonogo: Shell) -> None:
    late = problem("stale-decision", 409, "the launch moved on since you looked")
    with FakeApi({f"GET {PATH}": [Says(launch())], f"POST {PATH}/cancel": [late]}) as fake:
        told = gonogo(
            "launch", "cancel", "lch_1", "--reason", "no_date", token="gng_x", url=fake.url
        )

    assert told.code == 1
    assert "moved on" in told.err
