"""A launch on a real record: its own road, and releases that are bound and really approved."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from gonogo.db import catalogue
from gonogo.db.launch_items import observe
from gonogo.db.launch_windows import as_observed, windows_of_launch
from gonogo.db.session import reading, writing
from gonogo.db.tables import GptRow, RevisionRow
from policies.rules.serving import Served
from policies.wire import RecordAnswer
from tests.builders import LEA, PUBLISHER, STORE
from tests.db.desk import Desk
from tests.policies.launches import ARMED, GATING, OPENING, body, looked
from tests.policies.states import PREPARED, SYS

LAUNCH = "lch_1"


class Opening:
    """`desk` with launch `lch_1`, whose clock is the desk's. Items are `rel_<n>` of `gpt_<n>`."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def walk(self, *steps: Any) -> "Opening":
        """Steps of tests.policies.launches; each is stored, or the test fails here."""
        for step in steps:
            if isinstance(step, float | int):
                self.desk.wait(seconds=step)
                continue
            kind, actor, *over = step
            answer = self.give(kind, actor, **(over[0] if over else {}))
            assert answer.outcome == "stored", (kind, answer)
        return self

    def give(self, kind: str, actor: Any, **over: Any) -> RecordAnswer:
        return self.seeing(kind, actor, self.seen(kind), **over)

    def seeing(self, kind: str, actor: Any, seen: Mapping[str, Any], **over: Any) -> RecordAnswer:
        return self.desk.give_seeing(kind, LAUNCH, actor, self._body(kind) | over, seen)

    def seen(self, kind: str = "open_wave") -> dict[str, Any]:
        """What the workflow would observe now."""
        state, opened = self.desk.state(LAUNCH), kind == "restore"
        wave = (state.wave if state else 0) + (0 if opened else 1)
        now = self.desk.now
        opens = now if opened or not state or not state.opens_at else max(now, state.opens_at)
        with reading(self.desk.engine) as session:
            closed = windows_of_launch(session, STORE, LAUNCH, now)
            seen = observe(session, STORE, LAUNCH, wave=wave, opened=opened, at=now, closed=closed,
                           opens=opens)  # fmt: skip
        return {"items": seen, "gates": looked(now), **as_observed(closed)}

    def _body(self, kind: str) -> dict[str, Any]:
        class Road:
            past, now = self.desk.state(LAUNCH), self.desk.now

        return body(kind, Road())  # type: ignore[arg-type]  # all it reads are these two

    def ready(self, number: int, digest: str = "d1") -> str:
        """Release `rel_<number>`, approved, prepared and not yet bound."""
        desk, gpt = self.desk, f"gpt_{number}"
        desk.approved(number, digest)
        with writing(desk.engine) as session:
            session.add(GptRow(store_id=STORE, id=gpt, publisher=PUBLISHER, name=gpt,
                               category="writing", created_at=desk.now))  # fmt: skip
            session.add(RevisionRow(store_id=STORE, gpt=gpt, digest=digest, name=f"G{number:03}",
                                    description="x", category="writing", starters=[],
                                    created_at=desk.now))  # fmt: skip
        its = {"gpt": gpt, "submission": f"sub_{number}", "listing": f"lst_{number}",
               "digest": digest}  # fmt: skip
        stored(desk.give("prepare", f"rel_{number}", SYS, PREPARED | its))
        return f"rel_{number}"

    def bind(self, release: str, importance: str = "must", **over: Any) -> RecordAnswer:
        wanted = {"launch": LAUNCH, "wave": 1, "importance": importance} | over
        return self.desk.give("bind", release, LEA, wanted)

    def bound(self, number: int, importance: str = "must", **over: Any) -> str:
        release = self.ready(number)
        stored(self.bind(release, importance, **over))
        return release

    def served(self, number: int, unit: str | None = "u") -> Served:
        with reading(self.desk.engine) as session:
            found = catalogue.resolve(session, STORE, f"gpt_{number}", unit)
        assert found is not None
        return found

    def shown(self) -> list[str]:
        """GPTs that the store lists, by id."""
        with reading(self.desk.engine) as session:
            rows = catalogue.page(session, STORE, limit=100).rows
        return sorted(row.revision.gpt for row in rows)

    def settle(self, release: str) -> RecordAnswer:
        """What the release's workflow does once it is told: follow the row, tell the listing."""
        desk = self.desk
        state = desk.state(release)
        row = {"status": "live", "wave": state.wave, "excluded": None}
        seen = {"precheck": (), "launch": row}
        stored(desk.give_seeing("open", release, SYS, {}, seen))
        number = int(release.partition("_")[2])
        step = state.plan[-1]
        return desk.ledger.record(
            desk.exposing(number, weight_bp=step.weight_bp, visibility=step.visibility)
        )


def stored(answer: RecordAnswer) -> RecordAnswer:
    assert answer.outcome == "stored", answer
    return answer


def in_gating(desk: Desk) -> Opening:
    """Gates are open, eighteen days have passed: whatever is bound now is fresh at the opening."""
    return Opening(desk).walk(*GATING, 18.0 * 86_400)


def to_its_hour(opening: Opening) -> Opening:
    """From gating to the very instant of the opening, with everything in order."""
    rest = ARMED[ARMED.index(18.0 * 86_400) + 1 :]
    opening.walk(*rest, 86_400.0, ("start_countdown", SYS))
    opening.desk.now = OPENING - timedelta(minutes=5)
    opening.walk(("check", SYS))
    opening.desk.now = OPENING
    return opening
