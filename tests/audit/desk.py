"""A record as the edge leaves it: every person's command kept, every digest something real."""

import hashlib
from copy import copy as shallow
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from gonogo.audit.keeper import Keeper
from gonogo.audit.log import Copy, Log
from gonogo.audit.report import Report
from gonogo.audit.verify import verify
from gonogo.db.prose import keep_prose
from gonogo.db.session import writing
from gonogo.db.tables import CommandRow, GptRow
from policies.lifecycle.kernel import Command
from policies.lifecycle.machines import kind_of
from policies.wire import RecordAnswer, RecordRequest
from tests.builders import ADA, AMY, EVE, KEY, LEA, RUI, SOL, STORE, T0
from tests.db.desk import Desk
from tests.policies.launches import TERMS
from tests.policies.publishers import publisher_body
from tests.policies.states import SYS
from tests.policies.test_embargo_machine import body as embargo_body
from tests.policies.test_memo_machine import ASK as MEMO
from tests.policies.test_transfer_machine import OFFER
from tests.policies.test_window_machine import body as window_body

_COMMAND = TypeAdapter(Command)


class Audited(Desk):
    """A desk whose commands meet the commands table, with a log beside the database."""

    def __init__(self, url: str, data: Path) -> None:
        super().__init__(url)
        self.data = data
        self.log = Log(self.data, STORE)
        self.copy: Copy | None = None
        self.signed_at = T0
        self.keeper = Keeper(self.engine, self.log, self.data / "checkpoint.key", clock=self._clock)

    def beside(self, copy: Copy) -> "Audited":
        """The same record and log, with `copy` as the second place."""
        other = shallow(self)
        other.copy = copy
        other.keeper = Keeper(
            self.engine,
            self.log,
            self.data / "checkpoint.key",
            copy=lambda origin: copy,
            clock=self._clock,
        )
        return other

    def _clock(self) -> datetime:
        self.signed_at += timedelta(minutes=5)
        return self.signed_at

    def request(self, order: Command, *given: Any, **more: Any) -> RecordRequest:
        request = super().request(order, *given, **more)
        if not order.actor.is_system:
            self._keep(order)
        return request

    def _keep(self, order: Command) -> None:
        machine = kind_of(order.subject)
        with writing(self.engine) as session:
            session.add(
                CommandRow(
                    store_id=STORE,
                    id=order.id,
                    kind=f"{machine}/{order.kind}",
                    subject=order.subject,
                    actor_id=order.actor.id,
                    body_hash=hashlib.sha256(order.id.encode()).hexdigest(),
                    received_at=order.at,
                    command={
                        "command": _COMMAND.dump_python(order, mode="json"),
                        "machine": machine,
                        "gpt": "",
                        "fresh": False,
                    },
                )
            )

    def case_story(self, number: int) -> None:
        """A question with real prose, its answer, an approval: four people's commands and more."""
        subject = self.queued(number)
        self.review("claim", subject, RUI)
        self.review("ask", subject, RUI, note=keep_prose(self.engine, f"Why {number}?"))
        self.review("answer", subject, ADA, note=keep_prose(self.engine, f"Because {number}."))
        self.review("claim", subject, RUI)
        self.review("approve", subject, RUI)
        self.wait(minutes=11).review("settle", subject, SYS, release=f"rel_{number}")

    def erasing(self) -> None:
        """A request to erase, and a hold that came after it."""
        body = {"scope": "submission", "target": "sub_3", "reason": "letter", "note": None}
        self.review("withdraw", "sub_3", ADA)
        self.give("ask", "prg_1", AMY, body)
        self.give("place", "hld_1", AMY, body)

    def drafted(self) -> None:
        """A launch that somebody began to plan."""
        body = {"name": "Spring", "tz": "UTC", "mode": "independent", "terms": TERMS}
        self.give("draft", "lch_1", LEA, body)

    def around(self) -> None:
        """A memo of that launch, a freeze that was declared, a GPT under an embargo."""
        prose = {part: keep_prose(self.engine, part) for part in ("subject", "text")}
        parts = dict.fromkeys(("internal/en", "public/en", "public/fr"), prose)
        self.give("prepare", "mem_1", LEA, MEMO | {"parts": parts})
        self.give("declare", "win_1", LEA, window_body("declare"))
        self.give("set", "emb_1", LEA, embargo_body("set"))

    def offering(self) -> None:
        """A GPT that one publisher offers another; nobody has answered yet."""
        for publisher, owner in (("pub_give", ADA), ("pub_take", EVE)):
            self.give("found", publisher, owner, publisher_body(
                "found", name=keep_prose(self.engine, publisher), limit=9))  # fmt: skip
            self.give("attest", publisher, AMY,
                      publisher_body("attest", note=keep_prose(self.engine, "seen")))  # fmt: skip
        with writing(self.engine) as session:
            session.add(GptRow(store_id=STORE, id="gpt_9", publisher="pub_give", name="Sky",
                               category=None, created_at=T0))  # fmt: skip
        giver = replace(ADA, publishers=("pub_give",))
        body = OFFER | {"gpt": "gpt_9", "publisher": "pub_give", "to": "pub_take"}
        self.give("offer", "trf_1", giver, body)

    def stopped(self) -> RecordAnswer:
        return self.stop("gpt", "gpt_1", SOL)

    def verified(self, **more: Any) -> Report:
        return verify(self.engine, self.log, [KEY], copy=self.copy, **more)

    def codes(self, **more: Any) -> set[str]:
        return {fault.code for fault in self.verified(**more).faults}
