"""Do the names and values of an expression keep AWS's rules, and which rule is named first when they break several?

The second of two passes, after `texts`: operator by operator, operands before the operator that they belong to. It
returns the checks that a request's values must pass, so that a tree is kept and used again with other values. An update
is first checked for undefined names and overlapping paths, then backwards.

Source of rules, order and texts: answers of DynamoDB and of AWS's own DynamoDB Local 3.3.1, as public test suites have
recorded them (architect/dynalite, and the fixtures of an expression tester by keyvaluestore.com).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from pileus.services.dynamodb import comparisons
from pileus.services.dynamodb import values as rules
from pileus.services.dynamodb.expressions.paths import (
    Steps,
    check_apart,
    path_text,
    placeholders,
    resolve,
    undefined_name,
)
from pileus.services.dynamodb.expressions.syntax import (
    Action,
    Arithmetic,
    Between,
    Call,
    Comparison,
    In,
    Node,
    Path,
    Value,
    children,
    paths_of,
    unwrapped,
)
from pileus.services.dynamodb.expressions.texts import check_count
from pileus.services.dynamodb.expressions.tokens import ExpressionError
from pileus.services.dynamodb.limits import EXPRESSION_IN_OPERANDS_MAX, NESTING_LEVELS_MAX
from pileus.services.dynamodb.shapes import AttributeValue

Values = Mapping[str, AttributeValue]
Check = Callable[[Values], None]
"""Raises `ExpressionError` when the values of a request break a rule."""

_NEED_A_PATH: Final = frozenset(("attribute_exists", "attribute_not_exists", "attribute_type", "if_not_exists"))
_ORDERED: Final = frozenset(("S", "N", "B"))
_SIZED: Final = frozenset(("S", "B", "SS", "NS", "BS", "L", "M"))
_SETS: Final = frozenset(("SS", "NS", "BS"))
_ADDABLE: Final = _SETS | {"N"}

_TYPES_SHOWN: Final = "{N,BS,L,B,NULL,M,S,SS,NS,BOOL}"
_ANY_TYPE_SHOWN: Final = (
    "{SS,M,DECIMAL,DOUBLESET,HDS,N,B,DICT,INTSET,BOOL,HD,BS,INT,DECIMALSET,NULL,FLOAT,FS,S,L,NS,DOUBLE}"
)
_LONG_TYPES: Final = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "BOOL": "BOOLEAN",
    "NULL": "NULL",
    "L": "LIST",
    "M": "MAP",
    "SS": "STRING_SET",
    "NS": "NUMBER_SET",
    "BS": "BINARY_SET",
}


def _wrong_type(operator: str, kind: str) -> ExpressionError:
    return ExpressionError(
        f"Incorrect operand type for operator or function; operator or function: {operator}, operand type: {kind}"
    )


def _shown(value: AttributeValue) -> str:
    kind = rules.kind_of(value)
    content = value.s if value.s is not None else value.n
    if value.b is not None:
        size = len(value.b)
        content = f"java.nio.HeapByteBuffer[pos=0 lim={size} cap={size}]"
    return f"AttributeValue: {{{kind}:{content}}}"


def _raising(error: ExpressionError) -> Check:
    def check(_: Values) -> None:
        raise error

    return check


class SecondPass:
    """Collects what the values of a request must fulfil, and which placeholders an expression uses."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self.checks: list[Check] = []
        self.names: set[str] = set()
        self.values: set[str] = set()
        self.heads: set[str] = set()
        self.nested: set[str] = set()

    def condition(self, node: Node) -> None:
        """Everything in a condition, and everything in an operand of an update."""
        for child in children(node):
            self.condition(child)
        match node:
            case Path():
                self._path(node)
            case Value():
                self._value(node.name)
            case Comparison():
                self._distinct(node.operator, node.left, (node.right,))
                if node.operator not in {"=", "<>"}:
                    self._types(node.operator, (node.left, node.right), _ORDERED)
            case Between():
                self._between(node)
            case In():
                self._in(node)
            case Call():
                self._call(node)
            case Arithmetic():
                self._types(node.operator, (node.left, node.right), {"N"})
            case _:
                pass

    def projection(self, paths: Iterable[Path]) -> None:
        for path in paths:
            self._path(path)
        self._apart(paths)

    def update(self, actions: Sequence[Action]) -> None:
        self._names_of(action.path for action in actions)
        self._apart(action.path for action in actions)
        backwards = tuple(reversed(actions))
        for action in backwards:
            self._names_of(paths_of(action))
        for action in backwards:
            self._path(action.path)
            if action.operand is not None:
                self.condition(action.operand)
                self._clause(action)

    # Pieces

    def _names_of(self, paths: Iterable[Path]) -> None:
        for path in paths:
            for name in placeholders(path):
                if name not in self._names:
                    self.checks.append(_raising(undefined_name(name)))

    def _path(self, path: Path) -> None:
        self._names_of((path,))
        self.names.update(placeholders(path))
        if len(path.steps) > NESTING_LEVELS_MAX:
            error = f"The document path has too many nesting levels; nesting levels: {len(path.steps)}"
            self.checks.append(_raising(ExpressionError(error)))
        head = resolve(path, self._names)[0]
        assert isinstance(head, str)
        self.heads.add(head)
        if len(path.steps) > 1:
            self.nested.add(head)

    def _value(self, name: str) -> None:
        self.values.add(name)

        def check(values: Values) -> None:
            if name not in values:
                raise ExpressionError(
                    f"An expression attribute value used in expression is not defined; attribute value: {name}"
                )

        self.checks.append(check)

    def _apart(self, paths: Iterable[Path]) -> None:
        try:
            check_apart([resolve(path, self._names) for path in paths])
        except ExpressionError as error:
            self.checks.append(_raising(error))

    def _steps(self, node: Node) -> Steps | None:
        path = unwrapped(node)
        return resolve(path, self._names) if isinstance(path, Path) else None

    def _distinct(self, operator: str, first: Node, rest: Sequence[Node]) -> None:
        steps = self._steps(first)
        if steps is not None and any(self._steps(other) == steps for other in rest):
            self.checks.append(
                _raising(
                    ExpressionError(
                        "The first operand must be distinct from the remaining operands for this operator or "
                        f"function; operator: {operator}, first operand: {path_text(steps)}"
                    )
                )
            )

    def _types(self, operator: str, operands: Sequence[Node], allowed: Iterable[str]) -> None:
        """What is known of an operand before there is an item must fit the operator."""
        kinds = frozenset(allowed)
        for operand in operands:
            node = unwrapped(operand)
            if isinstance(node, Call) and node.function == "size" and "N" not in kinds:
                self.checks.append(_raising(_wrong_type(operator, "N")))
            elif isinstance(node, Value):
                self.checks.append(_type_check(operator, node.name, kinds))

    def _between(self, node: Between) -> None:
        self._distinct("BETWEEN", node.operand, (node.low, node.high))
        self._types("BETWEEN", (node.operand, node.low, node.high), _ORDERED)
        low, high = unwrapped(node.low), unwrapped(node.high)
        if isinstance(low, Value) and isinstance(high, Value):
            self.checks.append(_bounds_check(low.name, high.name))

    def _in(self, node: In) -> None:
        if len(node.choices) > EXPRESSION_IN_OPERANDS_MAX:
            error = f"The IN operator is provided with too many operands; number of operands: {len(node.choices)}"
            self.checks.append(_raising(ExpressionError(error)))
        self._distinct("IN", node.operand, node.choices)

    def _call(self, call: Call) -> None:
        try:
            check_count(call)
        except ExpressionError as error:
            self.checks.append(_raising(error))
            return
        name, arguments = call.function, call.arguments
        if name in _NEED_A_PATH and self._steps(arguments[0]) is None:
            text = f"Operator or function requires a document path; operator or function: {name}"
            self.checks.append(_raising(ExpressionError(text)))
        if name not in {"size", "list_append"}:
            self._distinct(name, arguments[0], arguments[1:])
        match name:
            case "size":
                self._types(name, arguments, _SIZED)
            case "begins_with":
                self._types(name, arguments, ("S", "B"))
            case "list_append":
                self._types(name, arguments, ("L",))
            case "attribute_type":
                self._attribute_type(unwrapped(arguments[1]))

    def _attribute_type(self, operand: Node) -> None:
        if not isinstance(operand, Value):
            kind = "N" if isinstance(operand, Call) else _ANY_TYPE_SHOWN
            self.checks.append(_raising(_wrong_type("attribute_type", kind)))
            return
        self._types("attribute_type", (operand,), ("S",))
        name = operand.name

        def check(values: Values) -> None:
            if values[name].s not in rules.KINDS:
                raise ExpressionError(
                    f"Invalid attribute type name found; type: {values[name].s}, valid types: {_TYPES_SHOWN}"
                )

        self.checks.append(check)

    def _clause(self, action: Action) -> None:
        if action.clause == "SET":
            return
        assert isinstance(action.operand, Value)
        name, clause = action.operand.name, action.clause
        allowed = _ADDABLE if clause == "ADD" else _SETS

        def check(values: Values) -> None:
            kind = rules.kind_of(values[name])
            if kind not in allowed:
                raise ExpressionError(
                    f"Incorrect operand type for operator or function; operator: {clause}, "
                    f"operand type: {_LONG_TYPES[kind]}, typeSet: ALLOWED_FOR_{clause}_OPERAND"
                )

        self.checks.append(check)


def _type_check(operator: str, name: str, allowed: frozenset[str]) -> Check:
    def check(values: Values) -> None:
        kind = rules.kind_of(values[name])
        if kind not in allowed:
            raise _wrong_type(operator, kind)

    return check


def _bounds_check(low_name: str, high_name: str) -> Check:
    def check(values: Values) -> None:
        low, high = values[low_name], values[high_name]
        shown = f"lower bound operand: {_shown(low)}, upper bound operand: {_shown(high)}"
        if rules.kind_of(low) != rules.kind_of(high):
            raise ExpressionError(f"The BETWEEN operator requires same data type for lower and upper bounds; {shown}")
        if comparisons.ordered(low, high, lambda order: order > 0):
            raise ExpressionError(
                "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; " + shown
            )

    return check
