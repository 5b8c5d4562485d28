"""Which events does an event pattern let through?

EventBridge rules, Lambda's filter criteria, SNS filter policies of bodies, and pipes share this language. A pattern is
an object whose arrays say what a field may be; all its fields must fit, and of an array any entry. What it means is
defined over the fields of the event that hold scalars, by their path:

- A field fits when one of its scalars passes one of the entries. Names with dots and nested objects are the same.
- Where the event has arrays of objects, fields below the same array must fit within the same element.
- `exists: true` asks for a scalar at the path, `null` included; `exists: false` for none in the whole event, so an
  object there, or an empty array, is no field (recording lambda, test_dynamodb_event_filter[exists_false_filter]).
- `$or` of at least two objects means alternatives, each merged with what stands beside it.

A pattern is compiled once: alternatives are multiplied out, and each becomes a tree that is walked beside the event.

Sources: EventBridge User Guide, "Creating Amazon EventBridge event patterns"; github.com/aws/event-ruler, its README.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from pileus.kernel.event_pattern_values import OPERATORS, PatternSyntax, Scalar, Test, operator_of, test_of

__all__ = ["EventPattern", "PatternSyntax", "compile_pattern"]

ALTERNATIVES_MAX: Final = 1_000
"""Source: EventBridge User Guide, "Using $or in event patterns": the product of all `$or`."""
DEPTH_MAX: Final = 100
"""Ours: deeper than any event of AWS's."""

_OR: Final = "$or"
_MISSING: Final[Any] = object()
_read: Final = msgspec.json.Decoder().decode


class EventPattern:
    """A compiled pattern."""

    __slots__ = ("_trees",)

    def __init__(self, trees: Sequence["_Node"]) -> None:
        self._trees = trees

    def matches(self, event: object) -> bool:
        """Whether an event passes, given as JSON values; what is nested without end passes nothing."""
        try:
            whole = _Event(event)
            for tree in self._trees:
                if tree.fits(event, whole):
                    return True
        except RecursionError:
            pass
        return False

    def matches_json(self, event: bytes | str) -> bool:
        """Whether an event passes; what is no JSON passes nothing."""
        try:
            value = _read(event)
        except (ValueError, RecursionError):
            return False
        return self.matches(value)


def compile_pattern(text: bytes | str) -> EventPattern:
    """PatternSyntax, when it is none."""
    try:
        given = _read(text)
    except (ValueError, RecursionError) as error:
        raise PatternSyntax(str(error)) from None
    return compile_value(given)


def compile_value(given: object) -> EventPattern:
    """A pattern that was read already; PatternSyntax."""
    if not isinstance(given, dict):
        raise PatternSyntax("Filter is not an object")
    return EventPattern([_node(flat) for flat in _alternatives(given, ())])


# --- from what is written to alternatives without `$or` --------------------------------------------------------------

_Path = tuple[str, ...]
_Fields = dict[_Path, list[list[object]]]
"""By path: arrays of entries, of each of which one must fit."""


def _alternatives(given: Mapping[str, object], path: _Path) -> list[_Fields]:
    """Each without `$or`, and without dots in names. path: of the object `given`."""
    if not given:
        raise PatternSyntax("Empty objects are not allowed")
    found: list[_Fields] = [{}]
    for name, value in given.items():
        below = (*path, *name.split("."))
        if len(below) > DEPTH_MAX:
            raise PatternSyntax("Path is too deep")
        if name == _OR and are_alternatives(value):
            assert isinstance(value, list)
            choices = [each for choice in value for each in _alternatives(choice, path)]
        elif isinstance(value, dict):
            choices = _alternatives(value, below)
        elif isinstance(value, list):
            if not value:
                raise PatternSyntax("Empty arrays are not allowed")
            choices = [{below: [value]}]
        else:
            raise PatternSyntax(f'"{name}" must be an object or an array')
        if len(found) * len(choices) > ALTERNATIVES_MAX:
            raise PatternSyntax(f"The total number of rule combinations is more than {ALTERNATIVES_MAX}")
        found = [_merged(before, choice) for before in found for choice in choices]
    return found


def are_alternatives(value: object) -> bool:
    """Of a `$or`. Otherwise it is a name like any other, as it was before there was such an operator."""
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(each, dict) and each and not OPERATORS.intersection(each) for each in value)
    )


def _merged(one: _Fields, other: _Fields) -> _Fields:
    """Both must fit."""
    both = dict(one)
    for path, entries in other.items():
        both[path] = [*both.get(path, ()), *entries]
    return both


# --- from alternatives to trees --------------------------------------------------------------------------------------


class _Entries:
    """One array of entries. absent: whether the field may be missing; present: whether any scalar will do.

    texts: those that fit as they are, which is what most patterns ask for; tests: everything else.
    """

    __slots__ = ("absent", "present", "tests", "texts")

    def __init__(self, entries: Sequence[object]) -> None:
        self.tests: list[Test] = []
        self.texts = frozenset(entry for entry in entries if isinstance(entry, str))
        self.absent = self.present = False
        for entry in entries:
            if isinstance(entry, dict) and "exists" in entry:
                _, wanted = operator_of(entry)
                if not isinstance(wanted, bool):
                    raise PatternSyntax("exists match pattern must be either true or false.")
                self.present |= wanted
                self.absent |= not wanted
            elif not isinstance(entry, str):
                self.tests.append(test_of(entry))

    def fit(self, value: Scalar) -> bool:
        if self.present or (type(value) is str and value in self.texts):
            return True
        for test in self.tests:  # noqa: SIM110 - a generator costs as much as the test
            if test(value):
                return True
        return False


class _Leaf:
    """One field: a scalar of it must fit all arrays, of which there are several only beside a `$or`."""

    __slots__ = ("_arrays", "_maybe_absent", "_path")

    def __init__(self, path: _Path, arrays: Sequence[Sequence[object]]) -> None:
        self._path = path
        self._arrays = [_Entries(entries) for entries in arrays]
        self._maybe_absent = all(entries.absent for entries in self._arrays)

    def fits(self, value: Any, event: "_Event") -> bool:
        if isinstance(value, list | dict):
            if any(self._fits_scalar(scalar) for scalar in _scalars(value)):
                return True
        elif value is not _MISSING and self._fits_scalar(value):
            return True
        return self._maybe_absent and event.lacks(self._path)

    def _fits_scalar(self, value: Scalar) -> bool:
        for entries in self._arrays:  # noqa: SIM110 - a generator costs as much as the test
            if not entries.fit(value):
                return False
        return True


class _Node:
    """An object of the pattern."""

    __slots__ = ("_below", "_leaves")

    def __init__(self, leaves: Sequence[tuple[str, _Leaf]], below: Sequence[tuple[str, "_Node"]]) -> None:
        self._leaves = leaves
        self._below = below

    def fits(self, value: Any, event: "_Event") -> bool:
        """value: of the event, where this object stands; an array fits by one of its elements."""
        if isinstance(value, list):
            elements = [each for each in _flat(value) if isinstance(each, dict)]
            return any(self._fits_object(each, event) for each in elements or ({},))
        return self._fits_object(value if isinstance(value, dict) else {}, event)

    def _fits_object(self, value: Mapping[str, Any], event: "_Event") -> bool:
        value = _undotted(value)
        for name, leaf in self._leaves:
            if not leaf.fits(value.get(name, _MISSING), event):
                return False
        for name, node in self._below:  # noqa: SIM110 - a generator costs as much as the test
            if not node.fits(value.get(name, _MISSING), event):
                return False
        return True


def _node(fields: _Fields, depth: int = 0) -> _Node:
    """fields: all that lies below the same path of so many names."""
    leaves = []
    deeper: dict[str, _Fields] = {}
    for path, arrays in fields.items():
        name = path[depth]
        if len(path) == depth + 1:
            leaves.append((name, _Leaf(path, arrays)))
        else:
            deeper.setdefault(name, {})[path] = arrays
    return _Node(leaves, [(name, _node(below, depth + 1)) for name, below in deeper.items()])


# --- the event -------------------------------------------------------------------------------------------------------


class _Event:
    """The whole of it, which is looked through at most once for each path that may be absent."""

    __slots__ = ("_lacks", "_value")

    def __init__(self, value: object) -> None:
        self._value = value
        self._lacks: dict[_Path, bool] | None = None

    def lacks(self, path: _Path) -> bool:
        if self._lacks is None:
            self._lacks = {}
        lacks = self._lacks.get(path)
        if lacks is None:
            lacks = self._lacks[path] = not _present_at(self._value, path)
        return lacks


def _flat(values: Sequence[Any]) -> Iterator[Any]:
    """The elements of arrays within arrays."""
    for each in values:
        if isinstance(each, list):
            yield from _flat(each)
        else:
            yield each


def _scalars(value: Any) -> Iterator[Scalar]:
    if isinstance(value, list):
        yield from (each for each in _flat(value) if not isinstance(each, dict))
    elif not isinstance(value, dict):
        yield value


def _present_at(value: Any, path: Sequence[str]) -> bool:
    """Whether there is a scalar at a path anywhere in the event."""
    if isinstance(value, list):
        return any(_present_at(each, path) for each in _flat(value))
    if not path:
        return not isinstance(value, dict)
    if not isinstance(value, dict):
        return False
    below = _undotted(value).get(path[0], _MISSING)
    return below is not _MISSING and _present_at(below, path[1:])


def _undotted(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """With `a.b` as `b` within `a`, as patterns understand names."""
    if "." not in "".join(value):
        return value
    plain: dict[str, Any] = {}
    for name, member in value.items():
        first, dot, rest = name.partition(".")
        found = {rest: member} if dot else member
        plain[first] = [plain[first], found] if first in plain else found
    return plain
