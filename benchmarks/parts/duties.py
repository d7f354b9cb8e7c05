"""What builders owe before a launch, done: a gate of the default pack counts it."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Engine

from gonogo.db.adoption import adopt, enrol
from gonogo.db.launch_duties import MEASURED, terms_of
from gonogo.db.ledger import Ledger
from policies.lifecycle.kernel import RULES, Actor, Command, mac_of
from policies.lifecycle.machines import MACHINES, fold
from policies.pack import PolicyPack
from policies.wire import RecordRequest


def accepted(
    engine: Engine, key: bytes, pack: PolicyPack, store: str, publisher: str, by: Actor
) -> None:
    """`by`, a member from now on, confirms for `publisher` all that the store cannot see itself."""
    enrol(engine, store, publisher, by.id)
    adopt(engine, store, publisher)
    machine, ledger = MACHINES["publisher"], Ledger(engine, key)
    for duty in pack.launch.duties:
        if duty.id in MEASURED:
            continue
        past, now = ledger.events(store, publisher), datetime.now(UTC)
        order = Command(
            f"{publisher}:{duty.id}", "confirm_duty", store, publisher, by, now,
            {"duty": duty.id, "terms": terms_of(pack)},
        )  # fmt: skip
        command = replace(order, mac=mac_of(order, key))
        facts = machine.decide(fold("publisher", past), command, now, {})
        answer = ledger.record(
            RecordRequest("publisher", len(past), command, facts, now, pack.digest, RULES)
        )
        if answer.outcome != "stored":
            raise RuntimeError(f"{duty.id}: the record says {answer.outcome}: {answer.refusal}")
