"""What is kept of an account's text messages?"""

from typing import Literal

import msgspec


class SmsSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sns.sms-settings.v1"):
    """What SetSMSAttributes set, in one region."""

    attributes: dict[str, str] = {}


class OptOut(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sns.sms-opt.v1"):
    """What a phone number's owner wants.

    out: whether they want no messages. opted_in_at_s: when the account last asked for them again; 0 for never.
    """

    out: bool = False
    opted_in_at_s: float = 0.0


class SandboxNumber(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sns.sms-sandbox.v1"):
    """A number that may get messages while its account is in the sandbox, once it is verified.

    code: the one-time password sent last, at sent_at_s. failures: wrong ones since.
    """

    phone_number: str
    status: Literal["Pending", "Verified"] = "Pending"
    code: str = ""
    created_at_s: float = 0.0
    sent_at_s: float = 0.0
    failures: int = 0
