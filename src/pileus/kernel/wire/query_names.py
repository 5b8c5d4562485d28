"""How did SQS name its lists and maps in forms, before its model forgot them?

SQS spoke `query` before it spoke JSON, and still answers whoever does; its model of today has the JSON names alone. A
list's elements go by `location_name` of its member, a map's entries by that of the map's shape.

Source: SQS API Reference, the sample requests of each action in the query protocol; recordings sqs/sqs, `[sqs_query]`.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from pileus.kernel.wire.model import Ref, ServiceModel, Shape

_LISTS: Final[Mapping[str, str]] = {
    "AWSAccountIdList": "AWSAccountId",
    "ActionNameList": "ActionName",
    "AttributeNameList": "AttributeName",
    "BatchResultErrorEntryList": "BatchResultErrorEntry",
    "BinaryList": "BinaryListValue",
    "ChangeMessageVisibilityBatchRequestEntryList": "ChangeMessageVisibilityBatchRequestEntry",
    "ChangeMessageVisibilityBatchResultEntryList": "ChangeMessageVisibilityBatchResultEntry",
    "DeleteMessageBatchRequestEntryList": "DeleteMessageBatchRequestEntry",
    "DeleteMessageBatchResultEntryList": "DeleteMessageBatchResultEntry",
    "ListMessageMoveTasksResultEntryList": "ListMessageMoveTasksResultEntry",
    "MessageAttributeNameList": "MessageAttributeName",
    "MessageList": "Message",
    "MessageSystemAttributeList": "MessageSystemAttributeName",
    "QueueUrlList": "QueueUrl",
    "SendMessageBatchRequestEntryList": "SendMessageBatchRequestEntry",
    "SendMessageBatchResultEntryList": "SendMessageBatchResultEntry",
    "StringList": "StringListValue",
    "TagKeyList": "TagKey",
}
_MAPS: Final[Mapping[str, tuple[str, str, str]]] = {
    "MessageBodyAttributeMap": ("MessageAttribute", "Name", "Value"),
    "MessageBodySystemAttributeMap": ("MessageSystemAttribute", "Name", "Value"),
    "MessageSystemAttributeMap": ("Attribute", "Name", "Value"),
    "QueueAttributeMap": ("Attribute", "Name", "Value"),
    "TagMap": ("Tag", "Key", "Value"),
}
_NAMESPACE: Final = "http://queue.amazonaws.com/doc/2012-11-05/"


def model_for_forms(model: ServiceModel) -> ServiceModel:
    """The model of a service as the `query` protocol needs it."""
    if model.name != "sqs":
        return model
    shapes: dict[str, Shape] = {}
    for name, item_name in _LISTS.items():
        if name in model.shapes:
            shape = model.shapes[name]
            shapes[name] = msgspec.structs.replace(shape, member=_named(shape.member, item_name))
    for name, (entry_name, key_name, value_name) in _MAPS.items():
        if name in model.shapes:
            shape = model.shapes[name]
            key, value = _named(shape.key, key_name), _named(shape.value, value_name)
            shapes[name] = msgspec.structs.replace(shape, location_name=entry_name, key=key, value=value)
    amended = model.amended(shapes)
    amended.metadata = msgspec.structs.replace(model.metadata, xml_namespace=_NAMESPACE)
    return amended


def _named(ref: Ref | None, name: str) -> Ref:
    assert ref is not None
    return msgspec.structs.replace(ref, location_name=name)
