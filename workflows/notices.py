"""One lane of notices, for ever: wait for something to tell, tell it, again.

    notices/{store}/fanout     outbox → deliveries
    notices/{store}/mail       deliveries → mail server
    notices/{store}/webhook    deliveries → endpoints

Lanes are workflows of their own, so that a mail server that is down holds up no webhook. What is on
its way is in the database, row by row; here is only the certainty that somebody works on it.
"""

from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.notices import LaneReport, LaneRequest
    from workflows.options import LANE

# About six events a round: a new run long before a history grows heavy.
ROUNDS = 500


@dataclass(frozen=True)
class LaneStart:
    store: str
    lane: str


@workflow.defn(name="NoticeLane")
class NoticeLane:
    @workflow.run
    async def run(self, start: LaneStart) -> None:
        for _ in range(ROUNDS):
            await workflow.execute_activity(
                "work_notices",
                LaneRequest(start.store, start.lane),
                result_type=LaneReport,
                **LANE,
            )
            if workflow.info().is_continue_as_new_suggested():
                break
        workflow.continue_as_new(start)
