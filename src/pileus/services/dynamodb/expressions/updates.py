"""What does an update make of an item?

Everything is worked out from the item as it was, then written: so `SET a = b, b = a` swaps, and indexes in REMOVE mean
the positions before the update. Elements set past a list's end are appended in the order of their indexes.

Order of problems, as DynamoDB Local 3.3.1 reports them: a parent that is no map or list; a wrong type anywhere; then,
section by section from the last to the first, a parent that is absent and an attribute that is absent.
"""

from collections.abc import Callable, Mapping, Sequence

from pileus.services.dynamodb import numbers
from pileus.services.dynamodb.comparisons import difference, union
from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.expressions.checks import Values
from pileus.services.dynamodb.expressions.paths import Steps, resolve, value_at
from pileus.services.dynamodb.expressions.syntax import (
    Arithmetic,
    Call,
    Node,
    Path,
    Section,
    Value,
    unwrapped,
)
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.values import Item, kind_of

Outcome = Callable[[Item, Values], AttributeValue | None]
"""What an action writes at its path; None removes what is there."""

Change = tuple[Steps, AttributeValue | None]


class _Missing(ValidationException):
    def __init__(self) -> None:
        super().__init__("The provided expression refers to an attribute that does not exist in the item")


def _wrong_type() -> ValidationException:
    return ValidationException("An operand in the update expression has an incorrect data type")


def _bad_path() -> ValidationException:
    return ValidationException("The document path provided in the update expression is invalid for update")


def compile_update(
    sections: Sequence[Section], names: Mapping[str, str]
) -> Callable[[Item, Values], dict[str, AttributeValue]]:
    """The update as a function of an item and the request's values; gives the new item."""
    compiled = [
        [(resolve(action.path, names), _outcome(action.clause, action.path, action.operand, names))
         for action in section.actions]
        for section in sections
    ]  # fmt: skip
    paths = [steps for section in compiled for steps, _ in section]

    def update(item: Item, values: Values) -> dict[str, AttributeValue]:
        for steps in paths:
            if _parent_fits(item, steps) is False:
                raise _bad_path()
        changes: list[Change] = []
        problems: list[ValidationException | None] = []
        for section in compiled:
            changed, problem = _section(section, item, values)
            changes += changed
            problems.append(problem)
        for problem in reversed(problems):
            if problem is not None:
                raise problem
        return _written(item, changes)

    return update


def kinds_of(sections: Sequence[Section], names: Mapping[str, str]) -> Callable[[Values], Mapping[str, str]]:
    """The types that whole attributes get, where the item does not matter: a value, a sum, a longer list."""
    kinds: dict[str, str] = {}
    references: dict[str, str] = {}
    for section in sections:
        for action in section.actions:
            (name, *inside), operand = resolve(action.path, names), action.operand and unwrapped(action.operand)
            match operand:
                case _ if inside:
                    pass
                case Value():
                    references[str(name)] = operand.name
                case Arithmetic():
                    kinds[str(name)] = "N"
                case Call(function="list_append"):
                    kinds[str(name)] = "L"
    return lambda values: kinds | {name: kind_of(values[value]) for name, value in references.items()}


def _section(
    actions: Sequence[tuple[Steps, Outcome]], item: Item, values: Values
) -> tuple[list[Change], ValidationException | None]:
    """The changes of one section, and its first problem that is not a wrong type."""
    changes: list[Change] = []
    missing: ValidationException | None = None
    for steps, outcome in actions:
        try:
            changes.append((steps, outcome(item, values)))
        except _Missing as error:
            missing = missing or error
    if any(_parent_fits(item, steps) is None for steps, _ in actions):
        return changes, _bad_path()
    return changes, missing


def _parent_fits(item: Item, steps: Steps) -> bool | None:
    """Whether the last step can be written where it is; None when there is no parent at all."""
    if len(steps) == 1:
        return True
    parent = value_at(item, steps[:-1])
    if parent is None:
        return None
    return (parent.l if isinstance(steps[-1], int) else parent.m) is not None


# --- what each action writes -----------------------------------------------------------------------------------------


def _outcome(clause: str, path: Path, operand: Node | None, names: Mapping[str, str]) -> Outcome:
    if operand is None:
        return lambda item, values: None
    if clause == "SET":
        return _operand(operand, names)
    assert isinstance(operand, Value)
    steps, name = resolve(path, names), operand.name
    combine = _add if clause == "ADD" else _delete
    return lambda item, values: combine(value_at(item, steps), values[name])


def _operand(node: Node, names: Mapping[str, str]) -> Callable[[Item, Values], AttributeValue]:
    node = unwrapped(node)
    match node:
        case Value(name=name):
            return lambda item, values: values[name]
        case Path():
            steps = resolve(node, names)

            def read(item: Item, values: Values) -> AttributeValue:
                value = value_at(item, steps)
                if value is None:
                    raise _Missing
                return value

            return read
        case Arithmetic():
            return _arithmetic(node, names)
        case Call():
            return _call(node, names)
        case _:
            raise AssertionError("the grammar let a condition pass as an operand")


def _arithmetic(node: Arithmetic, names: Mapping[str, str]) -> Callable[[Item, Values], AttributeValue]:
    left, right = _operand(node.left, names), _operand(node.right, names)
    combine = numbers.add if node.operator == "+" else numbers.subtract

    def calculate(item: Item, values: Values) -> AttributeValue:
        a, b = left(item, values).n, right(item, values).n
        if a is None or b is None:
            raise _wrong_type()
        return AttributeValue(n=combine(a, b))

    return calculate


def _call(node: Call, names: Mapping[str, str]) -> Callable[[Item, Values], AttributeValue]:
    second = _operand(node.arguments[1], names) if len(node.arguments) > 1 else _never
    if node.function == "if_not_exists":
        path = unwrapped(node.arguments[0])
        if not isinstance(path, Path):
            return _never
        steps = resolve(path, names)
        return lambda item, values: value_at(item, steps) or second(item, values)
    first = _operand(node.arguments[0], names)

    def append(item: Item, values: Values) -> AttributeValue:
        a, b = first(item, values).l, second(item, values).l
        if a is None or b is None:
            raise _wrong_type()
        return AttributeValue(l=[*a, *b])

    return append


def _never(item: Item, values: Values) -> AttributeValue:
    raise AssertionError("a check refuses such an operand before anything is evaluated")


def _add(present: AttributeValue | None, operand: AttributeValue) -> AttributeValue:
    if present is None:
        return operand
    if operand.n is not None and present.n is not None:
        return AttributeValue(n=numbers.add(present.n, operand.n))
    if kind_of(present) != kind_of(operand):
        raise _wrong_type()
    return union(present, operand)


def _delete(present: AttributeValue | None, operand: AttributeValue) -> AttributeValue | None:
    if present is None:
        return None
    if kind_of(present) != kind_of(operand):
        raise _wrong_type()
    return difference(present, operand)


# --- writing ---------------------------------------------------------------------------------------------------------


def _written(members: Item, changes: Sequence[Change]) -> dict[str, AttributeValue]:
    """A copy of a map or an item with the changes made; what they do not touch is shared."""
    result = dict(members)
    below: dict[str, list[Change]] = {}
    for steps, value in changes:
        name = steps[0]
        assert isinstance(name, str)
        if len(steps) > 1:
            below.setdefault(name, []).append((steps[1:], value))
        elif value is None:
            result.pop(name, None)
        else:
            result[name] = value
    for name, inner in below.items():
        result[name] = _written_inside(result[name], inner)
    return result


def _written_inside(value: AttributeValue, changes: Sequence[Change]) -> AttributeValue:
    if value.m is not None:
        return AttributeValue(m=_written(value.m, changes))
    assert value.l is not None
    return AttributeValue(l=_written_list(value.l, changes))


def _written_list(elements: Sequence[AttributeValue], changes: Sequence[Change]) -> list[AttributeValue]:
    result: list[AttributeValue | None] = list(elements)
    appended: dict[int, AttributeValue] = {}
    below: dict[int, list[Change]] = {}
    for steps, value in changes:
        index = steps[0]
        assert isinstance(index, int)
        if len(steps) > 1:
            below.setdefault(index, []).append((steps[1:], value))
        elif index < len(elements):
            result[index] = value
        elif value is not None:
            appended[index] = value
    for index, inner in below.items():
        result[index] = _written_inside(elements[index], inner)
    kept = [element for element in result if element is not None]
    return kept + [appended[index] for index in sorted(appended)]
