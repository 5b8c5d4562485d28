"""What does `pileus invoke` do? One invocation, its answer, and if somebody asks the end of its log."""

import json
from base64 import b64decode
from typing import NamedTuple

from pileus.calling import Caller, call


class Invoked(NamedTuple):
    """payload: what the function gave. error: `Unhandled`, or '' when it returned. log: its last 4 KB, if asked for."""

    payload: bytes
    error: str
    log: str
    request_id: str


def is_json(payload: bytes) -> bool:
    try:
        json.loads(payload)
    except ValueError:
        return False
    return True


def invoke(caller: Caller, function: str, payload: bytes, *, qualifier: str = "", event: bool = False) -> Invoked:
    """Invoke and wait, or with `event` only hand it over. Refused, Unreachable."""
    headers = {"x-amz-invocation-type": "Event" if event else "RequestResponse"}
    if not event:
        headers["x-amz-log-type"] = "Tail"
    answer = call(
        caller,
        "lambda",
        path=f"/2015-03-31/functions/{function}/invocations",
        query={"Qualifier": qualifier} if qualifier else {},
        headers=headers,
        body=payload,
    )
    return Invoked(
        payload=answer.body,
        error=answer.headers.get("x-amz-function-error", ""),
        log=b64decode(answer.headers.get("x-amz-log-result", "")).decode(errors="replace"),
        request_id=answer.headers.get("x-amzn-requestid", ""),
    )
