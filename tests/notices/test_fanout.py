"""From the outbox to deliveries: once, to those who are meant, whatever is killed or broken."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

from sqlalchemy import update
from sqlmodel import col, select

from gonogo.db.notices import AddressRow, NoticeRow, PreferenceRow
from gonogo.db.session import reading, writing
from gonogo.db.tables import EventRow, OutboxRow
from gonogo.notices.fanout import Fanout
from gonogo.notices.inbox import Inbox
from gonogo.notices.rendering import Renderer
from tests.builders import ADA, AMY, IDA, RUI, STORE
from tests.db.desk import Desk
from tests.notices.conftest import deliveries

NOW = datetime.now(UTC)


def give_address(desk: Desk, person: str, *, confirmed: bool = True) -> None:
    with writing(desk.engine) as session:
        session.add(
            AddressRow(
                store_id=STORE,
                person=person,
                email=f"{person}@example.org",
                set_at=NOW,
                confirmed_at=NOW if confirmed else None,
            )
        )


def undelivered(desk: Desk) -> int:
    with reading(desk.engine) as session:
        rows = session.exec(select(OutboxRow).where(col(OutboxRow.delivered_at).is_(None))).all()
    return len(rows)


def test_a_question_lies_in_the_inbox_of_every_member(
    peopled: Desk, fan_out: Callable[[], int]
) -> None:
    case = peopled.queued(1)
    peopled.review("claim", case, RUI)
    fan_out()
    before = len(deliveries(peopled))
    peopled.review("ask", case, RUI)

    assert fan_out() == 1
    new = sorted(deliveries(peopled, channel="inbox"), key=lambda row: row.position)[before:]
    assert {row.recipient for row in new} == {"per_ada", "per_alf"}
    assert {(row.state, row.read_at) for row in new} == {("sent", None)}
    assert undelivered(peopled) == 0


def test_fanning_out_again_after_a_kill_writes_nothing_twice(
    peopled: Desk, fan_out: Callable[[], int]
) -> None:
    peopled.queued(1)
    fan_out()
    before = {row.id for row in deliveries(peopled)}
    with writing(peopled.engine) as session:  # as if the marks had been lost
        session.connection().execute(update(OutboxRow).values(delivered_at=None))

    fan_out()

    assert {row.id for row in deliveries(peopled)} == before


def test_two_workers_at_once_write_every_delivery_once(peopled: Desk) -> None:
    for number in range(8):
        peopled.queued(number)
    start, faults = Barrier(2), []

    def work() -> None:
        fanout = Fanout(peopled.engine, STORE, "UTC", mail=True)
        start.wait()
        try:
            while fanout.batch():
                pass
        except Exception as fault:
            faults.append(fault)

    workers = [Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()

    assert faults == []
    told = [(row.position, row.channel, row.recipient) for row in deliveries(peopled)]
    assert len(told) == len(set(told))
    assert undelivered(peopled) == 0
    assert len({row.subject for row in deliveries(peopled, recipient="per_rui")}) == 8


def test_mail_goes_to_confirmed_addresses_alone_and_only_where_mail_is_configured(
    peopled: Desk, fan_out: Callable[[], int]
) -> None:
    give_address(peopled, "per_ada")
    give_address(peopled, "per_alf", confirmed=False)
    case = peopled.queued(1)
    peopled.review("claim", case, RUI)
    Fanout(peopled.engine, STORE, "UTC", mail=False).batch()
    assert deliveries(peopled, channel="mail") == []
    peopled.review("ask", case, RUI)

    fan_out()

    assert [row.recipient for row in deliveries(peopled, channel="mail")] == ["per_ada"]


def test_a_digest_is_one_message_of_many_parts(peopled: Desk, fan_out: Callable[[], int]) -> None:
    give_address(peopled, "per_rui")
    peopled.queued(1)
    peopled.queued(2)

    fan_out()

    mails = deliveries(peopled, channel="mail", recipient="per_rui")
    assert len(mails) == 2
    assert len({row.message_id for row in mails}) == 1
    assert len({row.id for row in mails}) == 2


def test_preferences_decide_through_which_channel(
    peopled: Desk, fan_out: Callable[[], int]
) -> None:
    give_address(peopled, "per_ada")
    off = {"topics": {"progress": {"mail": "off", "inbox": "off"}}}
    with writing(peopled.engine) as session:
        session.add(PreferenceRow(store_id=STORE, person="per_ada", value=off, changed_at=NOW))
    peopled.queued(1)

    fan_out()

    assert deliveries(peopled, recipient="per_ada") == []
    assert deliveries(peopled, recipient="per_alf") != []


def test_whoever_left_is_told_nothing(peopled: Desk, fan_out: Callable[[], int]) -> None:
    from gonogo.db.people import PersonRow

    with writing(peopled.engine) as session:
        row = session.get(PersonRow, (STORE, "per_alf"))
        assert row is not None
        row.left_at = NOW
    peopled.queued(1)

    fan_out()

    assert deliveries(peopled, recipient="per_alf") == []


def test_a_subject_nobody_can_read_is_put_aside_visibly_and_the_others_are_told(
    peopled: Desk, fan_out: Callable[[], int]
) -> None:
    peopled.queued(1)
    peopled.queued(2)
    with writing(peopled.engine) as session:
        session.connection().execute(
            update(EventRow)
            .where(col(EventRow.subject) == "sub_1", col(EventRow.type) == "submission:opened")
            .values(body={})
        )

    fan_out()

    dead = deliveries(peopled, state="dead")
    assert {row.subject for row in dead} == {"sub_1"}
    assert all((row.receipt or "").startswith("unreadable:") for row in dead)
    assert {row.subject for row in deliveries(peopled, recipient="per_rui")} == {"sub_2"}
    assert undelivered(peopled) == 0


def test_nobody_gets_last_months_mail_after_a_standstill(
    peopled: Desk, fan_out: Callable[[], int]
) -> None:
    give_address(peopled, "per_ada")
    case = peopled.queued(1)
    peopled.review("claim", case, RUI)
    peopled.review("ask", case, RUI)
    fanout = Fanout(peopled.engine, STORE, "UTC", mail=True)

    fanout.batch(NOW + timedelta(days=8))

    assert deliveries(peopled, recipient="per_ada", channel="mail") == []
    assert deliveries(peopled, recipient="per_ada", channel="inbox") != []


def test_notices_hold_no_prose_no_name_and_no_address(
    peopled: Desk, fan_out: Callable[[], int]
) -> None:
    give_address(peopled, "per_ada")
    case = peopled.queued(1)
    peopled.review("claim", case, RUI)
    peopled.review("ask", case, RUI)
    peopled.review("answer", case, ADA)

    fan_out()

    with reading(peopled.engine) as session:
        kept = repr([row.facts for row in session.exec(select(NoticeRow))])
    assert "prose:q" in kept  # the digest, by which the text is found while it is there
    assert "@" not in kept
    assert "per_" not in kept


def test_a_request_to_erase_lies_in_the_inbox_of_every_other_keeper(
    peopled: Desk, fan_out: Callable[[], int]
) -> None:
    for person, role in ((AMY.id, "administrator"), (IDA.id, "auditor"), ("per_x", "auditor")):
        peopled.identity.add_person(person, (role,), (), person)
    body = {"scope": "gpt", "target": "gpt_1", "reason": "request", "note": None}
    peopled.give("ask", "prg_1", AMY, body)

    fan_out()

    told = deliveries(peopled, channel="inbox", subject="prg_1")
    assert {row.recipient for row in told} == {IDA.id, "per_x"}
    assert {row.topic for row in told} == {"record"}
    entry = Inbox(peopled.engine, STORE).page(IDA.id).items[0]
    assert entry.sheet.path == "/purges"
    text = Renderer("https://x.example", "UTC").what(entry.sheet)
    assert "erase the gpt gpt_1" in text
