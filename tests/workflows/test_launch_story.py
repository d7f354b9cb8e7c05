"""The reference story through the launch's workflow, with relative times: twice postponed, held in
the countdown, open at its instant. Nothing bound is visible before, all of it is from then on."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from gonogo.db import catalogue
from gonogo.db.session import reading, writing
from gonogo.db.tables import GptRow
from policies.lifecycle.kernel import Actor
from tests.policies.launches import at
from tests.workflows.house import LEA, SOL, House
from tests.workflows.launching import LAUNCH, Event, planned

pytestmark = pytest.mark.slow
DAY, GPTS = timedelta(days=1), ("gpt_a", "gpt_b", "gpt_c")
AMY = Actor("per_amy", ("administrator",))


async def bound(house: House, event: Event) -> list[str]:
    releases = []
    for gpt in GPTS:
        with writing(house.engine) as session:
            session.add(
                GptRow(
                    store_id="default",
                    id=gpt,
                    publisher="pub_a",
                    name=gpt,
                    category=None,
                    created_at=await event.now(),
                )
            )
        subject = await house.approved(gpt=gpt, digest=f"digest of {gpt}")
        await event.server.sleep(timedelta(minutes=11))
        case = await house.until(subject, lambda s: s.settled)
        await house.until(case.release, lambda s: s.phase.value == "ready")
        await event.bind(case.release)
        releases.append(str(case.release))
    return releases


def served(house: House) -> list[str]:
    with reading(house.engine) as session:
        answers = {gpt: catalogue.resolve(session, "default", gpt, "somebody") for gpt in GPTS}
    return [gpt for gpt, answer in answers.items() if answer is not None and answer.digest]


async def postpone(event: Event, by: timedelta) -> Any:
    """As the API does it: the record first, then the workflow is told."""
    event.opens_at += by
    told = event.directly(
        "postpone", LEA, await event.now(), target=at(event.opens_at), reason="unexpected"
    )
    await event.refresh()
    return told


async def test_the_story_from_the_announcement_to_the_opening(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await planned(house, skipping, 20 * DAY)
    releases = await bound(house, event)
    announced, dark = event.opens_at, []

    inside = await postpone(event, 10 * DAY)
    await event.give("replan", LEA, target=at(event.opens_at))
    second = await postpone(event, 15 * DAY)
    await event.server.sleep(announced + DAY - await event.now())
    dark.append((house.state(LAUNCH).status.value, served(house)))
    await event.give("approve_date", AMY, target=at(event.opens_at))
    await event.give("replan", LEA, target=at(event.opens_at))
    # Not at the very instant of a reminder: the time-skipping server sometimes loses a task to
    # which a timer and an update come at once (“invalid history builder state for action”).
    await event.sleep_to(3 * DAY + timedelta(hours=1))
    await event.green()
    await event.sleep_to(2 * DAY - timedelta(minutes=1))
    await event.all_go()
    await event.sleep_to(timedelta(hours=2))
    event.directly("hold", SOL, await event.now(), reason="odd_traffic")
    await event.refresh()
    await event.sleep_to(timedelta(minutes=80))
    dark.append((house.state(LAUNCH).status.value, served(house)))
    await event.give("resume", LEA)
    await event.sleep_to(timedelta(seconds=20))
    dark.append((house.state(LAUNCH).status.value, served(house)))
    await event.sleep_to(-timedelta(seconds=5))
    opened = await event.until("live")

    assert (inside.outcome, second.outcome) == ("stored", "stored")
    assert dark == [("postponed", []), ("hold", []), ("countdown", [])]
    assert timedelta(0) <= opened.opened_at - event.opens_at < timedelta(seconds=5)
    assert opened.postponements == 2
    assert served(house) == list(GPTS)
    for release in releases:
        last = await house.until(release, lambda s: s.stage is not None)
        assert last.stage == len(last.plan) - 1
    assert served(house) == list(GPTS)


@pytest.mark.parametrize(
    "before",
    [timedelta(hours=30), timedelta(hours=10), timedelta(minutes=2), timedelta(seconds=12)],
    ids=["during the poll", "countdown", "after the last check", "in the last seconds"],
)
async def test_i3_a_hold_at_any_moment_before_the_opening_keeps_everything_dark(
    house: House, skipping: WorkflowEnvironment, before: timedelta
) -> None:
    event = await planned(house, skipping, 4 * DAY)
    await bound(house, event)
    await event.sleep_to(2 * DAY - timedelta(minutes=1))
    await event.all_go()
    await event.sleep_to(before)

    held = event.directly("hold", SOL, await event.now(), reason="doubt")
    await event.refresh()
    await event.sleep_to(-timedelta(minutes=1))

    assert held.outcome == "stored"
    assert house.state(LAUNCH).status.value == "hold"
    assert served(house) == []
