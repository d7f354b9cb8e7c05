"""`gonogo publisher`: what is told, what is sent, and the exit codes of a look."""

import json
from typing import Any

import pytest

from gonogo.wording import PROOF_FAULTS, proof_fault
from tests.cli.conftest import Shell
from tests.cli.fake_api import FakeApi, Says

CHALLENGE = {
    "domain": "lumen.com",
    "until": "2026-01-02T03:04:05Z",
    "dns": {"name": "_gonogo-challenge.lumen.com", "type": "TXT", "value": "gonogo-verification=x"},
    "https": {
        "url": "https://lumen.com/.well-known/gonogo-challenge.txt",
        "content": "gonogo-verification=x",
    },
}
VIEW: dict[str, Any] = {
    "id": "pub_1", "name": "Lumen\x1b[31m", "standing": "unverified", "method": None,
    "domain": None, "recheck_at": None, "grace_until": None, "why": ["txt_missing"],
    "members": {"per_1": "owner"}, "challenge": CHALLENGE, "version": 3,
}  # fmt: skip


def test_showing_says_what_to_put_where_and_what_was_wrong(gonogo: Shell) -> None:
    with FakeApi({"GET /v1/publishers/pub_1": [Says(VIEW)]}) as fake:
        told = gonogo("publisher", "show", "pub_1", token="gng_x", url=fake.url)

    assert told.code == 0
    for line in ("_gonogo-challenge.lumen.com", "gonogo-verification=x", "no TXT record", "per_1"):
        assert line in told.out
    assert "\x1b[31m" not in told.out


def test_naming_a_domain_tells_the_steps(gonogo: Shell) -> None:
    answers = {
        "POST /v1/publishers/pub_1/challenge": [Says({"status": "done"})],
        "GET /v1/publishers/pub_1": [Says(VIEW)],
    }
    with FakeApi(answers) as fake:
        told = gonogo("publisher", "challenge", "pub_1", "lumen.com", token="gng_x", url=fake.url)

    assert json.loads(fake.asked[0].body) == {"domain": "lumen.com"}
    assert "https://lumen.com/.well-known/gonogo-challenge.txt" in told.out


@pytest.mark.parametrize(
    ("options", "answers", "code"),
    [
        ([], [{"verified": True, "why": []}], 0),
        ([], [{"verified": False, "why": ["txt_other"]}], 1),
        ([], [{"verified": True, "why": ["txt_other"]}], 1),  # the old domain stands, not this one
        (["--wait", "--pause", "1"], [{"verified": False, "why": ["txt_missing"]},
                                      {"verified": True, "why": []}], 0),
        (["--wait", "--pause", "1", "--timeout", "1"],
         [{"verified": False, "why": ["https_status:404"]}], 5),
    ],
)  # fmt: skip
def test_a_look_ends_with_what_was_found(
    gonogo: Shell, options: list[str], answers: list[dict[str, Any]], code: int
) -> None:
    says = [Says({"status": "done", **one}) for one in answers]
    with FakeApi({"POST /v1/publishers/pub_1/check": says}) as fake:
        told = gonogo("publisher", "check", "pub_1", *options, token="gng_x", url=fake.url)

    assert told.code == code
    assert len(fake.asked) == len(answers)
    if code:
        assert proof_fault(answers[-1]["why"][0]) in told.err


def test_attesting_names_the_version_that_was_shown(gonogo: Shell) -> None:
    answers = {
        "GET /v1/publishers/pub_1": [Says(VIEW)],
        "POST /v1/publishers/pub_1/attest": [Says({"status": "done"})],
    }
    with FakeApi(answers) as fake:
        told = gonogo("publisher", "attest", "pub_1", "--reason", "documents", "--note",
                      "register", token="gng_x", url=fake.url)  # fmt: skip

    assert told.code == 0
    assert fake.asked[1].headers["If-Match"] == '"3"'


def test_closing_asks_first(gonogo: Shell) -> None:
    with FakeApi({"POST /v1/publishers/pub_1/close": [Says({"status": "done"})]}) as fake:
        no = gonogo("publisher", "close", "pub_1", token="gng_x", url=fake.url, stdin="n\n")
        asked_before = len(fake.asked)
        yes = gonogo("publisher", "close", "pub_1", "--yes", token="gng_x", url=fake.url)

    assert (no.code, asked_before, yes.code, len(fake.asked)) == (1, 0, 0, 1)


def test_every_code_has_a_sentence() -> None:
    assert all(len(sentence) > 15 for sentence in PROOF_FAULTS.values())
    assert proof_fault("https_status:503") == "its web server answered 503 instead of the file"
    assert proof_fault("something_new") == "something new"
