"""Windows and embargoes on their page: declared, ended, set, moved and lifted by forms alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.store import Store, manifest
from tests.api.test_pages import HOSTILE, Browser, assert_careful

PATH = "/windows"


def day(ahead: float) -> str:
    return f"{datetime.now(UTC) + timedelta(days=ahead):%Y-%m-%dT%H:%M}"


def filled(**changes: Any) -> dict[str, Any]:
    """The form as a lead fills it in."""
    fields = {
        "key": "form-1",
        "kind": "deny",
        "begins": day(2),
        "ends": day(4),
        "tz": "UTC",
        "reason": "Nobody watches over the holidays.",
        **changes,
    }
    return {name: one for name, one in fields.items() if one is not None}


async def test_a_window_is_declared_seen_in_the_calendar_and_ended_by_forms(store: Store) -> None:
    lea = Browser(store, "lea")
    empty = await lea.visit(PATH)

    made = await lea.send(PATH, filled(override_role="safety_oncall"))
    again = await lea.send(PATH, filled(override_role="safety_oncall"))
    seen = await lea.page(PATH)
    (window,) = (await store.get("/v1/windows", "lea")).json()["items"]
    fields = {"key": "form-2", "window": window["id"], "version": str(window["version"])}
    mute = await lea.send("/windows/end", fields | {"reason": " "})
    ended = await lea.send("/windows/end", fields | {"reason": "We are back."})
    after = await lea.visit(PATH)

    assert "Nothing keeps releases back." in empty.text
    assert (made.status_code, again.status_code) == (303, 303)
    assert made.headers["location"] == "/windows?said=window_declared"
    assert seen.text.count("Nobody watches over the holidays.") == 1
    assert "a safety on call, with a reason" in seen.text
    assert seen.text.count('class="mark closes"') in (2, 3)  # two days, touching three dates
    assert (mute.status_code, ended.status_code) == (422, 303)
    assert "We are back." in after.text
    assert 'class="mark closes"' not in after.text
    assert_careful(after)


async def test_a_window_that_comes_every_week_lasts_as_long_as_its_first_time(store: Store) -> None:
    lea = Browser(store, "lea")

    made = await lea.send(PATH, filled(rrule="FREQ=WEEKLY", ends=day(2.5)))
    (window,) = (await store.get("/v1/windows", "lea")).json()["items"]

    assert made.status_code == 303
    assert (window["rrule"], window["ends"]) == ("FREQ=WEEKLY", None)
    assert window["duration_s"] == 43_200
    assert (await lea.page(PATH)).text.count('class="mark closes"') >= 4


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"reason": " "}, 422),
        ({"begins": "tomorrow"}, 422),
        ({"begins": "2026-01-01T00:00:00Z"}, 422),
        ({"ends": day(1)}, 422),
        ({"scope": "gpt"}, 422),
        ({"scope": "gpt", "target": "gpt_nowhere"}, 404),
        ({"rrule": "FREQ=SECONDLY"}, 422),
        ({"tz": HOSTILE[:60]}, 422),
        ({"override_role": HOSTILE[:40]}, 422),
        ({"kind": "perhaps"}, 422),
        ({"key": None}, 422),
    ],
)
async def test_a_window_that_cannot_be_kept_is_refused_in_words(
    store: Store, change: dict[str, Any], status: int
) -> None:
    answer = await Browser(store, "lea").send(PATH, filled(**change))

    assert answer.status_code == status, answer.text
    assert "<script>alert" not in answer.text
    assert (await store.get("/v1/windows", "lea")).json()["items"] == []


async def test_who_may_not_declare_is_told_why(store: Store) -> None:
    rita, ada = Browser(store, "rita"), Browser(store, "ada")

    page = await rita.visit(PATH)
    outside = await ada.visit(PATH)
    statuses = [(await one.send(PATH, filled())).status_code for one in (rita, ada)]
    visitor = await Browser(store, None).visit(PATH)

    assert "Declaring a window is not yours" in page.text
    assert "Declare a window" not in outside.text
    assert "The next weeks" not in outside.text
    assert statuses == [403, 403]
    assert visitor.status_code == 303


async def test_an_embargo_is_set_by_its_developer_and_lifted_by_two_leads(store: Store) -> None:
    gpt = str((await store.submitted(manifest("Night Sky Guide")))["gpt"])
    ada, ben, lea, lou = [Browser(store, name) for name in ("ada", "ben", "lea", "lou")]
    form = await ada.page(f"{PATH}?gpt={gpt}")
    fields = {"key": "form-1", "what": "set", "gpt": gpt, "reason": "The press is told then."}

    blind = await ada.send("/windows/embargoes", fields)
    foreign = await ben.send("/windows/embargoes", fields | {"not_before": "2031-01-10"})
    done = await ada.send("/windows/embargoes", fields | {"not_before": "2031-01-10"})
    (held,) = (await store.get("/v1/embargoes", "ada")).json()["items"]
    given = {"key": "form-2", "embargo": held["id"], "reason": "Leaked."}
    later = {**given, "what": "move", "not_before": "2031-02-10", "version": str(held["version"])}
    moved = await ada.send("/windows/embargoes", later)
    lift = {**given, "what": "lift", "version": str(held["version"] + 1)}
    refused = await ada.send("/windows/embargoes", lift)
    first = await lea.send("/windows/embargoes", lift)
    same = await lea.send("/windows/embargoes", {**lift, "version": str(held["version"] + 2)})
    asked = await lou.visit(PATH)
    second = await lou.send("/windows/embargoes", {**lift, "version": str(held["version"] + 2)})
    mine, others = await ada.visit(PATH), await ben.visit(PATH)

    assert "Night Sky Guide" in form.text
    assert (blind.status_code, foreign.status_code, done.status_code) == (422, 404, 303)
    assert (moved.status_code, refused.status_code) == (303, 403)
    assert (first.status_code, same.status_code, second.status_code) == (303, 403, 303)
    assert "a second lead is needed" in asked.text
    assert "Lift it, as the second" in asked.text
    assert "Lifted" in mine.text
    assert "Night Sky Guide" not in others.text
    assert_careful(mine)


async def test_hostile_words_and_names_stay_text(store: Store) -> None:
    gpt = str((await store.submitted(manifest(HOSTILE[:55])))["gpt"])
    lea = Browser(store, "lea")
    await lea.send(PATH, filled(reason=HOSTILE, scope="gpt", target=gpt))
    fields = {"key": "e", "what": "set", "gpt": gpt, "not_before": "2031-01-10", "reason": HOSTILE}
    await lea.send("/windows/embargoes", fields)

    answer = await lea.visit(PATH)

    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script>alert" not in answer.text
    assert_careful(answer)
