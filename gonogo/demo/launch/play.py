"""Plays the script: every line through its machine and the record, every scene by its method."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from gonogo.db.prose import keep_prose
from gonogo.demo.launch import look
from gonogo.demo.launch.cast import SAN_FRANCISCO, said_of
from gonogo.demo.launch.forecast import Said as Foretold
from gonogo.demo.launch.lane import Item, Lane
from gonogo.demo.launch.lines import Found, Line, Said, Scene, When
from gonogo.demo.launch.memos import Memo, write
from gonogo.demo.launch.preview import previewed
from gonogo.demo.launch.stage import Asked, Given, Stage, moment
from gonogo.ids import new_id
from gonogo.zones import place_target, today_in
from policies.errors import Refused
from policies.lifecycle.kernel import Event
from policies.lifecycle.launch_terms import launch_terms_from
from policies.rules.target import Target, of_json
from policies.rules.target_words import says

OBSERVING = frozenset(
    {"measure", "begin_poll", "check", "open_wave", "item_left", "override", "resume", "restore"}
)
POLLING = frozenset({"vote", "override"})


@dataclass(frozen=True)
class Shown:
    """One entry of the timeline. `at` UTC; `refused` the reason as it was given."""

    at: datetime
    who: str
    tells: str
    kind: str = ""
    status: str = ""
    target: str = ""
    refused: str = ""
    code: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Expected:
    """`is_told`: on the page, where it is neither in the timeline already nor a count that every
    release of the program changes."""

    what: str
    held: bool
    seen: str
    is_told: bool = True


@dataclass
class Play:
    """One performance. `told` is called with every entry as it happens."""

    stage: Stage
    lane: Lane
    records: Path | None
    told: Callable[[Shown], None] = lambda entry: None
    launch: str = field(default_factory=lambda: new_id("lch"))
    shown: list[Shown] = field(default_factory=list)
    expectations: list[Expected] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    bound: list[Item] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)  # of the launch
    leaky: Item | None = None
    hidden: Item | None = None
    forecast: list[Foretold] = field(default_factory=list)
    report: str = ""  # its digest
    score: float = 1.0
    memo: str = ""  # the last one that was written
    memos: list[Memo] = field(default_factory=list)  # texts of all of them
    plan_hash: str = ""  # of the last preview that somebody looked at
    announced: Target | None = None  # what the public was told last
    _before: Any = None  # the launch as it was before the last line

    async def perform(
        self, script: tuple[Line | Scene, ...], scenes: "Mapping[str, Scenery]"
    ) -> None:
        for entry in script:
            if isinstance(entry, Line):
                self._line(entry)
            else:
                at = moment(entry.at)
                notes = await scenes[entry.act](self, at)
                self._show(Shown(at, "", entry.tells, notes=notes))
        self.stage.close()

    def expect(self, what: str, held: bool, seen: Any, *, is_told: bool = True) -> None:
        self.expectations.append(Expected(what, bool(held), str(seen), is_told))

    def state(self) -> Any:
        return self.stage.state("launch", self.launch)

    # Lines

    def _line(self, line: Line) -> None:
        at, state = moment(line.at), self.state()
        asked = Asked(
            line.on,
            self.launch if line.on == "launch" else self.memo,
            line.who,
            line.kind,
            at,
            self._body(line, state, at),
            observed=self._observed(line, at),
            seen=self._before if line.stale else None,
        )
        given = self.stage.give(asked)
        if line.on == "launch":
            self._before = state
            self.events += given.events
        self._judge(line, asked, given)
        if line.memos and given.refused is None:
            self._write(line.memos, given, state)

    def _write(self, audiences: tuple[str, ...], given: Given, before: Any) -> None:
        """By the product lead, within two minutes of the event."""
        for event in given.events:
            written = write(self.stage, event, before, audiences, self.announced, "per_lea")
            if written is not None:
                self.memo, texts = written
                self.memos += texts
        if "public" in audiences:
            self.announced = self.state().target

    def _body(self, line: Line, state: Any, at: datetime) -> dict[str, Any]:
        body: dict[str, Any] = {}
        for name, value in line.body.items():
            if isinstance(value, When):
                value = place_target(value.text, SAN_FRANCISCO).target.as_json()
            elif isinstance(value, Said):
                value = keep_prose(self.stage.engine, value.text)
            elif isinstance(value, Found):
                value = self.report if value.what == "report" else self.score
            body[name] = value
        if line.kind == "draft":
            terms = launch_terms_from(self.stage.pack)
            body |= {"tz": SAN_FRANCISCO, "terms": terms, "pack": self.stage.pack.digest}
        if line.kind == "postpone":
            made = previewed(self.stage, state, of_json(body["target"]), at)
            counts = {"moved": len(made.moved), "flagged": len(made.conflicts)}
            body |= {"plan_hash": made.plan_hash, **counts}
        if line.kind in POLLING and state.poll is not None:
            body["round"] = state.poll.round
        return body

    def _observed(self, line: Line, at: datetime) -> dict[str, Any]:
        if line.kind not in OBSERVING:
            return {}
        return look.seen(self.stage, self.launch, at)

    def _judge(self, line: Line, asked: Asked, given: Given) -> None:
        after, at = self.state(), asked.at
        status = after.status.value if after else ""
        who, refused = said_of(line.who), given.refused
        code = refused.code if refused else ""
        self._show(
            Shown(
                at,
                line.who,
                line.tells,
                line.kind,
                status,
                _said_target(line, at),
                refused.because if refused else "",
                code,
                (*_notes(given), *self._failing(refused, asked)),
            )
        )
        if line.refused or refused:
            seen = f"{code}: {refused.because}" if refused else f"taken: {', '.join(given.types)}"
            self.expect(f"refused: {who} {line.tells}", code == line.refused, seen, is_told=False)
        if line.stale:
            self.expect("the record told the second of two leads", given.behind == 1, given.behind)
        if line.status:
            self.expect(
                f"{line.status}: {who} {line.tells}", status == line.status, status, is_told=False
            )

    def _failing(self, refused: Refused | None, asked: Asked) -> tuple[str, ...]:
        """The items that were in the way, by name, and what of I6 they fail."""
        if refused is None or refused.code != "evidence-blocks":
            return ()
        failing = asked.observed.get("items", {}).get("failing", {})
        names = {item.release: item.name for item in self.bound}
        return tuple(f"“{names[one]}”: {', '.join(why)}" for one, why in failing.items())

    def _show(self, entry: Shown) -> None:
        self.shown.append(entry)
        self.told(entry)


def _said_target(line: Line, at: datetime) -> str:
    """The target of a line as people say it that day."""
    wanted = line.body.get("target")
    if not isinstance(wanted, When):
        return ""
    target = place_target(wanted.text, SAN_FRANCISCO).target
    return says(target, "en", today_in(SAN_FRANCISCO, at))


def _notes(given: Given) -> tuple[str, ...]:
    found = []
    for event in given.events:
        body = event.body
        if event.type == "launch:gate:lapsed":
            found.append(f"gate “{body['gate']}” has to be answered again")
        elif event.type == "launch:gate:measured" and not body["holds"]:
            found.append(f"gate “{body['gate']}” shows {body['value']:g} and does not hold")
        elif event.type == "launch:poll:closed":
            found.append(f"outcome of round {body['round']}: {body['outcome']}")
        elif event.type == "launch:wave:opened":
            found.append(f"{body['ready']} open together, {len(body['excluded'])} stay out")
    return tuple(found)


# A scene returns what the timeline notes beside it.
Scenery = Callable[[Play, datetime], Awaitable[tuple[str, ...]]]
