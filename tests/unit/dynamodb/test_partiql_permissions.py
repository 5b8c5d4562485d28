"""What do statements need, and what do they tell policies?"""

from typing import Any

import msgspec
import pytest

from pileus.kernel.auth.permissions import KnownResource
from pileus.services.dynamodb import shapes
from pileus.services.dynamodb.permissions import INDEX_PARTITION_KEY, PARTITION_KEY, PERMISSIONS
from tests.unit.dynamodb.test_permissions import CONTEXT

KNOWN = KnownResource(
    arn="arn:aws:dynamodb:eu-west-1:111122223333:table/ttt", details={PARTITION_KEY: "pk", INDEX_PARTITION_KEY: "g"}
)


def asked(operation: str, **parameters: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Action, resource and what is told, of each thing that the request needs."""
    given = msgspec.convert(parameters, getattr(shapes, f"{operation}Input"))
    context = msgspec.structs.replace(CONTEXT, operation=operation)
    found = []
    for permission in PERMISSIONS[operation]:
        assert permission.members is not None
        assert permission.resource is not None
        assert permission.conditions is not None
        for member in permission.members(context, given):
            told = {
                key.removeprefix("dynamodb:"): value
                for key, value in permission.conditions(context, member, KNOWN).items()
            }
            assert told.pop("firstpartitionkeyvalues", None) == told.get("leadingkeys"), "two names of one thing"
            arn = permission.resource.arn(context, member).rpartition(":")[2]
            found.append((permission.action.removeprefix("dynamodb:"), arn, told))
    return found


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        (
            "SELECT * FROM ttt WHERE pk = 'a' AND n = 1",
            (
                "PartiQLSelect",
                "table/ttt",
                {
                    "attributes": ("n", "pk"),
                    "leadingkeys": ("a",),
                    "select": "ALL_ATTRIBUTES",
                    "fulltablescan": "false",
                },
            ),
        ),
        (
            "SELECT m.x FROM ttt WHERE pk IN ['a', 'b'] OR pk = 'c'",
            (
                "PartiQLSelect",
                "table/ttt",
                {
                    "attributes": ("m", "pk"),
                    "leadingkeys": ("a", "b", "c"),
                    "select": "SPECIFIC_ATTRIBUTES",
                    "fulltablescan": "false",
                },
            ),
        ),
        (
            "SELECT * FROM ttt WHERE pk = 'a' OR n = 1",
            (
                "PartiQLSelect",
                "table/ttt",
                {"attributes": ("n", "pk"), "select": "ALL_ATTRIBUTES", "fulltablescan": "true"},
            ),
        ),
        ("SELECT * FROM ttt", ("PartiQLSelect", "table/ttt", {"select": "ALL_ATTRIBUTES", "fulltablescan": "true"})),
        (
            "SELECT * FROM ttt.iii WHERE g = 1.0",
            (
                "PartiQLSelect",
                "table/ttt/index/iii",
                {
                    "attributes": ("g",),
                    "leadingkeys": ("1",),
                    "select": "ALL_PROJECTED_ATTRIBUTES",
                    "fulltablescan": "false",
                },
            ),
        ),
        (
            "INSERT INTO ttt VALUE {'pk': 'a', 'n': 1}",
            ("PartiQLInsert", "table/ttt", {"attributes": ("n", "pk"), "leadingkeys": ("a",)}),
        ),
        (
            "UPDATE ttt SET m.x = 1 REMOVE n WHERE pk = 'a' AND sk = 'b' RETURNING MODIFIED OLD *",
            (
                "PartiQLUpdate",
                "table/ttt",
                {"attributes": ("m", "n", "pk", "sk"), "leadingkeys": ("a",), "returnvalues": "UPDATED_OLD"},
            ),
        ),
        (
            "UPDATE ttt SET m = secret SET n = list_append(more.x, o) WHERE pk = 'a'",
            (
                "PartiQLUpdate",
                "table/ttt",
                {
                    "attributes": ("m", "more", "n", "o", "pk", "secret"),
                    "leadingkeys": ("a",),
                    "returnvalues": "NONE",
                },
            ),
        ),
        (
            "DELETE FROM ttt WHERE pk = 'a'",
            ("PartiQLDelete", "table/ttt", {"attributes": ("pk",), "leadingkeys": ("a",), "returnvalues": "NONE"}),
        ),
    ],
)
def test_what_a_statement_needs(text: str, needed: tuple[str, str, dict[str, Any]]) -> None:
    """A policy can allow one kind of statement on one table or index, and deny scans."""
    assert asked("ExecuteStatement", Statement=text) == [needed]


def test_every_statement_of_many_is_asked_about() -> None:
    """Each with its own parameters, in its own table."""
    insert = {"Statement": "INSERT INTO \"t-1\" VALUE {'pk': ?}", "Parameters": [{"S": "a"}]}
    exists = {"Statement": "EXISTS(SELECT * FROM \"t-2\" WHERE pk = 'b' AND n = 1)"}
    delete = {"Statement": 'DELETE FROM "t-3" WHERE pk = ?', "Parameters": [{"S": "c"}]}
    found = asked("ExecuteTransaction", TransactStatements=[insert, exists, delete])
    assert [(action, arn, told["leadingkeys"]) for action, arn, told in found] == [
        ("PartiQLSelect", "table/t-2", ("b",)),
        ("PartiQLInsert", "table/t-1", ("a",)),
        ("PartiQLDelete", "table/t-3", ("c",)),
    ]
    assert {told["enclosingoperation"] for _, _, told in found} == {"ExecuteTransaction"}
    batch = asked("BatchExecuteStatement", Statements=[insert, delete])
    assert [(action, arn) for action, arn, _ in batch] == [
        ("PartiQLInsert", "table/t-1"),
        ("PartiQLDelete", "table/t-3"),
    ]


@pytest.mark.parametrize("text", ["SELECT", "SELECT * FROM ttt WHERE pk = ?", "UPDATE ttt SET a = 1e999 WHERE pk = 1"])
def test_what_cannot_be_read_needs_nothing(text: str) -> None:
    """It does nothing either: the operation says what is wrong with it."""
    assert asked("ExecuteStatement", Statement=text) == []
