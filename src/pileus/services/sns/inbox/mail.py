"""How does an email leave for a mail server?

Where `--smtp` names one, an email of the inbox is sent as well: the event that says so is written down together with
it, so a crash loses none and may send one twice, as mail does. Servers that refuse a recipient for good are not asked
again; whatever else fails is tried for some hours.
"""

import asyncio
import logging
import smtplib
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

from pileus.kernel.outbox import Delivery, GiveUp
from pileus.kernel.storage.records import decode
from pileus.services.sns.inbox.records import SentMessage

TIMEOUT: Final = timedelta(seconds=20)
SENDER: Final = "no-reply@sns.amazonaws.com"
"""Source: SNS Developer Guide, "Setting up an email subscription"; `--smtp` may name another."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in. tls: from the first byte. password: not shown."""

    host: str
    port: int
    tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)
    sender: str = SENDER


def mail_server(url: str) -> MailServer:
    """`smtp://[user:password@]host[:port][/sender]`, or `smtps://`; ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("a mail server is smtp://[user:password@]host[:port][/sender] or smtps://...")
    tls = parts.scheme == "smtps"
    return MailServer(
        host=parts.hostname,
        port=parts.port or (465 if tls else 25),
        tls=tls,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        sender=unquote(parts.path.strip("/")) or SENDER,
    )


class Mail:
    """Takes emails from the outbox."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def deliver(self, delivery: Delivery) -> None:
        """GiveUp where no further attempt can help."""
        sent = decode(delivery.event.payload, SentMessage)
        letter = letter_of(sent, sender=self._server.sender)
        try:
            await asyncio.to_thread(self._send, letter)
        except smtplib.SMTPRecipientsRefused as error:
            if all(code >= 500 for code, _ in error.recipients.values()):
                _log.warning("the mail server refuses %s", sent.recipient)
                raise GiveUp(str(error)) from error
            raise

    def _send(self, letter: EmailMessage) -> None:
        """In a thread."""
        server = self._server
        connect = smtplib.SMTP_SSL if server.tls else smtplib.SMTP
        with connect(server.host, server.port, timeout=TIMEOUT.total_seconds()) as session:
            if server.user:
                session.ehlo()
                if not server.tls and session.has_extn("starttls"):
                    session.starttls()
                session.login(server.user, server.password)
            session.send_message(letter, to_addrs=[str(letter["To"])])


def letter_of(sent: SentMessage, *, sender: str) -> EmailMessage:
    """As a mail server takes it. What stands in a subject cannot add a header: line ends become spaces."""
    letter = EmailMessage()
    letter["From"] = f"AWS Notifications <{sender}>" if sender == SENDER else sender
    letter["To"] = sent.recipient
    letter["Subject"] = " ".join(sent.subject.split()) or "AWS Notification Message"
    letter["X-Pileus-Message-Id"] = sent.message_id
    letter.set_content(sent.body)
    return letter
