"""Telling people of something that is no event: an endpoint switched off, faults of the record."""

import hashlib
from datetime import datetime

from sqlalchemy import String, cast, or_
from sqlmodel import Session, col, select

from gonogo.db.notices import AddressRow, NoticeRow, PreferenceRow, WebhookRow
from gonogo.db.people import MemberRow, PersonRow
from gonogo.ids import new_id
from gonogo.notices.rows import delivery_row
from policies.lifecycle.kernel import Role
from policies.rules.notice_facts import Facts, facts_value
from policies.rules.notice_topics import Channel, Preferences, Topic, When, preferences_of

_MOST = 100
_DISABLED = "webhook_disabled"
_FAULT = "record_fault"


def tell_about_webhook(
    session: Session, hook: WebhookRow, why: str, now: datetime, *, mail: bool
) -> None:
    """In the inbox, and by mail, of those who may switch it on again."""
    notice = NoticeRow(
        store_id=hook.store_id,
        id=new_id("ntc"),
        notice=_DISABLED,
        position=0,
        subject=hook.id,
        type=_DISABLED,
        facts=facts_value(Facts(endpoint=hook.id, publisher=hook.publisher, reason=why)),
        created_at=now,
    )
    _tell(session, notice, _owners(session, hook), Topic.WEBHOOKS, now, mail=mail)


def tell_about_record(
    session: Session, store: str, faults: int, codes: tuple[str, ...], now: datetime, *, mail: bool
) -> bool:
    """That the record does not hold, to administrators and auditors; once a day (UTC), however
    often it is found. False: that was today already."""
    day = hashlib.sha256(f"{store}\n{now.date().isoformat()}\n{_FAULT}".encode()).hexdigest()
    identity = f"ntc_{day[:32]}"
    if session.get(NoticeRow, (store, identity)) is not None:
        return False
    notice = NoticeRow(
        store_id=store,
        id=identity,
        notice=_FAULT,
        position=0,
        subject=store,
        type=_FAULT,
        facts=facts_value(Facts(faults=faults, why=codes)),
        created_at=now,
    )
    roles = (Role.ADMINISTRATOR, Role.AUDITOR)
    _tell(session, notice, _with_roles(session, store, roles), Topic.RECORD, now, mail=mail)
    return True


def _tell(
    session: Session, notice: NoticeRow, people: list[str], topic: Topic, now: datetime, *,
    mail: bool,
) -> None:  # fmt: skip
    session.add(notice)
    chosen = {
        row.person: preferences_of(row.value)
        for row in session.exec(
            select(PreferenceRow).where(
                PreferenceRow.store_id == notice.store_id, col(PreferenceRow.person).in_(people)
            )
        )
    }

    def wants(person: str, channel: Channel) -> bool:
        return chosen.get(person, Preferences()).when(topic, channel) is not When.OFF

    for person in people:
        if wants(person, Channel.INBOX):
            session.add(delivery_row(notice, Channel.INBOX, person, now))
    if mail:
        addressed = session.exec(
            select(AddressRow.person).where(
                AddressRow.store_id == notice.store_id,
                col(AddressRow.person).in_(people),
                col(AddressRow.confirmed_at).is_not(None),
            )
        )
        for person in filter(lambda one: wants(one, Channel.MAIL), addressed):
            session.add(delivery_row(notice, Channel.MAIL, person, now))


def _owners(session: Session, hook: WebhookRow) -> list[str]:
    if hook.publisher is not None:
        query = select(MemberRow.person).where(
            MemberRow.store_id == hook.store_id, MemberRow.publisher == hook.publisher
        )
        return sorted(session.exec(query.limit(_MOST)))
    return _with_roles(session, hook.store_id, (Role.ADMINISTRATOR,))


def _with_roles(session: Session, store: str, roles: tuple[Role, ...]) -> list[str]:
    text = cast(col(PersonRow.roles), String)
    query = select(PersonRow.id).where(
        PersonRow.store_id == store,
        or_(*(text.like(f'%"{role.value}"%') for role in roles)),
        col(PersonRow.left_at).is_(None),
    )
    return sorted(session.exec(query.limit(_MOST)))
