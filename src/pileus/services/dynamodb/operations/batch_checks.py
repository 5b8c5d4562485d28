"""What may the members of a batch be, that the model does not say?

Source of the texts: paritysuite/dynamodb-conformance, tests/tier3/error-messages/batchGetItem.test.ts and
batchWriteItem.test.ts (2026).
"""

from collections.abc import Callable, Iterable

import msgspec

from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.shapes import KeysAndAttributes
from pileus.services.dynamodb.tables.names import well_formed


def check_names(names: Iterable[str], *, shown: Callable[[], str]) -> None:
    """`ValidationException` unless every key of RequestItems could be a table. shown: the request, repeated."""
    if all(map(well_formed, names)):
        return
    raise ValidationException(
        f"1 validation error detected: Value '{shown()}' at 'requestItems' failed to satisfy constraint: Map keys must "
        "satisfy constraint: [Member must have length less than or equal to 255, Member must have length greater than "
        "or equal to 3, Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]"
    )


def check_one_way_to_project(asked: Iterable[KeysAndAttributes]) -> None:
    """All tables of a BatchGetItem are projected by expressions, or none is."""
    tables = list(asked)
    if any(one.attributes_to_get is not None for one in tables) and any(
        one.projection_expression is not None for one in tables
    ):
        raise ValidationException(
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
            "{AttributesToGet} Expression parameters: {ProjectionExpression}"
        )


def java_shown(value: object) -> str:
    """A part of a request as Java prints it."""
    if isinstance(value, msgspec.Struct):
        members = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        inside = (f"{wire[:1].lower()}{wire[1:]}={java_shown(getattr(value, own))}" for wire, own in members)
        return f"{type(value).__name__}({', '.join(inside)})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}={java_shown(member)}' for name, member in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(java_shown, value))}]"
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)
