"""A launch in its countdown, with many bound releases, without the engine's help.

Everything goes through the real rules and the real record: cases are approved and settled,
releases prepared and bound, the launch is drafted, planned, polled and counted down. Its own clock
is data, so the days before T pass at once; only T itself lies in the future of the wall clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from benchmarks.parts.filling import quick_engine
from gonogo.db.launch_items import observe
from gonogo.db.launch_windows import as_observed, windows_of_launch
from gonogo.db.ledger import Ledger
from gonogo.db.tables import GptRow, RevisionRow
from gonogo.ids import new_id
from gonogo.settings import Settings
from policies.lifecycle.kernel import RULES, SYSTEM_ACTOR, Actor, Command, iso, mac_of
from policies.lifecycle.launch_terms import launch_terms_from
from policies.lifecycle.machines import MACHINES, kind_of
from policies.lifecycle.terms import terms_from
from policies.pack import PolicyPack
from policies.rules.civil_time import CivilTime
from policies.rules.target import Target
from policies.wire import RecordRequest

SYS = SYSTEM_ACTOR
LEA = Actor("per_lea", ("product_lead",))
RUI = Actor("per_rui", ("reviewer",))
_NEWS = {"e": "e" * 64, "f": "f" * 64}


@dataclass
class Road:
    """Commands to one store, each decided on what is recorded and recorded at `now`."""

    ledger: Ledger
    key: bytes
    store: str
    pack: PolicyPack
    now: datetime

    def __post_init__(self) -> None:
        self._states: dict[str, Any] = {}
        self._count = 0

    def give(
        self,
        subject: str,
        kind: str,
        actor: Actor,
        body: Mapping[str, Any] | None = None,
        **seen: Any,
    ) -> Any:
        """The state afterwards. Raises `RuntimeError` when the record refuses."""
        self._count += 1
        machine, state = MACHINES[kind_of(subject)], self._states.get(subject)
        bare = Command(
            f"bench:{self._count}", kind, self.store, subject, actor, self.now, dict(body or {}),
            {"answer": self.now, "second": self.now},
        )  # fmt: skip
        command = replace(bare, mac=mac_of(bare, self.key))
        facts = machine.decide(state, command, self.now, seen)
        seq = state.seq if state else 0
        answer = self.ledger.record(
            RecordRequest(machine.kind, seq, command, facts, self.now, self.pack.digest, RULES)
        )
        if answer.outcome != "stored":
            raise RuntimeError(f"{kind}: the record says {answer.outcome}: {answer.refusal}")
        for event in answer.events:
            state = machine.evolve(state, event)
        self._states[subject] = state
        return state

    def forget(self, *subjects: str) -> None:
        for subject in subjects:
            self._states.pop(subject, None)


@dataclass(frozen=True)
class Filled:
    """A drafted launch with its items bound."""

    road: Road
    engine: Engine
    launch: str
    gpts: list[str]
    releases: list[str]


def fill(settings: Settings, pack: PolicyPack, items: int, publisher: str) -> Filled:
    """`items` musts, bound to the first wave of a launch that is only drafted yet."""
    engine, key = quick_engine(settings), settings.mac_key()
    now = datetime.now(UTC) - timedelta(minutes=30)
    road = Road(Ledger(engine, key), key, settings.store, pack, now)
    launch = new_id("lch")
    terms = launch_terms_from(pack)
    road.give(
        launch,
        "draft",
        LEA,
        {"name": "Opening", "tz": "UTC", "mode": "independent", "terms": terms},
    )
    made = [_item(engine, road, pack, publisher, launch, number) for number in range(items)]
    return Filled(road, engine, launch, [gpt for gpt, _ in made], [one for _, one in made])


def _item(
    engine: Engine, road: Road, pack: PolicyPack, publisher: str, launch: str, number: int
) -> tuple[str, str]:
    gpt, digest = new_id("gpt"), f"{number:064x}"
    subject, release = new_id("sub"), new_id("rel")
    ada = Actor("per_ada", ("developer",), (publisher,))
    with Session(engine) as session, session.begin():
        session.add(GptRow(store_id=road.store, id=gpt, publisher=publisher, name=f"G {number}",
                           category="writing", created_at=road.now))  # fmt: skip
        session.add(RevisionRow(store_id=road.store, gpt=gpt, digest=digest, name=f"G {number}",
                                description="One of many.", category="writing", starters=[],
                                created_at=road.now))  # fmt: skip
    road.give(subject, "submit", ada, {"gpt": gpt, "publisher": publisher, "digest": digest,
                                       "terms": terms_from(pack), "pack": pack.digest})  # fmt: skip
    road.give(subject, "scanned", SYS, {"evidence": [_NEWS["e"]], "blocking": 0, "rules": [],
                                        "tier": "low", "reasons": []})  # fmt: skip
    state = road.give(
        subject, "tested", SYS,
        {"evidence": [_NEWS["f"]], "blocked_by": [], "why": [], "incomplete": False,
         "due_at": iso(road.now + timedelta(days=1))},
    )  # fmt: skip
    state = road.give(subject, "claim", RUI)
    checklist = [item.id for item in pack.review.checklist]
    state = road.give(subject, "approve", RUI, {"digest": digest, "version": state.version,
                                                "checklist": checklist})  # fmt: skip
    was, road.now = road.now, road.now + timedelta(seconds=pack.review.undo_s + 1)
    road.give(subject, "settle", SYS, {"release": release})
    road.give(
        release, "prepare", SYS,
        {"gpt": gpt, "publisher": publisher, "submission": subject, "digest": digest,
         "listing": f"lst_{release.partition('_')[2]}", "previous": None,
         "plan": [stage.model_dump(mode="json") for stage in pack.rollout.first],
         "max_lateness_s": 900, "pause_max_s": 86_400},
    )  # fmt: skip
    road.give(release, "bind", LEA, {"launch": launch, "wave": 1, "importance": "must"})
    road.now = was
    road.forget(subject, release)
    return gpt, release


def count_down(filled: Filled, opens_at: datetime) -> None:
    """Everything from the plan to the last check before `opens_at`."""
    road, launch, pack = filled.road, filled.launch, filled.road.pack
    road.now = opens_at - timedelta(seconds=pack.launch.poll_open_before_s)
    local = opens_at.replace(tzinfo=None).isoformat()
    time = CivilTime(local=local, iana_tz="UTC", utc=iso(opens_at), tzdata="2026a")
    target = Target("instant", "UTC", opens_at, opens_at, f"instant:{local}", local=time)
    road.give(launch, "plan", LEA, {"target": target.as_json()})
    road.give(launch, "open_gates", LEA)
    for gate in pack.launch.gates:
        by = Actor(f"per_{gate.owner_role}", (gate.owner_role,))
        if gate.kind == "attested":
            road.give(launch, "attest", by, {"gate": gate.id, "evidence": "prose:e"})
        elif gate.kind == "signed":
            road.give(launch, "sign", by, {"gate": gate.id, "verdict": "yes"})
    with Session(filled.engine) as session:
        closed = windows_of_launch(session, road.store, launch, opens_at)
        items = observe(
            session, road.store, launch, wave=1, opened=False, at=opens_at, closed=closed
        )

    def seen() -> dict[str, Any]:
        gates = {
            gate.id: {"holds": True, "value": 0, "at": iso(road.now)}
            for gate in pack.launch.gates
            if gate.kind == "measured"
        }
        return {"items": items, "gates": gates, **as_observed(closed)}

    state = road.give(launch, "begin_poll", SYS, **seen())
    for role in pack.launch.poll_roles:
        body = {"role": role, "vote": "GO", "round": state.rounds}
        road.give(launch, "vote", Actor(f"per_{role}", (role,)), body)
    road.give(launch, "poll_over", SYS)
    for before in pack.launch.checks_s:
        road.now = opens_at - timedelta(seconds=before)
        if before == pack.launch.checks_s[0]:
            road.give(launch, "start_countdown", SYS)
        road.give(launch, "check", SYS, **seen())
