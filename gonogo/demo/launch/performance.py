"""The whole performance: a folder of its own, the story, and the judgement over its database."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import openai

from gonogo.audit.installation import keeper_of, verify_here
from gonogo.demo.launch.cast import story_pack
from gonogo.demo.launch.lane import Lane
from gonogo.demo.launch.lines import STORY
from gonogo.demo.launch.play import Play, Shown
from gonogo.demo.launch.recorded import recorded_answers
from gonogo.demo.launch.scenes import SCENES
from gonogo.demo.launch.stage import Stage
from gonogo.recovery import rebuild
from gonogo.settings import Settings

_MARK = "reference-story"  # a file that says what a folder is for


class NotOurs(RuntimeError):
    """The folder holds something else, which nobody wants to lose."""


def perform(
    folder: Path, records: Path | None, told: Callable[[Shown], None] = lambda entry: None
) -> Play:
    """Play the story in `folder`, which is emptied first. `records` None: with the samples.

    Raises `NotOurs` for a folder that is not empty and was not made by an earlier performance.
    """
    _own(folder)
    stage = Stage(settings_of(folder), story_pack())
    try:
        with recorded_answers() as endpoint:
            play = asyncio.run(_perform(stage, endpoint, records, told))
        _judge(play)
        return play
    finally:
        stage.engine.dispose()


async def _perform(
    stage: Stage, endpoint: str, records: Path | None, told: Callable[[Shown], None]
) -> Play:
    async with openai.AsyncOpenAI(base_url=endpoint, api_key="unused", max_retries=0) as client:
        play = Play(stage, Lane(stage, client), records, told)
        await play.perform(STORY, SCENES)
    return play


def settings_of(folder: Path) -> Settings:
    """Everything lies in `folder`, whatever the environment says about an installation."""
    return Settings(
        data=folder, database_url=None, objects_url=None, checkpoints_url=None, store="default"
    )


def _own(folder: Path) -> None:
    mark = folder / _MARK
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise NotOurs(f"{folder} holds something else; name an empty folder, or none")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mark.touch()


def _judge(play: Play) -> None:
    """What must be true of the record when the story is over."""
    stage = play.stage
    keeper_of(stage.settings, stage.engine).checkpoint()
    verified = verify_here(stage.settings, stage.engine)
    play.expect(
        "the record verifies: chain, signatures, bundles, evidence, checkpoint",
        verified.ok and verified.checkpoints > 0,
        f"{verified.events} events, {verified.objects} objects, {verified.found} faults",
        is_told=False,
    )
    redrawn = rebuild(stage.engine, stage.store)
    play.expect(
        "rebuilt from its events, nothing is different",
        not redrawn.differences,
        f"{redrawn.subjects} subjects, {len(redrawn.differences)} different",
        is_told=False,
    )
