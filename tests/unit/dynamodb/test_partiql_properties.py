"""Whatever a clause says: what is read for it holds all that it finds, and nothing twice."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from hypothesis import event, given, settings
from hypothesis import strategies as st

from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.model import KeyAttribute, KeySchema
from pileus.services.dynamodb.partiql.checked import SelectStatement, condition_test
from pileus.services.dynamodb.partiql.checks import bind
from pileus.services.dynamodb.partiql.lexer import tokenize
from pileus.services.dynamodb.partiql.reads import reads_of
from pileus.services.dynamodb.shapes import AttributeValue

SCHEMA = KeySchema(b"table", KeyAttribute("pk", "S"), KeyAttribute("sk", "S"))
Found = tuple[str, str, str]
ITEMS: list[Found] = list(product("ab", "123", "xy"))


@dataclass(frozen=True)
class Clause:
    """A text, and what it means of partition key, sort key and flag."""

    text: str
    holds: Callable[[Found], bool]


def compared(name: str, at: int, operator: str, value: str) -> Clause:
    meaning = {
        "=": lambda item: item[at] == value,
        "<>": lambda item: item[at] != value,
        "<": lambda item: item[at] < value,
        "<=": lambda item: item[at] <= value,
        ">": lambda item: item[at] > value,
        ">=": lambda item: item[at] >= value,
    }
    return Clause(f"{name} {operator} '{value}'", meaning[operator])


def listed(name: str, at: int, values: list[str]) -> Clause:
    shown = ", ".join(f"'{value}'" for value in values)
    return Clause(f"{name} IN [{shown}]", lambda item: item[at] in values)


def negated(clause: Clause) -> Clause:
    return Clause(f"NOT ({clause.text})", lambda item: not clause.holds(item))


def joined(word: str, parts: list[Clause]) -> Clause:
    how = all if word == "AND" else any
    text = f" {word} ".join(f"({part.text})" for part in parts)
    return Clause(text, lambda item: how(part.holds(item) for part in parts))


operators = st.sampled_from(["=", "=", "=", "<>", "<", "<=", ">", ">="])
atoms = st.one_of(
    st.builds(compared, st.just("pk"), st.just(0), operators, st.sampled_from("ab")),
    st.builds(compared, st.just("sk"), st.just(1), operators, st.sampled_from("123")),
    st.builds(compared, st.just("flag"), st.just(2), operators, st.sampled_from("xy")),
    st.builds(listed, st.just("pk"), st.just(0), st.lists(st.sampled_from("abc"), min_size=1, unique=True)),
    st.builds(listed, st.just("sk"), st.just(1), st.lists(st.sampled_from("1234"), min_size=1, unique=True)),
)
clauses = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(negated, inner),
        st.builds(joined, st.sampled_from(["AND", "AND", "OR"]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=8,
)


partitions = st.one_of(
    st.builds(compared, st.just("pk"), st.just(0), st.just("="), st.sampled_from("ab")),
    st.builds(listed, st.just("pk"), st.just(0), st.lists(st.sampled_from("abc"), min_size=1, unique=True)),
)
keyed = st.builds(lambda first, second: joined("AND", [first, second]), partitions, clauses)

REFUSALS = ("Overlapping conditions", "Too many decomposed", "Must have at least one non-optional hash key")


def key_of(item: Found) -> bytes:
    return SCHEMA.key({"pk": AttributeValue(s=item[0]), "sk": AttributeValue(s=item[1])})


@settings(max_examples=400, deadline=None)
@given(clauses | keyed, st.sampled_from(["", "", " ORDER BY pk, sk", " ORDER BY pk DESC, sk DESC", " ORDER BY pk"]))
def test_reads_hold_what_a_clause_finds(clause: Clause, order: str) -> None:
    """The condition means what it says, and the ranges that are read for it miss nothing and overlap nowhere."""
    bound = bind(f"SELECT * FROM ttt WHERE {clause.text}{order}", [])
    assert isinstance(bound.statement, SelectStatement)
    assert bound.statement.where is not None
    test = condition_test(bound.statement.where)
    for item in ITEMS:
        attributes = {name: AttributeValue(s=value) for name, value in zip(("pk", "sk", "flag"), item, strict=True)}
        assert test(attributes, bound.values) is clause.holds(item)
    try:
        reads = reads_of(bound.statement, SCHEMA, bound.values)
    except ValidationException as error:
        event(error.message)
        if not error.message.startswith(REFUSALS):
            raise
        return
    event("keyed" if reads.keyed else "scan")
    for item in ITEMS:
        times = sum(key_of(item) in one for one in reads.ranges)
        assert times <= 1
        assert times == 1 or not clause.holds(item)
        assert times == 0 or clause.holds(item) or not reads.exact


WORDS = ["SELECT", "*", "FROM", "ttt", "WHERE", "pk", "=", "'x'", "AND", "(", ")", "?", "<<", ">>", "{", "}", ",", "."]


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_text_is_a_statement_or_an_error_of_the_caller(text: str) -> None:
    """Nothing that anybody sends breaks the parser."""
    try:
        tokens = tokenize(text)
        assert tokens[-1].kind == "end"
        bind(text, [AttributeValue(s="x")] * sum(token.is_symbol("?") for token in tokens))
    except ValidationException:
        pass
