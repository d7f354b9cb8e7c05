"""Retention: what is old goes, what is open, approved, held or young stays; every sweep is told."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from gonogo.db.notices import AttemptRow, DeliveryRow, NoticeRow
from gonogo.db.prose import read_prose
from gonogo.db.session import reading, writing
from gonogo.db.signin import SessionRow
from gonogo.db.tables import OutboxRow, SubmissionPicture
from gonogo.objects import Objects
from gonogo.old_rows import let_go, old_rows
from gonogo.packs import load_pack
from gonogo.retention import CASES, KINDS, due, sweep
from policies.errors import PackFault
from policies.pack import Retention, merge, pack_of
from tests.builders import ADA, AMY, RUI, STORE
from tests.db.desk import Desk
from tests.db.purging import audit, gone, rejected, uploaded
from tests.policies.states import SYS

RULES = Retention(transcripts_d=200, bundles_d=300, prose_d=400, sessions_d=30, outbox_d=90)


def swept(desk: Desk, objects: Objects, days: int, number: int = 1) -> dict[str, Any] | None:
    """One sweep `days` after the story, recorded as the daily one does."""
    now = desk.now + timedelta(days=days)
    body, _ = sweep(desk.engine, objects, STORE, f"prg_{number}", RULES, now)
    if body is not None:
        assert desk.give("sweep", f"prg_{number}", SYS, body).outcome == "stored"
    return body


def test_each_kind_goes_at_its_own_age_and_once(desk: Desk, objects: Objects) -> None:
    digest, note, said = rejected(desk, objects, 1, "knowledge/a.md")

    def there() -> tuple[bool, bool, bool]:
        return gone(objects, said), gone(objects, digest), not read_prose(desk.engine, {note})

    seen = []
    for number, days in enumerate((100, 201, 301, 401), start=1):
        swept(desk, objects, days, number)
        seen.append(there())
    again = swept(desk, objects, 402, 9)

    assert seen == [
        (False, False, False), (True, False, False), (True, True, False), (True, True, True),
    ]  # fmt: skip
    assert again is None
    assert audit(desk, objects) == []


def test_a_dry_run_says_what_a_sweep_then_does(desk: Desk, objects: Objects) -> None:
    rejected(desk, objects, 1, "knowledge/a.md")
    now = desk.now + timedelta(days=500)
    before = desk.totals()

    planned = due(desk.engine, objects, STORE, RULES, now).counts()
    assert desk.totals() == before
    done, more = sweep(desk.engine, objects, STORE, "prg_1", RULES, now)

    assert done is not None
    assert {k: done["erased"][k] for k in ("prose", "objects")} == {
        k: planned["erased"][k] for k in ("prose", "objects")
    }
    assert planned["erased"]["objects"] >= 3
    assert (more, planned["more"]) == (False, False)


def test_open_approved_and_held_cases_keep_everything(desk: Desk, objects: Objects) -> None:
    desk.approved(1)
    desk.queued(2)
    _, note, said = rejected(desk, objects, 3, "knowledge/a.md")
    desk.give("place", "hld_1", AMY, {"scope": "gpt", "target": "gpt_3", "reason": "court"})

    found = due(desk.engine, objects, STORE, RULES, desk.now + timedelta(days=999))
    body = swept(desk, objects, 999)

    assert found.cases == {"transcripts": [], "bundles": [], "prose": []}
    assert found.held == 3
    assert body is None or body["erased"]["prose"] == body["erased"]["objects"] == 0
    assert read_prose(desk.engine, {note})
    assert not gone(objects, said)


def test_what_a_live_case_shares_stays(desk: Desk, objects: Objects) -> None:
    rejected(desk, objects, 1, "knowledge/s.md")
    desk.wait(days=300)
    newer, _, _ = rejected(desk, objects, 2, "knowledge/s.md")

    body = swept(desk, objects, 1)

    assert body is not None
    assert objects.get_bundle(newer).files
    assert body["kept"]["objects"] >= 1


def test_a_kill_between_erasing_and_the_event_is_made_up_for(desk: Desk, objects: Objects) -> None:
    _, note, said = rejected(desk, objects, 1, "knowledge/a.md")
    now = desk.now + timedelta(days=500)
    first, _ = sweep(desk.engine, objects, STORE, "prg_1", RULES, now)

    again, _ = sweep(desk.engine, objects, STORE, "prg_1", RULES, now)
    assert again is not None
    desk.give("sweep", "prg_1", SYS, again)

    assert first is not None
    assert again["root"] == first["root"]
    assert again["erased"]["prose"] == first["erased"]["prose"] == 1
    assert read_prose(desk.engine, {note}) == {}
    assert gone(objects, said)
    assert audit(desk, objects) == []


def test_old_sessions_and_delivered_notices_go_and_no_others(desk: Desk, objects: Objects) -> None:
    desk.queued(1)
    now = desk.now + timedelta(days=100)
    with writing(desk.engine) as session:
        for name, ended in (("a", desk.now), ("b", now)):
            session.add(SessionRow(
                sha256=name, store_id=STORE, person=ADA.id, how="token", agent="x",
                created_at=desk.now, last_seen_at=desk.now, idle_at=ended, expires_at=ended,
            ))  # fmt: skip
        rows = session.exec(select(OutboxRow).order_by(OutboxRow.position)).all()  # type: ignore[arg-type]  # SQLModel types columns by value
        rows[0].delivered_at = desk.now
        kept = {row.position for row in rows[1:]}

    body = swept(desk, objects, 100)

    with reading(desk.engine) as session:
        sessions = session.exec(select(SessionRow.sha256)).all()
        outbox = set(session.exec(select(OutboxRow.position)).all())
    assert body is not None
    assert (body["erased"]["sessions"], body["erased"]["outbox"]) == (1, 1)
    assert sessions == ["b"]
    assert kept <= outbox


def test_keeping_for_ever_keeps_for_ever(desk: Desk, objects: Objects) -> None:
    _, note, _ = rejected(desk, objects, 1, "knowledge/a.md")

    body, more = sweep(
        desk.engine, objects, STORE, "prg_1", Retention(), desk.now + timedelta(days=9_999)
    )

    assert (body, more) == (None, False)
    assert read_prose(desk.engine, {note})
    assert RUI.id


def copied(desk: Desk, case: str, count: int, *, days: int, **state: Any) -> None:
    """More closed cases like `case`, opened `days` before it: as pictures, which is all that says
    what is due."""
    with writing(desk.engine) as session:
        row = session.get_one(SubmissionPicture, (STORE, case))
        for number in range(count):
            values = row.model_dump() | {
                "id": f"sub_copy{number:03}",
                "opened_at": row.opened_at - timedelta(days=days, seconds=number % 3),
                "state": row.state | state,
            }
            session.add(SubmissionPicture(**values))


def test_cases_that_are_held_keep_no_others_waiting(desk: Desk, objects: Objects) -> None:
    rejected(desk, objects, 1, "knowledge/a.md")
    copied(desk, "sub_1", 2 * CASES + 10, days=9)
    _, note, said = rejected(desk, objects, 2, "knowledge/b.md")
    desk.give("place", "hld_1", AMY, {"scope": "gpt", "target": "gpt_1", "reason": "court"})

    found = due(desk.engine, objects, STORE, RULES, desk.now + timedelta(days=999))
    swept(desk, objects, 999)

    assert found.cases == {kind: ["sub_2"] for kind in KINDS}
    assert (found.held, found.more) == (3 * (2 * CASES + 11), False)
    assert gone(objects, said)
    assert read_prose(desk.engine, {note}) == {}


def test_cases_that_were_closed_lately_keep_no_others_waiting(desk: Desk, objects: Objects) -> None:
    rejected(desk, objects, 1, "knowledge/a.md")
    lately = (desk.now + timedelta(days=990)).isoformat()
    copied(desk, "sub_1", 3 * CASES, days=9, since=lately)

    found = due(desk.engine, objects, STORE, RULES, desk.now + timedelta(days=999))

    assert found.cases["prose"] == ["sub_1"]


def test_a_batch_is_as_big_as_it_may_be_and_the_next_goes_on_behind_it(
    desk: Desk, objects: Objects
) -> None:
    rejected(desk, objects, 1, "knowledge/a.md")
    copied(desk, "sub_1", 2 * CASES - 1, days=9)
    seen: list[str] = []

    for number in (1, 2):
        found = due(desk.engine, objects, STORE, RULES, desk.now + timedelta(days=999))
        seen += found.cases["prose"]
        assert found.more is (number == 1)
        swept(desk, objects, 999, number)

    assert len(seen) == len(set(seen)) == 2 * CASES


def shared(desk: Desk, objects: Objects) -> str:
    """A bundle of two closed cases of two GPTs, 100 days apart."""
    digest, _, _ = rejected(desk, objects, 1, "knowledge/a.md")
    uploaded(desk, objects, "gpt_2", objects.get_bundle(digest))
    desk.wait(days=100)
    desk.review("submit", "sub_2", ADA, gpt="gpt_2", digest=digest)
    desk.review("withdraw", "sub_2", ADA)
    return digest


def test_a_bundle_of_two_cases_goes_with_the_later_of_them(desk: Desk, objects: Objects) -> None:
    digest = shared(desk, objects)

    swept(desk, objects, 201, 1)  # of the first case
    between = gone(objects, digest)
    swept(desk, objects, 301, 2)

    assert (between, gone(objects, digest)) == (False, True)
    assert audit(desk, objects) == []


def test_a_hold_on_a_case_that_was_swept_keeps_the_bundle_it_shares(
    desk: Desk, objects: Objects
) -> None:
    digest = shared(desk, objects)
    swept(desk, objects, 201, 1)
    desk.give("place", "hld_1", AMY, {"scope": "gpt", "target": "gpt_1", "reason": "court"})

    swept(desk, objects, 301, 2)

    assert not gone(objects, digest)


def test_a_hold_that_is_placed_during_a_sweep_keeps_what_is_left(
    desk: Desk, objects: Objects
) -> None:
    _, note, said = rejected(desk, objects, 1, "knowledge/a.md")
    _, other, other_said = rejected(desk, objects, 2, "knowledge/b.md")
    order = {"scope": "gpt", "target": "gpt_2", "reason": "court"}
    now = desk.now + timedelta(days=999)

    def place() -> None:
        if desk.state("hld_1") is None:
            desk.give("place", "hld_1", AMY, order)

    body, more = sweep(desk.engine, objects, STORE, "prg_1", RULES, now, beat=place)
    desk.give("sweep", "prg_1", SYS, body)

    assert more is False
    assert not gone(objects, other_said)
    assert gone(objects, said)
    assert read_prose(desk.engine, {note, other}) == {}  # the texts went in the batch before
    assert audit(desk, objects) == []


def told(desk: Desk, name: str, state: str, at: datetime, channel: str = "mail") -> None:
    with writing(desk.engine) as session:
        session.add(NoticeRow(store_id=STORE, id=f"ntc_{name}", notice="approved", position=1,
                              subject="sub_1", type="x", created_at=at))  # fmt: skip
        session.add(DeliveryRow(
            store_id=STORE, id=f"dlv_{name}", notice_id=f"ntc_{name}", channel=channel,
            recipient="per_a", subject="sub_1", position=1, topic="my_gpts", state=state,
            created_at=at, message_id=f"msg_{name}",
            finished_at=None if state == "waiting" else at,
        ))  # fmt: skip
        session.add(AttemptRow(store_id=STORE, delivery=f"dlv_{name}", number=1, at=at,
                               outcome="250", latency_ms=1))  # fmt: skip


def test_finished_deliveries_go_with_their_tries_and_notices_and_the_dead_stay(
    desk: Desk, objects: Objects
) -> None:
    for name, state, channel in (
        ("sent", "sent", "mail"), ("hooked", "sent", "webhook"), ("entry", "sent", "inbox"),
        ("aside", "put_aside", "mail"), ("dead", "dead", "mail"), ("waits", "waiting", "mail"),
    ):  # fmt: skip
        told(desk, name, state, desk.now, channel)
    told(desk, "young", "sent", desk.now + timedelta(days=11))
    with writing(desk.engine) as session:
        session.add(NoticeRow(store_id=STORE, id="ntc_nobody", notice="approved", position=1,
                              subject="sub_1", type="x", created_at=desk.now))  # fmt: skip

    body = swept(desk, objects, 100)

    assert body is not None
    assert (body["erased"]["deliveries"], body["erased"]["notices"]) == (4, 5)
    with reading(desk.engine) as session:
        left = {
            table: set(session.exec(select(column)))
            for table, column in (
                ("deliveries", DeliveryRow.id), ("notices", NoticeRow.id),
                ("tries", AttemptRow.delivery),
            )
        }  # fmt: skip
    assert left["deliveries"] == left["tries"] == {"dlv_dead", "dlv_waits", "dlv_young"}
    assert left["notices"] == {"ntc_dead", "ntc_waits", "ntc_young"}


def test_old_rows_go_in_bounded_batches(desk: Desk) -> None:
    for name in ("a", "b", "c"):
        told(desk, name, "sent", desk.now)
    kinds = {old.name: old for old in old_rows(STORE, RULES, desk.now + timedelta(days=100))}

    first = let_go(desk.engine, STORE, kinds["deliveries"], most=2)
    rest = let_go(desk.engine, STORE, kinds["deliveries"], most=2)

    assert (first, rest) == (2, 1)


@pytest.mark.parametrize("kind", ["transcripts_d", "bundles_d", "prose_d"])
def test_nothing_goes_while_an_appeal_is_possible(kind: str) -> None:
    value = load_pack("default").model_dump(mode="json")

    with pytest.raises(PackFault, match="shorter than the appeal"):
        pack_of(merge(value, {"retention": {kind: 183}}))
