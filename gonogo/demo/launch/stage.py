"""The stage: a real database, the real machines, the real record, and a clock that is data.

A command of a person goes the way of the API: kept, signed with the installation's MAC, decided by
its machine, recorded by the ledger, which verifies the signature again. Only its time is the
story's. Nothing here decides anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from api.kept import KeptCommands, Order
from gonogo.db.codec import PICTURES, state_of
from gonogo.db.identity import Identity
from gonogo.db.ledger import Ledger
from gonogo.db.session import engine_of, migrate, reading
from gonogo.demo.launch.cast import PEOPLE, SAN_FRANCISCO, SYSTEM
from gonogo.ids import command_id
from gonogo.objects import Objects
from gonogo.packs import PackStore
from gonogo.settings import Settings
from gonogo.zones import zone_named
from policies.errors import Refused, refusal
from policies.lifecycle.kernel import RULES, SYSTEM_ACTOR, Actor, Command, Event, mac_of
from policies.lifecycle.machines import MACHINES
from policies.pack import PolicyPack
from policies.wire import RecordRequest

_LOOKS = 3  # at a subject that others change meanwhile


@dataclass(frozen=True)
class Given:
    """What became of one command. `behind`: how often others had been faster."""

    events: tuple[Event, ...] = ()
    refused: Refused | None = None
    behind: int = 0

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(event.type for event in self.events)


@dataclass(frozen=True)
class Asked:
    """One command before it is signed. `seen` is the state its giver looked at, if not the newest:
    then it is decided from that, and again once the record has said that others were faster."""

    machine: str
    subject: str
    who: str
    kind: str
    at: datetime
    body: Mapping[str, Any] = field(default_factory=dict)
    observed: Mapping[str, Any] = field(default_factory=dict)
    due: Mapping[str, datetime] = field(default_factory=dict)
    seen: Any = None


class Stage:
    """One installation in the folder of `settings`; it is made here and belongs to nobody else."""

    def __init__(self, settings: Settings, pack: PolicyPack) -> None:
        self.settings, self.pack, self.store = settings, pack, settings.store
        settings.data.mkdir(parents=True, exist_ok=True)
        self.engine = engine_of(settings.database)
        migrate(self.engine)
        self.objects = Objects(settings.objects)
        self.packs = PackStore(self.engine)
        self.packs.install(pack)
        self._key = settings.mac_key()
        self.ledger = Ledger(self.engine, self._key)
        self.identity = Identity(self.engine, self.store)
        self._kept = KeptCommands(self.engine, self.store)
        self._answers: dict[str, dict[str, Any]] = {}
        self._given = 0
        self.identity.ensure_store("Store of the reference story")
        for person, (name, role) in PEOPLE.items():
            self.identity.add_person(name, (role,), (), person)

    def actor(self, person: str) -> Actor:
        if person == SYSTEM:
            return SYSTEM_ACTOR
        found = self.identity.actor(person)
        if found is None:
            raise LookupError(f"there is no {person}")
        return found

    def state(self, machine: str, subject: str) -> Any:
        with reading(self.engine) as session:
            row: Any = session.get(PICTURES[machine], (self.store, subject))
            return None if row is None else state_of(machine, row.state)

    def give(self, asked: Asked) -> Given:
        """Carry a command out, or hear why not. Every refusal is kept with its command."""
        command = self._signed(asked)
        state = asked.seen or self.state(asked.machine, asked.subject)
        for behind in range(_LOOKS):
            try:
                facts = MACHINES[asked.machine].decide(state, command, asked.at, asked.observed)
            except Refused as refused:
                return self._refused(command, refused, behind)
            answer = self.ledger.record(
                RecordRequest(
                    kind=asked.machine,
                    expected_seq=state.seq if state else 0,
                    command=command,
                    facts=facts,
                    occurred_at=asked.at,
                    pack=self.pack.digest,
                    rules=RULES,
                )
            )
            if answer.refusal is not None:
                told = answer.refusal
                by_record = refusal(told.code, told.because, told.detail)
                return self._refused(command, by_record, behind)
            if answer.outcome != "behind":
                if not command.actor.is_system:
                    self._answers[command.id] = answer.answer
                return Given(answer.events, behind=behind)
            state = self.state(asked.machine, asked.subject)
        raise RuntimeError(f"others keep changing {asked.subject}")

    def must(self, asked: Asked) -> Given:
        """`give` where the story knows no refusal."""
        given = self.give(asked)
        if given.refused is not None:
            raise RuntimeError(
                f"{asked.kind} of {asked.subject}: {given.refused}"
            ) from given.refused
        return given

    def close(self) -> None:
        """Every answer is confirmed, as the API does once a workflow knows it."""
        self._kept.confirm(self._answers)
        self._answers = {}

    def _signed(self, asked: Asked) -> Command:
        actor, self._given = self.actor(asked.who), self._given + 1
        command = Command(
            id=f"{asked.subject}:{self._given}:{asked.kind}"
            if actor.is_system
            else command_id(self.store, actor.id, f"story-{self._given}"),
            kind=asked.kind,
            store=self.store,
            subject=asked.subject,
            actor=actor,
            at=asked.at,
            body=dict(asked.body),
            due=dict(asked.due),
        )
        if actor.is_system:
            return command
        command = replace(command, mac=mac_of(command, self._key))
        order = Order(asked.machine, asked.kind, asked.subject, "", actor, command.body)
        self._kept.meet(order, command)
        return command

    def _refused(self, command: Command, refused: Refused, behind: int) -> Given:
        if not command.actor.is_system:
            told = {
                "code": refused.code,
                "because": refused.because,
                "detail": dict(refused.detail),
            }
            self._kept.remember(command.id, "refused", told)
        return Given(refused=refused, behind=behind)


def moment(local: str) -> datetime:
    """`2024-01-10 10:00` on the clocks of San Francisco, in UTC."""
    at = datetime.fromisoformat(local).replace(tzinfo=zone_named(SAN_FRANCISCO))
    return at.astimezone(UTC)


def clock(at: datetime, form: str) -> str:
    """`at` on the clocks of San Francisco, as `strftime` writes it."""
    return at.astimezone(zone_named(SAN_FRANCISCO)).strftime(form)
