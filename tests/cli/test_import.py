"""`gonogo import`: each record once, all faults shown, and on where it stopped."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Shell
from tests.cli.fake_api import FakeApi, Says
from tests.policies.test_importing import record

TAKEN = Says({"subject": "sub_1", "gpt": "gpt_1", "stage": "validating"}, 201)
REPEAT = Says(TAKEN.body, 201, {"Idempotent-Replayed": "true"})
REFUSED = Says(
    {
        "type": "/problems/bundle-refused",
        "title": "Refused",
        "faults": [
            {"file": "gpt.yaml", "pointer": "/category", "code": "bad-value", "message": "no such"}
        ],
    },
    422,
)


def written(folder: Path, *records: Any) -> str:
    """A file with one record a line; bytes are written as they are."""
    lines = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in records]
    (folder / "gpts.jsonl").write_bytes(b"\n".join(lines))
    return str(folder / "gpts.jsonl")


def test_every_record_is_submitted_and_told(gonogo: Shell, tmp_path: Path) -> None:
    file = written(tmp_path, record(), b"", record(name="Bee Finder", category=None))

    with FakeApi({"POST /v1/submissions": [TAKEN, REFUSED]}) as api:
        ran = gonogo("import", file, "--json", token="gng_x", url=api.url)

    told = json.loads(ran.out)
    assert ran.code == 1
    assert told["counts"] == {"taken": 1, "repeat": 0, "fits": 0, "refused": 1}
    assert [(r["line"], r["name"], r["outcome"]) for r in told["records"]] == [
        (1, "Moth Finder", "taken"),
        (3, "Bee Finder", "refused"),
    ]
    assert told["records"][0]["absent"] == ["model"]
    assert told["records"][1]["faults"] == [
        {"pointer": "/category", "code": "bad-value", "message": "no such"}
    ]


def test_the_same_record_is_sent_under_the_same_key(gonogo: Shell, tmp_path: Path) -> None:
    file = written(tmp_path, record())

    with FakeApi({"POST /v1/submissions": [TAKEN, REPEAT]}) as api:
        first = gonogo("import", file, token="gng_x", url=api.url)
        second = gonogo("import", file, token="gng_x", url=api.url)
        written(tmp_path, record(description="Other."))
        gonogo("import", file, token="gng_x", url=api.url)

    keys = [asked.headers["Idempotency-Key"] for asked in api.asked]
    assert (first.code, second.code) == (0, 0)
    assert "1 taken" in first.out
    assert "1 repeat" in second.out
    assert keys[0] == keys[1] != keys[2]


def test_faults_of_form_are_shown_and_the_rest_goes_on(gonogo: Shell, tmp_path: Path) -> None:
    too_long = b'{"name": "' + b"x" * 2_000_000 + b'"}'
    file = written(tmp_path, b"{nonsense", too_long, record(name=...), record())

    with FakeApi({"POST /v1/submissions": [TAKEN]}) as api:
        ran = gonogo("import", file, token="gng_x", url=api.url)

    assert ran.code == 1
    assert "1 taken, 3 refused" in ran.out
    for code in ("not-json", "over-limit", "missing-key"):
        assert code in ran.out
    assert len(api.asked) == 1


def test_two_gpts_of_one_name_in_a_file_are_one_too_many(gonogo: Shell, tmp_path: Path) -> None:
    file = written(tmp_path, record(), record(), record(description="Another."))

    ran = gonogo("import", file, "--dry-run", "--json")

    assert [r["outcome"] for r in json.loads(ran.out)["records"]] == ["fits", "repeat", "refused"]
    assert "line 1 has another GPT" in json.loads(ran.out)["records"][2]["faults"][0]["message"]


def test_a_dry_run_asks_nobody_and_knows_the_limits(gonogo: Shell, tmp_path: Path) -> None:
    file = written(tmp_path, record(), record(name="N" * 61), record(name="B", category="Hats"))

    ran = gonogo("import", file, "--dry-run")

    assert ran.code == 1
    assert "1 fits, 2 refused" in ran.out
    assert "/name" in ran.out
    assert "/category" in ran.out


@pytest.mark.parametrize(
    ("says", "code"),
    [
        (Says({"type": "/problems/unauthenticated", "title": "Who?"}, 401), 4),
        (Says({"type": "/problems/not-allowed", "title": "No"}, 403), 1),
    ],
)
def test_what_is_true_of_every_record_ends_it(
    gonogo: Shell, tmp_path: Path, says: Says, code: int
) -> None:
    file = written(tmp_path, record(), record(name="Bee Finder"))

    with FakeApi({"POST /v1/submissions": [says]}) as api:
        ran = gonogo("import", file, token="gng_x", url=api.url)

    assert ran.code == code
    assert len(api.asked) == 1
    assert "run it again to go on" in ran.err


def test_a_file_that_is_not_there_is_a_mistake_of_the_command_line(gonogo: Shell) -> None:
    assert gonogo("import", "nowhere.jsonl", "--dry-run").code == 2


def test_a_name_cannot_drive_the_terminal(gonogo: Shell, tmp_path: Path) -> None:
    file = written(tmp_path, record(name="\x1b[2J\u202eevil"))

    ran = gonogo("import", file, "--dry-run")

    assert "\x1b[2J" not in ran.out + ran.err
    assert "\u202e" not in ran.out + ran.err
