"""One subject inside its workflow: the fold of what the record returned, behind one lock."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.records import LoadRequest, Records
    from policies.errors import PolicyError, Refused
    from policies.lifecycle.kernel import RULES, SYSTEM_ACTOR, Command, Event, Fact, Machine
    from policies.wire import RecordAnswer, RecordRequest
    from workflows.effects import surely

S = TypeVar("S")
Observe = Callable[[], Awaitable[Mapping[str, Any]]]
_TRIES = 8


class Subject(Generic[S]):
    """`state` is what the record says; `apply` is the only way it changes."""

    def __init__(self, machine: Machine[S], store: str, subject: str, pack: str = "") -> None:
        self.machine, self.store, self.id, self.pack = machine, store, subject, pack
        self.state: S | None = None
        self.seq = 0
        self.loaded = False
        self.last: Event | None = None
        self._seen: set[str] = set()  # the commands that are events already
        self._refreshing = 0
        self._lock = asyncio.Lock()

    async def load(self, past: bool = True) -> None:
        """Fold the past, if there can be one: restore, upgrade and continue use this path."""
        if past:
            await self._catch_up()
        self.loaded = True

    def check(self, command: Command, *, looks: bool = False) -> None:
        """A validator's question: would this be refused now? What must be looked up is not.

        `looks`: all of the decision rests on a look, so that only who may give it is asked.
        """
        self._is_mine(command)
        # While events are on their way, the handler decides, once it holds the lock.
        settled = self.loaded and not self._refreshing and not self._lock.locked()
        if settled and command.id not in self._seen:
            self._decide(command, {"precheck": (), "freeze": None}, looks=looks)

    async def refresh(self) -> None:
        """Fold what the record holds beyond what we have seen, if anything."""
        self._refreshing += 1
        try:
            await workflow.wait_condition(lambda: self.loaded)
            async with self._lock:
                await self._catch_up()
        finally:
            self._refreshing -= 1

    async def apply(self, command: Command, observe: Observe | None = None) -> dict[str, Any]:
        """Decide, record, fold; again when others wrote meanwhile. Raises the refusal."""
        await workflow.wait_condition(lambda: self.loaded)
        self._is_mine(command)
        async with self._lock:
            for _ in range(_TRIES):
                known = command.id in self._seen  # then the record has the first answer
                observed = await observe() if observe and not known else {}
                try:
                    facts = () if known else self._decide(command, observed)
                except ApplicationError:
                    # The rules may have changed since this very command was recorded.
                    fresh = await self._catch_up()
                    if any(event.command_id == command.id for event in fresh):
                        return self._answer()
                    if fresh:
                        continue
                    raise
                answer = await self._record(command, facts)
                self._fold(answer.events)
                if answer.refusal:
                    r = answer.refusal
                    raise ApplicationError(
                        r.because,
                        {"code": r.code, "detail": r.detail},
                        type=r.code,
                        non_retryable=True,
                    )
                if answer.outcome in ("stored", "known"):
                    return answer.answer or self._answer()
        raise ApplicationError(
            "others keep changing this; try again",
            {"code": "busy"},
            type="busy",
            non_retryable=True,
        )

    async def own(
        self, kind: str, body: dict[str, Any] | None = None, observe: Observe | None = None
    ) -> bool:
        """A command of the system itself. Its id is derived, so that redoing it is a repeat.

        False when it was refused: a person was faster, and the state tells what to do now.
        """
        seq = self.seq
        try:
            await self.apply(self.own_command(kind, body), observe)
        except ApplicationError as refused:
            workflow.logger.info("own command %s refused: %s", kind, refused.type)
            if self.seq == seq:  # nobody was faster: do not spin on a refusal that stays
                await self.changed(workflow.now() + timedelta(seconds=5))
            return False
        return True

    def own_command(self, kind: str, body: dict[str, Any] | None = None) -> Command:
        return Command(
            id=f"{self.id}:{self.seq}:{kind}",
            kind=kind,
            store=self.store,
            subject=self.id,
            actor=SYSTEM_ACTOR,
            at=workflow.now(),
            body=body or {},
        )

    async def changed(self, until: datetime | None = None) -> bool:
        """Wait for the next event, at most until `until`. False: the time came first."""
        seq = self.seq
        if until is None:
            await workflow.wait_condition(lambda: self.seq != seq)
            return True
        left = (until - workflow.now()).total_seconds()
        if left <= 0:
            return False
        try:
            await workflow.wait_condition(lambda: self.seq != seq, timeout=left)
        except TimeoutError:
            return False
        return True

    def _is_mine(self, command: Command) -> None:
        if command.subject != self.id:
            raise ApplicationError(
                "an earlier one is not over yet; a decision can be undone before it takes effect",
                {"code": "not-yet", "detail": {"before": self.id}},
                type="not-yet",
                non_retryable=True,
            )

    def _decide(
        self, command: Command, observed: Mapping[str, Any], *, looks: bool = False
    ) -> tuple[Fact, ...]:
        try:
            if looks:
                self.machine.permit(self.state, command.kind, command.actor, workflow.now())
                return ()
            return self.machine.decide(self.state, command, workflow.now(), observed)
        except Refused as refused:
            raise ApplicationError(
                refused.because,
                {"code": refused.code, "detail": dict(refused.detail), "seq": self.seq},
                type=refused.code,
                non_retryable=True,
            ) from None
        except PolicyError as fault:
            raise ApplicationError(
                str(fault), type=type(fault).__name__, non_retryable=True
            ) from None
        except (KeyError, TypeError, ValueError) as fault:
            # A command that the edge should have refused must not wedge the workflow.
            raise ApplicationError(
                f"malformed command: {fault!r}",
                {"code": "incomplete"},
                type="incomplete",
                non_retryable=True,
            ) from None

    def _answer(self) -> dict[str, Any]:
        return self.machine.answer(self.state) if self.state is not None else {}

    def _fold(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if event.seq > self.seq:
                self.state = self.machine.evolve(self.state, event)
                self.seq, self.last = event.seq, event
                self._seen.add(event.command_id)
                self.pack = event.pack or self.pack

    async def _catch_up(self) -> tuple[Event, ...]:
        loaded = await surely(Records.load_events, LoadRequest(self.store, self.id, self.seq))
        self._fold(loaded.events)
        return loaded.events

    async def _record(self, command: Command, facts: tuple[Fact, ...]) -> RecordAnswer:
        request = RecordRequest(
            kind=self.machine.kind,
            expected_seq=self.seq,
            command=command,
            facts=facts,
            occurred_at=workflow.now(),
            pack=command.body.get("pack") or self.pack,
            rules=RULES,
        )
        return await surely(Records.record, request)
