"""The demonstration: `./run demo` stays up, `./run demo --check` only says whether it all held.

`./run demo launch` tells how a store opened, on a clock set to 2023.
"""

import argparse
import asyncio
import contextlib
import shutil
import signal
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gonogo.db.identity import Identity
from gonogo.db.session import engine_of, migrate
from gonogo.demo.chaos import Chaos, judge
from gonogo.demo.client import Player, StillDown
from gonogo.demo.launch.show import show
from gonogo.demo.people import CAST, Cast, ensure_cast
from gonogo.demo.story import Story
from gonogo.demo.walk import Stuck
from gonogo.ports import free_ports
from gonogo.settings import Settings
from gonogo.supervisor import NotReady, Supervisor
from gonogo.up import PortTaken, base_url, running

console = Console(stderr=False, soft_wrap=True)
_BEGAN = time.monotonic()


def tell(line: str) -> None:
    console.print(f"[dim]{time.monotonic() - _BEGAN:6.1f} s[/]  {line}", highlight=False)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="./run demo", description=__doc__)
    parser.add_argument(
        "story",
        nargs="?",
        choices=["launch"],
        help="another story: the opening of a store, on a clock set to 2023",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="play to the end without a person, print a table, exit 0 if all held",
    )
    parser.add_argument(
        "--chaos",
        type=int,
        metavar="SEED",
        help="with --check: kill worker, API or Temporal at ten random moments",
    )
    parser.add_argument("--data", type=Path, default=None, help="folder of the data")
    options = parser.parse_args(argv)
    if options.chaos is not None and not options.check:
        parser.error("--chaos goes with --check")
    if options.story == "launch":
        if options.chaos is not None:
            parser.error("nothing runs in this story that could be killed")
        return show(console, options.data, check=options.check)
    try:
        return asyncio.run(_main(options))
    except (PortTaken, NotReady, StillDown, Stuck) as fault:
        console.print(f"[red]demo:[/] {fault}", highlight=False)
        return 1
    except KeyboardInterrupt:
        return 130


async def _main(options: argparse.Namespace) -> int:
    settings = _settings(options)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    engine = engine_of(settings.database)
    settings.data.mkdir(parents=True, exist_ok=True)
    migrate(engine)
    cast = ensure_cast(Identity(engine, settings.store), settings.data)
    engine.dispose()
    began = time.monotonic()
    async with running(settings, tell) as supervisor:
        playing = asyncio.create_task(_play(settings, cast, supervisor, options))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({playing, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not playing.done():
            playing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await playing
            return 130
        stopped.cancel()
        story = playing.result()
        if not options.check:
            _where_to_look(settings, cast, story)
            await stop.wait()
            tell("stopping")
    log = _chaos_log(settings) if options.chaos is not None else None
    for what, held, seen in judge(settings, log):
        story.expect(what, held, seen)
    return _summary(story, time.monotonic() - began)


def _settings(options: argparse.Namespace) -> Settings:
    """A check gets a folder and ports of its own, so that it never meets a store that is up."""
    base = Settings()
    if not options.check:
        # Nobody else reaches this machine's loopback address, and everybody here is made up.
        return base.model_copy(
            update={"pack": "demo", "data": options.data or base.data, "demo_sign_in": True}
        )
    folder = options.data or base.data / "check"
    shutil.rmtree(folder, ignore_errors=True)
    ports = free_ports(4)
    return base.model_copy(
        update={
            "pack": "demo",
            "data": folder,
            "port": ports[0],
            "temporal_ui_port": ports[1],
            "temporal_address": f"127.0.0.1:{ports[2]}",
            "model_port": ports[3],
        }
    )


def _chaos_log(settings: Settings) -> Path:
    return settings.data.resolve() / "logs" / "chaos.jsonl"


async def _play(
    settings: Settings, cast: Cast, supervisor: Supervisor, options: argparse.Namespace
) -> Story:
    url = base_url(settings)
    players = {person: Player(url, token, cast.run) for person, token in cast.tokens.items()}
    players["public"] = Player(url, None, cast.run)
    story = Story(players, tell)
    try:
        if options.chaos is None:
            await story.play()
        else:
            chaos = Chaos(supervisor, options.chaos, _chaos_log(settings), tell)
            await asyncio.gather(story.play(), chaos.run())
        if not options.check:
            await story.leave_fresh_cases()
    finally:
        for player in players.values():
            await player.close()
    return story


def _summary(story: Story, spent_s: float) -> int:
    table = Table(title="What was expected, and what was seen", title_justify="left")
    for column in ("", "expected", "seen"):
        table.add_column(column, overflow="fold")
    for each in story.expectations:
        table.add_row("[green]held[/]" if each.held else "[red]FAILED[/]", each.what, each.seen)
    console.print(table)
    failed = sum(not each.held for each in story.expectations)
    # The plain closing line, for people and for machines.
    console.print(
        f"demo: {len(story.expectations) - failed} passed, {failed} failed in {spent_s:.0f} s",
        highlight=False,
    )
    return 1 if failed or not story.expectations else 0


def _where_to_look(settings: Settings, cast: Cast, story: Story) -> None:
    console.print(
        f"\nPlay any part: choose whom at {base_url(settings)}; tokens for the command line",
        style="bold",
    )
    names = {person: name for person, name, *_ in CAST}
    for person, token in cast.tokens.items():  # one to a line and never folded, to be copied
        console.print(f"  {names[person]:36} {token}", highlight=False)
    console.print()
    failed = [each for each in story.expectations if not each.held]
    console.print(
        f"pages and API   {base_url(settings)}\n"
        f"API document    {base_url(settings)}/docs\n"
        f"Temporal        http://127.0.0.1:{settings.temporal_ui_port}\n"
        f"expectations    {len(story.expectations) - len(failed)} held, "
        f"{len(failed)} failed\n"
        "Three fresh cases wait in the queue. Ctrl-C stops everything; the next "
        "./run demo goes on here.",
        highlight=False,
    )


if __name__ == "__main__":
    sys.exit(main())
