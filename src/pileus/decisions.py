"""What did policies decide? `GET /_pileus/decisions`, the audit log in JSON, the latest decision first.

    ?principal=TEXT&action=TEXT&resource=TEXT&request_id=ID&allowed=true|false&limit=N

principal, action and resource are any part of the name. Who nobody decides about is not in it: see `kernel.auth.audit`.
"""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from pileus.kernel.auth.audit import AuditLog, DecisionRecord, Wish
from pileus.kernel.http.messages import Request, Response

PATH: Final = "/_pileus/decisions"
LIMIT_DEFAULT: Final = 100
LIMIT_MAX: Final = 1_000
_FILTERS: Final = frozenset({"principal", "action", "resource", "allowed", "limit", "request_id"})


class Decisions:
    """The handler."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def __call__(self, request: Request) -> Response:
        if request.method != "GET":
            return _json(405, {"message": f"{request.method} is not offered at {PATH}"})
        try:
            wish, limit = _wish(dict(parse_qsl(request.query, keep_blank_values=True)))
        except ValueError as error:
            return _json(400, {"message": str(error)})
        found = await self._audit.find(wish, limit=limit)
        return _json(200, {"decisions": [_told(record) for record in found]})


def _wish(query: dict[str, str]) -> tuple[Wish, int]:
    """ValueError."""
    if unknown := query.keys() - _FILTERS:
        raise ValueError(f"no filter is called {', '.join(sorted(unknown))}")
    allowed = query.get("allowed")
    if allowed not in (None, "true", "false"):
        raise ValueError("allowed is true or false")
    limit = query.get("limit", str(LIMIT_DEFAULT))
    if not (limit.isascii() and limit.isdigit()) or not 1 <= int(limit[:9]) <= LIMIT_MAX:
        raise ValueError(f"limit is a number from 1 to {LIMIT_MAX}")
    wish = Wish(
        principal=query.get("principal"),
        action=query.get("action"),
        resource=query.get("resource"),
        allowed=None if allowed is None else allowed == "true",
        request_id=query.get("request_id"),
    )
    return wish, int(limit)


def _told(record: DecisionRecord) -> dict[str, object]:
    at = datetime.fromtimestamp(record.at_s, UTC).isoformat(timespec="milliseconds")
    content = msgspec.structs.asdict(record)
    del content["at_s"]
    return {"at": at, **content}


def _json(status: int, content: dict[str, object]) -> Response:
    return Response(status, (("Content-Type", "application/json"),), msgspec.json.encode(content) + b"\n")
