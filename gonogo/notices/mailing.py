"""Mail: one message, one recipient, one connection; sent again it carries the same Message-ID.

What the server says decides: a 5xx about the recipient or the message is final, everything else is
tried again. Nothing of an address is ever logged, and of an answer only its code is kept.
"""

import asyncio
import re
import ssl
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import Literal
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import errors
from sqlalchemy import Engine

from gonogo.addresses import is_loopback
from gonogo.db.notices import AddressRow
from gonogo.db.session import reading, writing
from gonogo.notices.deliveries import DIGEST_MOST, Outgoing, Result
from gonogo.notices.keys import token
from gonogo.notices.rendering import Rendered, Renderer

TIMEOUT_S = 20.0
CONFIRM = "confirm_address"
_DEFAULT_PORT = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
# Dot-atoms of RFC 5321 in ASCII: what every server takes, and nothing that could end a header.
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


def is_email(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return len(local) <= 64 and len(domain) <= 253 and _EMAIL.fullmatch(text) is not None


@dataclass(frozen=True)
class SmtpServer:
    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    user: str | None = None
    password: str | None = None

    @classmethod
    def of(cls, url: str) -> "SmtpServer":
        """From `smtp://`, `smtp+starttls://` or `smtps://[user:password@]host[:port]`. Raises
        `ValueError` for anything else, and for a password that would travel in the clear."""
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORT or not parts.hostname:
            raise ValueError(
                "it begins with smtps://, smtp+starttls:// or smtp:// and names a host"
            )
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("it ends with the port")
        plain = parts.scheme == "smtp"
        if plain and parts.password and not is_loopback(parts.hostname):
            raise ValueError("a password would travel in the clear; use smtps or smtp+starttls")
        return cls(
            parts.hostname,
            parts.port or _DEFAULT_PORT[parts.scheme],
            "none" if plain else "tls" if parts.scheme == "smtps" else "starttls",
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )


class Mailer:
    """`sender` is a plain address; `key` proves who reads what is sent to an address."""

    def __init__(
        self,
        engine: Engine,
        store: str,
        server: SmtpServer,
        sender: str,
        renderer: Renderer,
        key: bytes,
        *,
        base: str,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._engine, self.store, self._server, self._sender = engine, store, server, sender
        self._renderer, self._key, self._base = renderer, key, base
        self._tls, self._timeout_s = tls, timeout_s

    async def send(self, out: Outgoing) -> Result:
        """One attempt. Never raises for what the other side does."""
        began = time.monotonic()
        row = await asyncio.to_thread(self._address, out.row.recipient)
        confirming = out.notice.notice == CONFIRM
        if row is None or (row.confirmed_at is None and not confirming):
            return _result(began, "no_address", final=True)
        message = compose(
            self._rendered(out, row),
            recipient=row.email,
            sender=self._sender,
            message_id=out.row.message_id,
            at=out.row.created_at,
            thread=out.row.subject if out.row.digest is None else None,
            base=self._base,
        )
        result = await self._deliver(message, row.email, began)
        bounced = result.final and (result.status or 0) >= 500
        if bounced != (row.bounced_at is not None) and (bounced or result.ok):
            await asyncio.to_thread(self._mark, row.person, bounced)
        return result

    def _rendered(self, out: Outgoing, row: AddressRow) -> Rendered:
        if out.row.digest is not None and len(out.parts) > 1:
            left = max(0, len(out.parts) - DIGEST_MOST)
            return self._renderer.digest(list(out.sheets), left)
        sheet = out.sheet
        if out.notice.notice == CONFIRM:
            sheet = replace(sheet, path=f"/inbox/address/{confirmation(self._key, row)}")
        return self._renderer.render(sheet)

    async def _deliver(self, message: EmailMessage, recipient: str, began: float) -> Result:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=self._timeout_s,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=self._tls,
            username=server.user,
            password=server.password,
        )
        try:
            # Each step has its own timeout; this bounds a server that drips along all of them.
            async with asyncio.timeout(self._timeout_s * 3):
                await client.connect()
                await client.send_message(
                    message, sender=self._sender, recipients=[recipient], mail_options=[]
                )
            return _result(began, "250", ok=True, status=250)
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError, ValueError) as fault:
            return _failed(began, fault)
        finally:
            client.close()

    def _address(self, person: str) -> AddressRow | None:
        with reading(self._engine) as session:
            return session.get(AddressRow, (self.store, person))

    def _mark(self, person: str, bounced: bool) -> None:
        with writing(self._engine) as session:
            row = session.get(AddressRow, (self.store, person))
            if row is not None:
                row.bounced_at = datetime.now(UTC) if bounced else None
                session.add(row)


def confirmation(key: bytes, row: AddressRow) -> str:
    """What only somebody who reads mail at this address can know. Another address, or the same set
    anew, has another."""
    return token(key, row.store_id, row.person, row.email, row.set_at.isoformat())


def compose(
    rendered: Rendered,
    *,
    recipient: str,
    sender: str,
    message_id: str,
    at: datetime,
    thread: str | None,
    base: str,
) -> EmailMessage:
    """The same input is the same message. Raises `ValueError` for an address that is none."""
    if not is_email(recipient) or not is_email(sender):
        raise ValueError("not an e-mail address")
    domain = sender.rpartition("@")[2]
    made = EmailMessage(policy=SMTP_POLICY)
    made["From"] = Address("gonogo", addr_spec=sender)
    made["To"] = Address(addr_spec=recipient)
    made["Subject"] = rendered.subject
    made["Date"] = format_datetime(at.astimezone(UTC))
    made["Message-ID"] = f"<{message_id}@{domain}>"
    if thread:  # mail programs show what concerns one subject together
        made["References"] = f"<{thread}@{domain}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notes back
    made["List-Unsubscribe"] = f"<{base}/inbox/preferences>"
    made.set_content(rendered.text)
    made.add_alternative(rendered.html, subtype="html")
    # The boundary is random otherwise, and a message that is sent again would be another one.
    made.set_boundary(f"=={message_id}==")
    return made


def _failed(began: float, fault: Exception) -> Result:
    if isinstance(fault.__cause__ or fault.__context__ or fault, ssl.SSLError):
        return _result(began, "tls")
    match fault:
        case errors.SMTPRecipientsRefused():
            code = fault.recipients[0].code if fault.recipients else 0
            return _result(began, f"refused:{code}", status=code, final=code >= 500)
        case errors.SMTPDataError():
            code = fault.code
            return _result(began, f"rejected:{code}", status=code, final=code >= 500)
        case errors.SMTPAuthenticationError():
            return _result(began, "authentication", status=fault.code)
        case errors.SMTPResponseException():
            return _result(began, f"answered:{fault.code}", status=fault.code)
        case errors.SMTPNotSupported():
            return _result(began, "not_supported")
        case errors.SMTPTimeoutError() | TimeoutError():
            return _result(began, "timeout")
        case errors.SMTPServerDisconnected():
            return _result(began, "disconnected")
        case OSError() | errors.SMTPConnectError():
            return _result(began, "unreachable")
        case _:
            return _result(began, f"error:{type(fault).__name__}")


def _result(
    began: float, outcome: str, *, ok: bool = False, status: int | None = None, final: bool = False
) -> Result:
    return Result(ok, outcome, status, int((time.monotonic() - began) * 1000), final)
