"""What becomes of long polls when the server stops, or forgets everything?"""

import threading
import time
import urllib.request
from typing import Any

from tests.conftest import Server

WITHIN_S = 8.0
"""Less than a stop waits for requests under way, and much less than the poll would last."""


def _polling(server: Server) -> tuple[threading.Thread, list[Any]]:
    client = server.client("sqs")
    url = client.create_queue(QueueName="q")["QueueUrl"]
    answers: list[Any] = []
    sent = threading.Event()
    client.meta.events.register("before-send.sqs.ReceiveMessage", lambda **_: sent.set())

    def poll() -> None:
        answers.append(client.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages", []))

    thread = threading.Thread(target=poll)
    thread.start()
    assert sent.wait(WITHIN_S)
    time.sleep(0.2)  # until it stands in line; if it does not yet, the test shows less
    return thread, answers


def test_a_stop_answers_polls_at_once(own_server: Server) -> None:
    """With nothing, and not with a broken connection."""
    own_server.start()
    thread, answers = _polling(own_server)
    begun = time.monotonic()
    assert own_server.stop() == 0
    thread.join(WITHIN_S)
    assert time.monotonic() - begun < WITHIN_S
    assert answers == [[]]


def test_a_reset_does_too(own_server: Server) -> None:
    """What was waited for cannot come any more; queues and their messages are gone."""
    own_server.start()
    thread, answers = _polling(own_server)
    begun = time.monotonic()
    request = urllib.request.Request(f"{own_server.url}/_pileus/reset", method="POST")
    with urllib.request.urlopen(request, timeout=WITHIN_S):
        pass
    thread.join(WITHIN_S)
    assert time.monotonic() - begun < WITHIN_S
    assert answers == [[]]
    assert own_server.client("sqs").list_queues().get("QueueUrls", []) == []
