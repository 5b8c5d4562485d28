"""Emails of SNS reach a mail server that `pileus up --smtp` names."""

import json
import socketserver
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conftest import Server


class _Session(socketserver.StreamRequestHandler):
    """Takes letters."""

    server: "Postmaster"

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        for line in self.rfile:
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                letter = b""
                while not letter.endswith(b"\r\n.\r\n"):
                    letter += self.rfile.readline()
                self.server.letters.append(letter.decode())
                self.server.arrived.release()
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                return


class Postmaster(socketserver.ThreadingTCPServer):
    """A mail server."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.letters: list[str] = []
        self.arrived = threading.Semaphore(0)


@pytest.fixture
def postmaster() -> Iterator[Postmaster]:
    with Postmaster() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_an_invitation_and_a_message_arrive(postmaster: Postmaster, tmp_path: Path) -> None:
    """What people would get on AWS they get here, and the inbox has it all the same."""
    port = postmaster.server_address[1]
    server = Server(tmp_path / "data", "--smtp", f"smtp://127.0.0.1:{port}/alerts@example.com").start()
    try:
        sns, address = server.client("sns"), f"{uuid4().hex}@example.com"
        topic = sns.create_topic(Name="t")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
        assert postmaster.arrived.acquire(timeout=20)
        with urllib.request.urlopen(f"{server.url}/_pileus/inbox", timeout=10) as answer:
            (invitation,) = json.load(answer)["messages"]
        (link,) = [word for word in invitation["body"].split() if word.startswith("http")]
        with urllib.request.urlopen(link, timeout=10) as answer:
            assert answer.status == 200
        sns.publish(TopicArn=topic, Subject="Hello", Message="A message")
        assert postmaster.arrived.acquire(timeout=20)
    finally:
        server.stop()
    invited, letter = postmaster.letters
    assert "Subject: AWS Notification - Subscription Confirmation" in invited
    assert f"To: {address}" in letter
    assert "From: alerts@example.com" in letter
    assert "Subject: Hello" in letter
    assert "A message" in letter


def test_what_is_no_mail_server_is_refused_at_the_start(tmp_path: Path) -> None:
    """Not with the first email, when nobody looks."""
    command = [sys.executable, "-m", "pileus", "up", "--data-dir", str(tmp_path), "--smtp", "localhost:25"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "mail server" in done.stdout + done.stderr
