"""Launches put into a store's record, decided by their own rules and signed like any command."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gonogo.ids import new_id
from policies.lifecycle.kernel import RULES, Actor, Command
from policies.lifecycle.launch import MACHINE
from policies.lifecycle.launch_state import Launch
from policies.lifecycle.launch_terms import launch_terms_from
from policies.lifecycle.machines import fold
from policies.rules.target import resolve
from policies.rules.target_text import parse
from policies.wire import RecordRequest
from tests.api.store import PEOPLE, Store

ZONE = ZoneInfo("America/Los_Angeles")


def on(text: str) -> dict[str, Any]:
    """The target somebody types, as a command carries it."""
    placed = resolve(parse(text), ZONE, name=ZONE.key, tzdata="test")
    return placed.target.as_json()


def in_days(days: int) -> str:
    return (datetime.now(ZONE) + timedelta(days=days)).date().isoformat()


class Recorded:
    """One launch of `store`, commanded by the product lead `lea` on the record alone."""

    def __init__(self, store: Store) -> None:
        self._store, self.id = store, new_id("lch")
        self._svc = store.app.state.services

    def give(self, kind: str, **body: Any) -> Launch:
        """Raises the refusal, of the rules or of the record."""
        events = self._svc.ledger.events(self._svc.store, self.id)
        state = fold("launch", events)
        now = datetime.now(UTC)
        actor = Actor(self._store.id_of("lea"), PEOPLE["lea"])
        command = self._svc.gateway.signed(
            Command(new_id("cmd"), kind, self._svc.store, self.id, actor, now, body)
        )
        answer = self._svc.ledger.record(
            RecordRequest(
                kind="launch",
                expected_seq=len(events),
                command=command,
                facts=MACHINE.decide(state, command, now, {}),
                occurred_at=now,
                pack=self._svc.pack.digest,
                rules=RULES,
            )
        )
        assert answer.outcome == "stored", answer
        made: Launch = fold("launch", answer.events, state)
        return made

    def planned(self, target: str, name: str = "The GPT Store") -> "Recorded":
        terms = launch_terms_from(self._svc.pack)
        self.give("draft", name=name, tz=ZONE.key, mode="atomic", terms=terms)
        self.give("plan", target=on(target))
        return self
