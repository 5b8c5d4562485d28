"""Which parameters of a request go together, and which of its values are none?

What is here needs no table, so DynamoDB says it before it looks for one.

Source of texts and order: architect/dynalite (test/query.js, test/scan.js, test/updateItem.js), which were recorded
from DynamoDB; ExtendDB (tests/test_conditional_operator.py), which runs against it.
"""

from collections.abc import Mapping, Sequence

from pileus.services.dynamodb import values as rules
from pileus.services.dynamodb.errors import ReworkedValidationException, ValidationException, invalid_parameter
from pileus.services.dynamodb.shapes import AttributeValue, QueryInput, ScanInput

Texts = Mapping[str, str | None]
"""The expressions of a request by parameter name, in the order in which AWS lists them."""


def check_together(
    texts: Texts, legacy: Mapping[str, object], names: Mapping[str, str] | None, values: object = None
) -> None:
    """No legacy parameter beside an expression, and no names or values without one.

    legacy: the parameters that came before expressions, in the order in which AWS lists them.
    """
    given = [name for name, text in texts.items() if text is not None]
    old = [name for name, content in legacy.items() if content is not None]
    if given and old:
        raise ValidationException(
            "Can not use both expression and non-expression parameters in the same request: "
            f"Non-expression parameters: {{{', '.join(old)}}} Expression parameters: {{{', '.join(given)}}}"
        )
    if names is not None and not given:
        raise ValidationException("ExpressionAttributeNames can only be specified when using expressions")
    takers = [name for name in texts if name != "ProjectionExpression"]
    if values is not None and not any(texts[name] is not None for name in takers):
        told = "ExpressionAttributeValues can only be specified when using expressions"
        missing = f"{told}: {' and '.join(takers)} {'are' if len(takers) > 1 else 'is'} null"
        # The newer text is known of PutItem (cross-region-latest.json, b_put_eav_no_expr; see decision 0014).
        raise ReworkedValidationException(missing, current=told if "ConditionExpression" in texts else missing)


def check_key_values(key: Mapping[str, AttributeValue]) -> None:
    """Every value of a key is one; whether it is a key, the table knows."""
    for value in key.values():
        rules.legal(value)


def check_distinct_keys(keys: Sequence[Mapping[str, AttributeValue]]) -> None:
    """No key is asked for twice, however it is spelt."""
    seen = set()
    for key in keys:
        same = repr([(name, rules.legal(key[name])[0]) for name in sorted(key)])
        if same in seen:
            raise ValidationException("Provided list of item keys contains duplicates")
        seen.add(same)


def check_start_key(start: Mapping[str, AttributeValue] | None) -> None:
    """The values of an ExclusiveStartKey. DynamoDB tells of some mistakes as anywhere, of others as of a key."""
    try:
        check_key_values(start or {})
    except ValidationException as error:
        if any(text in error.message for text in ("AttributeValue", "Null attribute", "string set ", "Binary sets")):
            raise ValidationException(f"The provided starting key is invalid: {error.message}") from None
        raise


def check_select(request: QueryInput | ScanInput) -> None:
    """Select and what is projected agree."""
    select, projecting = request.select, None
    if request.attributes_to_get is not None:
        projecting = "AttributesToGet"
    elif request.projection_expression is not None:
        projecting = "ProjectionExpression"
    if select == "SPECIFIC_ATTRIBUTES" and projecting is None:
        raise invalid_parameter(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
        )
    if select not in {None, "SPECIFIC_ATTRIBUTES"} and projecting is not None:
        chosen = "only the Count" if select == "COUNT" else select
        raise ValidationException(f"Cannot specify the {projecting} when choosing to get {chosen}")
    if select == "ALL_PROJECTED_ATTRIBUTES" and request.index_name is None:
        raise invalid_parameter("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")


def check_segment(request: ScanInput) -> None:
    """Both or none of Segment and TotalSegments, and the first below the second."""
    segment, segments = request.segment, request.total_segments
    if segment is None and segments is None:
        return
    if segments is None:
        raise ValidationException(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is "
            "present"
        )
    if segment is None:
        raise ValidationException(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is "
            "present"
        )
    if segment >= segments:
        raise ValidationException(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {segment} is not less than TotalSegments: {segments}"
        )
