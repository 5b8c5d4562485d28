"""What may be published?

A batch is refused as a whole for what is wrong with one of its messages, in the same words (recordings sns,
`test_empty_or_wrong_message_attributes`, `test_publish_batch_exceptions`).

Sources: SNS API Reference, Publish, PublishBatch; SNS Developer Guide, "Message attribute data types and validation";
recordings sns, TestSNSPublishCrud.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from pileus.services.sns.errors import InvalidParameter, InvalidParameterValue
from pileus.services.sns.limits import (
    ATTRIBUTE_NAME_BYTES_MAX,
    GROUP_ID_CHARS_MAX,
    MESSAGE_BYTES_MAX,
    SUBJECT_CHARS_MAX,
)
from pileus.services.sns.model import MessageAttribute
from pileus.services.sns.shapes import MessageAttributeValue

_SUBJECT: Final = re.compile(r"[!-~][ -~]*")
_GROUP: Final = re.compile(r"[!-~]+")
_NAME_STRANGER: Final = re.compile(r"[^A-Za-z0-9_.-]")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""As Java's BigDecimal reads them: NaN, underscores and spaces are Python's."""
_TYPE: Final = re.compile(r"(?P<kind>String|Number|Binary)(?:\..+)?")


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was found in order, before its topic was asked. size_bytes: what counts against the limit."""

    body: str
    subject: str | None
    by_protocol: dict[str, str]
    attributes: dict[str, MessageAttribute]
    group_id: str | None
    deduplication_id: str | None
    size_bytes: int


def drafted(
    *,
    message: str,
    subject: str | None = None,
    structure: str | None = None,
    attributes: Mapping[str, MessageAttributeValue] | None = None,
    group_id: str | None = None,
    deduplication_id: str | None = None,
) -> Draft:
    """InvalidParameter, InvalidParameterValue."""
    if not message:
        raise InvalidParameter("Empty message")
    if subject is not None and (len(subject) > SUBJECT_CHARS_MAX or _SUBJECT.fullmatch(subject) is None):
        raise InvalidParameter("Subject")
    found = {name: _attribute(name, each) for name, each in attributes.items()} if attributes else {}
    size_bytes = len(message.encode()) + (sum(map(_attribute_bytes, found, found.values())) if found else 0)
    if size_bytes > MESSAGE_BYTES_MAX:
        raise InvalidParameter("Message too long")
    by_protocol: dict[str, str] = {}
    if structure is not None:
        if structure != "json":
            raise InvalidParameter("MessageStructure")
        by_protocol = _by_protocol(message)
    for name, value in (("MessageGroupId", group_id), ("MessageDeduplicationId", deduplication_id)):
        if value is not None and (len(value) > GROUP_ID_CHARS_MAX or _GROUP.fullmatch(value) is None):
            raise InvalidParameter(
                f"{name} Reason: {name} can only include alphanumeric and punctuation characters. 1 to 128 in length"
            )
    return Draft(
        body=by_protocol.get("default", message),
        subject=subject,
        by_protocol=by_protocol,
        attributes=found,
        group_id=group_id,
        deduplication_id=deduplication_id,
        size_bytes=size_bytes,
    )


def checked_for_topic(draft: Draft, *, fifo: bool, content_based: bool) -> Draft:
    """The message as the topic takes it, with its deduplication id; InvalidParameter."""
    if not fifo:
        if draft.deduplication_id is not None:
            raise InvalidParameter(
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter "
                "that is not valid for this topic type"
            )
        return draft
    if draft.group_id is None:
        raise InvalidParameter("The MessageGroupId parameter is required for FIFO topics")
    if draft.deduplication_id is not None:
        return draft
    if not content_based:
        raise InvalidParameter(
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
            "provided explicitly"
        )
    return msgspec.structs.replace(draft, deduplication_id=sha256(draft.body.encode()).hexdigest())


def _by_protocol(message: str) -> dict[str, str]:
    """What is no text is not there (recording `test_message_structure_json_exc`)."""
    try:
        found: Any = msgspec.json.decode(message)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidParameter("Message Structure - JSON message body failed to parse") from None
    texts = {name: text for name, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}
    if "default" not in texts:
        raise InvalidParameter("Message Structure - No default entry in JSON message body")
    return texts


def _attribute(name: str, given: MessageAttributeValue) -> MessageAttribute:
    _check_name(name)
    data_type = given.data_type
    form = _TYPE.fullmatch(data_type)
    if form is None:
        raise InvalidParameterValue(
            f"The message attribute '{name}' has an invalid message attribute type, the set of supported type "
            "prefixes is Binary, Number, and String."
        )
    kind = form["kind"]
    binary = kind == "Binary"
    value, other = (given.binary_value, given.string_value) if binary else (given.string_value, given.binary_value)
    if not value and other:
        field = "Binary" if binary else "String"
        raise InvalidParameterValue(f"The message attribute '{name}' with type '{data_type}' must use field '{field}'.")
    if not value:
        raise InvalidParameterValue(
            f"The message attribute '{name}' must contain non-empty message attribute value for message attribute "
            f"type '{data_type}'."
        )
    if kind == "Number":
        _check_number(name, given.string_value or "")
    if data_type == "String.Array":
        _check_array(name, given.string_value or "")
    if binary:
        return MessageAttribute(data_type=data_type, binary_value=given.binary_value)
    return MessageAttribute(data_type=data_type, string_value=given.string_value)


def _check_name(name: str) -> None:
    if len(name.encode()) > ATTRIBUTE_NAME_BYTES_MAX:
        raise InvalidParameterValue("Length of message attribute name must be less than 256 bytes.")
    stranger = _NAME_STRANGER.search(name)
    if stranger is not None:
        raise InvalidParameterValue(
            f"Invalid non-alphanumeric character '#x{ord(stranger[0]):X}' was found in the message attribute name. "
            "Can only include alphanumeric characters, hyphens, underscores, or dots."
        )
    if name.startswith("."):
        raise InvalidParameterValue("Invalid message attribute name starting with character '.' was found.")
    if name.endswith("."):
        raise InvalidParameterValue("Invalid message attribute name ending with character '.' was found.")
    if ".." in name:
        raise InvalidParameterValue("Message attribute name can not have successive '.' character.")


def _check_number(name: str, value: str) -> None:
    if _NUMBER.fullmatch(value) is None:
        raise InvalidParameterValue(f"Could not cast message attribute '{name}' value to number.")


def _check_array(name: str, value: str) -> None:
    """Of strings, numbers, true, false and null."""
    try:
        listed: Any = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        listed = None
    if not isinstance(listed, list) or any(isinstance(each, dict | list) for each in listed):
        raise InvalidParameterValue(f"Could not parse the value of message attribute '{name}' as an array.")


def _attribute_bytes(name: str, attribute: MessageAttribute) -> int:
    value = attribute.string_value.encode() if attribute.string_value is not None else attribute.binary_value or b""
    return len(name.encode()) + len(attribute.data_type.encode()) + len(value)
