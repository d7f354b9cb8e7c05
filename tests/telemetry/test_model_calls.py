"""Calls of the model are counted where they leave: time, tokens, cost; whatever comes back."""

import openai
import pytest
from prometheus_client import REGISTRY

from gonogo.settings import Settings
from gonogo.telemetry.model import tokens_in
from gonogo.worker import model_client
from tests.fake_model import FakeModel, Reply


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def ask(model: FakeModel, name: str) -> None:
    settings = Settings(
        model_url=model.url, model=name, model_price_prompt=2.0, model_price_completion=10.0
    )
    async with model_client(settings) as client:
        await client.chat.completions.create(
            model=name, messages=[{"role": "user", "content": "Hello"}]
        )


async def test_tokens_and_cost_of_an_answer_are_counted() -> None:
    with FakeModel(lambda ask: Reply("Hello.", headers={"connection": "close"})) as model:
        await ask(model, "counted-1")
        await ask(model, "counted-1")

    assert sample("gonogo_model_tokens_total", model="counted-1", direction="prompt") == 60
    assert sample("gonogo_model_tokens_total", model="counted-1", direction="completion") == 10
    cost = sample("gonogo_model_cost_total", model="counted-1")
    assert cost == pytest.approx(2 * (0.030 * 2.0 + 0.005 * 10.0))
    count = "gonogo_model_call_seconds_count"
    assert sample(count, model="counted-1", outcome="answered") == 2


async def test_refusals_and_silence_are_told_apart() -> None:
    reply = Reply("busy", status=503, headers={"connection": "close"})
    with FakeModel(lambda ask: reply) as model, pytest.raises(openai.InternalServerError):
        await ask(model, "counted-2")
    with pytest.raises(openai.APIConnectionError):
        await ask(model, "counted-2")  # nobody listens there any more

    count = "gonogo_model_call_seconds_count"
    assert sample(count, model="counted-2", outcome="5xx") == 1
    assert sample(count, model="counted-2", outcome="no_connection") == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"usage": 3}',
        b'{"usage": {"prompt_tokens": -5, "completion_tokens": 1e999}}',
        b'{"usage": {"prompt_tokens": "many", "completion_tokens": null}}',
        b"[" * 100_000,
        b'{"usage": {"prompt_tokens": 99999999999999999999, "completion_tokens": true}}',
    ],
)
def test_nonsense_of_an_endpoint_counts_nothing(body: bytes) -> None:
    assert tokens_in(body) == (0, 0)
