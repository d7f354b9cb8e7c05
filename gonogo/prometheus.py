"""Questions to the operator's Prometheus: one instant query, one sample, or a code that says why
there is none. What is not plainly a number is no answer (I7).

The server is named by the operator, not by a stranger, and usually lives inside: no address is
refused. What it answers is not trusted all the same: it has a size, a time and one shape.
"""

import asyncio
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from policies.rules.measures import Seen

ANSWER_S = 8.0  # for all questions of one look together
ANSWER_BYTES = 64 * 1024  # one sample with a hundred labels is a few thousand
OLD_S = 300.0  # how far the sample's time may be from ours
AT_ONCE = 8
_ACCEPT = {"Accept": "application/json", "Accept-Encoding": "identity"}


class Unanswered(Exception):
    """`code` says why, for the board."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Prometheus:
    """`url` is where its API begins, without `/api/v1`."""

    def __init__(self, url: str, token: str | None = None, *, seconds: float = ANSWER_S) -> None:
        self._url, self._seconds = url.rstrip("/") + "/api/v1/query", seconds
        self._headers = _ACCEPT | ({"Authorization": f"Bearer {token}"} if token else {})

    async def ask(self, queries: Mapping[str, str]) -> dict[str, Seen]:
        """An answer for every query, by the same keys. Raises nothing that the server causes."""
        places = asyncio.Semaphore(AT_ONCE)
        # Proxies of the environment are for strangers' hosts; redirects are not followed.
        async with httpx.AsyncClient(timeout=self._seconds, trust_env=False) as client:

            async def one(query: str) -> Seen:
                try:
                    async with asyncio.timeout_at(until), places:
                        return Seen(await self._value(client, query))
                except (TimeoutError, httpx.TimeoutException):
                    return Seen(why="timed_out")
                except httpx.HTTPError:
                    return Seen(why="unreachable")
                except Unanswered as fault:
                    return Seen(why=fault.code)

            until = asyncio.get_running_loop().time() + self._seconds
            answers = await asyncio.gather(*(one(query) for query in queries.values()))
        return dict(zip(queries, answers, strict=True))

    async def _value(self, client: httpx.AsyncClient, query: str) -> float:
        form, body = {"query": query}, bytearray()
        async with client.stream("POST", self._url, data=form, headers=self._headers) as answer:
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise Unanswered("odd_answer")  # what a few bytes unpack to has no size
            async for part in answer.aiter_raw():
                body += part
                if len(body) > ANSWER_BYTES:
                    raise Unanswered("too_large")
        return value_of(answer.status_code, bytes(body), datetime.now(UTC))


def value_of(status: int, body: bytes, now: datetime) -> float:
    """The one sample in an answer of `/api/v1/query` that was got at `now`. Raises `Unanswered`.

    https://prometheus.io/docs/prometheus/latest/querying/api/
    """
    if status in (401, 403):
        raise Unanswered("not_let_in")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise Unanswered("odd_answer") from None
    if not isinstance(told, dict):
        raise Unanswered("odd_answer")
    if told.get("status") == "error":
        raise Unanswered("query_refused")
    data = told.get("data")
    if status != 200 or told.get("status") != "success" or not isinstance(data, dict):
        raise Unanswered("odd_answer")
    if told.get("warnings"):
        raise Unanswered("partial_answer")  # of stores behind it, not all were heard
    return _number(_sample(data), now)


def _sample(data: Mapping[str, Any]) -> Any:
    kind, result = data.get("resultType"), data.get("result")
    if kind == "scalar":
        return result
    if kind != "vector" or not isinstance(result, list):
        raise Unanswered("odd_answer")
    if not result:
        raise Unanswered("no_data")
    if len(result) > 1:
        raise Unanswered("many_samples")
    return result[0].get("value") if isinstance(result[0], dict) else None


def _number(sample: Any, now: datetime) -> float:
    match sample:
        case [int() | float() as at, str(text)] if not isinstance(at, bool):
            pass
        case _:
            raise Unanswered("odd_answer")
    try:
        value, age = float(text), abs(now.timestamp() - float(at))
    except (ValueError, OverflowError):
        raise Unanswered("odd_answer") from None
    if not math.isfinite(value):
        raise Unanswered("not_a_number")
    if not age <= OLD_S:
        raise Unanswered("old_answer")
    return value
