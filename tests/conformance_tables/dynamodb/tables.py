"""What is said of tables that may not be created, and of those that are not there?"""

from typing import Any, Final

from tests.conformance_tables.dynamodb.cases import (
    DYNALITE,
    HASH,
    IN_USE,
    INVALID,
    NOT_FOUND,
    PARITY,
    RECORDINGS,
    ErrorCase,
    Json,
    broken,
    cases,
    null,
    same,
    violations,
)

_UNITS: Final = {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}


def _defined(names: str, kind: str = "S") -> Json:
    return {"AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name in names]}


def _keys(**roles: str) -> list[dict[str, str]]:
    """Of a key schema: a_HASH="a" and so on; the name's end is the type."""
    return [{"AttributeName": name, "KeyType": role.rpartition("_")[2]} for role, name in roles.items()]


_NAMED: Final = {"TableName": "abc", **_UNITS}
_NO_DEFINITION: Final = "Invalid KeySchema: Some index key attribute have no definition"
_SAME_NAME: Final = "Both the Hash Key and the Range Key element in the KeySchema have the same name"
_NOT_HASH: Final = "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
_NOT_RANGE: Final = "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"
_TOO_MANY: Final = (
    INVALID + "Number of attributes in KeySchema does not exactly match number of attributes defined in "
    "AttributeDefinitions"
)
_HASH_A: Final = {"KeySchema": _keys(x_HASH="a")}

KEYS: Final = [
    *cases(
        DYNALITE + "createTable.js: null attributes, empty ProvisionedThroughput, low and high units",
        "CreateTable",
        {"TableName": "abc"},
        [
            (
                {
                    **_defined(""),
                    "KeySchema": [],
                    "ProvisionedThroughput": {"ReadCapacityUnits": -1, "WriteCapacityUnits": -1},
                },
                violations(
                    broken("-1", "provisionedThroughput.writeCapacityUnits", "have value greater than or equal to 1"),
                    broken("-1", "provisionedThroughput.readCapacityUnits", "have value greater than or equal to 1"),
                    broken("[]", "keySchema", "have length greater than or equal to 1"),
                ),
            ),
            (
                {
                    **_defined(""),
                    **_HASH_A,
                    "ProvisionedThroughput": {"ReadCapacityUnits": 1000000000001, "WriteCapacityUnits": -1},
                },
                violations(
                    broken("-1", "provisionedThroughput.writeCapacityUnits", "have value greater than or equal to 1")
                ),
            ),
            *(
                (
                    {
                        **_defined(""),
                        **_HASH_A,
                        "ProvisionedThroughput": {"ReadCapacityUnits": reads, "WriteCapacityUnits": 1000000000001},
                    },
                    f"Given value 1000000000001 for {which}CapacityUnits is out of bounds",
                )
                for reads, which in ((1000000000001, "Read"), (1000000000000, "Write"))
            ),
        ],
    ),
    *cases(
        RECORDINGS + "test_dynamodb_pay_per_request",
        "CreateTable",
        {**_NAMED, **_defined("a"), **_HASH_A},
        [
            (
                {"BillingMode": "PAY_PER_REQUEST"},
                INVALID + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
                "PAY_PER_REQUEST",
            )
        ],
    ),
    *cases(
        PARITY + "captures/2026-06-09-validation-rewording.json, c_ct_3keys",
        "CreateTable",
        {"TableName": "abc", **_defined("a"), **_HASH_A},
        [
            (
                {},
                INVALID + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is "
                "PROVISIONED",
            )
        ],
    ),
    *cases(
        DYNALITE + "createTable.js: attribute definitions member nulls",
        "CreateTable",
        {**_NAMED, **_HASH_A},
        [
            (
                {"AttributeDefinitions": [{}]},
                violations(
                    null("attributeDefinitions.1.member.attributeName"),
                    null("attributeDefinitions.1.member.attributeType"),
                ),
            ),
            (
                {**_defined("a"), "KeySchema": [{"AttributeName": "a", "KeyType": "INVALID"}]},
                violations(broken("INVALID", "keySchema.1.member.keyType", "satisfy enum value set: [HASH, RANGE]")),
            ),
        ],
    ),
    *cases(
        DYNALITE + "createTable.js: SS in attr definition; " + PARITY + "tier3/error-messages/createTable.test.ts",
        "CreateTable",
        {**_NAMED, **_HASH_A},
        [
            (
                _defined("b", kind),
                violations(
                    broken(kind, "attributeDefinitions.1.member.attributeType", "satisfy enum value set: [B, N, S]")
                ),
            )
            for kind in ("SS", "INVALID")
        ],
    ),
    *cases(
        DYNALITE + "createTable.js: key schema against definitions",
        "CreateTable",
        _NAMED,
        [
            ({**_defined(""), "KeySchema": _keys(x_HASH="a", y_HASH="a")}, _NO_DEFINITION),
            ({**_defined("b"), "KeySchema": _keys(x_HASH="a", y_HASH="a")}, _NO_DEFINITION),
            ({**_defined("b"), "KeySchema": _keys(x_HASH="a", y_RANGE="b")}, _NO_DEFINITION),
            ({**_defined("a"), "KeySchema": _keys(x_HASH="a", y_HASH="a")}, _NO_DEFINITION),
            ({**_defined("a"), "KeySchema": _keys(x_HASH="a", y_RANGE="a")}, _NO_DEFINITION),
            (
                {**_defined("b"), **_HASH_A},
                INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
                "Keys: [a], AttributeDefinitions: [b]",
            ),
            ({**_defined("ab"), "KeySchema": _keys(x_HASH="a", y_HASH="a")}, _SAME_NAME),
            ({**_defined("ab"), "KeySchema": _keys(x_HASH="a", y_HASH="b")}, _NOT_RANGE),
            ({**_defined("ab"), "KeySchema": _keys(x_RANGE="a", y_HASH="b")}, _NOT_HASH),
            ({**_defined("ab"), "KeySchema": _keys(x_RANGE="a", y_RANGE="b")}, _NOT_HASH),
            ({**_defined("acb"), "KeySchema": _keys(x_HASH="a", y_RANGE="b")}, _TOO_MANY),
            ({**_defined("ab"), **_HASH_A}, _TOO_MANY),
        ],
    ),
]

_RANGE: Final = {**_NAMED, **_defined("ab"), "KeySchema": _keys(x_HASH="a", y_RANGE="b")}
_LSI_KEYS: Final = _keys(x_HASH="a", y_RANGE="b")
_ALL: Final = {"ProjectionType": "ALL"}


def _index(**different: Any) -> dict[str, Any]:
    return {"IndexName": "abc", "KeySchema": _LSI_KEYS, "Projection": _ALL, **different}


def _local(*indexes: dict[str, Any]) -> Json:
    return {"LocalSecondaryIndexes": list(indexes)}


def _global(*indexes: dict[str, Any]) -> Json:
    return {"GlobalSecondaryIndexes": [{**index, **_UNITS} for index in indexes]}


LOCAL_INDEXES: Final = [
    *cases(
        DYNALITE + "createTable.js: empty LocalSecondaryIndexes list, no range key",
        "CreateTable",
        {**_NAMED, **_defined("ab"), **_HASH_A},
        [
            (_local(), INVALID + "List of LocalSecondaryIndexes is empty"),
            (
                _local(_index()),
                INVALID + "Table KeySchema does not have a range key, which is required when specifying a "
                "LocalSecondaryIndex",
            ),
        ],
    ),
    *cases(
        DYNALITE + "createTable.js: ... in LocalSecondaryIndex",
        "CreateTable",
        _RANGE,
        [
            (
                _local(_index(KeySchema=_keys(x_RANGE="c", y_RANGE="d"), Projection={})),
                INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
                "Keys: [c, d], AttributeDefinitions: [a, b]",
            ),
            (
                _local(_index(KeySchema=_keys(x_HASH="a", y_RANGE="c"), Projection={})),
                INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
                "Keys: [a, c], AttributeDefinitions: [a, b]",
            ),
            (_local(_index(KeySchema=_keys(x_RANGE="a"), Projection={})), _NOT_HASH),
            (_local(_index(KeySchema=_keys(x_HASH="a", y_HASH="a"), Projection={})), _SAME_NAME),
            (_local(_index(KeySchema=_keys(x_HASH="a", y_RANGE="a"), Projection={})), _SAME_NAME),
            (_local(_index(KeySchema=_keys(x_HASH="a", y_HASH="b"), Projection={})), _NOT_RANGE),
            (
                _local(_index(KeySchema=_keys(x_HASH="b"), Projection={})),
                INVALID + "Index KeySchema does not have a range key for index: abc",
            ),
            (
                _local(_index(KeySchema=_keys(x_HASH="b", y_RANGE="a"), Projection={})),
                INVALID + "Index KeySchema does not have the same leading hash key as table KeySchema for index: abc. "
                "index hash key: b, table hash key: a",
            ),
            (_local(_index(Projection={})), INVALID + "Unknown ProjectionType: null"),
            (_local(_index(Projection={"NonKeyAttributes": ["a"]})), INVALID + "Unknown ProjectionType: null"),
            *(
                (
                    _local(_index(Projection={"ProjectionType": kind, "NonKeyAttributes": ["a"]})),
                    INVALID + f"ProjectionType is {kind}, but NonKeyAttributes is specified",
                )
                for kind in ("ALL", "KEYS_ONLY")
            ),
            (_local(_index(), _index()), INVALID + "Duplicate index name: abc"),
            (
                _local(*(_index(IndexName=f"ab{letter}") for letter in "cdefgh")),
                INVALID + "Number of LocalSecondaryIndexes exceeds per-table limit of 5",
            ),
            (
                _local({}),
                violations(
                    null("localSecondaryIndexes.1.member.indexName"),
                    null("localSecondaryIndexes.1.member.keySchema"),
                    null("localSecondaryIndexes.1.member.projection"),
                ),
            ),
            (
                _local(_index(Projection={"NonKeyAttributes": [], "ProjectionType": "abc"})),
                violations(
                    broken(
                        "abc",
                        "localSecondaryIndexes.1.member.projection.projectionType",
                        "satisfy enum value set: [ALL, INCLUDE, KEYS_ONLY]",
                    ),
                    broken(
                        "[]",
                        "localSecondaryIndexes.1.member.projection.nonKeyAttributes",
                        "have length greater than or equal to 1",
                    ),
                ),
            ),
        ],
    ),
]

GLOBAL_INDEXES: Final = [
    *cases(
        DYNALITE + "createTable.js: empty GlobalSecondaryIndexes list",
        "CreateTable",
        {**_NAMED, **_defined("ab"), **_HASH_A},
        [
            (_global(), INVALID + "List of GlobalSecondaryIndexes is empty"),
            (
                _global(_index(KeySchema=_keys(x_RANGE="c"), Projection={})),
                INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
                "Keys: [c], AttributeDefinitions: [a, b]",
            ),
        ],
    ),
    *cases(
        PARITY + "tier3/error-messages/createTable.test.ts: duplicate index names; " + DYNALITE + "createTable.js",
        "CreateTable",
        _RANGE,
        [
            (_global(_index(), _index()), INVALID + "Duplicate index name: abc"),
            (
                _global({"KeySchema": _LSI_KEYS, "Projection": _ALL}),
                violations(null("globalSecondaryIndexes.1.member.indexName")),
            ),
            *(
                (
                    _global(_index(Projection={"ProjectionType": kind, "NonKeyAttributes": ["a"]})),
                    INVALID + f"ProjectionType is {kind}, but NonKeyAttributes is specified",
                )
                for kind in ("ALL", "KEYS_ONLY")
            ),
            (_global(_index(Projection={})), INVALID + "Unknown ProjectionType: null"),
        ],
    ),
]

NAMED: Final = [
    *cases(
        PARITY + "tier3/error-messages/createTable.test.ts",
        "CreateTable",
        {**_UNITS, **_defined("a"), **_HASH_A},
        [
            (
                {"TableName": "ab"},
                violations(broken("ab", "tableName", "have length greater than or equal to 3")),
            ),
        ],
    ),
    *cases(
        RECORDINGS + "test_create_duplicate_table",
        "CreateTable",
        {**_UNITS, **_defined("a"), **_HASH_A},
        [({"TableName": HASH}, f"Table already exists: {HASH}")],
        IN_USE,
    ),
    *(
        case
        for operation in ("DescribeTable", "DeleteTable")
        for case in same(
            RECORDINGS + "test_table_crud; " + DYNALITE + "describeTable.js, deleteTable.js: non-existent",
            operation,
            {"TableName": "non-existent"},
            [{}],
            "Requested resource not found: Table: non-existent not found",
            NOT_FOUND,
        )
    ),
]

CASES: Final[list[ErrorCase]] = [*KEYS, *LOCAL_INDEXES, *GLOBAL_INDEXES, *NAMED]
