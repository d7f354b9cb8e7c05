"""What was foretold and what came: a forecast after the first day, a report at the end."""

from datetime import datetime

from gonogo.demo.launch import forecast
from gonogo.demo.launch.cast import NORTH
from gonogo.demo.launch.lane import Item
from gonogo.demo.launch.play import Play
from policies.lifecycle.kernel import instant, iso

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
    state, announced = play.state(), play.events[1].body["target"]
    play.score, log_score = forecast.scores(play.forecast)
    late = state.opened_at - instant(announced["end"])
    report = {
        "kind": "launch_report",
        "launch": play.launch,
        "opened_at": iso(state.opened_at),
        "announced": announced["label"],
        "late_s": late.total_seconds(),
        "postponements": state.postponements,
        "rounds": state.rounds,
        "held": sum(event.type == "launch:held" for event in play.events),
        "items": len(play.bound),
        "forecast": [{"by": iso(one.by), "p": one.p, "came": one.came} for one in play.forecast],
        "brier": play.score,
        "log_score": log_score,
    }
    play.report = f"sha256:{play.stage.objects.put_json(report)}"
    play.expect("the forecast was better than “half” for everything", play.score < 0.25,
                f"Brier {play.score:.2f}, log {log_score:.2f}")  # fmt: skip
    return (
        f"open {late.days} days after the end of what was announced first, after "
        f"{state.postponements} postponements, {state.rounds} polls and {report['held']} hold",
        f"the forecast of 8 November scores {play.score:.2f} (Brier; 0 is best, “half” is 0.25)",
    )
