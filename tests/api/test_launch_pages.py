"""Boards of launches: what staff, developers and visitors see, and that it is true."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.store import PEOPLE, Store, manifest
from tests.api.test_page_costs import counted
from tests.api.test_pages import HOSTILE, Browser, Page, assert_careful
from tests.launch_stories import DAY, Told, bind

SOON = timedelta(minutes=30)
STAFF = [name for name, roles in PEOPLE.items() if roles != ("developer",)]


def ahead(by: timedelta = 9 * DAY) -> datetime:
    return (datetime.now(UTC) + by).replace(second=0, microsecond=0)


async def ready(store: Store, name: str = "Night Sky Guide", **more: Any) -> str:
    return str((await store.approved(manifest(name, **more)))["release"])


def words(page: Page) -> str:
    return " ".join(page.text.split())


async def test_a_launch_is_on_the_board_of_all_staff_and_of_nobody_else(store: Store) -> None:
    told = Told(store, "Opening of the store", ahead()).gating()

    answers = {by: await Browser(store, by).visit(f"/launches/{told.subject}") for by in PEOPLE}
    visitor = await Browser(store, None).visit(f"/launches/{told.subject}")

    assert {by for by, one in answers.items() if one.status_code == 200} == set(STAFF)
    assert {answers[by].status_code for by in ("ada", "ben")} == {404}
    assert visitor.status_code == 303
    for answer in answers.values():
        assert_careful(answer)


async def test_a_developer_sees_launches_of_their_own_items_and_only_those_items(
    store: Store,
) -> None:
    told = Told(store, "Opening of the store", ahead()).gating()
    told.now = datetime.now(UTC) - timedelta(hours=1)
    reason = told.say("Two leaks are open.")
    told.give("sign", "sam", {"gate": "safety_review", "verdict": "no", "reason": reason})
    mine = await store.approved(manifest("Night Sky Guide"))
    theirs = await _of_ben(store)
    bind(store, str(mine["release"]), told.subject)
    bind(store, theirs, told.subject)

    listed = await Browser(store, "ada").page("/launches")
    page = await Browser(store, "ada").page(f"/launches/{told.subject}")

    assert "Opening of the store" in listed.text
    assert "Night Sky Guide" in page.text
    for inner in ("Bread Doctor", "Two leaks", "Sam", "Safety has seen", theirs):
        assert inner not in page.text
    assert "The store’s staff narrowed the date" in words(page)


async def _of_ben(store: Store) -> str:
    answer = await store.submit(manifest("Bread Doctor"), by="ben")
    assert answer.status_code == 201, answer.text
    path = f"/v1/submissions/{answer.json()['subject']}"
    case = await store.until(path, lambda one: one["stage"] == "queued")
    await store.post(f"/v1/reviews/{case['id']}/claim", by="rita")
    seen = (await store.get(path, "rita")).json()
    assert (await store.decide(seen)).status_code == 200
    done = await store.until(path, lambda one: bool(one["release"]))
    await store.until(f"/v1/releases/{done['release']}", lambda r: r.get("phase") == "ready")
    return str(done["release"])


async def test_the_date_is_said_as_people_say_it_and_exactly(store: Store) -> None:
    told = Told(store, "Harvest", ahead(), "America/Los_Angeles").planned("early 2031")

    page = await Browser(store, "lea").page(f"/launches/{told.subject}")

    assert "Promised: <strong>early 2031</strong>" in page.text
    assert "Wed 1 Jan 2031 00:00 PST" in page.text
    assert "Times are in America/Los_Angeles" in page.text


async def test_whose_turn_it_is_names_the_owners_of_gates_that_do_not_hold(store: Store) -> None:
    told = Told(store, "Opening", ahead()).gating()
    told.now = datetime.now(UTC) - timedelta(hours=1)
    told.give("attest", "pia", {"gate": "policy_published", "evidence": told.say("Version 7.")})

    page = await Browser(store, "sam").page(f"/launches/{told.subject}")

    assert "<dt>Whose turn</dt><dd>Yours</dd>" in page.text
    assert "Answer the gates that do not hold: 4 of 5." in words(page)
    assert "1 of 5 lets it pass" in words(page)
    assert "Version 7." in page.text


async def test_a_no_go_stays_visible_after_its_role_says_go(store: Store) -> None:
    told = Told(store, "Opening", datetime.now(UTC) + timedelta(seconds=100)).armed()

    page = await Browser(store, "una").page(f"/launches/{told.subject}")

    assert "Dissent, kept for good (1)" in page.text
    assert "The French text is not published yet." in page.text
    assert "Everybody said go." in page.text


async def test_what_is_not_ready_comes_first_and_says_why(store: Store) -> None:
    told = Told(store, "Opening", ahead()).gating()
    good, bad, needs = [await ready(store, name) for name in ("Abacus", "Zither", "Yodel")]
    bind(store, good, told.subject)
    bind(store, bad, told.subject)
    bind(store, needs, told.subject, importance="should", requires=[bad])
    gpt = (await store.get(f"/v1/releases/{bad}", "lea")).json()["gpt"]
    stop = {"scope": "gpt", "target": gpt, "reason": "unsafe"}
    assert (await store.post("/v1/stops", stop, by="sam")).status_code in (200, 201)
    duty = f"/v1/duties/{store.publishers['lumen']}/accept_policies"
    assert (await store.post(duty, {}, by="ada")).status_code == 200

    page = await Browser(store, "lea").page(f"/launches/{told.subject}")
    blocked = await Browser(store, "lea").page(f"/launches/{told.subject}?show=blocked")

    text = words(page)
    assert text.index("Zither") < text.index("Yodel") < text.index("Abacus")
    assert "Nothing stops it: no, a stop covers this GPT" in text
    assert "What it needs is ready: no, it waits for <span" in text
    assert "1 of 2" in text
    assert "0 of 1" in text
    assert "Abacus" not in blocked.text


async def test_items_are_turned_over_page_by_page(store: Store) -> None:
    told = Told(store, "Opening", ahead()).gating()
    bind(store, await ready(store), told.subject)

    beyond = await Browser(store, "lea").page(f"/launches/{told.subject}?start=25")
    strange = await Browser(store, "lea").page(f"/launches/{told.subject}?show=everything")
    malformed = await Browser(store, "lea").visit(f"/launches/{told.subject}?start=-1")

    assert "Night Sky Guide" in beyond.text
    assert "Night Sky Guide" in strange.text
    assert malformed.status_code == 422


async def test_a_hostile_name_stays_text(store: Store) -> None:
    told = Told(store, HOSTILE[:100], ahead()).gating()

    for path in ("/launches", f"/launches/{told.subject}"):
        answer = await Browser(store, "lea").visit(path)
        assert answer.status_code == 200
        assert "<img" not in answer.text
        assert_careful(answer)


async def test_the_live_part_is_silent_until_something_moves(store: Store) -> None:
    told = Told(store, "Opening", ahead()).gating()
    browser = Browser(store, "lea")
    page = await browser.page(f"/launches/{told.subject}")
    path = next(str(a["hx-get"]) for _, a in page.elements if "/live" in str(a.get("hx-get")))
    fragment = {"HX-Request": "true"}

    still = await browser.visit(path, **fragment)
    told.now = datetime.now(UTC)
    told.give("attest", "pia", {"gate": "policy_published", "evidence": told.say("Version 8.")})
    moved = await browser.visit(path, **fragment)
    told.give("hold", "sam", told.why("Wait."))
    other = await browser.visit(path, **fragment)

    assert still.status_code in (204, 200)  # 200 when a minute passed between the two
    assert moved.status_code == 200
    assert "Version 8." in moved.text
    assert 'hx-swap-oob="outerMorph:#gates"' in moved.text
    assert other.headers["HX-Refresh"] == "true"


@pytest.mark.parametrize(("by", "queries"), [("lea", 1), ("ada", 2)])
async def test_a_board_on_which_nothing_moved_is_not_judged_again(
    store: Store, by: str, queries: int
) -> None:
    told = Told(store, "Opening", ahead()).gating()
    bind(store, await ready(store), told.subject)
    browser, engine = Browser(store, by), store.app.state.services.engine

    for _ in range(2):  # a minute may begin between page and poll, not twice
        page = await browser.page(f"/launches/{told.subject}")
        live = next(str(a["hx-get"]) for _, a in page.elements if "/live" in str(a.get("hx-get")))
        with counted(engine) as asked:
            still = await browser.visit(live, **{"HX-Request": "true"})
        if still.status_code == 204:
            break
    await store.approved(manifest("Another One"))  # the launch did not change, the store did
    moved = await browser.visit(live, **{"HX-Request": "true"})

    assert still.status_code == 204
    entering = [one for one in asked if "FROM launches" not in one and "FROM releases" not in one]
    assert len(asked) - len(entering) == queries, asked
    assert len(entering) == 3, entering  # whose session it is
    assert moved.status_code == 200


@pytest.mark.parametrize("state", ["draft", "planned", "countdown", "hold", "live", "postponed"])
async def test_every_state_says_whose_turn_it_is_and_what_unblocks_it(
    state: str, store: Store
) -> None:
    told = await _in_state(store, state)

    page = await Browser(store, "lea").page(f"/launches/{told.subject}")

    turn = words(page).partition("<dt>Whose turn</dt><dd>")[2]
    assert turn.partition("</dd>")[0] in ("Yours", "The store")
    assert told.state.status.value in (state, "countdown")
    remedy = turn.partition("What unblocks it</dt><dd>")[2].partition("</dd>")[0].strip()
    assert remedy
    assert "_" not in remedy


async def _in_state(store: Store, state: str) -> Told:
    told = Told(store, "Opening", datetime.now(UTC) + timedelta(seconds=100))
    match state:
        case "planned":
            told.planned()
        case "countdown":
            told.counting()
        case "hold":
            told.gating().give("hold", "sam", told.why("Wait."))
        case "live":
            told.opening = datetime.now(UTC) - timedelta(seconds=30)
            told.live(await ready(store))
        case "postponed":
            later = told.gating().target("tbd by 2031-03-15")
            told.give("postpone", "lea", {**told.why("Busy."), "target": later})
    return told


async def test_every_lever_of_a_board_has_a_key_of_its_own(store: Store) -> None:
    boards = [
        Told(store, "Gates", ahead(9 * DAY)).gating(),
        Told(store, "Poll", ahead(timedelta(hours=30))).polled(),
        Told(store, "Countdown", ahead(timedelta(hours=10))).counting(),
    ]

    for told in boards:
        for by in ("lea", "sam"):
            page = await Browser(store, by).page(f"/launches/{told.subject}")
            levers = [one for one in page.all("button") if one.get("name") in ("what", "vote")]
            keys = [one["data-key"] for _, one in page.elements if one.get("data-key")]

            assert len(keys) == len(set(keys)), (told.state.name, by)
            named = {str(one["value"]) for one in levers if one.get("data-key")}
            answers = {"yes", "no", "attest", "waive"}  # each under the gate that it is about
            assert {str(one["value"]) for one in levers} - answers == named
