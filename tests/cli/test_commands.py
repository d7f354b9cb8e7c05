"""What commands print, and the exit codes that scripts rely on."""

import json
import stat
from pathlib import Path

import pytest

from gonogo.db.identity import mint_token
from tests.cli.conftest import Shell
from tests.cli.fake_api import FakeApi, Says, case, problem

TAKEN = {"subject": "sub_1", "gpt": "gpt_1", "digest": "d" * 64, "status": "done"}
ESCAPE = "\x1b[31mred\x1b[0m[bold]\u202e"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "fox"
    (made / "knowledge").mkdir(parents=True)
    (made / "gpt.yaml").write_text("schema: 1\n")
    (made / "knowledge" / "a.md").write_text("a")
    (made / ".git").mkdir()
    (made / ".git" / "config").write_text("x")
    return made


def test_a_bundle_that_was_taken_ends_with_zero(gonogo: Shell, folder: Path) -> None:
    with FakeApi({"POST /v1/submissions": [Says(TAKEN, 201)]}) as fake:
        told = gonogo("submit", str(folder), token="gng_x", url=fake.url)

    assert told.code == 0
    assert "sub_1" in told.out
    assert b'filename="knowledge/a.md"' in fake.asked[0].body
    assert b"config" not in fake.asked[0].body
    assert "left out: .git/config" in told.err


@pytest.mark.parametrize(
    ("stage", "code"),
    [
        ("approved", 0),
        ("rejected", 1),
        ("changes_requested", 1),
        ("info_requested", 1),
        ("withdrawn", 1),
        ("expired", 1),
    ],
)
def test_waiting_ends_with_the_decision(gonogo: Shell, folder: Path, stage: str, code: int) -> None:
    states = [Says(case("testing")), Says(case("queued", version=4)), Says(case(stage, version=5))]
    with FakeApi(
        {"POST /v1/submissions": [Says(TAKEN, 201)], "GET /v1/submissions/sub_1": states}
    ) as fake:
        told = gonogo("submit", str(folder), "--wait", token="gng_x", url=fake.url)

    assert told.code == code
    assert "being tested: reviewer's turn" in told.err


def test_waiting_no_longer_than_asked_ends_undecided(gonogo: Shell, folder: Path) -> None:
    with FakeApi(
        {
            "POST /v1/submissions": [Says(TAKEN, 201)],
            "GET /v1/submissions/sub_1": [Says(case("queued"))],
        }
    ) as fake:
        told = gonogo(
            "submit", str(folder), "--wait", "--timeout", "0.2", token="gng_x", url=fake.url
        )

    assert told.code == 5


def test_all_faults_of_a_bundle_are_shown(gonogo: Shell, folder: Path) -> None:
    faults = [
        {"file": "gpt.yaml", "pointer": f"/{n}", "code": "bad", "message": f"fault {n}"}
        for n in range(3)
    ]
    with FakeApi({"POST /v1/submissions": [problem("bundle-refused", 422, faults=faults)]}) as fake:
        told = gonogo("submit", str(folder), token="gng_x", url=fake.url)

    assert told.code == 1
    assert all(f"fault {n}" in told.err for n in range(3))


def test_a_folder_without_a_manifest_is_a_usage_error(gonogo: Shell, tmp_path: Path) -> None:
    told = gonogo("submit", str(tmp_path), token="gng_x")

    assert told.code == 2
    assert "gpt.yaml" in told.err


def test_a_link_out_of_the_bundle_is_not_followed(
    gonogo: Shell, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "private").write_text("mine")
    (folder / "stolen").symlink_to(tmp_path / "private")

    told = gonogo("submit", str(folder), token="gng_x")

    assert told.code == 2
    assert "outside" in told.err


@pytest.mark.parametrize(
    "words",
    [("status",), ("status", "sub_1"), ("review", "list"), ("release", "list"), ("stop", "list")],
)
def test_json_is_one_value_on_stdout(gonogo: Shell, words: tuple[str, ...]) -> None:
    empty = Says({"items": [], "next": None})
    with FakeApi(
        {
            "GET /v1/submissions": [empty],
            "GET /v1/reviews": [empty],
            "GET /v1/releases": [empty],
            "GET /v1/stops": [empty],
            "GET /v1/submissions/sub_1": [Says(case())],
        }
    ) as fake:
        told = gonogo(*words, "--json", token="gng_x", url=fake.url)

    assert told.code == 0
    assert isinstance(json.loads(told.out), dict)


def test_a_refusal_as_json_is_one_value_too(gonogo: Shell) -> None:
    with FakeApi({"GET /v1/submissions": [problem("not-allowed", 403, "no")]}) as fake:
        told = gonogo("status", "--json", token="gng_x", url=fake.url)

    assert told.code == 1
    assert json.loads(told.out)["error"]["type"] == "/problems/not-allowed"
    assert "no" in told.err


def test_a_hostile_name_drives_nobodys_terminal(gonogo: Shell) -> None:
    page = {"items": [case(name=ESCAPE)], "next": None}
    with FakeApi({"GET /v1/submissions": [Says(page)]}) as fake:
        told = gonogo("status", token="gng_x", url=fake.url)

    assert "\x1b" not in told.out
    assert "\u202e" not in told.out
    assert "[bold]" in told.out


def test_a_decision_names_what_was_fetched_and_shows_it(gonogo: Shell) -> None:
    with FakeApi(
        {
            "GET /v1/submissions/sub_1": [Says(case("in_review"))],
            "GET /v1/policy": [Says({"checklist": [{"id": "purpose", "question": "?"}]})],
            "POST /v1/reviews/sub_1/decisions": [Says({"stage": "approved"})],
        }
    ) as fake:
        told = gonogo("review", "approve", "sub_1", "--all-checked", token="gng_x", url=fake.url)

    sent = fake.asked[-1]
    assert told.code == 0
    assert json.loads(sent.body) == {
        "verdict": "approve",
        "digest": "d" * 64,
        "checklist": ["purpose"],
    }
    assert sent.headers["If-Match"] == '"3"'
    assert "d" * 64 in told.err


def test_a_decision_on_another_digest_than_was_read_is_not_sent(gonogo: Shell) -> None:
    with FakeApi({"GET /v1/submissions/sub_1": [Says(case("in_review"))]}) as fake:
        told = gonogo(
            "review", "confirm", "sub_1", "--digest", "e" * 64, token="gng_x", url=fake.url
        )

    assert told.code == 1
    assert [asked.method for asked in fake.asked] == ["GET"]


def test_a_halt_needs_no_look_and_no_version(gonogo: Shell) -> None:
    with FakeApi({"POST /v1/releases/rel_1/halt": [Says({"phase": "halted"})]}) as fake:
        told = gonogo("release", "halt", "rel_1", "--reason", "unsafe", token="gng_x", url=fake.url)

    assert told.code == 0
    assert len(fake.asked) == 1
    assert "If-Match" not in fake.asked[0].headers


def test_a_token_is_kept_for_its_owner_only_and_never_shown(gonogo: Shell, tmp_path: Path) -> None:
    token = mint_token()
    with FakeApi(
        {
            "GET /v1/me": [Says({"person": "per_1"})],
            "GET /v1/submissions": [Says({"items": [], "next": None})],
        }
    ) as fake:
        told = gonogo("login", url=fake.url, stdin=token + "\n")
        gonogo("status", url=fake.url)

    kept = tmp_path / "config" / "gonogo" / "token"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert token not in told.out + told.err
    assert fake.asked[-1].headers["Authorization"] == f"Bearer {token}"


def test_a_token_that_does_not_hold_is_not_kept(gonogo: Shell, tmp_path: Path) -> None:
    with FakeApi({"GET /v1/me": [problem("unauthenticated", 401)]}) as fake:
        told = gonogo("login", url=fake.url, stdin=mint_token() + "\n")
    mistyped = gonogo("login", url=fake.url, stdin="gng_nonsense\n")

    assert (told.code, mistyped.code) == (4, 4)
    assert not (tmp_path / "config" / "gonogo" / "token").exists()
