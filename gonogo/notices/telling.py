"""Telling people of something that is no event of the record: an endpoint that was switched off."""

from datetime import datetime

from sqlalchemy import String, cast
from sqlmodel import Session, col, select

from gonogo.db.notices import AddressRow, NoticeRow, PreferenceRow, WebhookRow
from gonogo.db.people import MemberRow, PersonRow
from gonogo.ids import new_id
from gonogo.notices.fanout import delivery_row
from policies.lifecycle.kernel import Role
from policies.rules.notice_facts import Facts, facts_value
from policies.rules.notice_topics import Channel, Preferences, Topic, When, preferences_of

_MOST = 100
_DISABLED = "webhook_disabled"


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
    session.add(notice)
    people = _owners(session, hook)
    chosen = {
        row.person: preferences_of(row.value)
        for row in session.exec(
            select(PreferenceRow).where(
                PreferenceRow.store_id == hook.store_id, col(PreferenceRow.person).in_(people)
            )
        )
    }

    def wants(person: str, channel: Channel) -> bool:
        when = chosen.get(person, Preferences()).when(Topic.WEBHOOKS, channel)
        return when is not When.OFF

    for person in people:
        if wants(person, Channel.INBOX):
            session.add(delivery_row(notice, Channel.INBOX, person, now))
    if mail:
        addressed = session.exec(
            select(AddressRow.person).where(
                AddressRow.store_id == hook.store_id,
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
    else:
        query = select(PersonRow.id).where(
            PersonRow.store_id == hook.store_id,
            cast(col(PersonRow.roles), String).like(f'%"{Role.ADMINISTRATOR.value}"%'),
            col(PersonRow.left_at).is_(None),
        )
    return sorted(session.exec(query.limit(_MOST)))
