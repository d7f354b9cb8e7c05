"""`gonogo audit …` as a shell calls it, on the record of an installation."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, update

from gonogo.db.session import writing
from gonogo.db.tables import EventRow
from tests.audit.desk import Audited
from tests.builders import KEY, STORE
from tests.cli.conftest import Shell
from tests.db.desk import new_database


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Audited]:
    """The data folder of the shell's installation, with a told case in it."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "mac.key").write_bytes(KEY)
    new_database(f"sqlite:///{data}/gonogo.db")
    desk = Audited(f"sqlite:///{data}/gonogo.db", data)
    desk.case_story(1)
    yield desk
    desk.engine.dispose()


def test_a_checkpoint_is_made_once_and_verified(gonogo: Shell, desk: Audited) -> None:
    first, again = gonogo("audit", "checkpoint", "--json"), gonogo("audit", "checkpoint")
    verified = gonogo("audit", "verify", "--no-objects")

    assert json.loads(first.out) == {"size": 9, "new": True, "pushed": 0}
    assert "nothing was new" in again.out
    assert verified.code == 0
    assert "1 checkpoints cover 9 events" in verified.out
    assert "the record holds" in verified.out
    assert (desk.log.verified() or {})["ok"] is True


def test_what_was_edited_is_named_and_the_exit_code_says_so(gonogo: Shell, desk: Audited) -> None:
    gonogo("audit", "checkpoint")
    with writing(desk.engine) as session:
        session.execute(update(EventRow).where(col(EventRow.position) == 9).values(rules="7"))

    told, as_json = gonogo("audit", "verify"), gonogo("audit", "verify", "--json", "--no-objects")

    assert (told.code, as_json.code) == (1, 1)
    assert "sub_1" in told.out
    (fault,) = json.loads(as_json.out)["faults"]
    assert (fault["subject"], fault["seq"], fault["code"]) == ("sub_1", 9, "signed")


def test_nothing_is_signed_that_does_not_extend_the_last_checkpoint(
    gonogo: Shell, desk: Audited
) -> None:
    gonogo("audit", "checkpoint")
    with writing(desk.engine) as session:
        session.execute(update(EventRow).where(col(EventRow.position) == 9).values(rules="7"))
    desk.queued(2)

    told = gonogo("audit", "checkpoint")

    assert told.code == 1
    assert "event 9 is not the one that was signed" in told.err


def test_the_key_is_printed_rotated_and_asked_for(gonogo: Shell, desk: Audited) -> None:
    first = gonogo("audit", "key").out.strip()
    gonogo("audit", "checkpoint")
    second = json.loads(gonogo("audit", "key", "--rotate", "--json").out)

    assert first.startswith(f"gonogo/{STORE}/")
    assert second["earlier"] == [first]
    assert gonogo("audit", "verify", "--no-objects", "--key", first).code == 0
    stranger = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert gonogo("audit", "verify", "--no-objects", "--key", stranger).code == 1
    assert gonogo("audit", "verify", "--key", "nonsense").code == 2


def test_a_copy_in_a_second_place_is_filled_and_compared(
    gonogo: Shell, desk: Audited, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("GONOGO_CHECKPOINTS_URL", elsewhere.as_uri())

    made = json.loads(gonogo("audit", "checkpoint", "--json").out)
    shutil.rmtree(desk.log.notes_folder)
    told = gonogo("audit", "verify", "--no-objects")

    assert made["pushed"] == 1
    assert told.code == 1
    assert "is at the copy and not here" in told.out
