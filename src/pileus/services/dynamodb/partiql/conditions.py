"""Which condition does a WHERE clause stand for, in the terms of `expressions/`?

Types tests become `attribute_type`, `IS MISSING` becomes `attribute_not_exists`. A condition may be compared with a
boolean, which no expression can: it is rewritten, so that `c = x` holds when `c` and `x = true`, or not `c` and
`x = false`.
"""

from collections.abc import Callable
from typing import Final

from pileus.services.dynamodb import values as rules
from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.expressions.grammar import COMPARATORS
from pileus.services.dynamodb.expressions.syntax import (
    Between,
    Call,
    Combination,
    Comparison,
    In,
    Node,
    Not,
    Path,
    Value,
)
from pileus.services.dynamodb.expressions.texts import CONDITION_FUNCTIONS
from pileus.services.dynamodb.expressions.tokens import ExpressionError
from pileus.services.dynamodb.partiql.literals import is_literal, literal
from pileus.services.dynamodb.partiql.terms import (
    BetweenTerm,
    Binary,
    CallTerm,
    IsTerm,
    ListTerm,
    Logical,
    Missing,
    Parameter,
    PathTerm,
    Scalar,
    Term,
    Unary,
)
from pileus.services.dynamodb.shapes import AttributeValue

_ARITHMETIC: Final = frozenset(("+", "-", "*", "/", "%", "||"))
_TYPES: Final = {
    "NULL": "NULL",
    "BOOLEAN": "BOOL",
    "BLOB": "B",
    "STRING": "S",
    "NUMERIC": "N",
    "STRUCT": "M",
    "TUPLE": "M",
    "LIST": "L",
}


class Values:
    """The values that a statement's text brings, by the placeholders that stand for them."""

    def __init__(self) -> None:
        self.literals: dict[str, AttributeValue] = {}

    def keep(self, value: AttributeValue) -> Value:
        name = f":literal{len(self.literals)}"
        self.literals[name] = value
        return Value(name)


def parameter_name(index: int) -> str:
    """What stands for the `index`-th parameter."""
    return f":parameter{index}"


def unrecognized(call: CallTerm) -> ValidationException:
    return ValidationException(f"Unrecognized function: {call.function} at {call.place}")


def simple_operand(term: Term, values: Values) -> Node | None:
    """A path, a literal or a parameter."""
    if isinstance(term, PathTerm):
        return Path(term.steps)
    if isinstance(term, Parameter):
        return Value(parameter_name(term.index))
    return values.keep(literal(term)) if is_literal(term) else None


def condition(term: Term, values: Values) -> Node:
    """A WHERE clause; `ValidationException` when it is none."""
    return _condition(term, values, "WHERE clause must contain an expression that resolves to a boolean")


def _is_condition(term: Term) -> bool:
    match term:
        case Logical() | IsTerm() | BetweenTerm():
            return True
        case Unary():
            return term.operator == "not"
        case Binary():
            return term.operator not in _ARITHMETIC
        case CallTerm():
            return term.function in CONDITION_FUNCTIONS
        case _:
            return False


def _condition(term: Term, values: Values, otherwise: str) -> Node:
    """otherwise: the error when it is no condition at all."""
    match term:
        case Logical():
            message = "The arguments to AND/OR must be Expressions"
            return Combination(term.operator, tuple(_condition(part, values, message) for part in term.parts))
        case Unary(operator="not"):
            return Not(_condition(term.operand, values, "The argument to NOT must be a Type or Expression"))
        case IsTerm():
            return _type_test(term, values)
        case BetweenTerm():
            operand, low, high = (_operand(part, values) for part in (term.operand, term.low, term.high))
            return Between(operand, low, high)
        case Binary(operator="IN"):
            return _membership(term, values)
        case Binary() if term.operator in COMPARATORS:
            return _comparison(term.operator, term.left, term.right, values)
        case Binary():
            raise ValidationException(f"Unsupported operator in Condition Expression. Operator: {term.operator}")
        case CallTerm() if term.function in CONDITION_FUNCTIONS:
            return Call(term.function, tuple(_operand(argument, values) for argument in term.arguments))
        case CallTerm() if term.function != "size":
            raise unrecognized(term)
        case Missing():
            raise ValidationException("MISSING must be compared using IS operator")
        case _:
            raise ValidationException(otherwise)


def _operand(term: Term, values: Values) -> Node:
    simple = simple_operand(term, values)
    if simple is not None:
        return simple
    match term:
        case CallTerm(function="size"):
            return Call("size", tuple(_operand(argument, values) for argument in term.arguments))
        case CallTerm() if term.function not in CONDITION_FUNCTIONS:
            raise unrecognized(term)
        case Missing():
            raise ValidationException("MISSING must be compared using IS operator")
        case Binary() | Unary():
            operator = term.operator.upper()
            raise ValidationException(f"Unsupported operator in Condition Expression. Operator: {operator}")
        case _:
            raise ValidationException(f"Unsupported token in expression: {type(term).__name__} at {term.place}")


def _type_test(term: IsTerm, values: Values) -> Node:
    if not isinstance(term.operand, PathTerm | Scalar):
        raise ValidationException("The left hand side argument to IS must be a Variable Reference, Literal, or Path")
    wanted = _TYPES.get(term.type_name)
    if wanted is None and term.type_name != "MISSING":
        raise ValidationException(
            f"Unsupported data type for IS operator: {term.type_name}. Supported data types are "
            "[MISSING, NULL, BOOLEAN, BLOB, STRING, NUMERIC, STRUCT, TUPLE, LIST]"
        )
    if isinstance(term.operand, Scalar):
        return _constant(rules.kind_of(term.operand.value) == wanted, values)
    path = Path(term.operand.steps)
    if wanted is None:
        return Call("attribute_not_exists", (path,))
    return Call("attribute_type", (path, values.keep(AttributeValue(s=wanted))))


def _membership(term: Binary, values: Values) -> Node:
    if (
        not isinstance(term.right, ListTerm)
        or not term.right.elements
        or not (isinstance(term.left, PathTerm) or _is_condition(term.left))
    ):
        raise ValidationException(
            "IN operator must have a left hand argument of type Variable Reference and right hand argument of type "
            "Seq with at least one member"
        )
    if _is_condition(term.left):
        parts = [_comparison("=", term.left, choice, values) for choice in term.right.elements]
        return parts[0] if len(parts) == 1 else Combination("OR", tuple(parts))
    return In(_operand(term.left, values), tuple(_operand(choice, values) for choice in term.right.elements))


def _comparison(operator: str, left: Term, right: Term, values: Values) -> Node:
    if not _is_condition(left) and not _is_condition(right):
        return Comparison(operator, _operand(left, values), _operand(right, values))
    if operator not in {"=", "<>"}:
        raise ExpressionError(
            f"Incorrect operand type for operator or function; operator or function: {operator}, operand type: BOOL"
        )
    first, second = _truth(left, values), _truth(right, values)
    same = Combination(
        "OR", (Combination("AND", (first(True), second(True))), Combination("AND", (first(False), second(False))))
    )
    return same if operator == "=" else Not(same)


def _truth(term: Term, values: Values) -> Callable[[bool], Node]:
    """What holds when the term is true, and what when it is false; a value may be neither."""
    if _is_condition(term):
        node = condition(term, values)
        return lambda wanted: node if wanted else Not(node)
    operand = _operand(term, values)
    return lambda wanted: Comparison("=", operand, values.keep(AttributeValue(bool_=wanted)))


def _constant(holds: bool, values: Values) -> Node:
    nothing = In(values.keep(AttributeValue(null=True)), ())
    return Not(nothing) if holds else nothing
