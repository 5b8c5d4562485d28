"""Which statement is it, and does it keep the rules that need no table?

Statements are kept by their text; `bind` gives one its parameters, and makes the checks that need values. The rules of
conditions and updates are those of `expressions/checks.py`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.expressions.checks import Check, SecondPass
from pileus.services.dynamodb.expressions.keeping import kept
from pileus.services.dynamodb.expressions.syntax import Node
from pileus.services.dynamodb.limits import TABLE_NAME_LENGTH_MAX, TABLE_NAME_LENGTH_MIN
from pileus.services.dynamodb.partiql import updates
from pileus.services.dynamodb.partiql.checked import (
    SAME_NAMES,
    Bound,
    DeleteStatement,
    ExistsStatement,
    InsertStatement,
    SelectStatement,
    Statement,
    UpdateStatement,
)
from pileus.services.dynamodb.partiql.conditions import Values, condition, parameter_name
from pileus.services.dynamodb.partiql.literals import legal_parameter, literal, member_names
from pileus.services.dynamodb.partiql.statements import parse
from pileus.services.dynamodb.partiql.terms import (
    CallTerm,
    Delete,
    Insert,
    IsTerm,
    Parameter,
    PathTerm,
    Select,
    Source,
    Steps,
    Struct,
    Term,
    Update,
)
from pileus.services.dynamodb.shapes import AttributeValue

_TABLE_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """parameters: how many question marks there are. checks: what the values must fulfil."""

    statement: Statement
    literals: dict[str, AttributeValue]
    parameters: int
    checks: tuple[Check, ...]


def legal_parameters(given: Sequence[AttributeValue] | None) -> list[AttributeValue]:
    """The parameters of a statement in canonical form; AWS looks at them before it reads the statement."""
    return [legal_parameter(value) for value in given or ()]


def bind(text: str, parameters: Sequence[AttributeValue]) -> Bound:
    """The statement that a text stands for, with its parameters, which are legal."""
    prepared = _prepared(text)
    if prepared.parameters != len(parameters):
        raise ValidationException("Number of parameters in request and statement don't match.")
    values = {**prepared.literals, **{parameter_name(index): value for index, value in enumerate(parameters)}}
    for check in prepared.checks:
        check(values)
    return Bound(prepared.statement, values)


@kept
def _prepared(text: str) -> _Prepared:
    term, parameters = parse(text)
    checker = _Checker()
    statement = checker.statement(term)
    return _Prepared(
        statement=statement, literals=checker.values.literals, parameters=parameters, checks=tuple(checker.checks)
    )


class _Checker:
    """Collects the literals of one statement, and what its values must fulfil."""

    def __init__(self) -> None:
        self.values = Values()
        self.checks: list[Check] = []

    def statement(self, term: Term) -> Statement:
        match term:
            case Select():
                return self._select(term)
            case Insert():
                return self._insert(term)
            case Update():
                return self._update(term)
            case Delete():
                return self._delete(term)
            case CallTerm(function="exists", arguments=(Select() as select,)):
                return ExistsStatement(self._select(select))
            case IsTerm():
                raise ValidationException("Unsupported operation: IsType")
            case _:
                raise ValidationException(f"Unsupported operation: {type(term).__name__.removesuffix('Term')}")

    def _select(self, select: Select) -> SelectStatement:
        if select.unsupported is not None:
            clause, place = select.unsupported
            raise ValidationException(f"Unsupported clause: {clause} at {place}")
        columns = None if select.columns is None else _columns(select.columns)
        table, index = _table_and_index(select.source)
        where = self._where(select.where)
        order = tuple((_sort_name(term), ascending) for term, ascending in select.order)
        if order and where is None:
            raise ValidationException("Must have WHERE clause in the statement when using ORDER BY clause.")
        return SelectStatement(table=table, index=index, columns=columns, where=where, order=order)

    def _insert(self, insert: Insert) -> InsertStatement:
        if len(insert.source.steps) > 1:
            raise ValidationException(
                "FROM clause may only contain a single table name in data manipulation statements"
            )
        if insert.item is None:
            raise ValidationException(
                "Unsupported operation: Inserting multiple items in a single statement is not supported, use "
                '"INSERT INTO tableName VALUE item" instead'
            )
        if not isinstance(insert.item, Struct):
            raise ValidationException(
                "Unsupported format in item expression. Please use struct format {...} to express item values for "
                "insert statement."
            )
        if insert.returning is not None:
            raise ValidationException("RETURNING is not supported in INSERT")
        members = []
        for name, (_, term) in zip(member_names(insert.item), insert.item.members, strict=True):
            parameter = parameter_name(term.index) if isinstance(term, Parameter) else None
            members.append((name, parameter or self.values.keep(literal(term)).name))
        return InsertStatement(table=_own_table(insert.source), members=tuple(members))

    def _update(self, update: Update) -> UpdateStatement:
        table = _own_table(update.source)
        actions, sets = updates.actions(update.assignments, self.values)
        self.checks += [argument.check for argument in sets]
        second = SecondPass(SAME_NAMES)
        second.update(actions)
        self.checks += second.checks
        return UpdateStatement(
            table=table,
            sections=updates.sections(actions),
            written=tuple(action.path.steps for action in actions),
            where=self._where(update.where),
            returning=update.returning,
        )

    def _delete(self, delete: Delete) -> DeleteStatement:
        if delete.returning not in {None, "ALL OLD"}:
            raise ValidationException(
                f"Invalid returning clause: RETURNING {delete.returning} *. Only RETURNING ALL OLD * is allowed in "
                "DELETE statements."
            )
        return DeleteStatement(
            table=_own_table(delete.source), where=self._where(delete.where), returning=delete.returning
        )

    def _where(self, term: Term | None) -> Node | None:
        if term is None:
            return None
        node = condition(term, self.values)
        second = SecondPass(SAME_NAMES)
        second.condition(node)
        self.checks += second.checks
        return node


# --- columns, order and tables ---------------------------------------------------------------------------------------


def _columns(terms: Sequence[Term]) -> tuple[tuple[str, Steps], ...]:
    """A path is shown under its last name, and the indexes after it: `a.b[1]` as `b[1]`."""
    columns: dict[str, Steps] = {}
    for term in terms:
        if not isinstance(term, PathTerm):
            raise ValidationException(f"Unexpected path component at {term.place}")
        last = max(at for at, step in enumerate(term.steps) if isinstance(step, str))
        name = str(term.steps[last]) + "".join(f"[{index}]" for index in term.steps[last + 1 :])
        if name in columns:
            raise ValidationException(f"Duplicate identifiers in select clause: {name}")
        columns[name] = term.steps
    return tuple(columns.items())


def _sort_name(term: Term) -> str:
    if not isinstance(term, PathTerm) or len(term.steps) > 1:
        kind = "Path" if isinstance(term, PathTerm) else type(term).__name__.removesuffix("Term")
        raise ValidationException(f"Argument to ORDER BY must be of type VariableReference. Type: {kind}")
    return str(term.steps[0])


def _table_and_index(source: Source) -> tuple[str, str | None]:
    if any(isinstance(step, int) for step in source.steps):
        raise ValidationException("Invalid list expression in source.")
    if len(source.steps) > 2:
        raise ValidationException("A path may contain at most 2 components in the FROM clause")
    table, *index = (str(step) for step in source.steps)
    if not TABLE_NAME_LENGTH_MIN <= len(table) <= TABLE_NAME_LENGTH_MAX or not _TABLE_NAME.match(table):
        raise ValidationException(
            "Table name should be within the length [3, 255] and only contain 'a-z', 'A-Z', '0-9', '-', '_', '.'."
        )
    return table, index[0] if index else None


def _own_table(source: Source) -> str:
    table, index = _table_and_index(source)
    if index is not None:
        raise ValidationException("This operation is not supported on an index")
    return table
