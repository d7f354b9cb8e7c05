"""What happens by itself, again and again: schedules in Temporal, made once and kept up to date."""

from collections.abc import Callable
from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from gonogo.settings import Settings

EVERY = {
    "Reverification": timedelta(hours=1),
    "RetentionSweep": timedelta(days=1),
    "ZoneSweep": timedelta(days=1),
}


async def ensure_schedules(client: Client, settings: Settings) -> None:
    """Create each schedule, or bring one that is there to what this version wants."""
    for workflow, every in EVERY.items():
        name = f"{workflow.lower()}/{settings.store}"
        wanted = _schedule(workflow, every, settings)
        try:
            await client.create_schedule(name, wanted)
        except ScheduleAlreadyRunningError:
            await client.get_schedule_handle(name).update(_updater(wanted))


def _updater(wanted: Schedule) -> Callable[[ScheduleUpdateInput], ScheduleUpdate]:
    def update(found: ScheduleUpdateInput) -> ScheduleUpdate:
        wanted.state = found.description.schedule.state  # a person's pause stays
        return ScheduleUpdate(schedule=wanted)

    return update


def _schedule(workflow: str, every: timedelta, settings: Settings) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            workflow,
            settings.store,
            id=f"{workflow.lower()}/{settings.store}",
            task_queue=settings.task_queue,
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        # One at a time; what was missed while everything was down is made up for once.
        policy=SchedulePolicy(
            overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(hours=2)
        ),
    )
