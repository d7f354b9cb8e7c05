"""Whether people are told: the mail server, what waits too long, what was given up."""

import asyncio
from collections.abc import Iterator

import aiosmtplib
from sqlalchemy import Engine

from gonogo.cli.doctor.check import Check, timed
from gonogo.notices.mailing import SmtpServer
from gonogo.notices.outlook import Outlook
from gonogo.settings import Settings


def telling(settings: Settings, engine: Engine) -> Iterator[Check]:
    yield _mail(settings)
    counts = Outlook(engine, settings.store).counts()
    dead = {channel: n for (channel, state), n in sorted(counts.items()) if state == "dead"}
    waiting = sum(n for (_, state), n in counts.items() if state == "waiting")
    if dead:
        told = ", ".join(f"{n} by {channel}" for channel, n in dead.items())
        yield Check(
            "warn",
            "notices",
            f"given up: {told}",
            "gonogo notices dead, then gonogo notices replay",
        )
    else:
        yield Check("ok", "notices", f"none given up, {waiting} on their way")


def _mail(settings: Settings) -> Check:
    if settings.smtp_url is None:
        return Check(
            "warn",
            "mail",
            "no mail server: people are told in their inbox alone",
            "set GONOGO_SMTP_URL and GONOGO_MAIL_FROM",
        )
    try:
        server = SmtpServer.of(settings.smtp_url.get_secret_value())
    except ValueError as fault:
        return Check("fail", "mail", f"GONOGO_SMTP_URL: {fault}", "mend it")
    try:
        with timed() as took:
            asyncio.run(_greeted(server))
    except (aiosmtplib.SMTPException, OSError) as fault:
        return Check(
            "fail",
            "mail",
            f"{server.host}:{server.port}: {type(fault).__name__}",
            "is GONOGO_SMTP_URL right? Mail waits and is tried again for two and a half days",
        )
    return Check("ok", "mail", f"{server.host}:{server.port} answers in {took}")


async def _greeted(server: SmtpServer) -> None:
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        timeout=5,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        username=server.user,
        password=server.password,
    )
    try:
        await client.connect()
    finally:
        client.close()
