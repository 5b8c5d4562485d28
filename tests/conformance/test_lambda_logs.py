"""When does what a running function writes come into CloudWatch Logs?"""

import time
from typing import Any, Final
from uuid import uuid4

from tests.conftest import Server
from tests.support.functions import archive, make_role

_HANDLER: Final = """
import time
def handler(event, context):
    print("at work")
    time.sleep(60)
"""
_WITHIN_S: Final = 20.0


def _create(server: Server) -> str:
    name = f"f-{uuid4().hex[:12]}"
    server.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=make_role(server),
        Handler="index.handler",
        Code={"ZipFile": archive(_HANDLER)},
        Timeout=90,
    )
    return name


def _messages(server: Server, name: str) -> list[str]:
    logs: Any = server.client("logs")
    try:
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for event in found["events"]]


def test_a_running_function_is_followed_and_its_log_outlives_a_kill(own_server: Server) -> None:
    """Somebody follows the log of a function that runs for minutes: START and its lines are there before it ends."""
    own_server.start()
    name = _create(own_server)
    request_id = own_server.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")[
        "ResponseMetadata"
    ]["RequestId"]
    deadline_s = time.monotonic() + _WITHIN_S
    while "at work\n" not in (messages := _messages(own_server, name)):
        assert time.monotonic() < deadline_s, messages
        time.sleep(0.02)
    assert f"START RequestId: {request_id} Version: $LATEST\n" in messages
    assert not [message for message in messages if message.startswith(("END", "REPORT"))]
    own_server.kill()
    own_server.start()
    assert _messages(own_server, name)[: len(messages)] == messages
