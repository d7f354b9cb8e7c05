"""Record the golden histories anew: `python -m tests.golden.record [NAME …]`, all or those named.

Those of what is asked for over the API are `by_api.py`'s.

Do this only for a new kind of case, or when a change of workflow code is guarded by
`workflow.patched` and both ways are to be kept. Overwriting a history because it fails to replay
means that cases in flight would fail in the same way.
"""

import asyncio
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.intake import ScanReport
from activities.notices import Notices
from gonogo.notices.fanout import Fanout
from gonogo.notices.lanes import FANOUT, FanoutLane
from gonogo.temporal import CONVERTER
from gonogo.up import temporal_binary
from gonogo.worker import RUNNER
from tests.policies.launches import at
from tests.workflows.house import ADA, LEA, MAX, RUI, SENA, SOL, House, pack_with
from tests.workflows.launching import LAUNCH, Event, planned
from tests.workflows.test_launch import DAY, bound
from tests.workflows.test_release import SECONDS, ready
from workflows.notices import LaneStart, NoticeLane

FOLDER = Path(__file__).parent
Recipe = Callable[[House, WorkflowEnvironment], Awaitable[str]]
CASE = "case/default/gpt_a"


async def approved(house: House, env: WorkflowEnvironment) -> str:
    subject = await house.approved()
    await env.sleep(timedelta(minutes=11))
    await house.until(subject, lambda s: s.settled)
    return CASE


async def rejected_after_undo(house: House, env: WorkflowEnvironment) -> str:
    subject = await house.approved()
    await house.give("undo", subject, RUI)
    await house.decide("reject", subject, RUI, clauses=["harm"], note="prose:n")
    await env.sleep(timedelta(minutes=11))
    await house.until(subject, lambda s: s.settled)
    return CASE


async def confirmed_by_a_second(house: House, env: WorkflowEnvironment) -> str:
    house.scripted.scan = ScanReport("e" * 64, 0, 0, (), "high", ("action-auth",))
    subject = await house.queued()
    await house.give("claim", subject, RUI)
    await house.decide("approve", subject, RUI)
    await house.decide("confirm", subject, SENA)
    return CASE


async def second_round_then_withdrawn(house: House, env: WorkflowEnvironment) -> str:
    house.scripted.scan = ScanReport("e" * 64, 1, 0, ("secret",))
    subject = await house.submit()
    await house.until(subject, lambda s: s.stage.value == "changes_requested")
    await house.submit(digest="d2", subject=subject)
    await house.until(subject, lambda s: s.stage.value == "changes_requested" and s.round == 2)
    await house.give("withdraw", subject, ADA)
    return CASE


async def asked_answered_asked_expired(house: House, env: WorkflowEnvironment) -> str:
    subject = await house.queued()
    await house.give("claim", subject, RUI)
    await house.give("ask", subject, RUI, {"reason": "purpose", "note": "prose:q"})
    await house.give("answer", subject, ADA, {"note": "prose:a"})
    await house.give("claim", subject, RUI)
    await house.give("ask", subject, RUI, {"reason": "purpose", "note": "prose:q"})
    await env.sleep(timedelta(days=15))
    await house.until(subject, lambda s: s.stage.value == "expired")
    return CASE


async def lease_over_and_late(house: House, env: WorkflowEnvironment) -> str:
    subject = await house.queued()
    await house.give("claim", subject, RUI)
    await env.sleep(timedelta(days=30))
    await house.until(subject, lambda s: s.ladder_steps == 3)
    return CASE


async def release_completed(house: House, env: WorkflowEnvironment) -> str:
    release = await ready(house)
    await house.give("start", release, LEA)
    await house.until(release, lambda s: s.phase.value == "completed")
    await house.client.get_workflow_handle(f"release/{release}").result()
    return f"release/{release}"


async def listing_of_a_release(house: House, env: WorkflowEnvironment) -> str:
    await release_completed(house, env)
    return "listing/default/gpt_a"


async def release_paused_halted_resumed_rolled_back(house: House, env: WorkflowEnvironment) -> str:
    release = await ready(house)
    await house.give("start", release, LEA)
    await house.until(release, lambda s: s.stage == 0)
    await house.give("pause", release, ADA, {"reason": "holiday"})
    await house.give("resume", release, ADA)
    await house.give("halt", release, SOL, {"reason": "incident"})
    await house.give("resume", release, LEA)
    await house.give("resume", release, MAX)
    await house.give("roll_back", release, LEA, {"reason": "wrong_revision"})
    await house.client.get_workflow_handle(f"release/{release}").result()
    return f"release/{release}"


async def launch_opened_and_closed(house: House, env: WorkflowEnvironment) -> str:
    event, _ = await _open(house, env)
    await env.sleep(timedelta(seconds=house.state(LAUNCH).terms.soak_s + 60))
    await event.give("close", LEA, report="prose:r", score=0.1)
    await house.client.get_workflow_handle(f"launch/{LAUNCH}").result()
    return f"launch/{LAUNCH}"


async def launch_opened_in_two_waves(house: House, env: WorkflowEnvironment) -> str:
    event = await planned(house, env, 4 * DAY)
    await bound(house, event, "gpt_a", "gpt_b", wave=2)
    await event.sleep_to(2 * DAY - timedelta(minutes=1))
    await event.all_go()
    await event.sleep_to(-timedelta(minutes=1))
    await event.until("partial")
    await event.give("next_wave", LEA)
    await event.until("live")
    await env.sleep(timedelta(minutes=1))
    return f"launch/{LAUNCH}"


async def launch_held_resumed_postponed_replanned_cancelled(
    house: House, env: WorkflowEnvironment
) -> str:
    event = await planned(house, env, 5 * DAY)
    await bound(house, event, "gpt_a")
    await event.sleep_to(2 * DAY - timedelta(minutes=1))
    await event.all_go()
    await event.sleep_to(timedelta(hours=3))
    event.directly("hold", SOL, await event.now(), reason="doubt")
    await event.refresh()
    await event.give("resume", LEA)
    event.opens_at += 9 * DAY
    later = at(event.opens_at)
    event.directly("postpone", LEA, await event.now(), target=later, reason="unexpected")
    await event.refresh()
    await event.give("replan", LEA, target=later)
    await event.green()
    await event.give("hold", SOL, reason="doubt")
    await event.give("cancel", LEA, reason="no_date")
    await event.give("cancel", MAX, reason="no_date")
    await house.client.get_workflow_handle(f"launch/{LAUNCH}").result()
    return f"launch/{LAUNCH}"


async def release_opened_by_its_launch(house: House, env: WorkflowEnvironment) -> str:
    _, release = await _open(house, env)
    await env.sleep(timedelta(days=30))
    await house.until(release, lambda s: s.phase.value == "completed")
    return f"release/{release}"


async def _open(house: House, env: WorkflowEnvironment) -> tuple[Event, str]:
    event = await planned(house, env, 5 * DAY)
    (release,) = await bound(house, event, "gpt_a")
    await event.sleep_to(2 * DAY - timedelta(minutes=1))
    await event.all_go()
    await event.sleep_to(-timedelta(seconds=5))
    await event.until("live")
    await house.until(release, lambda s: s.stage is not None)
    return event, release


async def notices_lane(house: House, env: WorkflowEnvironment) -> str:
    """Two rounds of the fan-out's lane; then it waits for more, as it does most of its life."""
    lane, notices = (
        "notices/default/fanout",
        Notices(
            "default", {FANOUT: FanoutLane(Fanout(house.engine, "default", "UTC", mail=False))}
        ),
    )
    subject = await house.queued()
    async with Worker(
        house.client,
        task_queue="golden-lane",
        workflows=[NoticeLane],
        workflow_runner=RUNNER,
        activities=[notices.work],
    ):
        handle = await house.client.start_workflow(
            NoticeLane.run, LaneStart("default", FANOUT), id=lane, task_queue="golden-lane"
        )
        await _rounds(handle, 1)
        await house.give("claim", subject, RUI)
        await _rounds(handle, 2)
    return lane


async def _rounds(handle: WorkflowHandle[NoticeLane, None], count: int) -> None:
    while True:
        kinds = [event.event_type for event in (await handle.fetch_history()).events]
        if kinds.count(EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED) >= count:
            return
        await asyncio.sleep(0.2)


SKIPPING: tuple[Recipe, ...] = (
    approved,
    rejected_after_undo,
    confirmed_by_a_second,
    second_round_then_withdrawn,
    asked_answered_asked_expired,
    lease_over_and_late,
    launch_opened_and_closed,
    launch_opened_in_two_waves,
    launch_held_resumed_postponed_replanned_cancelled,
    release_opened_by_its_launch,
)
REAL: tuple[Recipe, ...] = (
    release_completed,
    listing_of_a_release,
    release_paused_halted_resumed_rolled_back,
    notices_lane,
)


async def record(recipe: Recipe, env: WorkflowEnvironment) -> None:
    pack = pack_with(**SECONDS) if recipe in REAL else pack_with()
    with tempfile.TemporaryDirectory() as folder:
        house = House(env.client, f"sqlite:///{folder}/house.db", pack)
        house.queue = "golden"
        async with house.worker(), house.prober():
            workflow_id = await recipe(house, env)
            history = await env.client.get_workflow_handle(workflow_id).fetch_history()
        house.engine.dispose()
    (FOLDER / f"{recipe.__name__}.json").write_text(history.to_json() + "\n", "utf-8")


def _named(recipes: tuple[Recipe, ...], names: list[str]) -> list[Recipe]:
    return [one for one in recipes if not names or one.__name__ in names]


async def main(names: list[str]) -> None:
    binary = shutil.which("temporal-test-server", path=sysconfig.get_path("scripts"))
    for recipe in _named(SKIPPING, names):
        async with await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=binary, data_converter=CONVERTER, identity="golden"
        ) as env:
            await record(recipe, env)
    for recipe in _named(REAL, names):
        async with await WorkflowEnvironment.start_local(
            dev_server_existing_path=temporal_binary(),
            data_converter=CONVERTER,
            identity="golden",
        ) as env:
            await record(recipe, env)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
