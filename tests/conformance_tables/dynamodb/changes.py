"""What is said of changes of tables that may not be made: UpdateTable, time to live, tags?"""

from typing import Any, Final

from tests.conformance_tables.dynamodb.cases import (
    ABSENT,
    DYNALITE,
    HASH,
    INVALID,
    NOT_FOUND,
    Json,
    broken,
    cases,
    null,
    same,
    violations,
)

_UPDATE: Final = "UpdateTable"
_NAMED: Final[Json] = {"TableName": ABSENT}
_PATTERN: Final = "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
_LARGE: Final = 1000000000001
_PATH: Final = "globalSecondaryIndexUpdates"


def _units(read: int, write: int) -> Json:
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def _indexes(*updates: Any) -> Json:
    return {"GlobalSecondaryIndexUpdates": list(updates)}


def _missing(name: str) -> str:
    return f"Requested resource not found: Table: {name} not found"


NAMES: Final = [
    case
    for operation in ("UpdateTable", "DescribeTimeToLive")
    for case in cases(
        DYNALITE + f"{operation[0].lower()}{operation[1:]}.js: null attributes",
        operation,
        {},
        [({"TableName": "abc;"}, violations(broken("abc;", "tableName", _PATTERN)))],
    )
]

TABLES: Final = [
    *cases(
        DYNALITE + "updateTable.js: ProvisionedThroughput",
        _UPDATE,
        _NAMED,
        [
            (
                {"ProvisionedThroughput": {}},
                violations(
                    null("provisionedThroughput.writeCapacityUnits"), null("provisionedThroughput.readCapacityUnits")
                ),
            ),
            (
                {"ProvisionedThroughput": _units(-1, -1)},
                violations(
                    broken("-1", "provisionedThroughput.writeCapacityUnits", "have value greater than or equal to 1"),
                    broken("-1", "provisionedThroughput.readCapacityUnits", "have value greater than or equal to 1"),
                ),
            ),
            (
                {"ProvisionedThroughput": _units(_LARGE, -1)},
                violations(
                    broken("-1", "provisionedThroughput.writeCapacityUnits", "have value greater than or equal to 1")
                ),
            ),
            (
                {"ProvisionedThroughput": _units(_LARGE, _LARGE)},
                f"Given value {_LARGE} for ReadCapacityUnits is out of bounds",
            ),
            (
                {"ProvisionedThroughput": _units(_LARGE - 1, _LARGE)},
                f"Given value {_LARGE} for WriteCapacityUnits is out of bounds",
            ),
        ],
    ),
    *cases(
        DYNALITE + "updateTable.js: GlobalSecondaryIndexUpdates",
        _UPDATE,
        _NAMED,
        [
            (
                _indexes(
                    {"Update": {"IndexName": "a", "ProvisionedThroughput": {}}},
                    {"Update": {"IndexName": "abc;", "ProvisionedThroughput": _units(_LARGE, 0)}},
                ),
                violations(
                    broken("a", f"{_PATH}.1.member.update.indexName", "have length greater than or equal to 3"),
                    null(f"{_PATH}.1.member.update.provisionedThroughput.writeCapacityUnits"),
                    null(f"{_PATH}.1.member.update.provisionedThroughput.readCapacityUnits"),
                    broken("abc;", f"{_PATH}.2.member.update.indexName", _PATTERN),
                    broken(
                        "0",
                        f"{_PATH}.2.member.update.provisionedThroughput.writeCapacityUnits",
                        "have value greater than or equal to 1",
                    ),
                ),
            ),
            *(
                (
                    _indexes(*([{}] * count)),
                    INVALID + "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                    "GlobalSecondaryIndexUpdate.Delete must not be null",
                )
                for count in (1, 6)
            ),
            (
                _indexes({"Delete": {"IndexName": "abc"}}, {"Delete": {"IndexName": "abc"}}),
                INVALID + "Only one global secondary index update per index is allowed simultaneously. Index: abc",
            ),
        ],
    ),
    *same(
        DYNALITE + "updateTable.js: table does not exist",
        _UPDATE,
        _NAMED,
        [
            {"ProvisionedThroughput": _units(1, 1)},
            _indexes({"Update": {"IndexName": "abc", "ProvisionedThroughput": _units(_LARGE, _LARGE)}}),
            _indexes({"Update": {"IndexName": "abc", "ProvisionedThroughput": _units(_LARGE - 1, _LARGE)}}),
        ],
        _missing(ABSENT),
        NOT_FOUND,
    ),
    *same(
        DYNALITE + "updateTable.js: too many GlobalSecondaryIndexUpdates",
        _UPDATE,
        {"TableName": HASH},
        [_indexes(*({"Delete": {"IndexName": f"ab{letter}"}} for letter in "cdefgh"))],
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        "com.amazonaws.dynamodb.v20120810#LimitExceededException",
    ),
]

TIME_TO_LIVE: Final = [
    *cases(
        DYNALITE + "updateTimeToLive.js: TimeToLiveSpecification",
        "UpdateTimeToLive",
        _NAMED,
        [
            (
                {"TimeToLiveSpecification": specification},
                violations(null("timeToLiveSpecification.enabled"), null("timeToLiveSpecification.attributeName")),
            )
            for specification in ({}, {"AttributeName": None, "Enabled": None})
        ],
    ),
    *same(
        DYNALITE + "updateTimeToLive.js: table does not exist",
        "UpdateTimeToLive",
        _NAMED,
        [{"TimeToLiveSpecification": {"AttributeName": "id", "Enabled": True}}],
        _missing(ABSENT),
        NOT_FOUND,
    ),
    *same(
        DYNALITE + "describeTimeToLive.js: table does not exist",
        "DescribeTimeToLive",
        _NAMED,
        [{}],
        _missing(ABSENT),
        NOT_FOUND,
    ),
    *same(
        DYNALITE + "updateTimeToLive.js: when already disabled",
        "UpdateTimeToLive",
        {"TableName": HASH},
        [{"TimeToLiveSpecification": {"AttributeName": "a", "Enabled": False}}],
        "TimeToLive is already disabled",
    ),
]

CASES: Final = [*NAMES, *TABLES, *TIME_TO_LIVE]
