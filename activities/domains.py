"""Look whether a domain shows what its publisher was asked to put there.

Two places, asked at once; either proves it. Each failure has a code that the page explains.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import dns.asyncresolver
import dns.exception
import dns.resolver
from sqlalchemy import Engine
from temporalio import activity
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from activities.exposure import SubjectInput
from activities.wellknown import WellKnown
from gonogo.db import publishers
from gonogo.db.publishers import DomainRow
from gonogo.db.session import reading
from gonogo.domains import PREFIX, RECORD, WELL_KNOWN
from gonogo.ids import new_id
from gonogo.outside import Unfetched
from policies.lifecycle.kernel import SYSTEM_ACTOR, Command

TEXTS_MOST = 50
DUE_MOST = 200


@dataclass(frozen=True)
class ProveRequest:
    """`domain` is the record's reference; what it stands for is looked up here."""

    store: str
    publisher: str
    domain: str


@dataclass(frozen=True)
class Proof:
    """`method` is dns or https, None when neither shows it; `why` are the codes of both places."""

    method: str | None
    why: tuple[str, ...] = ()
    reverify_s: int = 0


@dataclass(frozen=True)
class DueRequest:
    store: str


@dataclass(frozen=True)
class DuePublishers:
    ids: tuple[str, ...]


@dataclass(frozen=True)
class RecheckRequest:
    store: str
    publisher: str


class Domains:
    """`reverify_s` is how long a proof stands before the next look (the pack's number)."""

    def __init__(
        self,
        engine: Engine,
        resolver: dns.asyncresolver.Resolver,
        files: WellKnown,
        reverify_s: int,
    ) -> None:
        self._engine, self._resolver, self._files = engine, resolver, files
        self._reverify_s = reverify_s

    @activity.defn(name="prove_domain")
    async def prove(self, request: ProveRequest) -> Proof:
        """Never raises for what the domain shows or does not show."""
        row = await asyncio.to_thread(self._row, request)
        if row is None:
            return Proof(None, ("domain_erased",), self._reverify_s)
        text, file = await asyncio.gather(
            self._text(row.domain, row.token), self._file(row.domain, row.token)
        )
        method = "dns" if text is None else "https" if file is None else None
        why = () if method else tuple(code for code in (text, file) if code)
        return Proof(method, why, self._reverify_s)

    def _row(self, request: ProveRequest) -> DomainRow | None:
        with reading(self._engine) as session:
            row = session.get(DomainRow, (request.store, request.domain))
        return row if row is not None and row.publisher == request.publisher else None

    async def _text(self, domain: str, token: str) -> str | None:
        """None when the TXT record shows `token`, else why not."""
        try:
            answer = await self._resolver.resolve(f"{RECORD}.{domain}", "TXT", search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return "txt_missing"
        except dns.exception.Timeout:
            return "dns_timeout"
        except dns.exception.DNSException:
            return "dns_failed"
        texts = [b"".join(record.strings) for record in list(answer)[:TEXTS_MOST]]
        if token.encode() in (text.strip() for text in texts):
            return None
        ours = any(text.strip().startswith(PREFIX.encode()) for text in texts)
        return "txt_older" if ours else "txt_other"

    async def _file(self, domain: str, token: str) -> str | None:
        """None when the file shows `token` on a line of its own, else why not."""
        try:
            body = await self._files.fetch(domain, WELL_KNOWN)
        except Unfetched as fault:
            return fault.code
        lines = [line.strip() for line in body.split(b"\n")]
        if token.encode() in lines:
            return None
        return (
            "file_older" if any(one.startswith(PREFIX.encode()) for one in lines) else "file_other"
        )


class Rechecks:
    """Which proofs are to be looked at again, and the order to do so."""

    def __init__(self, engine: Engine, client: Client, task_queue: str) -> None:
        self._engine, self._client, self._queue = engine, client, task_queue

    @activity.defn(name="due_publishers")
    async def due(self, request: DueRequest) -> DuePublishers:
        def look() -> tuple[str, ...]:
            with reading(self._engine) as session:
                rows = publishers.due(session, request.store, datetime.now(UTC), DUE_MOST)
                return tuple(row.id for row in rows)

        return DuePublishers(await asyncio.to_thread(look))

    @activity.defn(name="recheck_publisher")
    async def recheck(self, request: RecheckRequest) -> None:
        """One look. A refusal says that a person was faster; the next round sees."""
        now = datetime.now(UTC)
        command = Command(
            id=new_id("cmd"),
            kind="recheck",
            store=request.store,
            subject=request.publisher,
            actor=SYSTEM_ACTOR,
            at=now,
        )
        start: WithStartWorkflowOperation[SubjectInput, str] = WithStartWorkflowOperation(
            "Publisher",
            SubjectInput(store=request.store, subject=request.publisher),
            id=f"publisher/{request.publisher}",
            task_queue=self._queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        )
        try:
            await self._client.execute_update_with_start_workflow(
                "command", command, id=command.id, start_workflow_operation=start, result_type=dict
            )
        except WorkflowUpdateFailedError as failed:
            activity.logger.info("recheck of %s refused: %s", request.publisher, failed.cause)
