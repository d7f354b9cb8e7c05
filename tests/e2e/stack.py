"""Processes of a test: started one by one, so that a test can end exactly the one it means."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from gonogo.ports import free_ports
from gonogo.settings import Settings
from gonogo.supervisor import Child, Part
from gonogo.up import environment, parts


def settings_in(folder: Path, **changes: object) -> Settings:
    """Settings on ports of their own; `model_url` keeps the local model from being started."""
    ports = free_ports(4)
    return Settings(
        data=folder,
        pack="demo",
        port=ports[0],
        temporal_ui_port=ports[1],
        temporal_address=f"127.0.0.1:{ports[2]}",
        model_port=ports[3],
    ).model_copy(update=changes)


class Stack:
    """The parts of `settings`, by name, none of them watched or restarted."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._parts = {part.name: part for part in parts(settings)}
        self.children: dict[str, Child] = {}

    async def start(self, name: str, module: str | None = None, *arguments: str) -> Child:
        """Start a part; `module` replaces the program of a worker by one of the tests'."""
        part: Part = self._parts[name]
        if module:
            part = replace(
                part,
                argv=[sys.executable, "-m", module, *arguments],
                env=environment(self.settings),
            )
        if name == "worker":
            (self.settings.data / "worker.ready").unlink(missing_ok=True)
        child = Child(part, self.settings.data / "logs")
        self.children[name] = child
        await child.start()
        await child.wait_ready()
        return child

    async def ended(self, name: str) -> int:
        process = self.children[name].process
        assert process is not None
        return await asyncio.wait_for(process.wait(), 30)


@contextlib.asynccontextmanager
async def stack(settings: Settings) -> AsyncIterator[Stack]:
    found = Stack(settings)
    try:
        yield found
    finally:
        for child in reversed(found.children.values()):
            await child.stop()
