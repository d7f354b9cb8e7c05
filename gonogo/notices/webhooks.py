"""Endpoints that are sent events: made, changed, rotated, switched off and on. Secrets are sealed
and shown once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import Engine, update
from sqlmodel import Session, col, func, or_, select

from gonogo.addresses import is_loopback
from gonogo.db.notices import DeliveryRow, NoticeRow, WebhookRow
from gonogo.db.session import reading, writing
from gonogo.ids import new_id
from gonogo.notices.keys import Seal
from gonogo.notices.rows import EVENT, delivery_row
from gonogo.notices.signing import Keys
from policies.rules.notice_topics import Channel
from policies.rules.webhook_rules import TYPES_MOST, is_filter

OVERLAP = timedelta(hours=24)  # both the old and the new keys sign
MOST = 10  # endpoints of one publisher, or of the store itself
URL_MOST = 2_000
TEST = "webhook:test"


class TooMany(RuntimeError):
    """The limit of endpoints is reached."""


@dataclass(frozen=True)
class Wanted:
    """What an endpoint is asked to be. `publisher` None: all events of the store."""

    label: str
    url: str
    types: tuple[str, ...] = ()
    publisher: str | None = None


class Webhooks:
    """Of one store. `loopback`: http to this machine is allowed, for demonstrations."""

    def __init__(self, engine: Engine, store: str, seal: Seal, *, loopback: bool = False) -> None:
        self._engine, self.store, self._seal, self._loopback = engine, store, seal, loopback

    def listed(self, publishers: Iterable[str], *, whole: bool) -> list[WebhookRow]:
        """Of these publishers and, with `whole`, of the store itself. At most 500, newest first."""
        meant = [col(WebhookRow.publisher).in_(set(publishers))]
        if whole:
            meant.append(col(WebhookRow.publisher).is_(None))
        query = select(WebhookRow).where(WebhookRow.store_id == self.store, or_(*meant))
        with reading(self._engine) as session:
            rows = session.exec(query.order_by(col(WebhookRow.id).desc()).limit(500))
            return list(rows)

    def of(self, webhook: str) -> WebhookRow | None:
        with reading(self._engine) as session:
            return session.get(WebhookRow, (self.store, webhook))

    def create(self, wanted: Wanted, by: str) -> tuple[WebhookRow, Keys]:
        """The keys are readable this once. Raises `ValueError`, `TooMany`."""
        check(wanted, loopback=self._loopback)
        now, keys, made = datetime.now(UTC), Keys.new(), new_id("whk")
        row = WebhookRow(
            store_id=self.store,
            id=made,
            publisher=wanted.publisher,
            label=wanted.label,
            url=wanted.url,
            types=list(wanted.types),
            secret=self._seal.close(keys.secret, f"{made}/secret"),
            signing_key=self._seal.close(keys.seed, f"{made}/seed"),
            created_by=by,
            created_at=now,
            changed_at=now,
        )
        with writing(self._engine) as session:
            count = session.exec(
                select(func.count())
                .select_from(WebhookRow)
                .where(
                    WebhookRow.store_id == self.store,
                    col(WebhookRow.publisher).is_(None)
                    if wanted.publisher is None
                    else col(WebhookRow.publisher) == wanted.publisher,
                )
            ).one()
            if count >= MOST:
                raise TooMany(f"there are {MOST} endpoints already; remove one first")
            session.add(row)
        return row, keys

    def change(
        self,
        webhook: str,
        *,
        label: str | None = None,
        url: str | None = None,
        types: tuple[str, ...] | None = None,
        active: bool | None = None,
    ) -> WebhookRow | None:
        """None: there is no such endpoint. Raises `ValueError`."""
        with writing(self._engine) as session:
            row = session.get(WebhookRow, (self.store, webhook))
            if row is None:
                return None
            wanted = Wanted(
                row.label if label is None else label,
                row.url if url is None else url,
                tuple(row.types) if types is None else types,
            )
            check(wanted, loopback=self._loopback)
            row.label, row.url, row.types = wanted.label, wanted.url, list(wanted.types)
            if active is True and row.state != "active":
                row.state, row.why, row.failing_since = "active", None, None
            elif active is False and row.state == "active":
                disable(session, row, "by_hand")
            row.changed_at = datetime.now(UTC)
            session.add(row)
        return row

    def remove(self, webhook: str) -> bool:
        with writing(self._engine) as session:
            row = session.get(WebhookRow, (self.store, webhook))
            if row is not None:
                disable(session, row, "removed")
                session.delete(row)
            return row is not None

    def rotate(self, webhook: str) -> Keys | None:
        """New keys; the old ones sign along for a day. A second rotation within it drops them."""
        keys, now = Keys.new(), datetime.now(UTC)
        with writing(self._engine) as session:
            row = session.get(WebhookRow, (self.store, webhook))
            if row is None:
                return None
            # Sealed for their place, so they are opened and sealed anew for the old one.
            old = self._keys(row)
            row.old_secret = self._seal.close(old.secret, f"{webhook}/old/secret")
            row.old_signing_key = self._seal.close(old.seed, f"{webhook}/old/seed")
            row.old_until = now + OVERLAP
            row.secret = self._seal.close(keys.secret, f"{webhook}/secret")
            row.signing_key = self._seal.close(keys.seed, f"{webhook}/seed")
            row.changed_at = now
            session.add(row)
        return keys

    def keys(self, row: WebhookRow, now: datetime) -> tuple[Keys, ...]:
        """All that sign now, the newest first. Raises `Unsealable`."""
        found = [self._keys(row)]
        if row.old_until and row.old_until > now and row.old_secret and row.old_signing_key:
            found.append(
                Keys(
                    self._seal.open(row.old_secret, f"{row.id}/old/secret"),
                    self._seal.open(row.old_signing_key, f"{row.id}/old/seed"),
                )
            )
        return tuple(found)

    def test(self, webhook: str) -> DeliveryRow | None:
        """Send an event that tells of nothing. None: no such endpoint, or it is switched off."""
        now = datetime.now(UTC)
        with writing(self._engine) as session:
            row = session.get(WebhookRow, (self.store, webhook))
            if row is None or row.state != "active":
                return None
            notice = NoticeRow(
                store_id=self.store,
                id=new_id("ntc"),
                notice=EVENT,
                position=0,
                subject=webhook,
                type=TEST,
                facts={"endpoint": webhook},
                created_at=now,
            )
            delivery = delivery_row(notice, Channel.WEBHOOK, webhook, now)
            session.add(notice)
            session.add(delivery)
        return delivery

    def _keys(self, row: WebhookRow) -> Keys:
        return Keys(
            self._seal.open(row.secret, f"{row.id}/secret"),
            self._seal.open(row.signing_key, f"{row.id}/seed"),
        )


def disable(session: Session, row: WebhookRow, why: str) -> None:
    """Switch off: what was on its way is given up, and can be replayed later."""
    now = datetime.now(UTC)
    row.state, row.why, row.changed_at = "disabled", why, now
    session.add(row)
    session.connection().execute(
        update(DeliveryRow)
        .where(
            col(DeliveryRow.store_id) == row.store_id,
            col(DeliveryRow.recipient) == row.id,
            col(DeliveryRow.state) == "waiting",
        )
        .values(state="dead", receipt="disabled", next_at=None, finished_at=now)
    )


def check(wanted: Wanted, *, loopback: bool) -> None:
    """Raises `ValueError` for a URL that leads inside, or a filter that matches nothing. Where a
    name leads is looked at with every connection: it may be another place by then."""
    if len(wanted.types) > TYPES_MOST or not all(is_filter(one) for one in wanted.types):
        raise ValueError("types: names such as submission.review.approved, or submission.*")
    if len(wanted.url) > URL_MOST or not wanted.url.isascii() or not wanted.url.isprintable():
        raise ValueError(f"url: at most {URL_MOST} characters of ASCII")
    parts = urlsplit(wanted.url)
    host = parts.hostname or ""
    if parts.username is not None or parts.fragment or " " in wanted.url:
        raise ValueError("url: without credentials, fragment and spaces")
    _ = parts.port  # raises for one that is none
    if loopback and parts.scheme == "http" and is_loopback(host):
        return
    if parts.scheme != "https" or not host:
        raise ValueError("url: it begins with https:// and names a host")
    try:
        is_global = ip_address(host).is_global
    except ValueError:
        is_global = "." in host and not host.endswith((".local", ".internal", ".localhost"))
    if not is_global:
        raise ValueError("url: it leads to no place that the whole world can reach")
