"""Checkpoints are signed when they extend the last one, and never otherwise."""

import asyncio
import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from obstore.store import MemoryStore
from sqlmodel import col, delete, func, select, update

from gonogo.audit.installation import Notary
from gonogo.audit.keeper import Inconsistent
from gonogo.audit.keys import BadKey, signing_key
from gonogo.audit.log import Busy, Copy
from gonogo.audit.notes import Signer, followers, read_note, signed_by
from gonogo.audit.tree import TreeFiles
from gonogo.db.session import reading, writing
from gonogo.db.tables import EventRow, OutboxRow, StoreRow
from tests.audit.desk import Audited
from tests.builders import ADA


def test_a_checkpoint_covers_every_event_and_a_second_one_only_what_is_new(desk: Audited) -> None:
    desk.review("withdraw", "sub_3", ADA)

    made = desk.keeper.checkpoint()

    assert made is not None
    assert made.size == 27
    assert desk.keeper.checkpoint() is None
    assert desk.keeper.waiting() == 0
    assert [int(name) for name in desk.log.names()] == [9, 26, 27]
    assert desk.verified().ok


def test_the_private_key_is_the_owners_alone_and_made_once(desk: Audited) -> None:
    path = desk.data / "checkpoint.key"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert signing_key(path).private_bytes_raw() == signing_key(path).private_bytes_raw()


def test_a_file_that_is_no_key_is_named_and_its_content_is_not(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.key"
    path.write_text("hunter2")

    with pytest.raises(BadKey) as refused:
        signing_key(path)

    assert "hunter2" not in str(refused.value)


def cut_to(desk: Audited, position: int) -> None:
    with writing(desk.engine) as session:
        for table in (EventRow, OutboxRow):
            session.execute(delete(table).where(col(table.position) > position))
        session.execute(update(StoreRow).values(position=position))


def test_a_record_that_is_shorter_than_what_was_signed_is_not_signed(desk: Audited) -> None:
    cut_to(desk, 20)

    with pytest.raises(Inconsistent, match="26 was signed, the record has 20"):
        desk.keeper.checkpoint()

    assert desk.keeper.waiting() == -6
    assert "20 events" in (desk.log.alarm() or "")
    assert "alarm" in desk.codes()


def test_other_events_in_the_place_of_those_signed_are_not_signed(desk: Audited) -> None:
    cut_to(desk, 23)
    desk.queued(7)
    desk.queued(8)

    with pytest.raises(Inconsistent, match="26 is not the one"):
        desk.keeper.checkpoint()


def test_a_gap_in_what_is_new_is_not_signed(desk: Audited) -> None:
    desk.queued(7)
    with writing(desk.engine) as session:
        session.execute(delete(EventRow).where(col(EventRow.position) == 28))

    with pytest.raises(Inconsistent, match="event 28 of the store is missing"):
        desk.keeper.checkpoint()


def test_an_alarm_ends_when_the_record_is_whole_again(desk: Audited) -> None:
    desk.log.raise_alarm("something")
    desk.queued(7)

    desk.keeper.checkpoint()

    assert desk.log.alarm() is None


@pytest.mark.parametrize("lost", ["00", "02"])
def test_a_tree_that_was_lost_is_made_again_and_compared(desk: Audited, lost: str) -> None:
    (desk.log.tree_folder / lost).unlink()
    desk.queued(7)

    assert desk.keeper.checkpoint() is not None
    with TreeFiles(desk.log.tree_folder) as tree:
        assert tree.is_whole(29)
    assert desk.verified().ok


def test_a_lost_tree_is_not_made_again_from_other_events(desk: Audited) -> None:
    (desk.log.tree_folder / "00").unlink()
    with writing(desk.engine) as session:
        session.execute(update(EventRow).where(col(EventRow.position) == 3).values(rules="9"))

    with pytest.raises(Inconsistent, match="the tree is another than that of checkpoint 26"):
        desk.keeper.checkpoint()


def test_hashes_of_an_interrupted_checkpoint_are_made_again(desk: Audited) -> None:
    with TreeFiles(desk.log.tree_folder, writable=True) as tree:
        tree.append([os.urandom(32)] * 5)
    desk.queued(7)

    assert desk.keeper.checkpoint() is not None
    assert desk.verified().ok


def test_only_one_process_signs_at_a_time(desk: Audited) -> None:
    with desk.log.locked(), pytest.raises(Busy):
        desk.keeper.checkpoint()


def test_a_note_that_somebody_edited_stops_the_signing(desk: Audited) -> None:
    name = desk.log.names()[-1]
    path = desk.log.notes_folder / name
    path.write_text(path.read_text().replace("\n26\n", "\n25\n"))

    with pytest.raises(Inconsistent):
        desk.keeper.checkpoint()
    assert "checkpoint" in desk.codes()


def test_a_checkpoint_reads_the_new_events_alone(desk: Audited) -> None:
    # An old event is edited: the next checkpoint does not see it (verification does), and its root
    # still stands for what was recorded.
    with writing(desk.engine) as session:
        session.execute(update(EventRow).where(col(EventRow.position) == 3).values(rules="9"))
    desk.queued(7)

    assert desk.keeper.checkpoint() is not None
    assert {(f.position, f.code) for f in desk.verified().faults} >= {(3, "signed")}


def test_after_a_rotation_both_keys_lead_to_every_checkpoint(desk: Audited) -> None:
    old = desk.keeper.key()

    fresh = desk.keeper.rotate()
    desk.queued(7)
    desk.keeper.checkpoint()

    newest = desk.log.note(desk.log.names()[-1])
    assert signed_by(newest) == [fresh.id.hex()]
    assert read_note(newest, [fresh]).size == 29
    assert desk.verified(trusted=[old]).ok
    assert desk.verified().ok
    assert not desk.verified(trusted=[fresh]).ok  # the fresh key vouches for nothing before it


def test_a_signature_added_to_a_note_makes_nobody_trusted(desk: Audited) -> None:
    old, name = desk.keeper.key(), desk.log.names()[-1]
    eve = Signer(desk.log.begin(), Ed25519PrivateKey.generate())
    note = desk.log.note(name)
    path = desk.log.notes_folder / f"{name}.{eve.key.id.hex()}"
    path.write_text(note + eve.line(note.partition("\n\n")[0] + "\n"))
    desk.log.add_key(eve.key)
    desk.queued(7)
    (desk.data / "checkpoint.key").unlink()
    desk.keeper.checkpoint()

    newest = desk.log.note(desk.log.names()[-1])
    assert eve.key not in followers([old], desk.log.known_keys(), [path.read_text(), newest])
    assert "checkpoint" in desk.codes(trusted=[old])


def test_a_stranger_in_the_list_of_keys_is_not_followed(desk: Audited) -> None:
    old = desk.keeper.key()
    (desk.data / "checkpoint.key").unlink()
    desk.queued(7)
    desk.keeper.checkpoint()

    assert desk.verified().ok  # the installation's own list does not know better
    assert "checkpoint" in desk.codes(trusted=[old])


def with_copy(desk: Audited) -> tuple[Audited, Copy]:
    origin = desk.log.origin()
    assert origin is not None
    copy = Copy("memory://", origin, MemoryStore())
    return desk.beside(copy), copy


def test_the_copy_gets_every_note_once(desk: Audited) -> None:
    copied, copy = with_copy(desk)

    assert (copied.keeper.push(), copied.keeper.push()) == (2, 0)
    assert copy.names() == desk.log.names()
    assert copied.verified().ok


def test_what_was_removed_here_is_told_by_the_copy(desk: Audited) -> None:
    copied, _ = with_copy(desk)
    copied.keeper.push()
    (desk.log.notes_folder / desk.log.names()[-1]).unlink()
    cut_to(desk, 9)

    report = copied.verified()

    assert {"checkpoint", "truncated"} <= {fault.code for fault in report.faults}


def test_another_text_at_the_copy_is_found_and_nothing_is_overwritten(desk: Audited) -> None:
    copied, copy = with_copy(desk)
    name = desk.log.names()[0]
    copy.add_note(name, "another text")

    copied.keeper.push()

    assert copy.note(name) == "another text"
    assert "checkpoint" in copied.codes()
    with pytest.raises(FileExistsError):
        copy.add_note(name, desk.log.note(name))


def test_another_log_of_the_same_store_at_the_copy_is_told(desk: Audited) -> None:
    store = MemoryStore()
    Copy("memory://", "gonogo/default/ffff", store).add_note("000000000000100", "x")
    origin = desk.log.origin() or ""

    report = desk.beside(Copy("memory://", origin, store)).verified()

    assert any("gonogo/default/ffff" in warning for warning in report.warnings)


async def test_a_notary_signs_what_is_new_and_never_fails(desk: Audited) -> None:
    desk.queued(7)
    notary, stop = Notary(desk.keeper, every_s=3600), asyncio.Event()

    task = asyncio.create_task(notary.work(stop))
    for _ in range(1_000):
        if len(desk.log.names()) == 3:
            break
        await asyncio.sleep(0.01)
    desk.queued(8)
    await asyncio.to_thread(notary.look)  # not due yet
    stop.set()
    await task
    assert len(desk.log.names()) == 3
    notary.make()
    assert len(desk.log.names()) == 4
    cut_to(desk, 9)
    notary.look()

    assert desk.log.alarm() is not None


def test_a_first_checkpoint_of_an_empty_store_is_none(desk: Audited) -> None:
    with writing(desk.engine) as session:
        session.execute(delete(EventRow))
        session.execute(update(StoreRow).values(position=0))
    for name in desk.log.all_names():
        (desk.log.notes_folder / name).unlink()

    assert desk.keeper.checkpoint() is None
    with reading(desk.engine) as session:
        assert session.exec(select(func.count()).select_from(EventRow)).one() == 0
