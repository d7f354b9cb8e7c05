"""A lane works as long as there is a worker, and begins a new run before its history is heavy."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlmodel import select
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.notices import LaneReport, LaneRequest, Notices
from gonogo.db.identity import Identity
from gonogo.db.notices import DeliveryRow
from gonogo.db.session import reading
from gonogo.notices.addresses import Addresses
from gonogo.notices.fanout import Fanout
from gonogo.notices.keys import Seal
from gonogo.notices.lanes import FANOUT, LANES, FanoutLane, lanes_of
from gonogo.notices.outlook import Outlook
from gonogo.notices.webhooks import Wanted, Webhooks
from gonogo.settings import Settings
from gonogo.worker import RUNNER
from tests.notices.post_office import open_post_office
from tests.notices.receiver import receiving
from tests.workflows.house import RUI, House, pack_with
from workflows.notices import ROUNDS, LaneStart, NoticeLane


async def lane(house: House) -> "WorkflowHandle[NoticeLane, None]":
    return await house.client.start_workflow(
        NoticeLane.run,
        LaneStart("default", FANOUT),
        id=f"notices/{house.queue}/{FANOUT}",
        task_queue=house.queue,
    )


def told(house: House) -> list[DeliveryRow]:
    with reading(house.engine) as session:
        return list(session.exec(select(DeliveryRow)))


async def until(good: Callable[[], bool], within_s: float = 20) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while not good():
        assert loop.time() < end, "it never came to it"
        await asyncio.sleep(0.05)


async def test_what_happens_reaches_the_inbox_by_itself(
    local: WorkflowEnvironment, database_url: str
) -> None:
    house = House(local.client, database_url, pack_with())
    identity = Identity(house.engine, "default")
    identity.add_person("Ada", ("developer",), ("pub_a",), "per_ada")
    identity.add_person("Rui", ("reviewer",), (), "per_rui")
    fanout = Fanout(house.engine, "default", "UTC", mail=False)
    notices = Notices("default", {FANOUT: FanoutLane(fanout)})
    worker = Worker(
        local.client, task_queue=house.queue, workflows=[NoticeLane], workflow_runner=RUNNER,
        activities=[notices.work], graceful_shutdown_timeout=timedelta(seconds=5),
    )  # fmt: skip
    async with house.worker(task_queue="cases"), house.prober():
        house.queue, queue = "cases", house.queue
        subject = await house.queued()
        assert told(house) == []  # nobody works on the lane yet, and nothing is lost
        house.queue = queue
        async with worker:
            handle = await lane(house)
            await until(lambda: any(row.recipient == "per_rui" for row in told(house)))
            house.queue = "cases"
            await house.give("claim", subject, RUI)
            await house.give("ask", subject, RUI, {"reason": "purpose", "note": "prose:q"})
            await until(lambda: len([r for r in told(house) if r.recipient == "per_ada"]) == 2)
            began = asyncio.get_running_loop().time()
        # Drained at once, although the lane was waiting for more.
        assert asyncio.get_running_loop().time() - began < 5
        assert (await handle.describe()).status is not None
    house.engine.dispose()


async def test_a_mail_server_that_hangs_up_holds_up_no_webhook(
    local: WorkflowEnvironment, database_url: str, tmp_path: Path
) -> None:
    house = House(local.client, database_url, pack_with())
    Identity(house.engine, "default").add_person("Ada", ("developer",), ("pub_a",), "per_ada")
    Addresses(house.engine, "default").keep("per_ada", "ada@example.org")
    async with open_post_office() as office, receiving() as receiver:
        office.rcpt = lambda address: None
        settings = Settings(
            data=tmp_path,
            smtp_url=SecretStr(f"smtp://127.0.0.1:{office.port}"),
            webhook_loopback=True,
        )
        seal = Seal(settings.mac_key())
        Webhooks(house.engine, "default", seal, loopback=True).create(
            Wanted("Desk", receiver.url, ("submission.review.asked",)), "per_adam"
        )
        notices = Notices("default", lanes_of(settings, house.engine, "UTC"))
        lanes = Worker(
            local.client,
            task_queue="lanes",
            workflows=[NoticeLane],
            workflow_runner=RUNNER,
            activities=[notices.work],
            graceful_shutdown_timeout=timedelta(seconds=5),
        )
        async with house.worker(), house.prober(), lanes:
            for name in LANES:
                await local.client.start_workflow(
                    NoticeLane.run,
                    LaneStart("default", name),
                    id=f"notices/{house.queue}/{name}",
                    task_queue="lanes",
                )
            subject = await house.queued()
            await house.give("claim", subject, RUI)
            await house.give("ask", subject, RUI, {"reason": "purpose", "note": "prose:q"})

            await until(lambda: len(receiver.got) == 1)
            await until(lambda: mails(house) == [("waiting", "disconnected")])
            assert office.received == []
            office.rcpt = lambda address: "250 OK"
            Outlook(house.engine, "default").replay("per_ada", delivery=delivery_of(house))
            await until(lambda: len(office.received) == 1)
            await until(lambda: mails(house) == [("sent", "250")])

    assert len(receiver.got) == 1
    house.engine.dispose()


def mails(house: House) -> list[tuple[str, str | None]]:
    """State and receipt of mails that are no part of a digest."""
    return [
        (row.state, row.receipt) for row in told(house) if row.channel == "mail" and not row.digest
    ]


def delivery_of(house: House) -> str:
    return next(row.id for row in told(house) if row.channel == "mail" and not row.digest)


@pytest.mark.slow
async def test_a_lane_starts_a_new_run_before_its_history_grows_heavy(
    local: WorkflowEnvironment,
) -> None:
    asked: list[str] = []

    @activity.defn(name="work_notices")
    async def work(request: LaneRequest) -> LaneReport:
        asked.append(request.lane)
        if len(asked) > ROUNDS + 5:
            await asyncio.sleep(3600)
        return LaneReport(1)

    async with Worker(
        local.client, task_queue="lane", workflows=[NoticeLane], workflow_runner=RUNNER,
        activities=[work],
    ):  # fmt: skip
        handle = await local.client.start_workflow(
            NoticeLane.run, LaneStart("default", FANOUT), id="notices/x", task_queue="lane"
        )
        await until(lambda: len(asked) > ROUNDS + 5, within_s=120)
        first = await local.client.get_workflow_handle(
            "notices/x", run_id=handle.first_execution_run_id
        ).describe()
        now = await local.client.get_workflow_handle("notices/x").describe()
        await local.client.get_workflow_handle("notices/x").terminate()

    assert first.run_id != now.run_id
    assert first.history_length < 8 * ROUNDS
