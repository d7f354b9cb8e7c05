"""`gonogo audit …` as a shell calls it, on the record of an installation."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, delete, update

from gonogo.db.session import writing
from gonogo.db.tables import EventRow, OutboxRow, StoreRow, SubmissionPicture
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


def test_a_record_travels_and_verifies_elsewhere(
    gonogo: Shell, desk: Audited, tmp_path: Path
) -> None:
    file = tmp_path / "record.jsonl"
    written = json.loads(gonogo("audit", "export", str(file), "--json").out)
    shutil.rmtree(desk.data)

    held = gonogo("audit", "verify", "--offline", str(file), "--key", written["key"])
    own = gonogo("audit", "verify", "--offline", str(file))
    file.write_text(file.read_text().replace('"per_rui"', '"per_eve"', 1))
    changed = gonogo("audit", "verify", "--offline", str(file), "--key", written["key"])

    assert (held.code, own.code, changed.code) == (0, 0, 1)
    assert "give --key" in own.out
    assert "the record holds" in held.out


def test_an_export_overwrites_nothing_and_a_stranger_is_no_export(
    gonogo: Shell, desk: Audited, tmp_path: Path
) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("mine")

    assert gonogo("audit", "export", str(file)).code == 2
    assert file.read_text() == "mine"
    assert gonogo("audit", "verify", "--offline", str(file)).code == 1
    assert gonogo("audit", "verify", "--offline", "nowhere").code == 2
    assert gonogo("audit", "verify", "--offline", "a", "--proof", "b").code == 2
    assert len(gonogo("audit", "export", "-").out.splitlines()) == 14


def test_a_decision_is_proven_and_the_proof_checked(
    gonogo: Shell, desk: Audited, tmp_path: Path
) -> None:
    unsigned = gonogo("audit", "prove", "sub_1")
    gonogo("audit", "checkpoint")
    key, file = gonogo("audit", "key").out.strip(), tmp_path / "proof.json"
    gonogo("audit", "prove", "sub_1", "--out", str(file))

    held = json.loads(gonogo("audit", "verify", "--proof", str(file), "--key", key, "--json").out)
    printed = gonogo("audit", "prove", "8")
    file.write_text(file.read_text().replace("per_rui", "per_eve"))
    changed = gonogo("audit", "verify", "--proof", str(file), "--key", key)

    assert unsigned.code == 1
    assert (held["type"], held["actor"]) == ("submission:review:approved", "per_rui")
    assert json.loads(printed.out)["event"]["position"] == 8
    assert changed.code == 1
    assert gonogo("audit", "prove", "sub_nobody").code == 1


def test_after_a_restore_on_purpose_another_log_begins(gonogo: Shell, desk: Audited) -> None:
    desk.queued(2)
    gonogo("audit", "checkpoint")
    first = desk.log.origin()
    with writing(desk.engine) as session:
        session.execute(delete(EventRow).where(col(EventRow.position) > 9))
        session.execute(delete(OutboxRow).where(col(OutboxRow.position) > 9))
        session.execute(delete(SubmissionPicture).where(col(SubmissionPicture.id) == "sub_2"))
        session.execute(update(StoreRow).values(position=9))
    refused = gonogo("audit", "checkpoint")

    unsure, ended = gonogo("audit", "new-log"), gonogo("audit", "new-log", "--yes", "--json")
    made = gonogo("audit", "checkpoint")

    assert (refused.code, unsure.code, ended.code, made.code) == (1, 2, 0, 0)
    assert Path(json.loads(ended.out)["ended"]).is_dir()
    assert desk.log.origin() != first
    assert gonogo("audit", "verify", "--no-objects").code == 0
