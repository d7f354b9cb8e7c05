"""What was foretold and what came: a forecast after the first day, a report at the end."""

import json
from datetime import datetime

from gonogo.db.launch_pressed import pressed
from gonogo.db.prose import keep_prose
from gonogo.db.session import reading
from gonogo.demo.launch import forecast
from gonogo.demo.launch.cast import NORTH
from gonogo.demo.launch.lane import Item
from gonogo.demo.launch.play import Play
from policies.rules.launch_report import Foretold, as_json, index_of, report

MUSTS = 3  # and Northlight's


def musts(play: Play) -> list[Item]:
    return [*play.items[:MUSTS], *(item for item in play.items if item.publisher == NORTH)]


async def forecasting(play: Play, at: datetime) -> tuple[str, ...]:
    others = [item for item in (play.leaky, play.hidden) if item is not None]
    must = {item.submission for item in musts(play)}
    play.forecast = said = forecast.foretold(play.stage, play.items, must, others, at)
    chances = [one.p for one in said]
    play.expect("a later date is never less likely", chances == sorted(chances), len(chances))
    return forecast.told(said)


async def reporting(play: Play, at: datetime) -> tuple[str, ...]:
    """What the store files on closing, made by the same rules; kept as the edge keeps it."""
    said, stage = play.forecast, play.stage
    with reading(stage.engine) as session:
        state = stage.state("launch", play.launch)
        weighed = pressed(session, state, play.events, stage.pack).told
    made = report(
        play.events,
        foretold=[Foretold(one.said_at, one.by, one.p) for one in said],
        approved_at=said[0].done_at,
        pressure=index_of(weighed),
        now=at,
    )
    play.report = keep_prose(play.stage.engine, json.dumps(as_json(made), sort_keys=True)) or ""
    assert made.score.brier is not None  # it foretold
    assert made.late_s is not None  # and opened
    play.score = made.score.brier
    play.expect("the forecast was better than “half” for everything", play.score < 0.25,
                f"Brier {play.score:.2f}, log {made.score.log:.2f}")  # fmt: skip
    held = sum(one.what == "held" for one in made.timeline)
    return (
        f"open {int(made.late_s // 86_400)} days after the end of what was announced first, after "
        f"{made.postponements} postponements, {made.rounds} polls and {held} hold",
        f"the forecast of 8 November scores {play.score:.2f} (Brier; 0 is best, “half” is 0.25)",
    )
