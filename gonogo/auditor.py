"""The record is verified day by day while a worker works; a fault that stays is told.

    due ─► verified apart ─► it holds: kept
                         └─► faults: once more after `again_s` ─► faults: kept, keepers are told

A sweep under way has tombstones whose event is still to come, so one look in vain says nothing yet.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from gonogo.audit.installation import last_look, log_of
from gonogo.audit.log import Busy, Log
from gonogo.db.session import writing
from gonogo.logs import log as logs
from gonogo.notices.telling import tell_about_record
from gonogo.settings import Settings
from gonogo.telemetry.meters import RECORD_FAULTS, RECORD_VERIFIED

LOOK_S = 60.0
AGAIN_S = 600.0
RETRY_S = 3_600.0  # after a verification that came to no end
NICE = 10  # below whatever else the machine has to do

Verify = Callable[[asyncio.Event], Awaitable[dict[str, Any] | None]]
Tell = Callable[[dict[str, Any]], None]


class Auditor:
    """`verify` gives a report as JSON, or None when it came to no end; it ends early on `stop`.
    `clock` gives aware UTC."""

    def __init__(
        self,
        log: Log,
        verify: Verify,
        tell: Tell,
        *,
        every_s: float,
        again_s: float = AGAIN_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._log, self._verify, self._tell, self._clock = log, verify, tell, clock
        self._every_s, self._again_s = every_s, again_s
        self._doubted = False
        self._not_before = 0.0  # of the monotonic clock

    async def work(self, stop: asyncio.Event, look_s: float = LOOK_S) -> None:
        """Look now and then until `stop`. A failure is logged and tried again."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), look_s)
                return
            try:
                await self.look(stop)
            except Exception as fault:
                logs.warning("verification", error=type(fault).__name__)
                self._not_before = time.monotonic() + RETRY_S

    async def look(self, stop: asyncio.Event) -> None:
        """Verify if it is due and nobody else is at it."""
        _measure(self._log)
        if time.monotonic() < self._not_before or not (self._doubted or self._due()):
            return
        with contextlib.suppress(Busy), self._log.verifying():
            if self._doubted or self._due():  # another worker may just have finished it
                await self._once(stop)
        _measure(self._log)

    def _due(self) -> bool:
        since = last_look(self._log)
        return since is not None and (self._clock() - since).total_seconds() >= self._every_s

    async def _once(self, stop: asyncio.Event) -> None:
        found = await self._verify(stop)
        if found is None:
            self._not_before = time.monotonic() + RETRY_S
            return
        logs.info("verified", ok=found["ok"], faults=found["found"], seconds=found["seconds"])
        if not found["ok"] and not self._doubted:
            self._doubted, self._not_before = True, time.monotonic() + self._again_s
            return
        self._doubted = False
        await asyncio.to_thread(self._log.keep_verified, found)
        if not found["ok"]:
            logs.error("record_fault", faults=found["found"], remedy="gonogo audit verify")
            await asyncio.to_thread(self._tell, found)


def auditor_of(settings: Settings, engine: Engine, *, again_s: float = AGAIN_S) -> Auditor:
    def tell(found: dict[str, Any]) -> None:
        codes = tuple(sorted({str(fault["code"]) for fault in found["faults"]}))
        with writing(engine) as session:
            tell_about_record(
                session,
                settings.store,
                int(found["found"]),
                codes,
                datetime.now(UTC),
                mail=settings.smtp_url is not None,
            )

    async def verify(stop: asyncio.Event) -> dict[str, Any] | None:
        return await verified_apart(
            (sys.executable, "-m", "gonogo", "audit", "verify", "--json", "--no-keep",
             "--data", str(settings.data)), stop,
        )  # fmt: skip

    return Auditor(log_of(settings), verify, tell, every_s=settings.verify_s, again_s=again_s)


async def verified_apart(command: Sequence[str], stop: asyncio.Event) -> dict[str, Any] | None:
    """The report of a verification in a process of its own, so that it takes nothing of this one's
    time; None when it was ended by `stop` or has nothing to say."""
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, child.pid, NICE)
    reading, stopping = (
        asyncio.create_task(child.communicate()),
        asyncio.create_task(stop.wait()),
    )
    try:
        await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            return None
        out, _ = reading.result()
    finally:
        stopping.cancel()
        if child.returncode is None:
            child.kill()
        await asyncio.gather(reading, stopping, return_exceptions=True)
    return report_in(out)


def report_in(out: bytes) -> dict[str, Any] | None:
    """What a verification printed; None when that is no report."""
    try:
        found = json.loads(out)
        whole = isinstance(found["ok"], bool) and found["ok"] is (int(found["found"]) == 0)
        instant = datetime.fromisoformat(found["at"])
        whole = whole and instant.tzinfo is not None and isinstance(found["faults"], list)
        found["seconds"] = float(found["seconds"])
    except (ValueError, TypeError, KeyError, RecursionError):
        logs.warning("verification", error="NoReport")
        return None
    return found if whole else None


def _measure(log: Log) -> None:
    last = log.verified()
    if last is None:
        return
    with contextlib.suppress(KeyError, TypeError, ValueError):
        RECORD_FAULTS.set(float(last["found"]))
        RECORD_VERIFIED.set(datetime.fromisoformat(last["at"]).timestamp())
