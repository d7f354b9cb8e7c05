"""The record is verified day by day, apart and alone; what stays a fault is told, once a day."""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select, update

from gonogo.audit.installation import health
from gonogo.audit.log import Log
from gonogo.auditor import Auditor, auditor_of, report_in, verified_apart
from gonogo.db.notices import DeliveryRow, NoticeRow, PreferenceRow
from gonogo.db.session import reading, writing
from gonogo.db.tables import EventRow
from gonogo.notices.inbox import Inbox
from gonogo.notices.rendering import Renderer
from gonogo.notices.telling import tell_about_record
from gonogo.settings import Settings
from policies.rules.notice_topics import Channel, Preferences, Topic, When, preferences_value
from tests.audit.desk import Audited
from tests.builders import AMY, IDA, KEY, RUI, STORE

DAY_S = 86_400.0
GOOD: dict[str, Any] = {"ok": True, "found": 0, "faults": [], "seconds": 0.1}
BAD: dict[str, Any] = {"ok": False, "found": 2, "faults": [{"code": "prev"}], "seconds": 0.1}


class Fakes:
    """Verifications that find what they are told to, and who was told."""

    def __init__(self, log: Log, *finds: dict[str, Any] | None, again_s: float = 0.0) -> None:
        self.finds, self.told, self.looks = list(finds), list[dict[str, Any]](), 0
        self.now = datetime.now(UTC)
        self.auditor = Auditor(
            log, self._verify, self.told.append, every_s=DAY_S, again_s=again_s,
            clock=lambda: self.now,
        )  # fmt: skip

    async def _verify(self, stop: asyncio.Event) -> dict[str, Any] | None:
        self.looks += 1
        found = self.finds.pop(0)
        return found and {**found, "at": self.now.isoformat()}

    def look(self, **later: float) -> int:
        """One look some time later; how many verifications there were so far."""
        self.now += timedelta(**later)
        asyncio.run(self.auditor.look(asyncio.Event()))
        return self.looks


def test_it_is_verified_a_day_after_the_log_began_and_then_every_day(desk: Audited) -> None:
    fakes = Fakes(desk.log, GOOD, GOOD)

    looks = [fakes.look(hours=hours) for hours in (1, 24, 1, 22, 2)]

    assert looks == [0, 1, 1, 1, 2]
    assert (desk.log.verified() or {})["at"] == fakes.now.isoformat()
    assert fakes.told == []


def test_nothing_is_verified_where_nothing_was_signed(tmp_path: Path) -> None:
    fakes = Fakes(Log(tmp_path, STORE))

    assert fakes.look(days=400) == 0
    assert not (tmp_path / "checkpoints").exists()


def test_faults_are_kept_and_told_when_a_second_look_finds_them_too(desk: Audited) -> None:
    fakes = Fakes(desk.log, BAD, BAD)

    fakes.look(days=2)
    first = desk.log.verified(), list(fakes.told)
    fakes.look(minutes=11)

    assert first == (None, [])
    assert (desk.log.verified() or {})["ok"] is False
    assert [told["found"] for told in fakes.told] == [2]


def test_a_fault_that_is_gone_again_was_none(desk: Audited) -> None:
    fakes = Fakes(desk.log, BAD, GOOD, BAD, GOOD)

    looks = [fakes.look(days=2), fakes.look(), fakes.look(days=2), fakes.look()]

    assert (looks, fakes.told) == ([1, 2, 3, 4], [])
    assert (desk.log.verified() or {})["ok"] is True


def test_the_second_look_waits_for_what_may_be_under_way(desk: Audited) -> None:
    fakes = Fakes(desk.log, BAD, BAD, again_s=600)

    assert [fakes.look(days=2), fakes.look(), fakes.look()] == [1, 1, 1]


def test_a_verification_that_came_to_no_end_is_not_tried_again_at_once(desk: Audited) -> None:
    fakes = Fakes(desk.log, None, GOOD)

    assert [fakes.look(days=2), fakes.look(hours=1)] == [1, 1]
    assert desk.log.verified() is None


def test_of_several_workers_one_verifies(desk: Audited) -> None:
    one, other = Fakes(desk.log, GOOD), Fakes(desk.log, GOOD)

    with desk.log.verifying():
        assert one.look(days=2) == 0
    assert (one.look(), other.look(days=2)) == (1, 0)


async def test_work_ends_when_it_is_told_to_and_survives_faults(desk: Audited) -> None:
    looked, stop = asyncio.Event(), asyncio.Event()

    async def fails(_: asyncio.Event) -> dict[str, Any] | None:
        looked.set()
        raise OSError("the disk is gone")

    auditor = Auditor(desk.log, fails, lambda found: None, every_s=0.0)
    working = asyncio.create_task(auditor.work(stop, look_s=0.01))
    await asyncio.wait_for(looked.wait(), 10)
    stop.set()

    await asyncio.wait_for(working, 10)


async def test_a_verification_ends_with_its_worker(tmp_path: Path) -> None:
    stop, began = asyncio.Event(), tmp_path / "began"
    lasting = f"import pathlib, time; pathlib.Path({str(began)!r}).touch(); time.sleep(600)"
    running = asyncio.create_task(verified_apart((sys.executable, "-c", lasting), stop))
    for _ in range(1_500):
        if began.exists():
            break
        await asyncio.sleep(0.02)
    assert began.exists()

    stop.set()

    assert await asyncio.wait_for(running, 30) is None


@pytest.mark.parametrize(
    "out",
    [
        b"", b"null", b"[]", b"{}", b"Traceback", b"[" * 100_000, b'{"ok": true}',
        json.dumps(GOOD).encode(),
        json.dumps({**GOOD, "found": 1, "at": "2026-04-01T00:00:00+00:00"}).encode(),
        json.dumps({**GOOD, "at": "2026-04-01T00:00:00"}).encode(),
        json.dumps({**GOOD, "at": "2026-04-01T00:00:00+00:00", "seconds": "x"}).encode(),
        json.dumps({**GOOD, "at": 5}).encode(),
    ],
)  # fmt: skip
def test_what_is_no_report_says_nothing(out: bytes) -> None:
    assert report_in(out) is None


def installed(desk: Audited, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of an installation whose record the desk's is, for a process of its own, too."""
    (desk.data / "mac.key").write_bytes(KEY)
    url = desk.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("GONOGO_DATABASE_URL", url)
    for person, role in ((AMY.id, "administrator"), (IDA.id, "auditor"), (RUI.id, "reviewer")):
        desk.identity.add_person(person, (role,), (), person)
    return Settings(data=desk.data, verify_s=0.0)


def told(desk: Audited) -> set[tuple[str, str]]:
    with reading(desk.engine) as session:
        rows = session.exec(
            select(DeliveryRow.recipient, DeliveryRow.channel)
            .where(col(DeliveryRow.notice_id).in_(
                select(NoticeRow.id).where(NoticeRow.notice == "record_fault")))
        )  # fmt: skip
        return set(rows.all())


@pytest.mark.slow
def test_what_was_changed_is_found_by_a_process_of_its_own_and_told(
    desk: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = installed(desk, monkeypatch)
    auditor = auditor_of(settings, desk.engine, again_s=0.0)
    with writing(desk.engine) as session:
        session.execute(update(EventRow).where(col(EventRow.position) == 9).values(rules="7"))

    asyncio.run(auditor.look(asyncio.Event()))
    between = told(desk)
    asyncio.run(auditor.look(asyncio.Event()))

    assert between == set()
    assert told(desk) == {(AMY.id, "inbox"), (IDA.id, "inbox")}
    entry = Inbox(desk.engine, STORE).page(IDA.id).items[0]
    assert (entry.sheet.path, entry.topic) == ("/audit", "record")
    assert "gonogo audit verify" in Renderer("https://x.example", "UTC").what(entry.sheet)
    assert health(settings, desk.engine)[0] == "fail"


def test_keepers_hear_of_faults_once_a_day_unless_they_want_not(desk: Audited) -> None:
    for person, role in ((AMY.id, "administrator"), (IDA.id, "auditor"), (RUI.id, "reviewer")):
        desk.identity.add_person(person, (role,), (), person)
    silent = preferences_value(Preferences({(Topic.RECORD, Channel.INBOX): When.OFF}))
    now = datetime.now(UTC)

    def tell(at: datetime) -> bool:
        with writing(desk.engine) as session:
            return tell_about_record(session, STORE, 3, ("prev", "object"), at, mail=True)

    with writing(desk.engine) as session:
        session.add(PreferenceRow(store_id=STORE, person=AMY.id, value=silent, changed_at=now))
    again = [tell(now), tell(now), tell(now + timedelta(days=1))]

    assert again == [True, False, True]
    assert told(desk) == {(IDA.id, "inbox")}
    assert len(Inbox(desk.engine, STORE).page(IDA.id).items) == 2


@pytest.mark.parametrize(("days", "state"), [(None, "ok"), (2.9, "ok"), (3.1, "warn")])
def test_a_doctor_says_how_old_the_last_verification_is(
    desk: Audited, monkeypatch: pytest.MonkeyPatch, days: float | None, state: str
) -> None:
    settings = installed(desk, monkeypatch).model_copy(update={"verify_s": DAY_S})
    if days is not None:
        at = datetime.now(UTC) - timedelta(days=days)
        desk.log.keep_verified({**GOOD, "at": at.isoformat()})

    found, said, remedy = health(settings, desk.engine)

    assert found == state
    assert ("not verified yet" in said) is (days is None)
    assert bool(remedy) is (state == "warn")
