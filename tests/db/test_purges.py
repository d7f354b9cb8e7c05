"""What is erased is gone, what others need stays, a kill loses nothing, the chain still holds."""

import pytest
from sqlmodel import select

from gonogo.db.adoption import adopt
from gonogo.db.erasures import TombstoneRow
from gonogo.db.people import PersonRow
from gonogo.db.prose import keep_prose, read_prose
from gonogo.db.session import reading, writing
from gonogo.db.tables import GptRow, RevisionRow
from gonogo.erasable import plan
from gonogo.erasure import erase
from gonogo.objects import Objects
from gonogo.recovery import rebuild, underway
from tests.builders import ADA, AMY, IDA, LEA, RUI, SOL, STORE, T0
from tests.db.desk import Desk
from tests.db.purging import SHARED, asked, audit, bundle, gone, purged, rejected, uploaded
from tests.policies.states import SYS


def test_texts_bundles_and_transcripts_go_and_the_chain_still_holds(
    desk: Desk, objects: Objects
) -> None:
    digest, note, said = rejected(desk, objects, 1, "knowledge/a.md")
    other, other_note, other_said = rejected(desk, objects, 2, "knowledge/b.md")

    found = purged(desk, objects, "gpt", "gpt_1")

    assert read_prose(desk.engine, {note, other_note}).keys() == {other_note}
    assert [gone(objects, one) for one in (digest, said, other, other_said)] == [
        True, True, False, False,
    ]  # fmt: skip
    state = desk.state("prg_1")
    assert (state.erased["prose"], state.erased["objects"]) == (1, len(found.objects))
    with reading(desk.engine) as session:
        assert session.get_one(RevisionRow, (STORE, "gpt_1", digest)).description == "(erased)"
        assert session.get_one(GptRow, (STORE, "gpt_2")).name == "Sky"
    assert audit(desk, objects) == []


def test_what_another_gpt_needs_stays_and_is_said(desk: Desk, objects: Objects) -> None:
    rejected(desk, objects, 1, "knowledge/shared.md", "knowledge/own.md")
    other, _, _ = rejected(desk, objects, 2, "knowledge/shared.md")

    found = plan(desk.engine, objects, STORE, "gpt", "gpt_1")
    purged(desk, objects, "gpt", "gpt_1")

    assert found.kept_objects == 1
    assert objects.get_bundle(other).files["knowledge/shared.md"] == SHARED
    assert audit(desk, objects) == []


def test_a_pending_upload_of_the_same_gpt_keeps_what_it_shares(
    desk: Desk, objects: Objects
) -> None:
    rejected(desk, objects, 1, "knowledge/shared.md")
    files = {"knowledge/shared.md": b"content of knowledge/shared.md"}
    newer = uploaded(desk, objects, "gpt_1", bundle(files, name="GPT 1, mended"))

    purged(desk, objects, "submission", "sub_1")

    assert objects.get_bundle(newer).files == files


def test_a_text_that_another_subject_names_stays(desk: Desk, objects: Objects) -> None:
    _, note, _ = rejected(desk, objects, 1, "knowledge/a.md")
    desk.give("place", "stp_9", SOL, {"scope": "gpt", "target": "gpt_2", "reason": "x",
                                      "note": note})  # fmt: skip

    found = plan(desk.engine, objects, STORE, "gpt", "gpt_1")

    assert (note in found.prose, found.kept_prose) == (False, 1)


@pytest.mark.parametrize("beats", [0, 1, 2])
def test_a_kill_in_the_middle_is_made_up_for(desk: Desk, objects: Objects, beats: int) -> None:
    digest, note, said = rejected(desk, objects, 1, "knowledge/a.md", "knowledge/b.md")
    asked(desk, "gpt", "gpt_1")
    desk.give("confirm", "prg_1", IDA)
    whole = plan(desk.engine, objects, STORE, "gpt", "gpt_1")
    left = iter(range(beats))

    def dies() -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        erase(desk.engine, objects, STORE, "prg_1", whole, beat=dies)
    again = plan(desk.engine, objects, STORE, "gpt", "gpt_1")
    report = erase(desk.engine, objects, STORE, "prg_1", again)
    desk.give("finish", "prg_1", SYS, report)

    assert report["erased"]["prose"] == len(whole.prose) == 1
    assert report["erased"]["objects"] == len(whole.objects)
    assert all(gone(objects, one) for one in (digest, said, *whole.objects))
    assert read_prose(desk.engine, {note}) == {}
    assert audit(desk, objects) == []


def test_erasing_twice_erases_nothing_more(desk: Desk, objects: Objects) -> None:
    rejected(desk, objects, 1, "knowledge/a.md")
    purged(desk, objects, "gpt", "gpt_1")

    second = purged(desk, objects, "gpt", "gpt_1", number=2)

    assert (second.prose, second.objects) == (set(), set())
    assert desk.state("prg_2").erased == {"prose": 0, "objects": 0, "rows": 1}
    assert audit(desk, objects) == []


def test_i6_an_erased_bundle_is_never_shown_again(desk: Desk, objects: Objects) -> None:
    desk.approved(1)
    desk.ledger.record(desk.exposing(1))
    desk.give("promote", "lst_1", SYS, {"release": "rel_1"})
    desk.give("unlist", "lst_1", ADA)
    with writing(desk.engine) as session:
        session.add(TombstoneRow(digest="d1", store_id=STORE, purge="prg_1", kind="object",
                                 erased_at=T0))  # fmt: skip

    refused = desk.give("relist", "lst_1", ADA)

    assert refused.refusal is not None
    assert refused.refusal.detail["reasons"] == ["erased"]


def test_an_erased_bundle_is_not_taken_again_to_no_end(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.add(TombstoneRow(digest="d1", store_id=STORE, purge="prg_1", kind="object",
                                 erased_at=T0))  # fmt: skip
    opening = {"gpt": "gpt_1", "digest": "d1"}

    erased = desk.review("submit", "sub_1", ADA, **opening)
    changed = desk.review("submit", "sub_1", ADA, **{**opening, "digest": "d2"})
    back = desk.review("submit", "sub_1", ADA, **opening)

    assert erased.refusal is not None
    assert erased.refusal.code == "illegal-move"
    assert erased.refusal.detail["reason"] == "erased"
    assert changed.outcome == "stored"
    assert back.refusal is not None
    assert back.refusal.detail["reason"] == "erased"


def test_a_person_goes_with_all_they_wrote(desk: Desk, objects: Objects) -> None:
    _, note, said = rejected(desk, objects, 1, "knowledge/a.md")
    person = desk.identity.add_person("Rui", ("reviewer",), person=RUI.id)
    token = desk.identity.issue_token(person, "t")

    purged(desk.wait(days=200), objects, "person", person)

    assert read_prose(desk.engine, {note}) == {}
    assert not gone(objects, said)
    assert desk.identity.entered(token) is None
    with reading(desk.engine) as session:
        row = session.get_one(PersonRow, (STORE, person))
        assert (row.name, row.roles, row.left_at is None) == ("(erased)", [], False)
    assert audit(desk, objects) == []


def test_what_a_person_wrote_stays_while_others_need_it(desk: Desk, objects: Objects) -> None:
    _, note, _ = rejected(desk, objects, 1, "knowledge/a.md")
    _, held_note, _ = rejected(desk, objects, 2, "knowledge/b.md")
    appealable = plan(desk.engine, objects, STORE, "person", RUI.id, desk.now)
    desk.wait(days=200).queued(3)
    desk.review("claim", "sub_3", RUI)
    asked_note = keep_prose(desk.engine, "Which host is that?")
    assert asked_note
    desk.review("ask", "sub_3", RUI, note=asked_note)
    desk.give("place", "hld_1", AMY, {"scope": "gpt", "target": "gpt_2", "reason": "court"})

    found = purged(desk, objects, "person", RUI.id)

    assert (appealable.prose, appealable.kept_prose) == (set(), 2)
    assert (found.prose, found.kept_prose) == ({note}, 2)
    assert read_prose(desk.engine, {note, held_note, asked_note}).keys() == {held_note, asked_note}
    assert desk.state("prg_1").kept["prose"] == 2
    desk.give("lift", "hld_1", IDA, {"reason": "over"})
    lifted = plan(desk.engine, objects, STORE, "person", RUI.id, desk.now)
    assert lifted.prose == {held_note}
    # Evidence `f1` of the test is a name that nobody stored.
    assert [f for f in audit(desk, objects) if " f1 " not in f.what] == []


def test_an_audit_finds_tombstones_nobody_asked_for(desk: Desk, objects: Objects) -> None:
    digest, _, _ = rejected(desk, objects, 1, "knowledge/a.md")
    purged(desk, objects, "submission", "sub_1")
    with writing(desk.engine) as session:
        session.add(TombstoneRow(digest="f" * 64, store_id=STORE, purge="prg_9", kind="object",
                                 erased_at=T0))  # fmt: skip
        session.add(TombstoneRow(digest="e" * 64, store_id=STORE, purge="prg_1", kind="object",
                                 erased_at=T0))  # fmt: skip

    found = {(fault.subject, fault.what) for fault in audit(desk, objects)}

    assert {
        ("prg_9", "tombstones of a request that nobody confirmed"),
        ("prg_1", "its tombstones are not those it left"),
        ("sub_1", f"the bundle {digest[:12]} is not there"),  # they explain nothing any more
    } <= found
    assert gone(objects, digest)


def test_the_reason_for_a_purge_survives_it(desk: Desk, objects: Objects) -> None:
    rejected(desk, objects, 1, "knowledge/a.md")
    why = keep_prose(desk.engine, "Asked for by letter of 2 May.")
    assert why
    body = {"scope": "gpt", "target": "gpt_1", "reason": "stated", "note": why}
    desk.give("ask", "prg_1", AMY, body)
    desk.give("confirm", "prg_1", IDA)

    erase(desk.engine, objects, STORE, "prg_1", plan(desk.engine, objects, STORE, "gpt", "gpt_1"))

    assert read_prose(desk.engine, {why})
    with reading(desk.engine) as session:
        assert session.exec(select(TombstoneRow.purge).distinct()).all() == ["prg_1"]
    assert LEA.id not in desk.state("prg_1").asked_by


def test_a_purge_that_two_people_wanted_is_recovered_until_it_is_done(
    desk: Desk, objects: Objects
) -> None:
    rejected(desk, objects, 1, "knowledge/a.md")

    def due() -> list[tuple[str, str]]:
        return [(kind, id) for kind, id, *_ in underway(desk.engine, STORE) if kind == "Purge"]

    asked(desk, "gpt", "gpt_1")
    before = due()
    desk.give("confirm", "prg_1", IDA)
    between = due()
    found = plan(desk.engine, objects, STORE, "gpt", "gpt_1")
    report = erase(desk.engine, objects, STORE, "prg_1", found)
    desk.give("finish", "prg_1", SYS, report)

    assert (before, between, due()) == ([], [("Purge", "purge/prg_1")], [])


def test_rebuilding_after_a_purge_changes_nothing(desk: Desk, objects: Objects) -> None:
    rejected(desk, objects, 1, "knowledge/a.md")
    adopt(desk.engine, STORE)

    purged(desk, objects, "gpt", "gpt_1")

    assert rebuild(desk.engine, STORE).differences == []
