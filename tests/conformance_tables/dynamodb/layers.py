"""What does the current layer of DynamoDB's checks answer, where a case holds the older one's words?

Most cases were recorded when there was one layer. In PutItem, UpdateItem and DeleteItem the current one has an envelope
around what is wrong with the request itself, and in these and in Query it does not say which of the expression's values
is none; some sentences it words anew. What only a table or an item can tell stands as it did.

Source: paritysuite/dynamodb-conformance, registry/splits.json and captures/2026-10-07-sweep-follow-up.json (of 33
regions, 31 answer so), tests/tier3/error-messages/valueLayers.test.ts (us-east-1, us-west-2, eu-west-1 and eu-west-2,
2026-10-09), captures/cross-region-latest.json (2026-09-20).
"""

import re
from collections.abc import Mapping
from typing import Final

from tests.conformance_tables.dynamodb.cases import INVALID, VALIDATION, ErrorCase

_ENVELOPED: Final = frozenset({"PutItem", "UpdateItem", "DeleteItem"})
_CURRENT: Final = _ENVELOPED | {"Query"}
_WRAPPED: Final = re.compile(
    r"ExpressionAttributeValues contains invalid value: (?!Supplied AttributeValue)(.*) for key :.*", re.DOTALL
)
_PLAIN: Final = re.compile(
    r"\d+ validation errors? detected: |Invalid table ARN"
    # limits, and values that are none at all
    r"|Item size |Empty attribute name|Supplied AttributeValue|.*invalid value: Supplied AttributeValue"
    # what a table's keys and indexes tell
    rf"|The provided key element|One or more parameter values are not valid\. |{INVALID}(?:"
    r"Missing the key|Type mismatch for|Cannot update attribute|Size of hashkey|Aggregated size)"
    r"|Key attributes must be scalars|The update expression attempted"
    # what the item tells
    r"|The document path|The provided expression refers|An operand in the update expression"
    r"|Type mismatch for attribute to update"
    r"|DynamoDB only supports precision"
)
_WITHOUT_EXPRESSION: Final = re.compile(r"(ExpressionAttributeValues can only be specified .*): .* null\Z")
REWORDED: Final[Mapping[str, str]] = {
    **{
        told: f"Invalid KeyConditionExpression: {told}"
        for told in (
            "KeyConditionExpressions must only contain one condition per key",
            "KeyConditionExpressions cannot have conditions on nested attributes",
        )
    },
    "Input collection contains duplicates": INVALID + "Input collection contains duplicates.",
    "The parameter cannot be converted to a numeric value": "The parameter cannot be converted to a numeric value: ",
    INVALID + "Input collection [a, a] contains duplicates.": INVALID
    + 'Input collection ["a", "a"] contains duplicates.',
    INVALID + "Input collection [Yg==, Yg==]of type BS contains duplicates.": INVALID
    + 'Input collection ["Yg==","Yg=="]of type BS contains duplicates.',
}


def as_answered(case: ErrorCase) -> str:
    """The message of a case as it is answered today."""
    if case.kind != VALIDATION or case.operation not in _CURRENT:
        return case.message
    message = case.message
    if wrapped := _WRAPPED.fullmatch(message):
        message = wrapped[1]
    message = REWORDED.get(message, message)
    if case.operation in _ENVELOPED:
        message = _WITHOUT_EXPRESSION.sub(r"\1", message)
    if case.operation not in _ENVELOPED or _PLAIN.match(message):
        return message
    return f"1 validation error detected: {message}"
