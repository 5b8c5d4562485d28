"""Which update do SET and REMOVE clauses stand for, in the terms of `expressions/`?

`set_add` and `set_delete` are what ADD and DELETE are there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.expressions.syntax import Action, Arithmetic, Call, Node, Path, Section, Value
from pileus.services.dynamodb.partiql.conditions import Values, simple_operand, unrecognized
from pileus.services.dynamodb.partiql.lexer import Place
from pileus.services.dynamodb.partiql.terms import (
    Assignment,
    Bag,
    Binary,
    CallTerm,
    IsTerm,
    Missing,
    Parameter,
    PathTerm,
    Term,
    Unary,
)
from pileus.services.dynamodb.shapes import AttributeValue

_SET_FUNCTIONS: Final = {"set_add": "ADD", "set_delete": "DELETE"}


@dataclass(frozen=True, slots=True)
class SetArgument:
    """A value that must turn out to be a set, for `function`; place: what AWS's message points at."""

    name: str
    function: str
    place: Place

    def check(self, values: Mapping[str, AttributeValue]) -> None:
        value = values[self.name]
        if value.ss is None and value.ns is None and value.bs is None:
            raise not_a_set(self.function, self.place)


def not_a_set(function: str, place: Place) -> ValidationException:
    return ValidationException(f"The second argument to {function.upper()} must be a value with type SET at {place}")


def actions(assignments: Iterable[Assignment], values: Values) -> tuple[list[Action], list[SetArgument]]:
    """What the assignments do, in their order, and which parameters must be sets."""
    found: list[Action] = []
    sets: list[SetArgument] = []
    for assignment in assignments:
        path, value = Path(assignment.target.steps), assignment.value
        if value is None:
            found.append(Action("REMOVE", path, None))
        elif isinstance(value, CallTerm) and value.function in _SET_FUNCTIONS:
            argument = _set_argument(assignment.target, value, values)
            sets.append(argument)
            found.append(Action(_SET_FUNCTIONS[value.function], path, Value(argument.name)))
        else:
            found.append(Action("SET", path, _operand(value, values)))
    return found, sets


def sections(found: Iterable[Action]) -> tuple[Section, ...]:
    """The actions, all of a clause together."""
    by_clause: dict[str, list[Action]] = {}
    for action in found:
        by_clause.setdefault(action.clause, []).append(action)
    return tuple(Section(clause, tuple(same)) for clause, same in by_clause.items())


def _set_argument(target: PathTerm, call: CallTerm, values: Values) -> SetArgument:
    name = call.function.upper()
    if len(call.arguments) != 2:
        raise ValidationException(f"{name} must have exactly two arguments at {call.place}")
    first, second = call.arguments
    if not isinstance(first, PathTerm) or first.steps != target.steps:
        raise ValidationException(f"The first argument to {name} must equal the assignment value at {call.place}")
    if not isinstance(second, Bag | Parameter):
        raise not_a_set(call.function, first.place)
    operand = simple_operand(second, values)
    assert isinstance(operand, Value)
    return SetArgument(operand.name, call.function, first.place)


def _operand(term: Term, values: Values) -> Node:
    simple = simple_operand(term, values)
    if simple is not None:
        return simple
    match term:
        case Binary(operator="+" | "-"):
            return Arithmetic(term.operator, _operand(term.left, values), _operand(term.right, values))
        case CallTerm(function="list_append"):
            return Call("list_append", tuple(_operand(argument, values) for argument in term.arguments))
        case CallTerm():
            raise unrecognized(term)
        case IsTerm():
            raise ValidationException("IS operator is not supported in update expressions")
        case Missing():
            raise ValidationException("MISSING must be compared using IS operator")
        case Binary() | Unary():
            operator = term.operator.upper()
            raise ValidationException(f"Unsupported operator in Update Expression. Operator: {operator}")
        case _:
            raise ValidationException(f"Unsupported token in expression: {type(term).__name__} at {term.place}")
