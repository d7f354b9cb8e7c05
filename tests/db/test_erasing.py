"""Erasing asks again while it erases: a hold, a use or a refusal that comes in between wins."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from activities.purging import PurgeOrder, PurgeReport, Purging
from gonogo.db.erasures import TombstoneRow
from gonogo.db.prose import read_prose
from gonogo.db.session import reading, writing
from gonogo.db.tables import RevisionRow
from gonogo.erasable import Plan, plan
from gonogo.erasure import Interrupted, erase
from gonogo.objects import Objects, ObjectsUnreachable
from policies.pack import Retention
from tests.builders import ADA, AMY, IDA, PUBLISHER, RUI, STORE
from tests.db.desk import Desk
from tests.db.purging import asked, audit, bundle, gone, purged, rejected, uploaded
from tests.db.test_limits import code

FILES = {"knowledge/a.md": b"content of knowledge/a.md"}


def confirmed(desk: Desk, objects: Objects, scope: str, target: str, number: int = 1) -> Plan:
    assert code(asked(desk, scope, target, number)) == "stored"
    assert code(desk.give("confirm", f"prg_{number}", IDA)) == "stored"
    return plan(desk.engine, objects, STORE, scope, target, desk.now)


def placed(desk: Desk, scope: str, target: str) -> None:
    held = {"scope": scope, "target": target, "reason": "court"}
    assert code(desk.give("place", "hld_1", AMY, held)) == "stored"


def stones(desk: Desk) -> set[str]:
    with reading(desk.engine) as session:
        return set(session.exec(select(TombstoneRow.digest)))


def run(desk: Desk, objects: Objects, beat: Callable[[], None]) -> PurgeReport:
    """What the worker does with a confirmed request."""
    order = PurgeOrder(STORE, "prg_1", "gpt", "gpt_1")
    return Purging(desk.engine, objects, Retention())._erase(order, beat)


@pytest.mark.parametrize(
    ("scope", "target"),
    [("gpt", "gpt_1"), ("submission", "sub_1"), ("publisher", PUBLISHER), ("person", RUI.id)],
)
def test_a_hold_between_the_plan_and_the_erasing_wins(
    desk: Desk, objects: Objects, scope: str, target: str
) -> None:
    digest, note, said = rejected(desk, objects, 1, "knowledge/a.md")
    found = confirmed(desk, objects, "gpt", "gpt_1")
    placed(desk, scope, target)

    with pytest.raises(Interrupted) as interrupted:
        erase(desk.engine, objects, STORE, "prg_1", found)

    assert interrupted.value.by == ("hld_1",)
    assert read_prose(desk.engine, {note})
    assert not gone(objects, digest)
    assert not gone(objects, said)
    assert stones(desk) == set()


def test_a_hold_between_two_batches_keeps_what_is_left(desk: Desk, objects: Objects) -> None:
    digest, note, said = rejected(desk, objects, 1, "knowledge/a.md")
    found = confirmed(desk, objects, "gpt", "gpt_1")

    with pytest.raises(Interrupted):
        erase(desk.engine, objects, STORE, "prg_1", found,
              beat=lambda: placed(desk, "gpt", "gpt_1"))  # fmt: skip

    assert read_prose(desk.engine, {note}) == {}
    assert [gone(objects, one) for one in (digest, said)] == [False, False]
    assert stones(desk) == {note}
    assert audit(desk, objects) == []


def test_a_case_that_is_opened_again_meanwhile_keeps_its_bundle(
    desk: Desk, objects: Objects
) -> None:
    digest = uploaded(desk, objects, "gpt_1", bundle(FILES, name="GPT 1"))
    desk.review("submit", "sub_1", ADA, gpt="gpt_1", digest=digest)
    desk.review("withdraw", "sub_1", ADA)
    found = confirmed(desk, objects, "submission", "sub_1")
    assert digest in found.objects
    desk.review("submit", "sub_2", ADA, gpt="gpt_1", digest=digest)

    with pytest.raises(Interrupted) as interrupted:
        erase(desk.engine, objects, STORE, "prg_1", found)

    assert interrupted.value.by == ("sub_2",)
    assert objects.get_bundle(digest).files == FILES


def test_an_upload_that_comes_meanwhile_keeps_the_files_it_shares(
    desk: Desk, objects: Objects
) -> None:
    rejected(desk, objects, 1, "knowledge/a.md")
    found = confirmed(desk, objects, "gpt", "gpt_1")
    other = objects.put_bundle(bundle(FILES, name="GPT 2"))
    with writing(desk.engine) as session:
        now = datetime.now(UTC)
        session.add(RevisionRow(store_id=STORE, gpt="gpt_2", digest=other, name="Sky",
                                description="Stars.", category=None, created_at=now))  # fmt: skip

    with pytest.raises(Interrupted) as interrupted:
        erase(desk.engine, objects, STORE, "prg_1", found)

    assert interrupted.value.by == ("gpt_2",)
    assert objects.get_bundle(other).files == FILES


def test_the_worker_plans_again_and_then_says_what_is_in_the_way(
    desk: Desk, objects: Objects
) -> None:
    _, note, _ = rejected(desk, objects, 1, "knowledge/a.md")
    confirmed(desk, objects, "gpt", "gpt_1")
    left = iter([lambda: placed(desk, "gpt", "gpt_1")])

    report = run(desk, objects, lambda: next(left, lambda: None)())

    assert report.blocked_by == ("hld_1",)
    assert read_prose(desk.engine, {note})


def test_a_hold_on_somebody_else_only_makes_the_worker_plan_again(
    desk: Desk, objects: Objects
) -> None:
    _, note, _ = rejected(desk, objects, 1, "knowledge/a.md")
    confirmed(desk, objects, "gpt", "gpt_1")
    left = iter([lambda: placed(desk, "gpt", "gpt_9")])

    report = run(desk, objects, lambda: next(left, lambda: None)())

    assert report.blocked_by == ()
    assert read_prose(desk.engine, {note}) == {}


@pytest.mark.parametrize("scope", ["gpt", "submission", "publisher"])
def test_what_a_person_under_a_hold_wrote_stays_in_every_purge(
    desk: Desk, objects: Objects, scope: str
) -> None:
    digest, note, _ = rejected(desk, objects, 1, "knowledge/a.md")
    target = {"gpt": "gpt_1", "submission": "sub_1", "publisher": PUBLISHER}[scope]
    placed(desk, "person", RUI.id)

    found = purged(desk, objects, scope, target)

    assert (note in found.prose, found.kept_prose) == (False, 1)
    assert read_prose(desk.engine, {note})
    assert gone(objects, digest)
    assert audit(desk, objects) == []


def test_a_bundle_that_another_gpt_has_not_submitted_yet_stays(
    desk: Desk, objects: Objects
) -> None:
    digest, _, _ = rejected(desk, objects, 1, "knowledge/a.md")
    uploaded(desk, objects, "gpt_2", objects.get_bundle(digest))

    by_case = plan(desk.engine, objects, STORE, "submission", "sub_1")
    purged(desk, objects, "gpt", "gpt_1")

    assert digest not in by_case.objects
    assert objects.get_bundle(digest).files == FILES


@pytest.mark.parametrize("scope", ["gpt", "submission"])
def test_what_two_gpts_share_goes_with_the_last_of_them(
    desk: Desk, objects: Objects, scope: str
) -> None:
    digest, _, _ = rejected(desk, objects, 1, "knowledge/a.md")
    uploaded(desk, objects, "gpt_2", objects.get_bundle(digest))
    desk.review("submit", "sub_2", ADA, gpt="gpt_2", digest=digest)
    desk.review("withdraw", "sub_2", ADA)
    first, second = ("gpt_1", "gpt_2") if scope == "gpt" else ("sub_1", "sub_2")

    purged(desk.wait(hours=1), objects, scope, first, number=1)
    between = gone(objects, digest)
    purged(desk.wait(hours=1), objects, scope, second, number=2)

    assert (between, gone(objects, digest)) == (False, True)
    assert audit(desk, objects) == []


def test_an_object_store_that_is_away_makes_nothing_unneeded(
    desk: Desk, objects: Objects, tmp_path: Path
) -> None:
    rejected(desk, objects, 1, "knowledge/a.md")
    other, _, _ = rejected(desk, objects, 2, "knowledge/a.md")

    class Away(Objects):
        def get_json(self, digest: str) -> Any:
            if digest == other:
                raise ObjectsUnreachable(digest, "it does not answer")
            return super().get_json(digest)

    with pytest.raises(ObjectsUnreachable):
        plan(desk.engine, Away(tmp_path / "objects"), STORE, "gpt", "gpt_1")


def test_a_confirmed_request_that_a_hold_keeps_waiting_can_be_declined(
    desk: Desk, objects: Objects
) -> None:
    _, note, _ = rejected(desk, objects, 1, "knowledge/a.md")
    found = confirmed(desk, objects, "gpt", "gpt_1")
    placed(desk, "gpt", "gpt_1")

    assert code(desk.give("decline", "prg_1", AMY, {"reason": "court"})) == "stored"

    desk.give("lift", "hld_1", IDA, {"reason": "over"})
    with pytest.raises(Interrupted) as interrupted:
        erase(desk.engine, objects, STORE, "prg_1", found)
    assert interrupted.value.by == ("prg_1",)
    assert read_prose(desk.engine, {note})


def test_what_has_begun_to_be_erased_cannot_be_declined(desk: Desk, objects: Objects) -> None:
    rejected(desk, objects, 1, "knowledge/a.md")
    found = confirmed(desk, objects, "gpt", "gpt_1")
    with pytest.raises(Interrupted):
        erase(desk.engine, objects, STORE, "prg_1", found,
              beat=lambda: placed(desk, "gpt", "gpt_1"))  # fmt: skip

    refused = desk.give("decline", "prg_1", AMY, {"reason": "court"})

    assert refused.refusal is not None
    assert (refused.refusal.code, refused.refusal.detail["reason"]) == ("illegal-move", "begun")


@pytest.mark.parametrize("scope", ["gpt", "person"])
def test_names_that_are_erased_have_begun_it_too(desk: Desk, objects: Objects, scope: str) -> None:
    person = desk.identity.add_person("Rui", ("reviewer",))
    uploaded(desk, objects, "gpt_1", bundle(FILES, name="GPT 1"))
    found = confirmed(desk, objects, scope, {"gpt": "gpt_1", "person": person}[scope])
    found.objects = set()
    erase(desk.engine, objects, STORE, "prg_1", found)

    refused = desk.give("decline", "prg_1", AMY, {"reason": "court"})

    assert stones(desk) == set()
    assert refused.refusal is not None
    assert refused.refusal.detail["reason"] == "begun"
