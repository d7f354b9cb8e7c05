"""Log, keeper and copy of an installation, from its settings; and when a checkpoint is due."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Engine

from gonogo.audit.keeper import Inconsistent, Keeper
from gonogo.audit.log import Busy, Copy, Log
from gonogo.audit.notes import VerifierKey
from gonogo.audit.report import Report
from gonogo.audit.verify import verify
from gonogo.logs import log as logs
from gonogo.objects import Objects
from gonogo.settings import Settings

ENOUGH = 1_000  # events after which nobody waits for the time to pass
LOOK_S = 15.0  # between two looks at the store's position


def log_of(settings: Settings) -> Log:
    return Log(settings.data.resolve(), settings.store)


def copy_of(settings: Settings) -> Copy | None:
    """The copy of the log; None when there is none or nothing was signed yet."""
    origin = log_of(settings).origin()
    if settings.checkpoints_url is None or origin is None:
        return None
    return Copy(settings.checkpoints_url, origin)


def keeper_of(settings: Settings, engine: Engine) -> Keeper:
    url = settings.checkpoints_url
    return Keeper(
        engine,
        log_of(settings),
        settings.data.resolve() / "checkpoint.key",
        copy=None if url is None else lambda origin: Copy(url, origin),
    )


def verify_here(
    settings: Settings,
    engine: Engine,
    *,
    trusted: Sequence[VerifierKey] = (),
    with_objects: bool = True,
    keep: bool = True,
) -> Report:
    """Verify the store of an installation; `keep`: for its pages, `gonogo doctor` and metrics."""
    log = log_of(settings)
    report = verify(
        engine,
        log,
        [settings.mac_key()],
        copy=copy_of(settings),
        objects=Objects(settings.objects) if with_objects else None,
        trusted=trusted,
    )
    if keep:
        log.keep_verified(report.as_value())
    return report


def health(settings: Settings, engine: Engine) -> tuple[Literal["ok", "warn", "fail"], str, str]:
    """How the checkpoints stand: state, what was found, what to do about it."""
    log = log_of(settings)
    names, waiting = log.names(), keeper_of(settings, engine).waiting()
    look = "gonogo audit verify, before anything else is changed"
    if why := log.alarm():
        return "fail", f"checkpoints have stopped: {why}", look
    if waiting < 0:
        return "fail", f"{-waiting} events that were signed are gone", look
    last = log.verified()
    if last is not None and not last.get("ok"):
        return (
            "fail",
            f"the verification of {last.get('at')} found {last.get('found')} faults",
            look,
        )
    if not names:
        found = "nothing is signed yet" if waiting else "nothing is recorded yet"
        return ("warn" if waiting else "ok"), found, "start the worker" if waiting else ""
    found = f"{len(names)} checkpoints, {waiting} events since the newest"
    return _age_of(log, settings.verify_s, found)


def _age_of(log: Log, every_s: float, found: str) -> tuple[Literal["ok", "warn", "fail"], str, str]:
    """How old the last verification is; three times too old is a warning."""
    last = log.verified()
    told = f"{found}; verified {last['at']}" if last else f"{found}; not verified yet"
    since = last_look(log)
    age = (datetime.now(UTC) - since).total_seconds() if since else 0.0
    if every_s and age > 3 * every_s:
        return "warn", told, "does a worker run here? gonogo audit verify"
    return "ok", told, ""


def last_look(log: Log) -> datetime | None:
    """When the record was verified last, else when its log began; None before that."""
    last = log.verified()
    try:
        found = datetime.fromisoformat(str((last or {})["at"]))
        if found.tzinfo is not None:
            return found
    except (KeyError, ValueError):
        pass
    return log.began()


class Notary:
    """Makes checkpoints while a worker works, one at least every `every_s` seconds if something
    was recorded meanwhile, and one at the end. A failure is logged and tried again."""

    def __init__(self, keeper: Keeper, every_s: float) -> None:
        self._keeper, self._every_s = keeper, every_s
        self._last = float("-inf")

    async def work(self, stop: asyncio.Event) -> None:
        """Look now and then until `stop`, whatever is signed then is left to `make`."""
        while not stop.is_set():
            await asyncio.to_thread(self.look)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), min(LOOK_S, self._every_s))

    def look(self) -> None:
        """Make a checkpoint if one is due."""
        try:
            waiting = self._keeper.waiting()
        except Exception as fault:
            logs.warning("checkpoint", error=type(fault).__name__)
            return
        late = time.monotonic() - self._last >= self._every_s
        if waiting < 0 or waiting >= ENOUGH or (waiting and late):
            self.make()

    def make(self) -> None:
        """Make a checkpoint of what is new, and bring the copy up to date."""
        self._last = time.monotonic()
        try:
            made = self._keeper.checkpoint()
            if made is not None:
                logs.info("checkpoint", size=made.size)
            self._keeper.push()
        except Busy:
            return  # another worker is at it
        except Inconsistent as fault:
            logs.error("checkpoint_refused", why=str(fault), remedy="gonogo audit verify")
        except Exception as fault:
            logs.warning("checkpoint", error=type(fault).__name__)
