"""The case workflow: the story, its timers, and what interrupts it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.intake import ScanReport
from tests.workflows.house import ADA, CLEAN_SCAN, LEA, RUI, SENA, House


async def refused(coroutine: object) -> str:
    """The code of the refusal that the awaited command meets."""
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await coroutine  # type: ignore[misc]  # any awaitable
    assert isinstance(caught.value.cause, ApplicationError)
    return str(caught.value.cause.type)


async def test_a_clean_bundle_is_tested_queued_approved_and_its_release_prepared(
    house: House, skipping: WorkflowEnvironment
) -> None:
    subject = await house.approved()

    await skipping.sleep(timedelta(minutes=11))
    case = await house.until(subject, lambda s: s.settled)
    release = await house.until(case.release, lambda s: s.phase.value == "ready")

    assert house.types(subject) == [
        "opened",
        "static:passed",
        "tests:finished",
        "review:claimed",
        "review:approved",
        "decision:settled",
    ]
    assert release.digest == case.digest


async def test_blocking_findings_go_back_to_the_developer_all_at_once(house: House) -> None:
    house.scripted.scan = ScanReport("e" * 64, 2, 0, ("hidden-bidi-control", "secret"))

    subject = await house.submit()
    case = await house.until(subject, lambda s: s.stage.value == "changes_requested")

    assert case.why == ("hidden-bidi-control", "secret")


async def test_a_new_digest_during_the_probes_starts_a_new_round_and_drops_the_old_one(
    house: House,
) -> None:
    house.scripted.gate = asyncio.Event()
    subject = await house.submit(digest="d1")
    await house.until(subject, lambda s: s.stage.value == "testing")

    await house.submit(digest="d2", subject=subject)
    house.scripted.gate.set()
    case = await house.until(subject, lambda s: s.stage.value == "queued")

    assert (case.digest, case.round) == ("d2", 2)
    assert house.types(subject).count("tests:finished") == 1


async def test_a_long_scan_does_not_keep_the_answer_and_a_new_round_interrupts_it(
    house: House,
) -> None:
    house.scripted.scan_gate = asyncio.Event()
    subject = await house.submit(digest="d1")
    await house.submit(digest="d2", subject=subject)

    house.scripted.scan_gate.set()
    case = await house.until(subject, lambda s: s.stage.value == "queued")

    assert (case.digest, case.round) == ("d2", 2)
    assert house.types(subject).count("static:passed") == 1


async def test_a_scan_that_never_answers_reaches_a_person_as_the_highest_risk(
    house: House,
) -> None:
    house.scripted.scan = ApplicationError("no", type="ValueError", non_retryable=True)

    subject = await house.queued()
    case = house.state(subject)

    assert (case.tier, case.blocked_by) == ("high", ("static_scan_missing",))


async def test_withdrawing_ends_the_case_at_once_whatever_runs(house: House) -> None:
    house.scripted.gate = asyncio.Event()
    subject = await house.submit()
    await house.until(subject, lambda s: s.stage.value == "testing")

    answer = await house.give("withdraw", subject, ADA)

    assert answer["stage"] == "withdrawn"
    assert await house.client.get_workflow_handle("case/default/gpt_a").result() == "withdrawn"


async def test_a_question_without_an_answer_is_warned_about_twice_and_then_expires(
    house: House, skipping: WorkflowEnvironment
) -> None:
    subject = await house.queued()
    await house.give("claim", subject, RUI)
    await house.give("ask", subject, RUI, {"reason": "purpose", "note": "prose:q"})

    await skipping.sleep(timedelta(days=15))
    await house.until(subject, lambda s: s.stage.value == "expired")

    assert house.types(subject)[-3:] == ["warned", "warned", "expired"]


async def test_an_answer_brings_the_case_back_and_its_reviewer_is_preferred(house: House) -> None:
    subject = await house.queued()
    await house.give("claim", subject, RUI)
    await house.give("ask", subject, RUI, {"reason": "purpose", "note": "prose:q"})

    await house.give("answer", subject, ADA, {"note": "prose:a"})
    case = house.state(subject)

    assert (case.stage.value, case.preferred, case.wait_until) == ("queued", RUI.id, None)


async def test_a_claim_ends_with_its_lease_and_the_due_date_stays(
    house: House, skipping: WorkflowEnvironment
) -> None:
    subject = await house.queued()
    due = house.state(subject).due_at
    await house.give("claim", subject, RUI)

    await skipping.sleep(timedelta(minutes=31))
    case = await house.until(subject, lambda s: s.stage.value == "queued")

    assert (case.why, case.claimant, case.due_at) == (("lease_over",), None, due)


async def test_a_late_review_is_counted_and_told_and_never_approved(
    house: House, skipping: WorkflowEnvironment
) -> None:
    subject = await house.queued()

    await skipping.sleep(timedelta(days=40))
    case = await house.until(subject, lambda s: s.ladder_steps == 3)

    assert case.stage.value == "queued"
    assert [e.body["what"] for e in house.events(subject) if e.type == "submission:overdue"] == [
        "nudge",
        "breach",
        "escalation",
    ]


async def test_an_approval_can_be_undone_before_it_takes_effect_and_not_after(
    house: House, skipping: WorkflowEnvironment
) -> None:
    subject = await house.approved()

    await house.give("undo", subject, RUI)
    again = await house.decide("approve", subject, RUI)
    await skipping.sleep(timedelta(minutes=11))
    case = await house.until(subject, lambda s: s.settled)

    assert again["stage"] == "approved"
    assert case.release is not None
    assert house.types(subject).count("review:undone") == 1


async def test_probes_that_never_answer_reach_a_person_marked_incomplete(house: House) -> None:
    house.scripted.report = ApplicationError("no", type="ModelMisconfigured", non_retryable=True)

    subject = await house.queued()
    case = house.state(subject)

    assert case.why == ("incomplete",)
    assert case.blocked_by == ("secret-leak:missing",)


async def test_incomplete_evidence_is_never_approved(house: House) -> None:
    house.scripted.report = ApplicationError("no", type="ModelMisconfigured", non_retryable=True)
    subject = await house.queued()
    await house.give("claim", subject, RUI)

    code = await refused(house.decide("approve", subject, RUI))

    assert code == "evidence-blocks"


async def test_a_high_tier_needs_a_second_person_who_is_not_the_first(house: House) -> None:
    house.scripted.scan = replace(CLEAN_SCAN, tier="high", reasons=("action-auth",))
    subject = await house.queued()
    await house.give("claim", subject, RUI)
    held = await house.decide("approve", subject, RUI)

    own = await refused(house.decide("confirm", subject, RUI))
    confirmed = await house.decide("confirm", subject, SENA)

    assert (held["stage"], own, confirmed["stage"]) == ("held", "same-voice", "approved")


async def test_a_refused_command_leaves_no_trace_in_history(house: House) -> None:
    subject = await house.queued()
    handle = house.client.get_workflow_handle("case/default/gpt_a")
    before = len((await handle.fetch_history()).events)

    code = await refused(house.give("claim", subject, LEA))

    accepted = [
        e
        for e in (await handle.fetch_history()).events[before:]
        if e.HasField("workflow_execution_update_accepted_event_attributes")
    ]
    assert (code, accepted) == ("not-allowed", [])


async def test_a_plain_case_costs_few_events(house: House, skipping: WorkflowEnvironment) -> None:
    """The budget that `benchmarks.pipeline` watches, too."""
    subject = await house.approved()
    await skipping.sleep(timedelta(minutes=11))
    await house.until(subject, lambda s: s.settled)

    handle = house.client.get_workflow_handle("case/default/gpt_a")
    await handle.result()

    assert len((await handle.fetch_history()).events) <= 40
