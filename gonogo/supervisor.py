"""Child processes that belong together: started at once, watched, stopped in reverse."""

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STOP_S = 25.0  # workers drain for 20 s
_LOOK_S = 0.05
_PR_SET_PDEATHSIG = 1


class NotReady(RuntimeError):
    """A child did not become ready. The message names its log."""


@dataclass(frozen=True)
class Part:
    """One child. `ready` is asked until it says yes; `ready_s` bounds that."""

    name: str
    argv: Sequence[str]
    ready: Callable[[], Awaitable[bool]]
    env: Mapping[str, str] = field(default_factory=dict)
    ready_s: float = 60.0


class Child:
    """A running part. Its output goes to `log`; it ends when we end, however we end."""

    def __init__(self, part: Part, logs: Path) -> None:
        self.part, self.log = part, logs / f"{part.name}.log"
        self.process: asyncio.subprocess.Process | None = None
        self.restarts = -1

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and self.process.returncode is None else None

    async def start(self) -> None:
        self.restarts += 1
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.part.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.part.env},
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )

    async def wait_ready(self) -> None:
        """Raises `NotReady` when the child ends, or is not ready in time."""
        until = time.monotonic() + self.part.ready_s
        while time.monotonic() < until:
            if self.process is None or self.process.returncode is not None:
                raise NotReady(f"{self.part.name} ended while starting\n{self.tail()}")
            with contextlib.suppress(OSError, TimeoutError):
                if await asyncio.wait_for(self.part.ready(), 5):
                    return
            await asyncio.sleep(_LOOK_S)
        raise NotReady(
            f"{self.part.name} was not ready after {self.part.ready_s:.0f} s\n{self.tail()}"
        )

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        process = self.process
        if process is None or process.returncode is not None:
            return
        process.send_signal(number)
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        if self.process and self.process.returncode is None:
            self.process.send_signal(number)

    def tail(self, lines: int = 12) -> str:
        try:
            text = self.log.read_text("utf-8", "replace").splitlines()[-lines:]
        except OSError:
            text = []
        return "\n".join([*text, f"(the whole log: {self.log})"])


class Supervisor:
    """`tell` gets one line per thing a person would want to know."""

    def __init__(self, parts: Sequence[Part], logs: Path, tell: Callable[[str], None]) -> None:
        self.children = {part.name: Child(part, logs) for part in parts}
        self._tell = tell
        self._watchers: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self) -> None:
        """Start all parts at once; who needs another waits for it by itself. Raises `NotReady`."""
        self._stopping = False
        try:
            async with asyncio.TaskGroup() as together:
                for child in self.children.values():
                    together.create_task(self._start(child))
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from None  # one part that does not start ends the others

    def kill(self) -> None:
        """End every part at once. Nothing is lost by it, only later."""
        self._stopping = True
        for child in self.children.values():
            child.kill()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop in reverse order, by signal `number`; what does not end in time is killed."""
        self._stopping = True
        for watcher in self._watchers:
            watcher.cancel()
        self._watchers.clear()
        for child in reversed(self.children.values()):
            await child.stop(number)

    async def _start(self, child: Child) -> None:
        began = time.monotonic()
        await child.start()
        await child.wait_ready()
        self._tell(f"{child.part.name} is ready ({time.monotonic() - began:.1f} s)")
        self._watchers.append(asyncio.create_task(self._watch(child)))

    async def _watch(self, child: Child) -> None:
        """Start it again whenever it ends: at once first, then with growing pauses to 10 s."""
        pause = 0.0
        while not self._stopping:
            assert child.process is not None  # started before it is watched
            began = time.monotonic()
            await child.process.wait()
            pause = 0.0 if time.monotonic() - began > 20 else min(10.0, max(0.2, pause * 2))
            self._tell(f"{child.part.name} ended with {child.process.returncode}; restarting")
            await asyncio.sleep(pause)
            await child.start()


def _end_with_parent() -> None:
    """In the child, before exec: have the kernel end it when the supervisor dies (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
