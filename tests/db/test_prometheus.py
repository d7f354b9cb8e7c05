"""Questions to Prometheus over real HTTP: one sample is a number; everything else is no answer."""

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from gonogo.prometheus import ANSWER_BYTES, Prometheus
from policies.rules.measures import Seen
from tests.notices.receiver import Got, Receiver, always, receiving, status

QUERY = 'sum(rate(http_requests_total{code=~"5.."}[5m])) / 2'


def told(data: Any, code: int = 200, **more: Any) -> bytes:
    """An answer as the API of Prometheus gives it."""
    body = {"status": "success", "data": data} | more
    return status(code, "content-type: application/json", body=json.dumps(body).encode())


def vector(*values: Any, at: float | None = None) -> dict[str, Any]:
    when = time.time() if at is None else at
    result = [{"metric": {"job": str(n)}, "value": [when, one]} for n, one in enumerate(values)]
    return {"resultType": "vector", "result": result}


def raw(body: bytes, *lines: str, code: int = 200) -> bytes:
    return status(code, *lines, body=body)


async def asked(receiver: Receiver, **how: Any) -> Seen:
    prometheus = Prometheus(receiver.url.removesuffix("/hook"), **how)
    return (await prometheus.ask({"errors": QUERY}))["errors"]


async def test_one_sample_is_its_value_and_the_query_goes_as_a_form_with_the_token() -> None:
    async with receiving() as receiver:
        receiver.answer = always(told(vector("0.25")))

        seen = await asked(receiver, token="secret-1")

    (got,) = receiver.got
    assert seen == Seen(0.25)
    assert got.path == "/api/v1/query"
    assert parse_qs(got.body.decode()) == {"query": [QUERY]}
    assert got.headers["authorization"] == "Bearer secret-1"


async def test_a_scalar_is_its_value_too() -> None:
    async with receiving() as receiver:
        receiver.answer = always(told({"resultType": "scalar", "result": [time.time(), "3"]}))

        assert await asked(receiver) == Seen(3.0)
        assert "authorization" not in receiver.got[0].headers


HOSTILE: Mapping[str, tuple[str, bytes]] = {
    "nothing": ("no_data", told({"resultType": "vector", "result": []})),
    "two samples": ("many_samples", told(vector("1", "2"))),
    "not a number": ("not_a_number", told(vector("NaN"))),
    "infinite": ("not_a_number", told(vector("+Inf"))),
    "a word": ("odd_answer", told(vector("green"))),
    "a bare number": ("odd_answer", told(vector(1))),
    "true": ("odd_answer", told(vector(True))),
    "a time that is true": ("odd_answer", told({"resultType": "scalar", "result": [True, "1"]})),
    "of long ago": ("old_answer", told(vector("0", at=1_000_000.0))),
    "of another age": ("old_answer", told(vector("0", at=1e300))),
    "a time that is none": ("old_answer", raw(b'{"status":"success","data":{"resultType":'
                            b'"scalar","result":[NaN,"0"]}}')),
    "a matrix": ("odd_answer", told({"resultType": "matrix", "result": [{"values": [[1, "0"]]}]})),
    "a text": ("odd_answer", told({"resultType": "string", "result": [1, "0"]})),
    "no data at all": ("odd_answer", told(None)),
    "a sample that is a list": ("odd_answer", told({"resultType": "vector", "result": [[1]]})),
    "half of the stores": ("partial_answer", told(vector("0"), warnings=["store down"])),
    "an error": ("query_refused", raw(b'{"status":"error","errorType":"bad_data"}', code=400)),
    "a success that is none": ("odd_answer", told(vector("0"), code=503)),
    "not let in": ("not_let_in", raw(b"who are you", code=401)),
    "elsewhere": ("odd_answer", raw(b"", "location: http://127.0.0.1:1/", code=302)),
    "a page": ("odd_answer", raw(b"<html>sign in</html>")),
    "a list": ("odd_answer", raw(b"[]")),
    "no text": ("odd_answer", raw(b"\xff\xfe\x00")),
    "deep": ("odd_answer", raw(b"[" * 30_000)),
    "a number without end": ("odd_answer", raw(b"1" * 20_000)),
    "packed": ("odd_answer", raw(b"\x1f\x8b\x08", "content-encoding: gzip")),
    "too large": ("too_large", raw(b" " * (ANSWER_BYTES + 1))),
    "cut off": ("unreachable", b"HTTP/1.1 200 X\r\ncontent-length: 900\r\n\r\n{"),
    "not HTTP": ("unreachable", b"220 mail.example ESMTP\r\n\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
async def test_i7_what_is_no_single_number_is_no_value_and_says_why(case: str) -> None:
    why, answer = HOSTILE[case]
    async with receiving() as receiver:
        receiver.answer = always(answer)

        assert await asked(receiver) == Seen(None, why)


async def test_i7_a_server_that_is_silent_or_drips_has_no_answer_in_time() -> None:
    async def silent(got: Got, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async def drips(got: Got, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\ncontent-length: 60000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    for answer in (silent, drips):
        async with receiving() as receiver:
            receiver.answer = answer

            assert await asked(receiver, seconds=0.3) == Seen(None, "timed_out")


async def test_i7_a_server_that_is_not_there_is_said_to_be_unreachable() -> None:
    async with receiving() as receiver:
        gone = receiver.url.removesuffix("/hook")

    seen = await Prometheus(gone).ask({"a": "up", "b": "down"})

    assert seen == {"a": Seen(None, "unreachable"), "b": Seen(None, "unreachable")}


async def test_one_bad_answer_leaves_the_others_as_they_are() -> None:
    async def by_query(got: Got, writer: asyncio.StreamWriter) -> None:
        (query,) = parse_qs(got.body.decode())["query"]
        writer.write(told(vector("7")) if query == "good" else raw(b"<html>"))

    async with receiving() as receiver:
        receiver.answer = by_query
        prometheus = Prometheus(receiver.url.removesuffix("/hook"))

        seen = await prometheus.ask({"one": "good", "two": "bad"})

    assert seen == {"one": Seen(7.0), "two": Seen(None, "odd_answer")}


def test_what_was_seen_is_observed_with_its_time() -> None:
    at = datetime(2026, 4, 1, 9, tzinfo=UTC)

    assert Seen(2.0).observed(at) == {"holds": True, "value": 2.0, "at": at.isoformat()}
    assert Seen(None, "no_data").observed(at)["holds"] is False
