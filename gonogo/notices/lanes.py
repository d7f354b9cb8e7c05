"""The lanes of one store, built from its settings."""

import asyncio
import time
from collections.abc import Callable

from sqlalchemy import Engine

from gonogo.notices.deliveries import MAIL_RETRY_S, Deliveries
from gonogo.notices.fanout import Fanout
from gonogo.notices.hooking import Hooker
from gonogo.notices.keys import ADDRESS_KEY, Seal, derived
from gonogo.notices.mailing import Mailer, SmtpServer, is_email
from gonogo.notices.pumping import Done, Send, pump
from gonogo.notices.rendering import Renderer
from gonogo.notices.webhooks import Webhooks
from gonogo.outside import resolver_of, servers_of
from gonogo.settings import Settings
from policies.pack import PolicyPack
from policies.rules.notice_topics import Channel
from policies.rules.webhook_rules import RETRY_AFTER_S

FANOUT, MAIL, WEBHOOK = "fanout", Channel.MAIL.value, Channel.WEBHOOK.value
LANES = (FANOUT, MAIL, WEBHOOK)


class FanoutLane:
    """From the outbox to deliveries."""

    def __init__(self, fanout: Fanout) -> None:
        self._fanout = fanout

    def due(self) -> bool:
        return self._fanout.waiting()

    async def work(
        self, seconds: float, alive: Callable[[], None], stopping: Callable[[], bool]
    ) -> int:
        until, done = time.monotonic() + seconds, 0
        while time.monotonic() < until and not stopping():
            taken = await asyncio.to_thread(self._fanout.batch)
            done += taken
            alive()
            if not taken:
                break
        return done


class DeliveryLane:
    """From deliveries to the other side."""

    def __init__(self, deliveries: Deliveries, send: Send, done: Done | None = None) -> None:
        self._deliveries, self._send, self._done = deliveries, send, done

    def due(self) -> bool:
        return self._deliveries.due()

    async def work(
        self, seconds: float, alive: Callable[[], None], stopping: Callable[[], bool]
    ) -> int:
        return await pump(
            self._deliveries,
            self._send,
            seconds=seconds,
            alive=alive,
            stopping=stopping,
            done=self._done,
        )


def lanes_of(
    settings: Settings, engine: Engine, zone: str, in_force: PolicyPack | None = None
) -> dict[str, FanoutLane | DeliveryLane]:
    """`zone` is the store's, in which a day begins and quiet hours are meant; `in_force` are the
    policies that builders accept. Raises `ValueError` for a mail server or sender that make no
    sense."""
    store = settings.store
    found: dict[str, FanoutLane | DeliveryLane] = {
        FANOUT: FanoutLane(
            Fanout(engine, store, zone, mail=settings.smtp_url is not None, in_force=in_force)
        )
    }
    mailer = mailer_of(settings, engine, zone)
    if mailer is not None:
        deliveries = Deliveries(engine, store, Channel.MAIL, MAIL_RETRY_S)
        found[MAIL] = DeliveryLane(deliveries, mailer.send)
    hooker = hooker_of(settings, engine)
    deliveries = Deliveries(engine, store, Channel.WEBHOOK, RETRY_AFTER_S)
    found[WEBHOOK] = DeliveryLane(deliveries, hooker.send, hooker.done)
    return found


def hooker_of(settings: Settings, engine: Engine) -> Hooker:
    loopback = settings.webhook_loopback
    webhooks = Webhooks(engine, settings.store, Seal(settings.mac_key()), loopback=loopback)
    mail = settings.smtp_url is not None
    resolver = resolver_of(servers_of(settings.dns_servers))
    return Hooker(engine, webhooks, settings.base, mail=mail, resolver=resolver, loopback=loopback)


def mailer_of(settings: Settings, engine: Engine, zone: str) -> Mailer | None:
    """None where no mail server is configured. Raises `ValueError` with what to mend."""
    if settings.smtp_url is None:
        return None
    try:
        server = SmtpServer.of(settings.smtp_url.get_secret_value())
    except ValueError as fault:
        raise ValueError(f"GONOGO_SMTP_URL: {fault}") from None  # the cause would show the URL
    if not is_email(settings.sender):
        raise ValueError("GONOGO_MAIL_FROM: a plain address is needed: gonogo@store.example")
    return Mailer(
        engine,
        settings.store,
        server,
        settings.sender,
        Renderer(settings.base, zone),
        derived(settings.mac_key(), ADDRESS_KEY),
        base=settings.base,
    )
