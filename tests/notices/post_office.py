"""A real SMTP server that says what a test tells it to, and keeps what it was given."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class PostOffice:
    """`rcpt` and `data` answer; an answer of None closes the connection without a word."""

    rcpt: Callable[[str], str | None] = lambda address: "250 OK"
    data: Callable[[str], str | None] = lambda address: "250 OK"
    slow_s: float = 0.0
    received: list[tuple[str, bytes]] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(self.slow_s)
        answer = self.rcpt(address)
        if answer is None:
            return _hang_up(server)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """What arrived is kept even when the answer gets lost: that is when mail is sent twice."""
        address = envelope.rcpt_tos[0]
        content = envelope.content
        assert isinstance(content, bytes)
        self.received.append((address, content))
        answer = self.data(address)
        return _hang_up(server) if answer is None else answer

    def mails(self) -> list[EmailMessage]:
        found = [message_from_bytes(raw, policy=default) for _, raw in self.received]
        return [mail for mail in found if isinstance(mail, EmailMessage)]


def _hang_up(server: SMTP) -> str:
    transport = server.transport
    assert isinstance(transport, asyncio.Transport)
    transport.abort()
    return "421 gone"


@asynccontextmanager
async def open_post_office(
    tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[PostOffice]:
    """`tls` from the first byte; `options` go to aiosmtpd: STARTTLS, authentication."""
    office, loop = PostOffice(), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(office, hostname="127.0.0.1", **options), "127.0.0.1", 0, ssl=tls
    )
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()
        await server.wait_closed()
