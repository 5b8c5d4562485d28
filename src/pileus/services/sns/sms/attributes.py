"""What can be set of text messages, for an account or for one message?

Sources: SNS API Reference, SetSMSAttributes; SNS Developer Guide, "Publishing SMS messages to a topic" (the attributes
`AWS.SNS.SMS...` of a message); recordings sns, `test_set_invalid_sms_attributes`, `test_set_get_sms_attributes`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.model import MessageAttribute

MONTHLY_SPEND_LIMIT_DEFAULT: Final = "1"
"""US dollars. Nothing costs anything here, so it is never reached."""

_SENDER_ID: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]{1,11}")
_ROLE: Final = re.compile(r"arn:aws[a-zA-Z-]*:iam::\d{12}:role/.+")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_MONEY: Final = re.compile(r"\d{1,9}(\.\d{1,5})?")
_ORIGINATION_NUMBER: Final = re.compile(r"\+?\d{5,15}")
_TYPES: Final = frozenset({"Promotional", "Transactional"})


def _sender_id(value: str) -> bool:
    return _SENDER_ID.fullmatch(value) is not None


def _message_type(value: str) -> bool:
    return value in _TYPES


def _percent(value: str) -> bool:
    return value.isascii() and value.isdigit() and int(value[:9]) <= 100


_SETTINGS: Final[Mapping[str, Callable[[str], bool]]] = {
    "DefaultSMSType": _message_type,
    "DefaultSenderID": _sender_id,
    "DeliveryStatusIAMRole": lambda value: _ROLE.fullmatch(value) is not None,
    "DeliveryStatusSuccessSamplingRate": _percent,
    "MonthlySpendLimit": lambda value: value.isascii() and value.isdigit() and len(value) < 10,
    "UsageReportS3Bucket": lambda value: _BUCKET.fullmatch(value) is not None,
}


def check_names(names: list[str]) -> None:
    """Or InvalidParameter."""
    for name in names:
        if name not in _SETTINGS:
            raise InvalidParameter(message=f"{name} is not a valid attribute")


def check_settings(attributes: Mapping[str, str]) -> None:
    """Or InvalidParameter. An empty value takes a setting back."""
    check_names(list(attributes))
    for name, value in attributes.items():
        if value and not _SETTINGS[name](value):
            raise InvalidParameter(message=f"{name} is invalid")


_OF_MESSAGES: Final[Mapping[str, Callable[[str], bool]]] = {
    "AWS.MM.SMS.OriginationNumber": lambda value: _ORIGINATION_NUMBER.fullmatch(value) is not None,
    "AWS.MM.SMS.EntityId": lambda value: 1 <= len(value) <= 50,
    "AWS.MM.SMS.TemplateId": lambda value: 1 <= len(value) <= 50,
    "AWS.SNS.SMS.MaxPrice": lambda value: _MONEY.fullmatch(value) is not None,
    "AWS.SNS.SMS.SMSType": _message_type,
    "AWS.SNS.SMS.SenderID": _sender_id,
}


def check_message_attributes(attributes: Mapping[str, MessageAttribute]) -> None:
    """Those that are about text messages, or InvalidParameter.

    Words of ours: AWS documents the values, not what it answers to others. An account has no origination numbers here
    (`ListOriginationNumbers`), so none of them can send.
    """
    for name, attribute in attributes.items():
        fits = _OF_MESSAGES.get(name)
        if fits is None:
            continue
        if not fits(attribute.string_value or ""):
            raise InvalidParameter(f"MessageAttributes Reason: {name} is invalid")
        if name == "AWS.MM.SMS.OriginationNumber":
            raise InvalidParameter(f"MessageAttributes Reason: {name} is no number of this account")
