"""The API as the command line uses it: one key per command, honest about what it does not know."""

import json

import pytest

from gonogo.cli.client import Api, Refusal
from gonogo.cli.exits import STRANGER, UNAVAILABLE, Failure
from tests.cli.fake_api import FakeApi, Says, problem


def api(fake: FakeApi) -> Api:
    return Api(fake.url, "gng_token", pause_s=0.01)


def test_a_command_whose_answer_got_lost_is_sent_again_under_its_key() -> None:
    busy = problem("orchestrator-unavailable", 503)
    lost = Says(busy.body, 503, {"retry-after": "1"})
    with FakeApi({"POST /v1/x": [Says(status=0), lost, Says({"status": "done"})]}) as fake:
        answer = api(fake).command("/v1/x", {"a": 1}, version=7)

    assert answer == {"status": "done"}
    assert len({asked.headers["Idempotency-Key"] for asked in fake.asked}) == 1
    assert [asked.headers["If-Match"] for asked in fake.asked] == ['"7"'] * 3


def test_two_commands_have_two_keys() -> None:
    with FakeApi({"POST /v1/x": [Says({})]}) as fake:
        for _ in range(2):
            api(fake).command("/v1/x")

    assert len({asked.headers["Idempotency-Key"] for asked in fake.asked}) == 2


def test_a_pending_command_is_asked_for_until_it_is_answered() -> None:
    pending = Says({"status": "pending"}, 202, {"Location": "/v1/commands/cmd_1"})
    with FakeApi(
        {
            "POST /v1/x": [pending],
            "GET /v1/commands/cmd_1": [pending, Says({"status": "done"})],
        }
    ) as fake:
        answer = api(fake).command("/v1/x")

    assert answer == {"status": "done"}
    assert [asked.method for asked in fake.asked] == ["POST", "GET", "GET"]


@pytest.mark.parametrize(
    ("status", "code"), [(401, STRANGER), (403, 1), (409, 1), (422, 1), (500, UNAVAILABLE)]
)
def test_a_problem_ends_with_its_exit_code(status: int, code: int) -> None:
    told = problem("stale-decision", status, "it moved")
    with FakeApi({"GET /v1/x": [told]}) as fake, pytest.raises(Refusal) as refusal:
        api(fake).get("/v1/x")

    assert refusal.value.exit_code == code
    assert refusal.value.detail == "it moved"
    assert refusal.value.code == "stale-decision"


def test_somebody_elses_server_is_said_to_be_none_of_ours() -> None:
    answers = {"GET /v1/x": [Says(["not", "a", "problem"], 418)]}
    with FakeApi(answers) as fake, pytest.raises(Failure) as failure:
        api(fake).get("/v1/x")

    assert "none of ours" in failure.value.title


def test_fields_that_nobody_gave_are_not_sent() -> None:
    with FakeApi({"POST /v1/x": [Says({})]}) as fake:
        api(fake).command("/v1/x", {"a": None, "b": False})

    assert json.loads(fake.asked[0].body) == {"b": False}
