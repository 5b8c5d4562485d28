"""How does a refused caller carry the reason away without being able to read it?

Some operations answer a denial with an encoded message; whoever may call sts:DecodeAuthorizationMessage in the same
account has it decoded. It is sealed, so nothing is stored and nobody else learns a policy's words.

Source: API_DecodeAuthorizationMessage; the decoded form is the one seen on the wire.
"""

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from pileus.kernel.auth.sealing import Seal, SealBroken
from pileus.kernel.context import Principal
from pileus.kernel.ids import Ids

MESSAGE_CHARS_MAX: Final = 10_240
"""Source: API_DecodeAuthorizationMessage, EncodedMessage."""
_CLEAR_BYTES_MAX: Final = 65_536


class MatchedStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that decided. effect: `ALLOW` or `DENY`."""

    statement_id: str
    effect: str
    principals: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be known of one decision. conditions: the keys that were known, with their values."""

    principal: Principal
    action: str
    resource: str
    explicit_deny: bool
    allowed: bool = False
    matched: tuple[MatchedStatement, ...] = ()
    conditions: Mapping[str, str | Sequence[str]] = {}


class NotAMessage(Exception):
    """Not encoded here, changed since, or of another account."""


class AuthorizationMessages:
    """Encodes refusals, and decodes them for the account they happened in."""

    def __init__(self, secret: bytes, ids: Ids) -> None:
        self._seal = Seal(secret, purpose="authorization messages", ids=ids)

    def encode(self, refusal: Refusal, *, account_id: str) -> str:
        """account_id: who may have it decoded; the principal's, as on AWS. The longest conditions go when too long."""
        conditions = sorted(refusal.conditions.items(), key=lambda pair: len(str(pair[1])))
        while True:
            clear = msgspec.json.encode(_document(refusal, dict(conditions)))
            sealed = self._seal.seal(zlib.compress(clear), bound_to=account_id.encode())
            text = base64.urlsafe_b64encode(sealed).decode()
            if len(text) <= MESSAGE_CHARS_MAX and len(clear) <= _CLEAR_BYTES_MAX:
                return text
            assert conditions, "a refusal without conditions is short"
            del conditions[len(conditions) // 2 :]

    def decode(self, text: str, *, account_id: str) -> str:
        """The decision, as JSON; NotAMessage."""
        try:
            sealed = base64.b64decode(text, altchars=b"-_", validate=True)
            clear = self._seal.open(sealed, bound_to=account_id.encode())
        except (SealBroken, binascii.Error, ValueError):
            raise NotAMessage from None
        return zlib.decompressobj().decompress(clear, _CLEAR_BYTES_MAX).decode()


def _document(refusal: Refusal, conditions: Mapping[str, str | Sequence[str]]) -> object:
    principal = refusal.principal
    return {
        "allowed": refusal.allowed,
        "explicitDeny": refusal.explicit_deny,
        "matchedStatements": _items(
            {
                "statementId": statement.statement_id,
                "effect": statement.effect,
                "principals": _values(statement.principals),
                "principalGroups": _items(),
                "actions": _values(statement.actions),
                "resources": _values(statement.resources),
                "conditions": _items(),
            }
            for statement in refusal.matched
        ),
        "failures": _items(),
        "context": {
            "principal": {"id": principal.user_id, "name": _name(principal.arn), "arn": principal.arn},
            "action": refusal.action,
            "resource": refusal.resource,
            "conditions": _items(
                {"key": key, "values": _values([value] if isinstance(value, str) else value)}
                for key, value in conditions.items()
            ),
        },
    }


def _items(entries: Iterable[object] = ()) -> dict[str, list[object]]:
    return {"items": list(entries)}


def _values(values: Sequence[str]) -> dict[str, list[object]]:
    return _items({"value": value} for value in values)


def _name(arn: str) -> str:
    """A user's name, a session's; `root` of a root."""
    return arn.rpartition(":")[2].rpartition("/")[2]
