"""Launches in any state, told to the record as people and the system would: on a clock of its own.

    told = Told(store, opening)
    told.give("draft", "lea", …)

Every command is decided by the machine and recorded by the ledger, signed as the API signs it.
Nothing waits: the times are data. What a workflow would look up is handed in.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from api.deps import Services
from gonogo.db.launch_items import observe
from gonogo.db.prose import keep_prose
from gonogo.db.session import reading
from gonogo.ids import new_id
from gonogo.zones import place_target
from policies.lifecycle.kernel import SYSTEM_ACTOR, Actor, Command, iso
from policies.lifecycle.launch_state import Launch
from policies.lifecycle.launch_terms import launch_terms_from
from policies.lifecycle.machines import MACHINES
from policies.wire import RecordRequest
from tests.api.store import PEOPLE, Store

ROLES = {"policy_editor": "pia", "product_lead": "lea", "safety_oncall": "sam"}
DAY = timedelta(days=1)


def actor_of(store: Store, name: str) -> Actor:
    return SYSTEM_ACTOR if name == "system" else Actor(store.id_of(name), PEOPLE[name])


class Record:
    """Writes to one subject. `now` (UTC) is when the next thing happens."""

    def __init__(self, store: Store, kind: str, subject: str, now: datetime) -> None:
        self.store, self.kind, self.subject, self.now = store, kind, subject, now
        self.svc: Services = store.app.state.services
        self.state: Any = None
        machine = MACHINES[kind]
        for event in self.svc.ledger.events(self.svc.store, subject):
            self.state = machine.evolve(self.state, event)

    def give(self, what: str, by: str, body: Mapping[str, Any], **observed: Any) -> Any:
        """Raises the refusal it meets."""
        machine = MACHINES[self.kind]
        who = actor_of(self.store, by)
        order = Command(
            id=new_id("cmd"),
            kind=what,
            store=self.svc.store,
            subject=self.subject,
            actor=who,
            at=self.now,
            body=dict(body),
        )
        signed = order if who.is_system else self.svc.gateway.signed(order)
        facts = machine.decide(self.state, signed, self.now, observed)
        answer = self.svc.ledger.record(
            RecordRequest(
                kind=self.kind,
                expected_seq=self.state.seq if self.state else 0,
                command=signed,
                facts=facts,
                occurred_at=self.now,
                pack=self.svc.pack.digest,
                rules="1",
            )
        )
        assert answer.outcome == "stored", answer
        for event in answer.events:
            self.state = machine.evolve(self.state, event)
        return self.state


class Told(Record):
    """A launch that was drafted forty days ago, planned for the month of `opening`, and goes on."""

    state: Launch

    def __init__(
        self, store: Store, name: str, opening: datetime, zone: str = "UTC", **terms: Any
    ) -> None:
        super().__init__(store, "launch", new_id("lch"), datetime.now(UTC) - 40 * DAY)
        self.opening, self.zone = opening, zone
        terms = launch_terms_from(self.svc.packs(self.svc.pack.digest)) | terms
        self.give("draft", "lea", {"name": name, "tz": zone, "mode": "quorum", "quorum": 1,
                                   "terms": terms})  # fmt: skip

    def target(self, text: str) -> dict[str, Any]:
        return place_target(text, self.zone).target.as_json()

    @property
    def exact(self) -> str:
        return self.opening.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")

    def planned(self, text: str | None = None) -> "Told":
        self.now += DAY
        month = self.opening.astimezone(UTC).strftime("%Y-%m")
        self.give("plan", "lea", {"target": self.target(text or month)})
        return self

    def gating(self) -> "Told":
        self.planned()
        self.now += 2 * DAY
        self.give("narrow", "lea", {"target": self.target(self.exact)})
        self.give("open_gates", "lea", {})
        return self

    def seen(self, items: int = 3) -> dict[str, Any]:
        """What a look at gates and items finds when all is well."""
        gates = {
            gate.id: {"holds": True, "value": 0, "at": iso(self.now)}
            for gate in self.state.terms.gates
            if gate.kind == "measured"
        }
        counts = {
            "must": items, "must_ready": items, "should": 0, "should_ready": 0, "optional": 0,
            "optional_ready": 0, "failing": {}, "position": 1, "holds_until": None, "tier": "low",
            "wave": self.state.wave + 1, "waves": 1,
        }  # fmt: skip
        return {"gates": gates, "items": counts, "freeze": None, "narrow": {}}

    def say(self, text: str) -> str:
        return str(keep_prose(self.svc.engine, text))

    def green(self) -> "Told":
        """Every gate is answered, two days before the opening at the earliest."""
        self.gating()
        self.now = self.opening - timedelta(seconds=self.state.terms.poll_open_before_s)
        published = self.say("Published as version 7, in four languages.")
        self.give("attest", "pia", {"gate": "policy_published", "evidence": published})
        staffed = self.say("Two of three shifts are staffed; that will do.")
        self.give("waive", "lou", {"gate": "support_ready", "reason": staffed})
        self.give("sign", "sam", {"gate": "safety_review", "verdict": "yes"})
        for gate in self.seen()["gates"]:
            self.give("measure", "system", {"gate": gate}, **self.seen())
        return self

    def polled(self) -> "Told":
        self.green()
        self.give("begin_poll", "system", {}, **self.seen())
        return self

    def vote(self, by: str, role: str, word: str, text: str = "") -> "Told":
        self.now += timedelta(seconds=min(300, self.state.terms.silence_s / 10))
        body = {"role": role, "vote": word, "round": self.state.rounds}
        self.give("vote", by, body | ({"statement": self.say(text)} if text else {}))
        return self

    def armed(self) -> "Told":
        self.polled()
        self.vote("pia", "policy_editor", "NO_GO", "The French text is not published yet.")
        self.vote("pia", "policy_editor", "GO", "It is published now.")
        self.vote("lou", "product_lead", "GO")
        self.vote("sam", "safety_oncall", "GO", "The findings of the last week are closed.")
        self.give("poll_over", "system", {})
        return self

    def counting(self, items: Mapping[str, Any] | None = None) -> "Told":
        """`items`: what the check sees; None: three that are ready."""
        self.armed()
        self.now = self.opening - timedelta(seconds=self.state.terms.checks_s[0])
        self.again()
        self.give("start_countdown", "system", {})
        self.give("check", "system", {}, **(self.seen() | ({"items": items} if items else {})))
        return self

    def again(self) -> None:
        """Measured gates are fresh."""
        for gate in self.seen()["gates"]:
            self.give("measure", "system", {"gate": gate}, **self.seen())

    def live(self, *releases: str) -> "Told":
        """Opened with these releases, which are ready; the record looks at them again."""
        for release in releases:
            bind(self.store, release, self.subject)
        self.counting(self.bound())
        self.now = self.opening
        self.give("open_wave", "system", {}, **(self.seen() | {"items": self.bound()}))
        return self

    def bound(self) -> dict[str, Any]:
        """What a look at the opening finds bound."""
        with reading(self.svc.engine) as session:
            return observe(
                session, self.svc.store, self.subject, wave=1, opened=False, at=self.opening
            )

    def why(self, text: str) -> dict[str, Any]:
        return {"reason": "stated", "note": self.say(text)}


def bind(store: Store, release: str, launch: str, **how: Any) -> None:
    """Bind a ready release."""
    body = {"launch": launch, "wave": 1, "importance": "must", "requires": [], **how}
    Record(store, "release", release, datetime.now(UTC)).give("bind", "lea", body)
