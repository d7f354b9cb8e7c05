"""One question over real HTTP: answers, faults of the question, troubles of the endpoint."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import openai
import pytest
from temporalio.exceptions import ApplicationError

from activities.endpoint import Answer, Endpoint, retry_after
from tests.fake_model import FakeModel, Reply

API_KEY = "sk-very-private-4242"


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with FakeModel(lambda ask: Reply("Good morning.")) as running:
        yield running


async def ask(url: str, timeout_s: float = 5.0) -> Answer:
    async with openai.AsyncOpenAI(base_url=url, api_key=API_KEY, timeout=timeout_s) as client:
        return await Endpoint(client, "fake-1").ask(
            [{"role": "user", "content": "Hello"}], max_tokens=8, seed=1
        )


async def test_an_answer_names_the_model_that_gave_it_and_its_cost(model: FakeModel) -> None:
    model.script = lambda ask: Reply("Good morning.", model="fake-1-2026-01-10")

    answer = await ask(model.url)

    assert (answer.text, answer.model) == ("Good morning.", "fake-1-2026-01-10")
    assert (answer.prompt_tokens, answer.completion_tokens) == (30, 5)
    assert answer.fault == ""


@pytest.mark.parametrize("status", [429, 500, 503, 408])
async def test_a_passing_trouble_is_retried_when_the_endpoint_says(
    model: FakeModel, status: int
) -> None:
    model.script = lambda ask: Reply("later", status, headers={"retry-after": "17"})

    with pytest.raises(ApplicationError) as caught:
        await ask(model.url)

    assert caught.value.type == "ModelUnreachable"
    assert not caught.value.non_retryable
    assert caught.value.next_retry_delay == timedelta(seconds=17)
    assert len(model.asked) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_wrong_configuration_is_not_retried_and_tells_no_key(
    model: FakeModel, status: int
) -> None:
    model.script = lambda ask: Reply(f"Incorrect API key provided: {API_KEY}", status)

    with pytest.raises(ApplicationError) as caught:
        await ask(model.url)

    assert caught.value.type == "ModelMisconfigured"
    assert caught.value.non_retryable
    assert API_KEY not in repr(caught.value)
    assert caught.value.__cause__ is None


async def test_a_slow_model_is_a_passing_trouble(model: FakeModel) -> None:
    model.script = lambda ask: Reply("late", after_s=0.3)

    with pytest.raises(ApplicationError, match="timeout") as caught:
        await ask(model.url, timeout_s=0.05)

    assert not caught.value.non_retryable


async def test_an_absent_model_is_a_passing_trouble() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(ApplicationError, match="no_connection") as caught:
        await ask(f"http://127.0.0.1:{port}/v1")

    assert not caught.value.non_retryable


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (Reply("this model's maximum context length is 4096 tokens", 400), "context_length"),
        (
            Reply(
                raw='{"error":{"code":400,"type":"exceed_context_size_error","message":"x"}}',
                status=400,
            ),
            "context_length",
        ),
        (Reply("temperature is not supported", 400), "status_400"),
        (Reply("too large", 413), "status_413"),
        (Reply(raw="<html>proxy</html>", headers={"content-type": "text/html"}), "malformed"),
        (Reply(raw='{"choices": null}'), "malformed"),
        (Reply(raw='{"choices": [{"message": null}]}'), "malformed"),
        (Reply(raw='{"choices": [{"message": {"content": [1]}}]}'), "malformed"),
        (Reply(raw="{not json"), "malformed"),
    ],
)
async def test_a_question_that_has_no_answer_here_is_a_fault_and_no_error(
    model: FakeModel, reply: Reply, fault: str
) -> None:
    model.script = lambda ask: reply

    answer = await ask(model.url)

    assert (answer.fault, answer.text) == (fault, "")


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("30", timedelta(seconds=30)),
        ("1.5", timedelta(seconds=1.5)),
        ("Sat, 10 Jan 2026 09:00:20 GMT", timedelta(seconds=20)),
        ("Sat, 10 Jan 2026 08:00:00 GMT", None),
        ("99999", timedelta(hours=1)),
        ("soon", None),
        ("nan", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(asked: str, wait: timedelta | None) -> None:
    now = datetime(2026, 1, 10, 9, 0, tzinfo=UTC)

    assert retry_after({"retry-after": asked}, now) == wait
