"""`gonogo inbox`: what is listed, shown and marked."""

import json

from tests.cli.conftest import Shell
from tests.cli.fake_api import FakeApi, Says

ENTRY = {
    "id": "dlv_1",
    "notice": "question",
    "title": "A reviewer has a question: \x1b[31mSky",
    "at": "2026-01-02T03:04:05Z",
    "read_at": None,
    "path": "/submissions/sub_1",
}
LIST = {"items": [ENTRY], "next": None, "unread": 100}


def test_the_inbox_is_listed_with_what_is_new(gonogo: Shell) -> None:
    with FakeApi({"GET /v1/me/inbox": [Says(LIST)]}) as fake:
        told = gonogo("inbox", "list", "--unread", token="gng_x", url=fake.url)

    assert told.code == 0
    assert "dlv_1" in told.out
    assert "new" in told.out
    assert "more than 99 unread" in told.out
    assert "\x1b[31m" not in told.out
    assert "unread=true" in fake.asked[0].path.lower()


def test_an_entry_that_was_shown_is_read(gonogo: Shell) -> None:
    answers = {
        "GET /v1/me/inbox/dlv_1": [Says({**ENTRY, "text": "What is\nit for?"})],
        "PUT /v1/me/inbox/dlv_1/read": [Says(None, 204)],
    }
    with FakeApi(answers) as fake:
        told = gonogo("inbox", "show", "dlv_1", token="gng_x", url=fake.url)

    assert (told.code, fake.asked[-1].method) == (0, "PUT")
    assert "What is\nit for?" in told.out
    assert f"{fake.url}/submissions/sub_1" in told.out


def test_all_that_was_there_is_marked_and_not_what_came_since(gonogo: Shell) -> None:
    answers = {"GET /v1/me/inbox": [Says(LIST)], "PUT /v1/me/inbox/read": [Says({"read": 7})]}
    with FakeApi(answers) as fake:
        told = gonogo("inbox", "read", "--all", token="gng_x", url=fake.url)

    assert "7 marked as read" in told.out
    assert json.loads(fake.asked[-1].body) == {"until": ENTRY["at"]}


def test_reading_needs_one_entry_or_all(gonogo: Shell) -> None:
    assert gonogo("inbox", "read", token="gng_x").code == 2
    assert gonogo("inbox", "read", "dlv_1", "--all", token="gng_x").code == 2
