"""Calls of the model endpoint, counted where they leave the house: time, tokens, cost.

A client under the client, so that whoever asks a model is counted and nobody has to remember.
"""

import json
import time
from dataclasses import dataclass
from typing import Any

import httpx2
import openai

from gonogo.telemetry.meters import MODEL_CALLS, MODEL_COST, MODEL_TOKENS
from gonogo.telemetry.tracing import span

_LARGEST = 4 * 1024 * 1024  # bytes of an answer that is looked into for its token counts


@dataclass(frozen=True)
class Prices:
    """Per 1,000 tokens, in whatever currency the operator thinks in."""

    prompt: float = 0.0
    completion: float = 0.0


class CountedClient(openai.DefaultAsyncHttpxClient):
    """For `AsyncOpenAI(http_client=…)`. `model` is the configured name: what an endpoint calls
    itself is no label."""

    def __init__(self, model: str, prices: Prices, **options: Any) -> None:
        super().__init__(**options)
        self._model, self._prices = model, prices

    async def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        with span("model call", gen_ai__request__model=self._model):
            return await self._send(request, **how)

    async def _send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        began, outcome = time.monotonic(), "cancelled"
        try:
            response = await super().send(request, **how)
            if _is_json(response):
                self._count(await response.aread())
            outcome = _class_of(response.status_code)
            return response
        except httpx2.TimeoutException:
            outcome = "timeout"
            raise
        except httpx2.TransportError:
            outcome = "no_connection"
            raise
        finally:
            MODEL_CALLS.labels(self._model, outcome).observe(time.monotonic() - began)

    def _count(self, body: bytes) -> None:
        prompt, completion = tokens_in(body)
        MODEL_TOKENS.labels(self._model, "prompt").inc(prompt)
        MODEL_TOKENS.labels(self._model, "completion").inc(completion)
        cost = prompt * self._prices.prompt + completion * self._prices.completion
        MODEL_COST.labels(self._model).inc(cost / 1_000)


def tokens_in(body: bytes) -> tuple[int, int]:
    """(prompt, completion) of an answer's `usage`; zeros for whatever else an endpoint sends."""
    if len(body) > _LARGEST:
        return 0, 0
    try:
        usage = json.loads(body)["usage"]
        return _natural(usage["prompt_tokens"]), _natural(usage["completion_tokens"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0, 0


def _natural(value: object) -> int:
    return value if type(value) is int and 0 <= value < 2**31 else 0


def _is_json(response: httpx2.Response) -> bool:
    return response.headers.get("content-type", "").partition(";")[0].strip() == "application/json"


def _class_of(status: int) -> str:
    return "answered" if status < 300 else f"{status // 100}xx"
