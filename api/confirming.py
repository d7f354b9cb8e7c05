"""Recorded commands whose workflow has answered are told to the commands table together, later.

Nobody waits for it: the record has kept the answer already. What a kill loses here stays
`recorded`; the sweep finds it and tells the workflow once more, which knows it.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from gonogo.logs import log

AFTER_S = 0.2

Answers = Mapping[str, dict[str, Any]]


class Confirmations:
    """`keep` writes first answers by command id in one transaction; it blocks."""

    def __init__(self, keep: Callable[[Answers], None], after_s: float = AFTER_S) -> None:
        self._keep, self._after_s = keep, after_s
        self._waiting: dict[str, dict[str, Any]] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, command: str, answer: dict[str, Any]) -> None:
        self._waiting[command] = answer
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._soon())

    def __contains__(self, command: str) -> bool:
        return command in self._waiting

    async def close(self) -> None:
        """Write what waits. Called once, when no command can come any more."""
        if self._task is not None:
            self._task.cancel()
        await self._write()

    async def _soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._after_s)
            await self._write()

    async def _write(self) -> None:
        taken = dict(self._waiting)
        if not taken:
            return
        try:
            await asyncio.to_thread(self._keep, taken)
        except SQLAlchemyError as fault:  # the sweep will find them
            log.warning("confirm", error=type(fault).__name__, commands=len(taken))
        for command in taken:
            self._waiting.pop(command, None)
