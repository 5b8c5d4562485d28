"""Which keys may a table and its indexes have?

The order of the checks is AWS's, as far as it was seen: the table's key, the definitions of all keys, then index by
index. AWS's sets are Java's, and told in their order; see `_told`.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from pileus.services.dynamodb.errors import ValidationException, invalid_parameter
from pileus.services.dynamodb.limits import INDEX_KEY_ATTRIBUTES_MAX
from pileus.services.dynamodb.shapes import AttributeDefinition, KeySchemaElement, KeyType, ScalarAttributeType

Schema = list[tuple[str, KeyType]]
Definitions = list[tuple[str, ScalarAttributeType]]

_SAME_NAME: Final = "Both the Hash Key and the Range Key element in the KeySchema have the same name"


def checked_definitions(given: Sequence[AttributeDefinition] | None) -> Definitions:
    """Names and types of attributes, as given."""
    if given is None:
        raise null_member("attributeDefinitions")
    return [(one.attribute_name, one.attribute_type) for one in given]


def check_duplicate_definitions(definitions: Definitions) -> None:
    seen = set[str]()
    for name, _ in definitions:
        if name in seen:
            raise ValidationException(f"Attribute Name is duplicated: {name}")
        seen.add(name)


def null_member(member: str) -> ValidationException:
    return ValidationException(
        f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    )


def check_length(given: Sequence[KeySchemaElement], member: str) -> None:
    """Of a table's key, and of a local index's: AWS's model lets global indexes have more."""
    if len(given) > 2:
        shown = ", ".join(
            f"KeySchemaElement(attributeName={one.attribute_name}, keyType={one.key_type})" for one in given
        )
        raise ValidationException(
            f"1 validation error detected: Value '[{shown}]' at '{member}' failed to satisfy constraint: "
            "Member must have length less than or equal to 2"
        )


def schema_of(given: Sequence[KeySchemaElement]) -> Schema:
    return [(one.attribute_name, one.key_type) for one in given]


def check_table_key(schema: Schema, defined: Sequence[str]) -> None:
    if len(schema) > len(defined):
        raise ValidationException("Invalid KeySchema: Some index key attribute have no definition")
    check_defined(schema, defined)
    check_order(schema)


def check_defined(schema: Schema, defined: Sequence[str]) -> None:
    keys = [name for name, _ in schema]
    if not set(keys) <= set(defined):
        raise invalid_parameter(
            "Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(keys)}], AttributeDefinitions: [{_told(defined, _expected_buckets(len(defined)))}]"
        )


def check_order(schema: Schema) -> None:
    """A partition key, then perhaps a sort key."""
    if len({name for name, _ in schema}) < len(schema):
        raise ValidationException(_SAME_NAME)
    if schema[0][1] != "HASH":
        raise ValidationException("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(schema) == 2 and schema[1][1] != "RANGE":
        raise ValidationException("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")


def check_order_of_many(schema: Schema) -> None:
    """Of a global index: up to four partition keys, then up to four sort keys."""
    kinds = [kind for _, kind in schema]
    if len({name for name, _ in schema}) < len(schema):
        pair = kinds == ["HASH", "RANGE"]
        raise ValidationException(
            _SAME_NAME if pair else "The KeySchema contains multiple key attributes with the same name"
        )
    if kinds[0] != "HASH":
        raise ValidationException("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if kinds != sorted(kinds):
        raise invalid_parameter("All HASH key attributes must precede RANGE key attributes in the KeySchema")
    for kind in ("HASH", "RANGE"):
        if kinds.count(kind) > INDEX_KEY_ATTRIBUTES_MAX:
            raise invalid_parameter(f"The KeySchema exceeds the maximum allowed number of {kind} key attributes")


def check_all_used(defined: Sequence[str], schemas: Sequence[Schema]) -> None:
    """Every defined attribute is somebody's key. schemas: the table's key first, then its indexes'."""
    used = list(dict.fromkeys(name for schema in schemas for name, _ in schema))
    if len(used) == len(defined):
        return
    if len(schemas) == 1:
        raise invalid_parameter(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    raise invalid_parameter(
        "Some AttributeDefinitions are not used. "
        f"AttributeDefinitions: [{_told(defined, _expected_buckets(len(defined)))}], "
        f"keys used: [{_told(used, _grown_buckets(len(used)))}]"
    )


# --- the order in which a Java set is told ---------------------------------------------------------------------------


def _told(names: Iterable[str], buckets: int) -> str:
    return ", ".join(sorted(names, key=lambda name: _spread(name) & (buckets - 1)))


def _spread(text: str) -> int:
    """`HashMap`'s own mixing of `String.hashCode`."""
    code = 0
    units = text.encode("utf-16-be")
    for at in range(0, len(units), 2):
        code = (code * 31 + int.from_bytes(units[at : at + 2], "big")) & 0xFFFFFFFF
    return code ^ code >> 16


def _expected_buckets(count: int) -> int:
    """Of a map that was made for `count` entries."""
    capacity = count + 1 if count < 3 else int(count / 0.75 + 1)
    return 1 << (capacity - 1).bit_length()


def _grown_buckets(count: int) -> int:
    """Of a set that has grown to `count` entries."""
    buckets = 16
    while count > buckets * 3 // 4:
        buckets *= 2
    return buckets
