"""The inbox keeps what was sent to people, and no more than it may."""

import asyncio
import json
import smtplib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.http.messages import Request
from pileus.kernel.outbox import Delivery, GiveUp, Outbox
from pileus.kernel.storage.records import encode
from pileus.kernel.storage.seam import Event
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.sns.inbox import Inbox, SentMessage, box
from pileus.services.sns.inbox.mail import Mail, MailServer, letter_of, mail_server
from pileus.services.sns.inbox.page import InboxPage
from pileus.services.sns.inbox.records import Kind
from tests.support.time import JumpingClock


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = open_store(tmp_path, clock=JumpingClock())
    yield opened
    await opened.close()


def message(body: str, *, kind: Kind = "sms", recipient: str = "+15551234567", subject: str = "") -> SentMessage:
    return SentMessage(
        kind=kind, account_id="111111111111", region="us-east-1", recipient=recipient, body=body, subject=subject
    )


async def put(store: SqliteStore, sent: SentMessage, *, once: str = "", mail: bool = False) -> None:
    async with store.transaction() as tx:
        await Inbox(clock=JumpingClock(), mail=mail).put(tx, sent, once=once)


async def ask(store: SqliteStore, query: str = "", *, method: str = "GET") -> tuple[int, Any]:
    target = f"/_pileus/inbox{query}"
    answer = await InboxPage(store)(Request(method=method, target=target, headers={"host": "127.0.0.1"}))
    assert isinstance(answer.body, bytes)
    return answer.status, json.loads(answer.body)


async def bodies(store: SqliteStore, query: str = "") -> list[str]:
    _, content = await ask(store, query)
    return [each["body"] for each in content["messages"]]


async def test_the_newest_comes_first_and_filters_choose(store: SqliteStore) -> None:
    """Tests of applications look for "the mail to x": they must find it, and nobody else's."""
    await put(store, message("one"))
    await put(store, message("two", kind="email", recipient="Ann@example.com"))
    await put(store, message("three", recipient="+4915112345678"))
    assert await bodies(store) == ["three", "two", "one"]
    assert await bodies(store, "?limit=1") == ["three"]
    assert await bodies(store, "?kind=sms") == ["three", "one"]
    assert await bodies(store, "?recipient=ann@example.com") == ["two"]
    assert await bodies(store, "?recipient=%2B15551234567") == ["one"]
    assert await bodies(store, "?recipient=+15551234567") == ["one"]
    assert await bodies(store, "?topic_arn=arn:aws:sns:us-east-1:111111111111:t") == []


async def test_what_is_shown_tells_all(store: SqliteStore) -> None:
    """The form is what scripts read."""
    await put(store, message("hello", kind="email", recipient="a@example.com", subject="Hi"))
    status, content = await ask(store)
    assert status == 200
    assert content["messages"] == [
        {
            "at": "2024-02-29T23:59:59.000+00:00",
            "kind": "email",
            "recipient": "a@example.com",
            "subject": "Hi",
            "body": "hello",
            "account_id": "111111111111",
            "region": "us-east-1",
            "topic_arn": "",
            "message_id": "",
            "attributes": {},
        }
    ]


@pytest.mark.parametrize("query", ["?limit=0", "?limit=1001", "?limit=x", "?kind=letter", "?to=x"])
async def test_bad_questions_are_refused(store: SqliteStore, query: str) -> None:
    """A filter that is spelled wrong must not show everything."""
    status, content = await ask(store, query)
    assert status == 400
    assert content["message"]


async def test_delete_empties_it(store: SqliteStore) -> None:
    """Between two tests of an application; afterwards it works as before, and what came once may come again."""
    await put(store, message("one"), once="a")
    assert await ask(store, method="DELETE") == (200, {"messages": []})
    assert await bodies(store) == []
    await put(store, message("two"), once="a")
    assert await bodies(store) == ["two"]
    assert (await ask(store, method="PUT"))[0] == 405


async def test_a_delivery_that_is_repeated_is_one_message(store: SqliteStore) -> None:
    """The outbox delivers at least once; people get one message."""
    await put(store, message("one"), once="delivery 1")
    await put(store, message("one"), once="delivery 1")
    await put(store, message("one"), once="delivery 2")
    assert await bodies(store) == ["one", "one"]


async def test_the_oldest_make_room(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """By count and by size; the newest stays, however large it is, and nothing of the old ones is left behind."""
    monkeypatch.setattr(box, "MESSAGES_MAX", 3)
    monkeypatch.setattr(box, "BYTES_MAX", 2_000)
    for number in range(5):
        await put(store, message(str(number)), once=f"once {number}")
    assert await bodies(store) == ["4", "3", "2"]
    await put(store, message("x" * 1_600))
    assert [len(body) for body in await bodies(store)] == [1_600, 1]
    await put(store, message("y" * 5_000))
    assert [len(body) for body in await bodies(store)] == [5_000]
    async with store.transaction() as tx:
        assert await tx.range(*box._ROOT.range("once")) == []


async def test_it_outlives_a_restart(tmp_path: Path) -> None:
    """What was sent is known after a restart, too."""
    store = open_store(tmp_path, clock=JumpingClock())
    await put(store, message("one"))
    await store.close()
    store = open_store(tmp_path, clock=JumpingClock())
    assert await bodies(store) == ["one"]
    await store.close()


# --- mail ------------------------------------------------------------------------------------------------------------


class Postmaster:
    """A mail server that takes one letter per session, or refuses its recipient."""

    def __init__(self, *, answer: str = "250 ok") -> None:
        self.letters: list[str] = []
        self.recipients: list[str] = []
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while line := (await reader.readline()).decode().strip():
            if line.upper().startswith("RCPT"):
                self.recipients.append(line)
                writer.write(f"{self._answer}\r\n".encode())
            elif line.upper() == "DATA":
                writer.write(b"354 go on\r\n")
                self.letters.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                writer.write(b"250 ok\r\n")
            elif line.upper() == "QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")
        await writer.drain()
        writer.close()


def delivery(sent: SentMessage) -> Delivery:
    return Delivery(event=Event(topic=box.MAIL_TOPIC, payload=encode(sent)), attempt=1, due=datetime.now(UTC), id=1)


async def test_a_mail_server_gets_the_emails(store: SqliteStore) -> None:
    """Written down in the same transaction, delivered by the outbox; text messages stay here."""
    postmaster = Postmaster()
    listening = await asyncio.start_server(postmaster.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    outbox = Outbox(store, JumpingClock())
    done = asyncio.Event()
    mail = Mail(mail_server(f"smtp://127.0.0.1:{port}/alerts@example.com"))

    async def deliver(event: Delivery) -> None:
        await mail.deliver(event)
        done.set()

    outbox.subscribe(box.MAIL_TOPIC, deliver)
    running = asyncio.create_task(outbox.run())
    await put(store, message("text"), mail=True)
    await put(store, message("Grüße", kind="email", recipient="a@example.com", subject="Hi\nBcc: x@evil"), mail=True)
    async with asyncio.timeout(20):
        await done.wait()
    running.cancel()
    listening.close()
    assert postmaster.recipients == ["rcpt TO:<a@example.com>"]
    (letter,) = postmaster.letters
    assert "From: alerts@example.com" in letter
    assert "Subject: Hi Bcc: x@evil" in letter


@pytest.mark.parametrize(("answer", "error"), [("550 no", GiveUp), ("450 later", smtplib.SMTPRecipientsRefused)])
async def test_who_is_refused_for_good_is_not_tried_again(answer: str, error: type[Exception]) -> None:
    """A retry for weeks helps nobody; a full mailbox may be emptied."""
    listening = await asyncio.start_server(Postmaster(answer=answer).serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    with pytest.raises(error):
        await Mail(MailServer(host="127.0.0.1", port=port)).deliver(
            delivery(message("x", kind="email", recipient="a@example.com"))
        )
    listening.close()


def test_an_email_without_a_subject_has_awss() -> None:
    """SNS Developer Guide: "AWS Notification Message"."""
    letter = letter_of(message("body", kind="email", recipient="a@example.com"), sender="no-reply@sns.amazonaws.com")
    assert letter["Subject"] == "AWS Notification Message"
    assert letter["From"] == "AWS Notifications <no-reply@sns.amazonaws.com>"


@pytest.mark.parametrize("url", ["", "localhost:25", "http://localhost", "smtp://"])
def test_what_is_no_mail_server_is_refused(url: str) -> None:
    """At the start, not with the first email."""
    with pytest.raises(ValueError, match="mail server"):
        mail_server(url)


def test_a_password_is_not_shown() -> None:
    """Settings end up in logs."""
    server = mail_server("smtps://user:s%40cret@mail.example.com")
    assert (server.port, server.user, server.password, server.tls) == (465, "user", "s@cret", True)
    assert "s@cret" not in repr(server)
