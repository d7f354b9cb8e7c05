"""`gonogo notices`, `people address` and what the doctor says about mail: on the machine."""

import json
import socket
from pathlib import Path

import pytest

from gonogo.cli.doctor.telling import telling
from gonogo.db.session import engine_of, migrate
from gonogo.settings import Settings
from tests.cli.conftest import Shell


def test_every_notice_can_be_looked_at(gonogo: Shell) -> None:
    named = json.loads(gonogo("notices", "preview", "--json").out)["items"]

    assert "question" in named
    for notice in named:
        made = json.loads(gonogo("notices", "preview", notice, "--json").out)
        assert made["subject"].strip()
        assert "https://store.example/" in made["text"]
        assert "<html" in made["html"]
    assert gonogo("notices", "preview", "nothing").code == 2


def test_what_was_given_up_is_listed_where_there_is_a_store(gonogo: Shell) -> None:
    assert gonogo("notices", "dead").code == 1
    assert gonogo("init", "--name", "Ada").code == 0

    told = gonogo("notices", "dead", "--json")

    assert json.loads(told.out) == {"items": []}
    assert "0 on their way" in gonogo("notices", "replay", "per_x").out
    assert gonogo("notices", "dead", "--channel", "fax").code == 2


def test_an_address_is_kept_and_erased_by_whoever_runs_the_machine(gonogo: Shell) -> None:
    gonogo("init", "--name", "Ada")
    person = json.loads(gonogo("people", "list", "--json").out)["items"][0]["id"]

    assert gonogo("people", "address", person, "ada@example.org").code == 0
    assert gonogo("people", "address", person, "ada@example.org\r\nBcc: x@y.z").code == 2
    assert gonogo("people", "address", person).code == 2
    assert gonogo("people", "address", "per_nobody", "ada@example.org").code == 1
    assert "erased" in gonogo("people", "address", person, "--erase").out
    assert "there was none" in gonogo("people", "address", person, "--erase").out


@pytest.mark.parametrize(
    ("url", "state"),
    [(None, "warn"), ("smtp://127.0.0.1:9", "fail"), ("http://mail.example", "fail")],
)
def test_the_doctor_says_whether_mail_can_go_out(
    tmp_path: Path, url: str | None, state: str
) -> None:
    settings = Settings(data=tmp_path, smtp_url=url)
    engine = engine_of(settings.database)
    settings.data.mkdir(exist_ok=True)
    migrate(engine)

    mail, notices = list(telling(settings, engine))

    engine.dispose()
    assert (mail.name, mail.state) == ("mail", state)
    assert mail.remedy
    assert (notices.name, notices.state) == ("notices", "ok")


def test_a_port_that_is_no_mail_server_is_told_in_time(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"smtp://127.0.0.1:{deaf.getsockname()[1]}"
        settings = Settings(data=tmp_path, smtp_url=url)
        engine = engine_of(settings.database)
        migrate(engine)

        mail = next(telling(settings, engine))

        engine.dispose()
    assert mail.state == "fail"
    assert "imeout" in mail.found
