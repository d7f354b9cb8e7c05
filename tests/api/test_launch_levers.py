"""A launch is planned, answered, voted on, held and given up from its pages, without a script."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.store import Store
from tests.api.test_launch_pages import ahead, ready, words
from tests.api.test_pages import Browser
from tests.launch_stories import Told

FRAGMENT = {"HX-Request": "true"}


async def sent(store: Store, by: str, page: str, path: str, **fields: Any) -> tuple[int, str, str]:
    """What a form of `page` answers: status, where it leads, and what it says."""
    browser = Browser(store, by)
    hidden = (await browser.page(page)).hidden
    kept = {name: value for name, value in hidden.items() if name in ("key", "version", "round")}
    answer = await browser.send(path, {**kept, **fields})
    return answer.status_code, answer.headers.get("location", ""), answer.text


async def drafted(store: Store, **fields: str) -> str:
    body = {"name": "Opening", "tz": "UTC", "mode": "independent", "quorum": "", **fields}
    status, where, text = await sent(store, "lea", "/launches/new", "/launches", **body)
    assert status == 303, text
    return where.split("/")[2]


async def test_a_launch_is_drafted_dated_and_given_items(store: Store) -> None:
    release = await ready(store)
    launch = await drafted(store, mode="quorum", quorum="1")
    plan = f"/launches/{launch}/plan"

    dated = await sent(
        store, "lea", plan, f"/launches/{launch}/date", what="plan", target="early 2031"
    )
    found = await Browser(store, "lea").page(f"{plan}?q=night")
    missed = await Browser(store, "lea").page(f"{plan}?q=daylight")
    bound = await sent(
        store, "lea", plan, f"/launches/{launch}/items",
        release=release, importance="must", wave="1",
    )  # fmt: skip
    board = await Browser(store, "lea").page(f"/launches/{launch}")

    assert dated[:2] == (303, f"{plan}?said=dated")
    assert "Night Sky Guide" in found.text
    assert "No release of that name is ready" in missed.text
    assert bound[:2] == (303, f"{plan}?said=bound")
    assert "Promised: <strong>early 2031</strong>" in board.text
    assert f"/releases/{release}" in board.links


async def test_an_item_is_taken_out_again(store: Store) -> None:
    release, launch = await ready(store), await drafted(store)
    plan, path = f"/launches/{launch}/plan", f"/launches/{launch}/items"
    await sent(store, "lea", plan, path, release=release, importance="must", wave="1")

    out = await sent(store, "lea", plan, f"{path}/unbind", release=release)

    assert out[0] == 303
    assert (await store.get(f"/v1/releases/{release}", "lea")).json()["phase"] == "ready"


async def test_a_date_is_understood_while_it_is_typed(store: Store) -> None:
    browser = Browser(store, "lea")

    known = await browser.visit("/launches/understood?target=2031-01-10&tz=Europe/Paris")
    odd = await browser.visit("/launches/understood?target=soon&tz=Europe/Paris")
    nowhere = await browser.visit("/launches/understood?target=2031-01-10&tz=Mars/Base")

    assert "on Friday 10 January 2031" in known.text
    assert "00:00 CET" in known.text
    assert "Nobody can read" in odd.text
    assert "there is no zone" in nowhere.text.lower()


async def test_what_is_missing_is_told_inside_the_form(store: Store) -> None:
    launch = await drafted(store)
    browser = Browser(store, "lea")
    plan = await browser.page(f"/launches/{launch}/plan")
    fields = {"key": plan.hidden["key"], "version": plan.hidden["version"], "what": "plan"}

    empty = await browser.send(f"/launches/{launch}/date", {**fields, "target": " "}, **FRAGMENT)
    odd = await browser.send(f"/launches/{launch}/date", {**fields, "target": "soon"}, **FRAGMENT)
    nothing = await browser.send(f"/launches/{launch}/items", {"key": "k-1"}, **FRAGMENT)
    quorum = await browser.send(
        "/launches", {"key": "k-2", "name": "N", "tz": "UTC", "mode": "quorum"}, **FRAGMENT
    )

    assert [one.status_code for one in (empty, odd, nothing, quorum)] == [422, 422, 422, 422]
    assert "the date is missing" in empty.text.lower()
    assert "nobody can read" in odd.text.lower()
    assert "choose at least one item" in nothing.text.lower()
    assert "how many items are a quorum" in quorum.text.lower()


async def test_a_suspended_board_says_when_it_had_opened_and_offers_no_rehearsal(
    store: Store,
) -> None:
    told = Told(store, "Opening", ahead()).live(await ready(store, "Abacus"))
    told.give("suspend", "sam", told.why("It gives away what it was told to keep."))

    page = await Browser(store, "lea").page(f"/launches/{told.subject}")

    assert "It had opened on" in words(page)
    assert "That is" not in words(page)
    assert f"/launches/{told.subject}/rehearsal" not in page.links
    assert "cancelling does" not in words(page)


async def test_a_hold_is_one_click_and_ends_with_another(store: Store) -> None:
    launch = await _gating(store)
    path = f"/launches/{launch}"

    held = await sent(store, "sam", path, path, what="hold")
    page = await Browser(store, "lea").page(path)
    resumed = await sent(store, "lea", path, path, what="resume")

    assert held[:2] == (303, f"{path}?said=launch-hold")
    assert "Sam has held it since" in words(page)
    assert "resume, postpone or cancel" in words(page)
    assert resumed[:2] == (303, f"{path}?said=launch-resume")
    assert (await store.get(f"/v1{path}", "lea")).json()["status"] == "gating"


async def test_holding_needs_no_fresh_page_and_resuming_does(store: Store) -> None:
    launch = await _gating(store)
    path = f"/launches/{launch}"
    old = (await Browser(store, "sam").page(path)).hidden
    await sent(store, "pia", path, f"{path}/gates/policy_published", what="attest", say="Version 7")

    held = await Browser(store, "sam").send(
        path, {"key": old["key"], "version": old["version"], "what": "hold"}
    )
    stale = await Browser(store, "lea").send(
        path, {"key": "k-3", "version": old["version"], "what": "resume"}, **FRAGMENT
    )

    assert held.status_code == 303
    assert stale.status_code in (409, 412)
    assert (await store.get(f"/v1{path}", "lea")).json()["status"] == "hold"


async def test_gates_are_answered_by_their_owners_alone(store: Store) -> None:
    launch = await _gating(store)
    path = f"/launches/{launch}"
    gate = f"{path}/gates/policy_published"

    page = await Browser(store, "pia").page(path)
    others = await Browser(store, "rita").page(path)
    foreign = await sent(store, "sam", path, gate, what="attest", say="All good.")
    own = await sent(store, "pia", path, gate, what="attest", say="Published as version 7.")
    waived = await sent(
        store, "lou", path, f"{path}/gates/support_ready", what="waive", say="Two of three shifts."
    )
    mute = await sent(store, "sam", path, f"{path}/gates/safety_review", what="no", say="")
    board = await Browser(store, "lea").page(path)

    assert f'action="{gate}"' in page.text
    assert f'action="{gate}"' not in others.text
    assert foreign[0] == 403
    assert own[:2] == (303, f"{path}?said=answered-gate")
    assert waived[0] == 303
    assert mute[0] == 422
    assert "Published as version 7." in board.text
    assert "Two of three shifts." in board.text


async def test_a_vote_is_cast_changed_and_its_dissent_kept(store: Store) -> None:
    told = Told(store, "Opening", datetime.now(UTC) + timedelta(seconds=110)).polled()
    path = f"/launches/{told.subject}"

    silent = await sent(store, "sam", path, f"{path}/votes", role="safety_oncall", vote="NO_GO")
    against = await sent(
        store, "sam", path, f"{path}/votes",
        role="safety_oncall", vote="NO_GO", statement="A report has to be read.",
    )  # fmt: skip
    foreign = await sent(store, "rita", path, f"{path}/votes", role="safety_oncall", vote="GO")
    changed = await sent(store, "sam", path, f"{path}/votes", role="safety_oncall", vote="GO")
    board = await Browser(store, "una").page(path)

    assert silent[0] == 422
    assert against[:2] == (303, f"{path}?said=voted")
    assert foreign[0] in (403, 422)
    assert changed[0] == 303
    assert "Dissent, kept for good (1)" in board.text
    assert "A report has to be read." in board.text


async def test_cancelling_takes_a_reason_and_two_people(store: Store) -> None:
    launch = await _gating(store)
    path = f"/launches/{launch}"
    await sent(store, "sam", path, path, what="hold")

    mute = await sent(store, "lea", path, path, what="cancel")
    first = await sent(store, "lea", path, path, what="cancel", note="The partner withdrew.")
    page = await Browser(store, "lou").page(path)
    again = await sent(store, "lea", path, path, what="cancel", note="The partner withdrew.")
    second = await sent(store, "lou", path, path, what="cancel", note="Agreed.")

    assert mute[0] == 422
    assert first[0] == 303
    assert "Lea wants to cancel it. A second person has to agree." in words(page)
    assert again[0] in (403, 409)
    assert second[0] == 303
    assert (await store.get(f"/v1{path}", "lea")).json()["status"] == "cancelled"


async def test_levers_that_are_off_say_why(store: Store) -> None:
    launch = await _gating(store)

    page = await Browser(store, "rita").page(f"/launches/{launch}")

    off = [a for a in page.all("button") if "disabled" in a]
    assert off
    assert {a["aria-describedby"] for a in off} <= {a.get("id") for _, a in page.elements}


async def _gating(store: Store) -> str:
    """Through the pages, so that its workflow knows it."""
    launch = await drafted(store)
    plan, path = f"/launches/{launch}/plan", f"/launches/{launch}"
    when = ahead().strftime("%Y-%m-%dT%H:%MZ")
    dated = await sent(store, "lea", plan, f"{path}/date", what="plan", target=when)
    assert dated[0] == 303, dated
    opened = await sent(store, "lea", path, path, what="open_gates")
    assert opened[0] == 303, opened
    return launch
