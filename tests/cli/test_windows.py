"""`gonogo windows` and `gonogo embargo`: what is sent, and what is printed."""

import json

from tests.cli.conftest import Shell
from tests.cli.fake_api import FakeApi, Says, problem

WINDOW = {
    "id": "win_1", "kind": "deny", "tz": "Europe/Paris", "begins": "2026-12-18T12:00:00",
    "ends": None, "rrule": "FREQ=WEEKLY;BYDAY=FR", "duration_s": 7200, "scope": "store",
    "applies_to": "start", "override_role": None, "in_force": True, "status": "declared",
}  # fmt: skip


def test_a_window_is_declared_with_what_was_said_and_nothing_else(gonogo: Shell) -> None:
    taken = Says({"window": "win_1", "status": "declared"}, 201)
    with FakeApi({"POST /v1/windows": [taken]}) as fake:
        told = gonogo(
            "windows", "declare", "deny", "--from", "2026-12-18T12:00", "--to", "2027-01-04T08:00",
            "--zone", "Europe/Paris", "--reason", "holidays", token="gng_x", url=fake.url,
        )  # fmt: skip

    assert told.code == 0, told.err
    assert json.loads(fake.asked[0].body) == {
        "kind": "deny", "tz": "Europe/Paris", "begins": "2026-12-18T12:00",
        "ends": "2027-01-04T08:00", "scope": "store", "applies_to": "increase",
        "overrun": "finish_step", "reason": "holidays",
    }  # fmt: skip
    assert "gonogo windows end win_1" in told.out


def test_windows_of_people_and_of_the_pack_are_listed(gonogo: Shell) -> None:
    page = {"items": [WINDOW], "next": None, "pack": [{**WINDOW, "id": "pack:weekend"}]}
    with FakeApi({"GET /v1/windows": [Says(page)]}) as fake:
        told = gonogo("windows", "list", token="gng_x", url=fake.url)

    assert told.code == 0, told.err
    assert "win_1" in told.out
    assert "pack:weekend" in told.out


def test_an_embargo_is_lifted_by_the_version_that_was_seen(gonogo: Shell) -> None:
    seen, one = Says({"id": "emb_1", "version": 4}), Says({"status": "active"})
    with FakeApi(
        {"GET /v1/embargoes/emb_1": [seen], "POST /v1/embargoes/emb_1/lift": [one]}
    ) as fake:
        told = gonogo("embargo", "lift", "emb_1", "--reason", "early", token="gng_x", url=fake.url)

    assert told.code == 0, told.err
    assert "a second lead lifts it" in told.out


def test_what_nobody_can_read_is_told_and_ends_with_one(gonogo: Shell) -> None:
    refusal = problem("incomplete", 422, "write it like one of these")
    with FakeApi({"POST /v1/embargoes": [refusal]}) as fake:
        told = gonogo(
            "embargo", "set", "gpt_1", "--not-before", "soon", "--reason", "press",
            token="gng_x", url=fake.url,
        )  # fmt: skip

    assert told.code == 1
    assert "write it like one of these" in told.err
