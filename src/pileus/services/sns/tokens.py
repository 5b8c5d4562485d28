"""What is in the token that confirms a subscription?

Which subscription, and until when, sealed: nobody else makes one, and it says nothing to whoever sees it. As AWS's, it
is a long text of hexadecimal digits.
"""

from typing import NamedTuple

from pileus.kernel.auth.sealing import SEAL_BYTES, Seal, SealBroken
from pileus.kernel.ids import Ids
from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.limits import TOKEN_LIFETIME

_PURPOSE = "sns confirmation"


class Confirmation(NamedTuple):
    """What a token stands for."""

    topic_arn: str
    subscription_id: str


class Tokens:
    """Writes and reads tokens."""

    def __init__(self, secret: bytes, ids: Ids) -> None:
        self._seal = Seal(secret, purpose=_PURPOSE, ids=ids)

    def write(self, topic_arn: str, subscription_id: str, *, now_s: float) -> str:
        expires_s = int(now_s + TOKEN_LIFETIME.total_seconds())
        return self._seal.seal(f"{expires_s}|{subscription_id}|{topic_arn}".encode()).hex()

    def read(self, token: str, *, now_s: float) -> Confirmation:
        """Or InvalidParameter: recording `test_sns_confirm_subscription_wrong_token`."""
        try:
            sealed = bytes.fromhex(token)
        except ValueError:
            raise InvalidParameter(message="Invalid token") from None
        if len(sealed) <= SEAL_BYTES:
            raise InvalidParameter(message="Invalid token")
        try:
            expires_s, subscription_id, topic_arn = self._seal.open(sealed).decode().split("|", 2)
        except SealBroken:
            raise InvalidParameter("Token") from None
        if now_s >= int(expires_s):
            raise InvalidParameter("Token")
        return Confirmation(topic_arn, subscription_id)
