"""Retention: what is old goes, what is open, approved, held or young stays; every sweep is told."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from gonogo.db.prose import read_prose
from gonogo.db.session import reading, writing
from gonogo.db.signin import SessionRow
from gonogo.db.tables import OutboxRow
from gonogo.objects import Objects
from gonogo.packs import load_pack
from gonogo.retention import due, sweep
from policies.errors import PackFault
from policies.pack import Retention, merge, pack_of
from tests.builders import ADA, AMY, RUI, STORE
from tests.db.desk import Desk
from tests.db.test_purges import audit, gone, rejected
from tests.policies.states import SYS

RULES = Retention(transcripts_d=200, bundles_d=300, prose_d=400, sessions_d=30, outbox_d=90)


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(tmp_path / "objects")


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


@pytest.mark.parametrize("kind", ["transcripts_d", "bundles_d", "prose_d"])
def test_nothing_goes_while_an_appeal_is_possible(kind: str) -> None:
    value = load_pack("default").model_dump(mode="json")

    with pytest.raises(PackFault, match="shorter than the appeal"):
        pack_of(merge(value, {"retention": {kind: 183}}))
