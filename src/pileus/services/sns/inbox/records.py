"""What is a message of the inbox?"""

from typing import Literal

import msgspec

Kind = Literal["email", "email-json", "sms", "application"]
"""By what it went: the protocols of SNS that reach people."""


class SentMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sns.sent.v1"):
    """What somebody would have received.

    recipient: an address, a phone number in E.164, or the ARN of a platform endpoint.
    topic_arn: "" when it was published to the recipient alone. message_id: of the SNS message.
    attributes: what else is known of it (`SenderID`, `Platform`), as text.
    """

    kind: Kind
    account_id: str
    region: str
    recipient: str
    body: str
    subject: str = ""
    topic_arn: str = ""
    message_id: str = ""
    attributes: dict[str, str] = {}


class KeptMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sns.inbox.v1"):
    """The same, in the inbox. once: what it was recognised by, if it comes again."""

    sent: SentMessage
    at_s: float
    once: str = ""


class InboxState(msgspec.Struct, frozen=True, kw_only=True, tag="sns.inbox-state.v1"):
    """The messages are numbered from first up to, not including, next. size_bytes: of their records."""

    first: int = 1
    next: int = 1
    size_bytes: int = 0
