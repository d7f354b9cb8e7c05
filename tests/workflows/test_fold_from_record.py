"""A workflow's state is the fold of what the record returned, never of its own decision."""

import asyncio
from dataclasses import replace

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from gonogo.recovery import recover
from gonogo.temporal import CONVERTER
from gonogo.up import temporal_binary
from policies.lifecycle.kernel import SYSTEM_ACTOR, Command, Fact
from policies.wire import RecordAnswer, RecordRequest
from tests.workflows.house import RUI, SENA, House, pack_with


class ForgetfulRecords:
    """Commits, then loses the answer: what a kill after the commit looks like from the workflow."""

    def __init__(self, house: House, kinds: set[str]) -> None:
        self.ledger, self.kinds, self.lost = house.ledger, kinds, 0
        house.ledger.record = self.record  # type: ignore[method-assign]  # the fault under test

    def record(self, request: RecordRequest) -> RecordAnswer:
        answer = type(self.ledger).record(self.ledger, request)
        if request.command.kind in self.kinds and answer.outcome == "stored":
            self.lost += 1
            raise ConnectionError("the answer got lost")
        return answer


async def test_an_answer_lost_after_the_commit_is_found_again_and_nothing_happens_twice(
    house: House,
) -> None:
    forgetful = ForgetfulRecords(house, {"submit", "scanned", "tested", "claim", "approve"})

    subject = await house.approved()

    assert forgetful.lost == 5
    assert house.types(subject) == [
        "opened",
        "static:passed",
        "tests:finished",
        "review:claimed",
        "review:approved",
    ]


async def test_a_workflow_that_is_behind_folds_what_others_wrote_and_decides_again(
    house: House,
) -> None:
    subject = await house.queued()
    state = house.state(subject)
    elsewhere = Command("elsewhere", "overdue", "default", subject, SYSTEM_ACTOR, state.since)
    house.ledger.record(
        RecordRequest(
            "submission",
            state.seq,
            elsewhere,
            (Fact("submission:overdue", {"step": 1, "what": "nudge"}),),
            state.since,
            state.terms.pack,
            "1",
        )
    )

    answer = await house.give("claim", subject, RUI)

    assert (answer["stage"], answer["seq"]) == ("in_review", 5)
    assert house.types(subject)[-2:] == ["overdue", "review:claimed"]


async def test_a_command_recorded_under_older_rules_stands_although_the_rules_now_differ(
    house: House,
) -> None:
    """The record has the claim of SENA under RUI's command id: a rule that no longer holds."""
    subject = await house.queued()
    state = house.state(subject)
    command = house.command("claim", subject, SENA, command_id="cmd_old")
    house.ledger.record(
        RecordRequest(
            "submission",
            state.seq,
            command,
            (
                Fact(
                    "submission:review:claimed",
                    {"lease_until": "2031-01-01T00:00:00Z", "limit": 99},
                ),
            ),
            state.since,
            state.terms.pack,
            "0",
        )
    )
    handle = house.client.get_workflow_handle("case/default/gpt_a")

    answer = await handle.execute_update("command", command, id="cmd_old", result_type=dict)

    assert answer["lease_until"] == "2031-01-01T00:00:00.000000Z"
    assert house.types(subject)[-1] == "review:claimed"
    assert house.state(subject).claimant == SENA.id


async def test_a_repeat_of_a_command_changes_nothing(house: House) -> None:
    subject = await house.queued()
    command = house.command("claim", subject, RUI)
    handle = house.client.get_workflow_handle("case/default/gpt_a")
    first = await handle.execute_update("command", command, id="one", result_type=dict)

    # Another update id: the orchestrator does not know it is a repeat, the record does.
    second = await handle.execute_update("command", command, id="two", result_type=dict)

    assert second == first
    assert house.types(subject).count("review:claimed") == 1


async def test_a_command_that_nobody_signed_changes_nothing(house: House) -> None:
    subject = await house.queued()
    forged = replace(house.command("claim", subject, RUI), actor=SENA)
    handle = house.client.get_workflow_handle("case/default/gpt_a")

    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await handle.execute_update("command", forged, id=forged.id, result_type=dict)

    assert getattr(caught.value.cause, "type", None) == "forged"
    assert house.types(subject)[-1] == "tests:finished"


async def test_two_decisions_at_once_leave_one_and_refuse_the_other(house: House) -> None:
    subject = await house.queued()
    await house.give("claim", subject, RUI)

    outcomes = await asyncio.gather(
        house.decide("approve", subject, RUI),
        house.decide("reject", subject, RUI, clauses=["harm"], note="prose:n"),
        return_exceptions=True,
    )

    refusals = [o for o in outcomes if isinstance(o, WorkflowUpdateFailedError)]
    assert len(refusals) == 1
    assert (
        len([t for t in house.types(subject) if t in ("review:approved", "review:rejected")]) == 1
    )


@pytest.mark.slow
async def test_twenty_open_cases_go_on_after_the_orchestrators_database_is_lost(
    local: WorkflowEnvironment, database_url: str
) -> None:
    before = House(local.client, database_url, pack_with())
    async with before.worker(), before.prober():
        subjects = [await before.queued(gpt=f"gpt_{n}") for n in range(20)]
    await local.shutdown()

    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary(), data_converter=CONVERTER
    ) as empty:
        after = House(empty.client, database_url, pack_with())
        async with after.worker(), after.prober():
            found = await recover(after.engine, empty.client, "default", after.queue)
            reviewers = [type(RUI)(f"per_{n}", ("reviewer",)) for n in range(20)]
            for subject, reviewer in zip(subjects, reviewers, strict=True):
                await after.give("claim", subject, reviewer)
                answer = await after.decide("approve", subject, reviewer)
                assert answer["stage"] == "approved"

    assert (found.cases, found.started) == (20, 20)
