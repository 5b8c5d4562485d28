"""Which endpoints can subscribe, by which protocol, and who must agree?

Sources: SNS API Reference, Subscribe; SNS Developer Guide, "Sending Amazon SNS messages to an Amazon SQS queue in a
different account"; recordings sns, `test_subscribe_invalid_sms`, `test_subscribe_unknown_sqs_queue`,
`test_validations_for_fifo`, `test_subscribe_with_invalid_protocol`.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.sns.errors import InvalidParameter

PROTOCOLS: Final = frozenset(
    {"application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"}
)
RAW_PROTOCOLS: Final = frozenset({"firehose", "http", "https", "sqs"})
"""SNS Developer Guide, "Amazon SNS raw message delivery"."""
CONFIRMED_BY_TOKEN: Final = frozenset({"email", "email-json", "http", "https"})

_QUEUE: Final = re.compile(r"arn:aws[a-zA-Z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}(?:\.fifo)?")
_FUNCTION: Final = re.compile(
    r"arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,140}(?::(?:\$LATEST|[A-Za-z0-9_-]+))?"
)
_APPLICATION: Final = re.compile(r"arn:aws[a-zA-Z-]*:sns:[a-z0-9-]+:\d{12}:endpoint/[^/]+/[^/]+/[^/]+")
_MAIL_CHARACTER: Final = r'[^@\s\x00-\x1f\x7f,;:<>()\[\]\\"]'
"""None of what lists addresses, or comments upon them: one subscription is one recipient. (`=?` hides such.)"""
_MAIL: Final = re.compile(rf"(?!.*=\?){_MAIL_CHARACTER}{{1,64}}@{_MAIL_CHARACTER}{{1,255}}")
_SEPARATORS: Final = re.compile(r"[./-]")
_E164: Final = re.compile(r"\+?[1-9]\d{1,14}")


class Endpoint(NamedTuple):
    """An endpoint that may subscribe. account_id: whose it is; "" where it does not say."""

    protocol: str
    address: str
    account_id: str = ""


def endpoint_of(protocol: str, address: str | None, *, fifo_topic: bool) -> Endpoint:
    """Or InvalidParameter."""
    if protocol not in PROTOCOLS:
        raise InvalidParameter(f"Amazon SNS does not support this protocol string: {protocol}")
    address = address or ""
    if fifo_topic and protocol != "sqs":
        raise InvalidParameter(f"Invalid protocol type: {protocol}")
    if protocol in ("http", "https"):
        return Endpoint(protocol, _url(protocol, address))
    if protocol in ("email", "email-json"):
        if _MAIL.fullmatch(address) is None:
            raise InvalidParameter("Email address")
        return Endpoint(protocol, address)
    if protocol == "sms":
        return Endpoint(protocol, phone_number(address))
    if protocol == "sqs":
        return _queue(address, fifo_topic=fifo_topic)
    if protocol == "lambda":
        return _of_account(protocol, address, _FUNCTION, "Lambda endpoint ARN")
    if protocol == "application":
        return _of_account(protocol, address, _APPLICATION, f"Application endpoint arn invalid:{address}")
    raise NotImplementedByPileus("Pileus does not deliver to Amazon Data Firehose yet")


def phone_number(address: str) -> str:
    """In E.164, without what people write between digits; InvalidParameter."""
    plain = _SEPARATORS.sub("", address)
    doubled = re.search(r"[./-]{2}|^[./-]|[./-]$", address)
    if doubled is not None or _E164.fullmatch(plain) is None:
        raise InvalidParameter(message=f"Invalid SMS endpoint: {address}")
    return plain


def account_of(arn: str) -> str:
    return (arn.split(":", 5) + [""] * 5)[4]


def _url(protocol: str, address: str) -> str:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidParameter("Endpoint") from None
    if parts.scheme != protocol or not host:
        raise InvalidParameter("Endpoint must match the specified protocol")
    if not address.isascii() or not address.isprintable() or " " in address:
        raise InvalidParameter("Endpoint")
    return address


def _queue(address: str, *, fifo_topic: bool) -> Endpoint:
    if address.endswith(".fifo") and not fifo_topic and _QUEUE.fullmatch(address) is not None:
        # Twice, as AWS says it.
        raise InvalidParameter(
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
        )
    return _of_account("sqs", address, _QUEUE, "SQS endpoint ARN")


def _of_account(protocol: str, address: str, form: re.Pattern[str], reason: str) -> Endpoint:
    if form.fullmatch(address) is None:
        raise InvalidParameter(reason)
    return Endpoint(protocol, address, account_of(address))
