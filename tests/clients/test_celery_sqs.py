"""Celery runs tasks, and kombu carries messages, over SQS.

Needs `celery` and `kombu[sqs]` (dependency group `dev`), whose client reads over HTTP with libcurl.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.conftest import Server

kombu = pytest.importorskip("kombu", reason="kombu is not installed")
pytest.importorskip("celery", reason="celery is not installed")
pytest.importorskip("pycurl", reason="pycurl is not installed")

ACCOUNT: Final = "888877776666"
WITHIN_S: Final = 60.0
TASKS: Final = """
from celery import Celery

app = Celery("tasks", broker="{broker}")
app.conf.update(
    broker_transport_options={{
        "region": "us-east-1",
        "is_secure": False,
        "polling_interval": 0.1,
        "wait_time_seconds": 1,
        "visibility_timeout": 5,
        "queue_name_prefix": "{prefix}",
    }},
    task_default_queue="tasks",
    task_acks_late=True,
    worker_prefetch_multiplier=1,
)


@app.task
def note(number):
    with open("{noted}", "a") as file:
        file.write(f"{{number}}\\n")


@app.task(bind=True, max_retries=2)
def stumble(self, number):
    if self.request.retries == 0:
        raise self.retry(countdown=1)
    with open("{noted}", "a") as file:
        file.write(f"retried {{number}}\\n")
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def broker(aws: Server) -> str:
    """The server as kombu names it."""
    return f"sqs://{ACCOUNT}:test@{urlsplit(aws.url).netloc}"


@pytest.fixture
def prefix() -> str:
    return f"celery-{uuid4().hex[:8]}-"


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_kombu_carries_messages(aws: Server, broker: str, prefix: str) -> None:
    """Put, taken in order of arrival by whoever asks, acknowledged and gone; rejected and back again."""
    options = {"region": "us-east-1", "is_secure": False, "wait_time_seconds": 1, "queue_name_prefix": prefix}
    with kombu.Connection(broker, transport_options=options) as connection:
        queue = connection.SimpleQueue("letters")
        for number in range(20):
            queue.put({"number": number, "text": "gr\u00fcezi"})
        found: set[int] = set()
        while len(found) < 20:
            message = queue.get(timeout=10)
            assert message.payload["text"] == "gr\u00fcezi"
            found.add(message.payload["number"])
            message.ack()
        assert found == set(range(20))
        queue.put({"number": 99})
        queue.get(timeout=10).requeue()
        again = queue.get(timeout=10)
        assert again.payload == {"number": 99}
        again.ack()
        with pytest.raises(queue.Empty):
            queue.get(timeout=1)
        queue.close()
    sqs = aws.client("sqs", aws_access_key_id=ACCOUNT)
    [url] = sqs.list_queues(QueueNamePrefix=prefix)["QueueUrls"]

    def empty() -> bool:
        told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return {told[f"ApproximateNumberOfMessages{kind}"] for kind in ("", "NotVisible", "Delayed")} == {"0"}

    eventually(empty)


@pytest.fixture
def tasks(tmp_path: Path, broker: str, prefix: str) -> Iterator[Any]:
    """A Celery application in a module of its own, with a worker that runs it."""
    noted = tmp_path / "noted"
    noted.touch()
    (tmp_path / "tasks.py").write_text(TASKS.format(broker=broker, prefix=prefix, noted=noted))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "--pool=solo", "--loglevel=INFO"]
    with (tmp_path / "log").open("w") as log:
        worker = subprocess.Popen(
            [*command, "--without-gossip", "--without-mingle"], cwd=tmp_path, env=kept, stdout=log, stderr=log
        )
        yield tmp_path
        worker.terminate()
        try:
            worker.wait(20)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def test_celery_runs_tasks(aws: Server, tasks: Path) -> None:
    """Each task once, those that ask for another try again later; then the queue is empty."""
    called = "import tasks\nfor n in range(10):\n    tasks.note.delay(n)\ntasks.stumble.delay(7)\n"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", called], cwd=tasks, env=kept, capture_output=True, text=True, timeout=WITHIN_S
    )
    assert done.returncode == 0, done.stderr
    noted = tasks / "noted"
    try:
        eventually(lambda: len(noted.read_text().splitlines()) >= 11)
    except AssertionError:
        pytest.fail((tasks / "log").read_text()[-3000:])
    assert sorted(noted.read_text().splitlines()) == sorted([*map(str, range(10)), "retried 7"])
