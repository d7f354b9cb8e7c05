"""What becomes of a postponed launch's releases, said on pages; counted on its board; told once."""

from datetime import UTC, datetime, timedelta
from typing import Any

from gonogo.notices.fanout import Fanout
from tests.api.launches import Recorded, in_days
from tests.api.store import Store
from tests.api.test_choices import postponed, says
from tests.api.test_launch_plans import bound
from tests.api.test_pages import Browser, assert_careful

HOSTILE = "<b>Sky</b> {{ 7*7 }} \"'>"


async def said(store: Store, publisher: str, page: str, **fields: Any) -> Any:
    browser = Browser(store, "ada")
    key = (await browser.page(page)).hidden["key"]
    return await browser.send(f"/choices/{publisher}", {"key": key, **fields})


async def test_a_publisher_lets_all_its_gpts_wait_with_one_click_and_takes_one_out(
    store: Store,
) -> None:
    launch = Recorded(store).planned(f"{in_days(20)}T10:00", name=HOSTILE)
    cases = [await bound(store, launch, name) for name in ("Night Sky", "Tides")]
    publisher, path = cases[0]["publisher"], f"/duties/{cases[0]['publisher']}"
    postponed(launch, default="ship_alone")
    fields = {"launch": launch.id, "nth": "1"}

    before = await Browser(store, "ada").visit(path)
    waits = await said(store, publisher, path, **fields, choice="wait")
    leaves = await said(
        store, publisher, path, **fields, choice="withdraw", release=cases[0]["release"]
    )
    after = await Browser(store, "ada").visit(path)
    alone = await Browser(store, "ada").visit(f"/releases/{cases[0]['release']}")
    leads = await Browser(store, "lea").visit(f"/releases/{cases[0]['release']}")

    assert "All wait" in before.text
    assert "ships alone" in before.text  # what silence means
    assert "<b>Sky" not in before.text
    assert [one.headers.get("location") for one in (waits, leaves)] == [f"{path}?said=chosen"] * 2
    assert "All said" in after.text
    assert "withdrawn" in after.text
    assert "It may ship alone" in alone.text
    assert "Nobody starts it until its developer says" in leads.text
    assert "Ada chose, since its launch is postponed: it is withdrawn" in leads.text
    assert "Say that it may ship alone, or cancel it." in leads.text  # whose turn it is
    for page in (before, after, alone, leads):
        assert_careful(page)


async def test_the_board_counts_what_was_said_and_names_what_hangs_on_who_left(
    store: Store,
) -> None:
    launch = Recorded(store).planned(f"{in_days(20)}T10:00")
    first = await bound(store, launch, "Night Sky")
    await bound(store, launch, "Tides", requires=[first["release"]])
    postponed(launch)
    path = f"/launches/{launch.id}"

    before = await Browser(store, "lea").visit(path)
    await store.post(f"/v1/releases/{first['release']}/choose", says(launch, "withdraw"), by="ada")
    after = await Browser(store, "lea").visit(path)
    mine = await Browser(store, "ada").visit(path)

    assert "<strong>2</strong> said nothing" in before.text
    assert "1 that waits needs something that left" not in before.text
    assert "<strong>1</strong> withdrawn" in after.text
    assert "1 that waits needs something that left" in after.text
    assert "What developers chose" not in mine.text
    assert f"/duties/{first['publisher']}" in mine.text
    for page in (before, after, mine):
        assert_careful(page)


async def test_only_its_own_people_find_a_form_and_a_forged_one_is_refused(store: Store) -> None:
    launch = Recorded(store).planned(f"{in_days(20)}T10:00")
    case = await bound(store, launch, "Night Sky")
    postponed(launch)
    path, publisher = f"/duties/{case['publisher']}", case["publisher"]

    lea = await Browser(store, "lea").visit(path)
    form = await Browser(store, "lea").page("/stops")
    fields = {"key": form.hidden["key"], "launch": launch.id, "nth": "1", "choice": "wait",
              "release": case["release"]}  # fmt: skip
    staff = await Browser(store, "lea").send(f"/choices/{publisher}", fields)
    odd = await said(store, publisher, path, launch="lch_\"'><i>", nth="1", choice="wait")
    late = await said(store, publisher, path, launch=launch.id, nth="2", choice="wait",
                      release=case["release"])  # fmt: skip

    assert 'name="choice"' not in lea.text
    assert (staff.status_code, odd.status_code, late.status_code) == (403, 404, 409)


async def test_everybody_is_asked_once_and_only_the_silent_hear_again(store: Store) -> None:
    launch = Recorded(store).planned(f"{in_days(20)}T10:00")
    cases = [await bound(store, launch, name) for name in ("Night Sky", "Tides")]
    svc = store.app.state.services
    lane = Fanout(svc.engine, svc.store, "Europe/London", mail=False)

    async def inbox(name: str) -> list[dict[str, Any]]:
        while lane.batch():
            pass
        return list((await store.get("/v1/me/inbox", name)).json()["items"])

    async def heard(name: str, notice: str) -> int:
        return sum(one["notice"] == notice for one in await inbox(name))

    postponed(launch, default="withdraw")
    asked = [await heard(name, "choice_wanted") for name in ("ada", "ben", "lea")]
    told = next(one for one in await inbox("ada") if one["notice"] == "choice_wanted")
    entry = await Browser(store, "ada").visit(f"/inbox/{told['id']}")
    for case in cases:
        await store.post(f"/v1/releases/{case['release']}/choose", says(launch, "wait"), by="ada")
    remind(store, launch)

    assert asked == [1, 0, 0]
    assert "ship" in entry.text
    assert await heard("ada", "choice_ends") == 0  # all was said

    later = await bound(store, launch, "Late Moon")
    remind(store, launch, again=True)

    assert later["publisher"] == cases[0]["publisher"]
    assert await heard("ada", "choice_ends") == 1


def remind(store: Store, launch: Recorded, *, again: bool = False) -> None:
    """The launch's own reminder, recorded as its workflow would."""
    from policies.lifecycle.kernel import RULES, SYSTEM_ACTOR, Command, Fact
    from policies.wire import RecordRequest

    svc, now = store.app.state.services, datetime.now(UTC) + timedelta(seconds=1)
    seq = len(svc.ledger.events(svc.store, launch.id))
    order = svc.gateway.signed(
        Command(
            f"{launch.id}:{seq}:{again}", "remind_choices", svc.store, launch.id, SYSTEM_ACTOR, now
        )
    )
    fact = Fact("launch:choices:reminded", {"nth": 1, "decide_by": on_time(now), "default": "wait"})
    request = RecordRequest("launch", seq, order, (fact,), now, svc.pack.digest, RULES)
    assert svc.ledger.record(request).outcome == "stored"


def on_time(now: datetime) -> str:
    return (now + timedelta(days=1)).isoformat()
