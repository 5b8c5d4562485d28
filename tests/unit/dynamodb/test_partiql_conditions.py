"""PartiQL's conditions: for which items they hold, and which keys they ask for."""

from typing import Any

import msgspec
import pytest

from pileus.kernel.errors import ServiceError
from pileus.services.dynamodb.partiql.checked import SelectStatement, condition_test
from pileus.services.dynamodb.partiql.checks import bind
from pileus.services.dynamodb.partiql.keys import Branch, SortTest, branches, named_item
from pileus.services.dynamodb.shapes import AttributeValue

ITEM: dict[str, dict[str, Any]] = {
    "n": {"N": "1"},
    "s": {"S": "str"},
    "flag": {"S": "right"},
    "yes": {"BOOL": True},
    "nul": {"NULL": True},
    "ss": {"SS": ["a", "b"]},
    "l": {"L": [{"S": "a"}]},
    "m": {"M": {"sub": {"S": "x"}, "#odd": {"N": "7"}}},
    "bin": {"B": "AAA="},
    "#hash": {"S": "h"},
}


def select(clause: str, *parameters: dict[str, Any]) -> tuple[SelectStatement, dict[str, AttributeValue]]:
    bound = bind(f"SELECT * FROM ttt WHERE {clause}", [msgspec.convert(each, AttributeValue) for each in parameters])
    assert isinstance(bound.statement, SelectStatement)
    return bound.statement, dict(bound.values)


def holds(clause: str, *parameters: dict[str, Any]) -> bool:
    statement, values = select(clause, *parameters)
    assert statement.where is not None
    item = msgspec.convert(ITEM, dict[str, AttributeValue], strict=False)
    return condition_test(statement.where)(item, values)


@pytest.mark.parametrize(
    "clause",
    [
        "n = 1 AND 1 = n AND n != 2 AND n <> 'one'",
        "n BETWEEN - 2 AND +5 AND n IN [- 1, 1] AND n IN (1, 2) AND n NOT IN [2] AND n NOT BETWEEN 2 AND 3",
        "n = 1.0 AND n < 2 AND 0 <= n AND NOT n > 1",
        "n = 2 AND n = 3 OR s = 'str'",
        "s = 'str' AND (n = 2 OR n = 1)",
        "NOT n = 2",
        "begins_with(s, 'st') AND contains(s, 'tr') AND contains(ss, 'a') AND size(s) = 3",
        "ATTRIBUTE_EXISTS(m.sub) AND attribute_not_exists(m.nope) AND attribute_type(ss, 'SS')",
        "m.\"#odd\" = 7 AND \"#hash\" = 'h' AND l[0] = 'a' AND l = ['a'] AND ss = <<'b', 'a'>>",
        "m = {'#odd': 7, 'sub': 'x'}",
        "nul IS NULL AND s IS NOT NULL AND nope IS NOT NULL AND nope IS MISSING AND s IS NOT MISSING",
        "yes IS BOOL AND s IS STRING AND n IS NUMERIC AND l IS LIST AND m IS STRUCT AND m IS TUPLE AND bin IS BLOB",
        "'a' IS STRING AND NOT 'a' IS NULL",
        "attribute_exists(nope) = false",
        "true = attribute_exists(n)",
        "attribute_exists(n) <> 1",
        "contains(nope, 'z') = false",
        "(n BETWEEN 0 AND 5) = true",
        "(n = 5 OR flag = 'x') = false",
        "attribute_exists(nope) IN [true, false]",
        "attribute_exists(n) = attribute_exists(flag)",
        "attribute_exists(n) = yes",
    ],
)
def test_conditions_that_hold(clause: str) -> None:
    """All are true of the item; that a condition may be compared with a boolean is known from hectorvent/floci."""
    assert holds(clause)


@pytest.mark.parametrize(
    "clause",
    [
        "n = 2",
        "nope = 1",
        "nope < 1",
        "NOT (n = 1 OR n = 2)",
        "nope IS NULL",
        "nul IS NOT NULL",
        "s IS BOOL",
        "attribute_exists(n) = 1",
        "NOT attribute_exists(n) = true",
        "(attribute_exists(n) = true) = false",
        "attribute_exists(n) = flag",
    ],
)
def test_conditions_that_do_not_hold(clause: str) -> None:
    """Absent attributes compare with nothing, and are not null."""
    assert not holds(clause)


def test_parameters_stand_for_values() -> None:
    """In the order of the question marks, also in lists."""
    assert holds("n = ? AND s IN [?, ?]", {"N": "1"}, {"S": "x"}, {"S": "str"})
    assert not holds("n = ? AND s = ?", {"S": "str"}, {"N": "1"})


def keys(clause: str) -> tuple[Branch, ...] | None:
    statement, _ = select(clause)
    return branches(statement.where, "pk", "sk")


@pytest.mark.parametrize(
    "clause",
    [
        "pk > 'a'",
        "pk = 'a' OR sk = '1'",
        "pk = 'a' OR flag = 'x'",
        "NOT pk = 'a'",
        "sk = '1'",
        "attribute_exists(pk)",
        "pk = sk",
        "pk IN ['a', sk]",
        "pk IN [" + ", ".join(f"'v{n}'" for n in range(51)) + "] OR flag = 'one'",
    ],
)
def test_a_clause_that_names_no_partition_is_a_scan(clause: str) -> None:
    """As the Developer Guide says of SELECT."""
    assert keys(clause) is None


@pytest.mark.parametrize(
    ("clause", "count"),
    [
        ("pk = 'a'", 1),
        ("'a' = pk AND flag = 'x'", 1),
        ("pk = 'a' AND (x = 1 OR y = 2)", 1),
        ("pk = 'a' OR pk = 'b'", 2),
        ("pk IN ['a', 'b', 'c']", 3),
        ("pk IN ['a', 'b'] AND sk IN ['1', '2']", 4),
        ("pk = 'a' AND (sk = '1' OR x = 'two')", 2),
        ("(pk = 'a' AND x = 1) OR (pk = 'b' AND sk > '5')", 2),
    ],
)
def test_a_clause_is_as_many_reads_as_it_has_branches(clause: str, count: int) -> None:
    """What no key tells does not make more reads."""
    found = keys(clause)
    assert found is not None
    assert len(found) == count


@pytest.mark.parametrize(
    "clause",
    [
        "pk IN [" + ", ".join(f"'v{n}'" for n in range(51)) + "]",
        "pk = 'a' AND sk IN [" + ", ".join(f"'v{n}'" for n in range(51)) + "]",
        "pk IN [" + ", ".join(f"'v{n}'" for n in range(26)) + "] AND sk IN ['1', '2']",
        " AND ".join(["(pk = 'a' OR pk = 'b')"] * 40),
    ],
)
def test_there_are_at_most_50_reads(clause: str) -> None:
    """AWS's limit of reads, which also keeps a clause from growing without bound here."""
    with pytest.raises(ServiceError) as caught:
        keys(clause)
    assert caught.value.message == "Too many decomposed read operations for a given query."


def test_sort_keys_narrow_a_read() -> None:
    """All tests of a branch's sort key count; what the sort key must not be is only a filter."""
    statement, values = select("pk = 'a' AND sk > '1' AND '5' >= sk AND begins_with(sk, '2') AND NOT sk = '3'")
    found = branches(statement.where, "pk", "sk")
    assert found is not None
    (branch,) = found
    assert branch.negated
    assert [(test.operator, [values[name].s for name in test.values]) for test in branch.sorts] == [
        (">", ["1"]),
        ("<=", ["5"]),
        ("begins_with", ["2"]),
    ]
    assert isinstance(branch.sorts[0], SortTest)


def test_the_item_that_a_clause_names() -> None:
    """Only what must hold in any case names an item; the rest is a condition."""
    statement, values = select("(pk = 'a' AND '1' = sk) AND pk = 'a' AND x = 2 AND (y = 3 OR pk = 'c')")
    named = named_item(statement.where, ("pk", "sk"), values)
    assert {name: value.s for name, value in named.key.items()} == {"pk": "a", "sk": "1"}
    assert len(named.rest) == 2
    assert named.twice is None
    statement, values = select("pk = 'a' AND pk = 'b'")
    named = named_item(statement.where, ("pk", "sk"), values)
    assert (named.key["pk"].s, named.twice, len(named.rest)) == ("a", "pk", 1)
    statement, values = select("pk IN ['a'] OR pk = 'a'")
    assert named_item(statement.where, ("pk", "sk"), values).key == {}
