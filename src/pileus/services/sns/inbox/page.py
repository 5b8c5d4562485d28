"""What did people get? `GET /_pileus/inbox`, in JSON, the newest first; `DELETE` empties it.

?recipient=ADDRESS&kind=email|email-json|sms|application&topic_arn=ARN&limit=N
"""

from typing import Annotated, Final, get_args
from urllib.parse import parse_qsl

import msgspec

from pileus.kernel.auth.principals import DEFAULT_ACCOUNT_ID
from pileus.kernel.http.messages import PayloadTooLarge, Request, Response
from pileus.kernel.storage.seam import Store
from pileus.services.sns.endpoints import phone_number
from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.inbox.box import MESSAGES_MAX, PAGE, find, forget_all, told
from pileus.services.sns.inbox.records import Kind
from pileus.services.sns.sms.sending import take_reply

PATH: Final = "/_pileus/inbox"
_FILTERS: Final = frozenset({"recipient", "kind", "topic_arn", "limit"})
_KINDS: Final = get_args(Kind)
_BODY_BYTES_MAX: Final = 64 * 1024


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `POST` takes. from_: who answers. account_id, region: whose message it was."""

    from_: str = msgspec.field(name="from")
    body: str
    account_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}\Z")] = DEFAULT_ACCOUNT_ID
    region: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,32}\Z")] = "us-east-1"


class InboxPage:
    """The handler."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, request: Request) -> Response:
        if request.method == "DELETE":
            await forget_all(self._store)
            return _json(200, {"messages": []})
        if request.method == "POST":
            return await self._reply(request)
        if request.method != "GET":
            return _json(405, {"message": f"{request.method} is not offered at {PATH}"})
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        try:
            limit = _checked(query)
        except ValueError as error:
            return _json(400, {"message": str(error)})
        found = await find(
            self._store.snapshot(),
            recipient=_unspaced(query.get("recipient", "")),
            kind=query.get("kind", ""),
            topic_arn=query.get("topic_arn", ""),
            limit=limit,
        )
        return _json(200, {"messages": [told(kept) for kept in found]})

    async def _reply(self, request: Request) -> Response:
        try:
            reply = msgspec.json.decode(await request.read(_BODY_BYTES_MAX), type=Reply)
            number = phone_number(reply.from_)
        except (ValueError, PayloadTooLarge, InvalidParameter) as error:
            return _json(400, {"message": f"Not a reply: {error}"})
        async with self._store.transaction() as tx:
            opted_out = await take_reply(
                tx, account_id=reply.account_id, region=reply.region, number=number, body=reply.body
            )
        return _json(200, {"opted_out": opted_out})


def _checked(query: dict[str, str]) -> int:
    """How many are wanted; ValueError."""
    if unknown := query.keys() - _FILTERS:
        raise ValueError(f"no filter is called {', '.join(sorted(unknown))}")
    if query.get("kind", _KINDS[0]) not in _KINDS:
        raise ValueError(f"kind is one of {', '.join(_KINDS)}")
    limit = query.get("limit", str(PAGE))
    if not (limit.isascii() and limit.isdigit()) or not 1 <= int(limit[:9]) <= MESSAGES_MAX:
        raise ValueError(f"limit is a number from 1 to {MESSAGES_MAX}")
    return int(limit)


def _unspaced(recipient: str) -> str:
    """`+15551234567` as most people type it into an address, where `+` means a space."""
    return f"+{recipient[1:]}" if recipient.startswith(" ") else recipient


def _json(status: int, content: dict[str, object]) -> Response:
    return Response(status, (("Content-Type", "application/json"),), msgspec.json.encode(content) + b"\n")
