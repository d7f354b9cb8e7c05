"""`gonogo announcements`: what everybody was told, in a table."""

import json
from typing import Any

from tests.cli.conftest import Shell
from tests.cli.fake_api import FakeApi, Says


def announced(title: str, **more: Any) -> dict[str, Any]:
    return {
        "launch": "lch_1",
        "name": title,
        "title": title,
        "status": "announced",
        "open_since": None,
        "date": {"words": {"en": "in May 2031", "fr": "en mai 2031"}},
        "told_at": "2026-01-02T03:04:05Z",
        "memos": [{"id": "mem_1"}],
        **more,
    }


LIST = {
    "items": [
        announced("Sky \x1b[31mred"),
        announced("Quiet", date=None, status="on_hold"),
        announced("Early", status="open", open_since="2026-01-02T03:04:05Z"),
    ],
    "next": "W10",
}


def test_announcements_are_listed_with_the_date_as_it_was_told(gonogo: Shell) -> None:
    with FakeApi({"GET /v1/announcements": [Says(LIST), Says(LIST)]}) as fake:
        told = gonogo("announcements", token="gng_x", url=fake.url)
        plain = gonogo("announcements", "--json", token="gng_x", url=fake.url)

    assert told.code == 0
    for words in ("in May 2031", "not told", "open since", "mem_1", "/announcements"):
        assert words in " ".join(told.out.split())
    assert "\x1b[31m" not in told.out
    assert json.loads(plain.out) == LIST
