"""One command for many releases, a few at a time, each with its own result."""

import asyncio
from typing import Any

from api.errors import Problem
from api.kept import Outcome
from policies.errors import Refused

_AT_A_TIME = 10


def key_of_one(key: str | None, release: str) -> str | None:
    """The Idempotency-Key of one of them."""
    return f"{key}/{release}" if key else None


async def each(items: list[Any], name: Any, do: Any) -> dict[str, Any]:
    gate = asyncio.Semaphore(_AT_A_TIME)

    async def one(item: Any) -> dict[str, Any]:
        async with gate:
            try:
                outcome: Outcome = await do(item)
            except Refused as refused:
                return _refused(name(item), refused.code, refused.because, dict(refused.detail))
            except Problem as problem:
                if problem.code in _NOT_OF_AN_ITEM:
                    raise
                return _refused(name(item), problem.code, problem.detail, {})
        status = "pending" if outcome.answer is None else "done"
        return {"release": name(item), "status": status, "command": outcome.command}

    results = await asyncio.gather(*(one(item) for item in items))
    done = sum(result["status"] == "done" for result in results)
    return {"items": results, "done": done, "of": len(results)}


# What would meet every other item, too.
_NOT_OF_AN_ITEM = frozenset({"orchestrator-unavailable", "storage-full"})


def _refused(release: str, code: str, because: str, detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "release": release,
        "status": "refused",
        "code": code,
        "because": because,
        "detail": detail,
    }
