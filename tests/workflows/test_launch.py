"""The launch workflow: it opens by itself at its instant, and at no other; its items follow."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from api.courier import Courier
from gonogo.db import catalogue
from gonogo.db.session import reading, writing
from gonogo.db.tables import GptRow
from gonogo.recovery import recover
from tests.workflows.house import ADA, LEA, MAX, SOL, House, pack_with
from tests.workflows.launching import LAUNCH, Event, planned

DAY = timedelta(days=1)
pytestmark = pytest.mark.slow


async def bound(house: House, event: Event, *gpts: str, wave: int = 1) -> list[str]:
    """`wave`: of the last one; the others open with the first."""
    releases = []
    for gpt in gpts:
        with writing(house.engine) as session:
            row = GptRow(
                store_id="default",
                id=gpt,
                publisher="pub_a",
                name=gpt,
                category=None,
                created_at=datetime.now(UTC),
            )
            session.add(row)
        subject = await house.approved(gpt=gpt)
        await event.server.sleep(timedelta(minutes=11))
        case = await house.until(subject, lambda s: s.settled)
        await house.until(case.release, lambda s: s.phase.value == "ready")
        await event.bind(case.release, wave=wave if gpt == gpts[-1] else 1)
        releases.append(str(case.release))
    return releases


async def priority(house: House, workflow: str) -> int:
    """1 is taken first; 0 stands for the server's own middle."""
    described = await house.client.get_workflow_handle(workflow).describe()
    return int(described.raw_description.workflow_execution_info.priority.priority_key)


def served(house: House, gpt: str) -> Any:
    with reading(house.engine) as session:
        return catalogue.resolve(session, "default", gpt, "u")


async def test_a_launch_polls_counts_down_and_opens_at_its_instant(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await planned(house, skipping, 5 * DAY)
    releases = await bound(house, event, "gpt_a", "gpt_b")

    await event.sleep_to(2 * DAY - timedelta(minutes=1))
    await event.all_go()
    await event.sleep_to(timedelta(minutes=1))
    before = house.state(LAUNCH).status.value, served(house, "gpt_a").serving
    await event.sleep_to(-timedelta(seconds=5))
    opened = await event.until("live")
    done = [await house.until(one, lambda s: s.stage is not None) for one in releases]

    assert before == ("countdown", "none")
    assert timedelta(0) <= opened.opened_at - event.opens_at < timedelta(seconds=5)
    assert [one.stage for one in done] == [len(one.plan) - 1 for one in done]
    assert [kind for kind in house.types(LAUNCH) if kind == "countdown:checked"] == [
        "countdown:checked"
    ] * 3
    for one in done:
        presence = await house.until(one.listing, lambda s: s.exposure.weight_bp == 10_000)
        assert presence.status.value == "listed"


async def test_i3_a_hold_in_the_last_minute_stops_it_and_a_new_date_is_needed(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await planned(house, skipping, 4 * DAY)
    await bound(house, event, "gpt_a")
    await event.sleep_to(2 * DAY - timedelta(minutes=1))
    await event.all_go()
    await event.sleep_to(timedelta(seconds=40))

    held = event.directly("hold", SOL, await event.now(), reason="doubt")
    await event.refresh()
    await event.sleep_to(-timedelta(hours=1))

    assert held.outcome == "stored"
    assert (house.state(LAUNCH).status.value, house.state(LAUNCH).wave) == ("hold", 0)
    assert served(house, "gpt_a").serving == "none"


async def test_i3_a_hold_that_the_workflow_was_not_told_of_stops_the_opening_too(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await planned(house, skipping, 4 * DAY)
    await bound(house, event, "gpt_a")
    await event.sleep_to(2 * DAY - timedelta(minutes=1))
    await event.all_go()
    await event.sleep_to(timedelta(seconds=40))

    event.directly("hold", SOL, await event.now(), reason="doubt")
    await event.sleep_to(-timedelta(minutes=1))

    assert house.state(LAUNCH).status.value == "hold"
    assert "wave:opened" not in house.types(LAUNCH)


async def test_a_poll_that_cannot_open_yet_opens_once_its_gates_are_green(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await planned(house, skipping, 3 * DAY)
    await event.sleep_to(DAY + timedelta(hours=20))

    waiting = house.state(LAUNCH).status.value  # it has no items: nothing would be ready
    await bound(house, event, "gpt_a")
    await skipping.sleep(timedelta(minutes=16))

    assert waiting == "gating"
    assert (await event.until("poll")).poll.round == 1


async def test_l12_a_must_that_leaves_on_the_way_holds_the_launch(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await planned(house, skipping, 4 * DAY)
    (release,) = await bound(house, event, "gpt_a")
    await event.sleep_to(2 * DAY - timedelta(minutes=1))
    await event.all_go()

    await house.give("unbind", release, ADA, {"reason": "ship_alone"})
    held = await event.until("hold")

    assert held.held.why == ("must_left", "nothing_ready")
    assert house.state(release).phase.value == "ready"


async def test_l12_a_must_that_leaves_others_behind_holds_the_launch_too(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await planned(house, skipping, 4 * DAY)
    release, _ = await bound(house, event, "gpt_a", "gpt_b")
    await event.sleep_to(2 * DAY - timedelta(minutes=1))
    await event.all_go()

    await house.give("unbind", release, ADA, {"reason": "ship_alone"})
    held = await event.until("hold")

    assert (held.held.cause, held.held.why) == ("must_left", ("must_left",))
    assert held.counts.ready == 1


async def test_a_cancelled_launch_lets_its_items_go_with_their_approvals(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await planned(house, skipping, 4 * DAY)
    (release,) = await bound(house, event, "gpt_a")
    await event.give("hold", SOL, reason="doubt")

    await event.give("cancel", LEA, reason="no_date")
    await event.give("cancel", MAX, reason="no_date")
    free = await house.until(release, lambda s: s.phase.value == "ready")

    assert (free.launch, house.types(release)[-1]) == (None, "unbound")
    assert house.events(release)[-1].body["why"] == "launch_cancelled"


async def test_a_launch_goes_on_from_the_record_alone(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await planned(house, skipping, 4 * DAY)
    await bound(house, event, "gpt_a")
    handle = house.client.get_workflow_handle(f"launch/{LAUNCH}")
    await handle.terminate("lost with the orchestrator's database")

    found = await recover(house.engine, house.client, "default", house.queue)
    assert found.launches == 1
    await event.sleep_to(2 * DAY - timedelta(minutes=1))
    await event.all_go()
    await event.sleep_to(-timedelta(seconds=5))

    assert (await event.until("live")).wave == 1


async def test_a_launch_is_on_time_before_the_many_that_follow_it(
    local: WorkflowEnvironment, database_url: str
) -> None:
    house = House(local.client, database_url, pack_with())
    courier = Courier(house.client, store="default", task_queue=house.queue)
    async with house.worker(), house.prober():
        await planned(house, local, 4 * DAY)
        await house.approved(gpt="gpt_a")
        others = await priority(house, "case/default/gpt_a")
        await house.client.get_workflow_handle(f"launch/{LAUNCH}").terminate("lost")
        await recover(house.engine, house.client, "default", house.queue)
        by_recovery = await priority(house, f"launch/{LAUNCH}")
        await house.client.get_workflow_handle(f"launch/{LAUNCH}").terminate("lost")
        await courier.refresh("launch", house.command("hold", LAUNCH, LEA), "")
        by_refresh = await priority(house, f"launch/{LAUNCH}")

    assert (by_recovery, by_refresh, others) == (1, 1, 0)


async def test_measured_gates_are_looked_at_as_soon_as_the_gates_open(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await planned(house, skipping, 30 * DAY)

    seen = await house.until(LAUNCH, lambda s: "no_stop" in s.marks)
    await skipping.sleep(timedelta(hours=25))
    kinds = house.types(LAUNCH)

    measured = [gate.id for gate in seen.terms.gates if gate.kind == "measured"]
    assert seen.marks["no_stop"].holds
    assert kinds.count("gate:measured") == 2 * len(measured)  # at once, and a day later
    assert event.opens_at > await event.now()


async def test_builders_are_reminded_once_at_each_point_also_after_a_new_beginning(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await planned(house, skipping, 15 * DAY)
    points = house.state(LAUNCH).terms.duties_remind_s

    await event.sleep_to(13 * DAY)
    once = house.types(LAUNCH).count("duties:reminded")
    await house.client.get_workflow_handle(f"launch/{LAUNCH}").terminate("its server was lost")
    await house.client.start_workflow(
        "Launch",
        {"store": "default", "subject": LAUNCH, "gpt": ""},
        id=f"launch/{LAUNCH}",
        task_queue=house.queue,
    )
    await event.sleep_to(4 * DAY)
    still = house.types(LAUNCH).count("duties:reminded")
    await event.sleep_to(2.5 * DAY)
    twice = await house.until(LAUNCH, lambda s: s.reminded == points)

    assert points == (1_209_600, 259_200)
    assert (once, still) == (1, 1)
    assert house.types(LAUNCH).count("duties:reminded") == 2
    assert twice.status.value == "gating"
