"""One question to an OpenAI-compatible endpoint: an answer, a fault of this question, or an error.

    answered                          Answer
    400, 413, 422, no usable answer   Answer with `fault`: this question has no answer here
    no connection, 408, 409, 425,     ApplicationError, retried after the endpoint's Retry-After
      429, 5xx
    401, 403, 404, anything else      ApplicationError that is not retried: a person must act

Nothing that the endpoint said about an error is passed on: such texts quote keys and prompts.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import openai
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel, Field, ValidationError
from temporalio.exceptions import ApplicationError

UNANSWERABLE = frozenset({400, 413, 422})
PASSING = frozenset({408, 409, 425, 429})
CONTEXT_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error"})
LONGEST_DELAY = timedelta(hours=1)


@dataclass(frozen=True)
class Answer:
    """What came back. `fault` is a code, empty when `text` is an answer; `latency_ms` is ours."""

    text: str
    model: str
    latency_ms: int
    prompt_tokens: int = 0
    completion_tokens: int = 0
    fault: str = ""


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message


class _Usage(BaseModel):
    prompt_tokens: int | None = 0
    completion_tokens: int | None = 0


class _Completion(BaseModel):
    """What we need of a completion; endpoints differ in all the rest."""

    choices: list[_Choice] = Field(min_length=1)
    model: str | None = None
    usage: _Usage | None = None


class Endpoint:
    """One model behind one client. Retries are the orchestrator's business, never the client's."""

    def __init__(self, client: openai.AsyncOpenAI, model: str) -> None:
        self._client = client.with_options(max_retries=0)
        self.model = model

    async def ask(
        self, messages: list[ChatCompletionMessageParam], *, max_tokens: int, seed: int
    ) -> Answer:
        """Ask at temperature 0. Raises `ApplicationError` (see the table above)."""
        began = time.monotonic()
        try:
            raw = await self._client.chat.completions.with_raw_response.create(
                model=self.model,
                messages=messages,
                max_tokens=max_tokens,
                temperature=0,
                seed=seed,
            )
        except openai.APIConnectionError as fault:
            kind = "timeout" if isinstance(fault, openai.APITimeoutError) else "no_connection"
            raise ApplicationError(kind, type="ModelUnreachable") from None
        except openai.APIStatusError as fault:
            if fault.status_code not in UNANSWERABLE:
                raise _error_of(fault) from None
            why = "context_length" if _is_too_long(fault) else f"status_{fault.status_code}"
            return Answer("", "", _ms_since(began), fault=why)
        return self._read(raw.content, _ms_since(began))

    def _read(self, body: bytes, latency_ms: int) -> Answer:
        # The client's own models are not validated: a null list would fail far from here.
        try:
            completion = _Completion.model_validate_json(body)
        except ValidationError:
            return Answer("", "", latency_ms, fault="malformed")
        message, usage = completion.choices[0].message, completion.usage or _Usage()
        return Answer(
            message.content or message.refusal or "",
            completion.model or self.model,
            latency_ms,
            usage.prompt_tokens or 0,
            usage.completion_tokens or 0,
        )


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _is_too_long(fault: openai.APIStatusError) -> bool:
    if {fault.code, fault.type} & CONTEXT_CODES:
        return True
    said = fault.message.lower()
    return "context" in said and any(word in said for word in ("length", "size", "window"))


def _error_of(fault: openai.APIStatusError) -> ApplicationError:
    status = fault.status_code
    if status in PASSING or status >= 500:
        return ApplicationError(
            f"status_{status}",
            type="ModelUnreachable",
            next_retry_delay=retry_after(fault.response.headers, datetime.now(UTC)),
        )
    return ApplicationError(f"status_{status}", type="ModelMisconfigured", non_retryable=True)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The wait that `Retry-After` asks for (seconds or an HTTP date), an hour at most."""
    asked = headers.get("retry-after", "").strip()
    try:
        wait = timedelta(seconds=float(asked))
    except (ValueError, OverflowError):
        try:
            until = parsedate_to_datetime(asked)
        except (TypeError, ValueError):
            return None
        wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    return min(wait, LONGEST_DELAY) if wait > timedelta(0) else None
