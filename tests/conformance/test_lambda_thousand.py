"""A thousand invocations of one function at once, as an account may have by default."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.conftest import Server
from tests.support.functions import archive, make_role

_COUNT: Final = 1_000
_MEMORY_BYTES_MAX: Final = 300 * 1024 * 1024
_AUTHORIZATION: Final = (
    "AWS4-HMAC-SHA256 Credential=111111111111/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=00"
)
"""In open mode everybody is believed."""


async def invoke(server: Server, name: str, payload: bytes) -> tuple[int, bytes]:
    """The status and the answer."""
    place = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(
        f"POST /2015-03-31/functions/{name}/invocations HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: {_AUTHORIZATION}\r\nContent-Length: {len(payload)}\r\n\r\n".encode()
        + payload
    )
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body


def resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


@pytest.mark.slow
def test_a_thousand_sleepers(own_server: Server) -> None:
    """All run side by side and all answer, while Pileus itself stays small and answers others."""
    server = own_server.start()
    functions = server.client("lambda")
    name = f"sleeps-{uuid4().hex[:8]}"
    functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=make_role(server),
        Handler="index.handler",
        Code={
            "ZipFile": archive("import time\ndef handler(event, context):\n    time.sleep(event)\n    return event\n")
        },
        Timeout=300,
    )
    functions.invoke(FunctionName=name, Payload=b"0")
    most_bytes = 0

    async def at_once(sleep_s: int) -> list[tuple[int, bytes]]:
        nonlocal most_bytes
        asked = [asyncio.create_task(invoke(server, name, b"%d" % sleep_s)) for _ in range(_COUNT)]
        while not all(task.done() for task in asked):
            most_bytes = max(most_bytes, resident_bytes(server.pid))
            await asyncio.sleep(0.2)
        return [await task for task in asked]

    began_s = time.monotonic()
    sleep_s = 30
    answers = asyncio.run(at_once(sleep_s))
    took_s = time.monotonic() - began_s
    assert {status for status, _ in answers} == {200}
    assert {json.loads(body) for _, body in answers} == {sleep_s}
    assert took_s < 4 * sleep_s, "they ran side by side"
    assert most_bytes < _MEMORY_BYTES_MAX
    found: dict[str, Any] = functions.get_account_settings()["AccountLimit"]
    assert found["ConcurrentExecutions"] == _COUNT
    print(f"{took_s:.1f} s, {most_bytes / 1024 / 1024:.0f} MB")
