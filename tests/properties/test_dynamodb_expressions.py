"""Conditions and updates against a reference that works on trees, and never reads their text.

A tree is generated together with what it means in plain Python; its text has no more parentheses than AWS's precedence
asks for, so that the parser must find the same tree.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.expressions.request import Expressions
from pileus.services.dynamodb.shapes import AttributeValue

often = settings(max_examples=300)

_decode: Final = msgspec.json.Decoder(dict[str, AttributeValue]).decode
_encode: Final = msgspec.json.Encoder().encode

Plain = Any
"""A value in Python: (kind, content); sets are frozensets, lists are lists, maps are dicts, of such values."""
Item = dict[str, Plain]


# --- values ----------------------------------------------------------------------------------------------------------

scalars: Final = st.one_of(
    st.integers(-2, 3).map(lambda number: ("N", Decimal(number))),
    st.sampled_from(["", "x", "xy", "yx", "é"]).map(lambda text: ("S", text)),
    st.sampled_from([b"", b"x", b"x\x00"]).map(lambda data: ("B", data)),
    st.booleans().map(lambda flag: ("BOOL", flag)),
    st.just(("NULL", True)),
)
sets: Final = st.one_of(
    st.frozensets(st.sampled_from(["x", "xy", "z"]), min_size=1).map(lambda members: ("SS", members)),
    st.frozensets(st.integers(-1, 2).map(Decimal), min_size=1).map(lambda members: ("NS", members)),
    st.frozensets(st.sampled_from([b"x", b"y"]), min_size=1).map(lambda members: ("BS", members)),
)
values: Final[st.SearchStrategy[Plain]] = st.recursive(
    st.one_of(scalars, sets),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda elements: ("L", elements)),
        st.dictionaries(st.sampled_from("xy"), inner, max_size=2).map(lambda members: ("M", members)),
    ),
    max_leaves=4,
)
simple: Final = st.one_of(scalars, sets)
lists: Final = st.lists(simple, min_size=1, max_size=3).map(lambda elements: ("L", elements))
shaped: Final = st.fixed_dictionaries(
    {
        "a": st.one_of(lists, simple),
        "b": st.one_of(lists.map(lambda inside: ("M", {"x": inside})), simple),
        "c": st.one_of(simple.map(lambda inside: ("L", [("M", {"y": inside}), inside])), simple),
        "m": st.dictionaries(st.sampled_from("xy"), simple, min_size=1).map(lambda members: ("M", members)),
    }
)
"""Items in which most of the paths below lead somewhere."""
items: Final = st.one_of(shaped, shaped, st.dictionaries(st.sampled_from("abcm"), values, max_size=4))


def wire(value: Plain) -> dict[str, Any]:
    kind, content = value
    match kind:
        case "N":
            return {"N": str(content)}
        case "NS":
            return {"NS": sorted(map(str, content))}
        case "BS" | "SS":
            return {kind: sorted(content)}
        case "L":
            return {"L": [wire(element) for element in content]}
        case "M":
            return {"M": {name: wire(member) for name, member in content.items()}}
        case _:
            return {kind: content}


def decoded(item: Item) -> dict[str, AttributeValue]:
    return _decode(_encode({name: wire(value) for name, value in item.items()}))


def plain(value: AttributeValue) -> Plain:
    """What the code made, as the reference has it."""
    ((kind, content),) = msgspec.to_builtins(value, builtin_types=(bytes,)).items()
    match kind:
        case "N":
            return kind, Decimal(content)
        case "NS":
            return kind, frozenset(map(Decimal, content))
        case "SS" | "BS":
            return kind, frozenset(content)
        case "L":
            assert value.l is not None
            return kind, [plain(element) for element in value.l]
        case "M":
            assert value.m is not None
            return kind, {name: plain(member) for name, member in value.m.items()}
        case _:
            return kind, content


# --- trees -----------------------------------------------------------------------------------------------------------

Steps = tuple[str | int, ...]
PATHS: Final[dict[str, Steps]] = {
    "a": ("a",),
    "b": ("b",),
    "#c": ("c",),
    "m.x": ("m", "x"),
    "m.#y": ("m", "y"),
    "m[0]": ("m", 0),
    "a[1]": ("a", 1),
    "b.x": ("b", "x"),
    "b.x[0]": ("b", "x", 0),
    "#c[0].#y": ("c", 0, "y"),
}
NAMES: Final = {"#c": "c", "#y": "y"}


def value_at(item: Item, steps: Steps) -> Plain:
    """None where there is nothing."""
    at: Plain = ("M", item)
    for step in steps:
        kind, content = at
        if isinstance(step, int):
            if kind != "L" or step >= len(content):
                return None
        elif kind != "M" or step not in content:
            return None
        at = content[step]
    return at


@dataclass(frozen=True)
class Operand:
    """text, what it is for an item, and the values it names."""

    text: str
    of: Callable[[Item], Plain]  # None where the item has nothing
    given: dict[str, Plain] = field(default_factory=dict)


def literal(value: Plain, number: int) -> Operand:
    return Operand(f":v{number}", lambda item: value, {f":v{number}": value})


def path(text: str) -> Operand:
    return Operand(text, lambda item: value_at(item, PATHS[text]))


def size(text: str) -> Operand:
    def measured(item: Item) -> Plain:
        value = value_at(item, PATHS[text])
        if value is None or value[0] in {"N", "BOOL", "NULL"}:
            return None
        return "N", Decimal(len(value[1]))

    return Operand(f"size({text})", measured)


OR, AND, NOT, ATOM = range(4)
"""How strongly a tree binds; a weaker part needs parentheses."""


@dataclass(frozen=True)
class Condition:
    text: str
    holds: Callable[[Item], bool]
    given: dict[str, Plain]
    binds: int = ATOM

    def inside(self, binds: int) -> str:
        return self.text if self.binds >= binds else f"({self.text})"


class Trees:
    """Draws conditions; each value has a placeholder of its own."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._number = 0

    def literal(self, chosen: st.SearchStrategy[Plain]) -> Operand:
        self._number += 1
        return literal(self._draw(chosen), self._number)

    def path(self) -> Operand:
        return path(self._draw(st.sampled_from(list(PATHS))))

    def measured(self) -> Operand:
        """A path, or the size of one."""
        text = self._draw(st.sampled_from(list(PATHS)))
        return size(text) if self._draw(st.integers(0, 3)) == 0 else path(text)

    def condition(self, depth: int) -> Condition:
        kind = self._draw(st.integers(0, 9))
        if depth == 0 or kind < 4:
            return self.atom()
        if kind < 6:
            part = self.condition(depth - 1)
            return Condition(f"NOT {part.inside(NOT)}", lambda item: not part.holds(item), part.given, NOT)
        operator, binds = ("AND", AND) if kind < 8 else ("OR", OR)
        parts = [self.condition(depth - 1) for _ in range(self._draw(st.integers(2, 3)))]
        quantifier = all if operator == "AND" else any
        return Condition(
            f" {operator} ".join(part.inside(binds) for part in parts),
            lambda item: quantifier(part.holds(item) for part in parts),
            {name: value for part in parts for name, value in part.given.items()},
            binds,
        )

    def atom(self) -> Condition:
        draw = self._draw
        match draw(st.sampled_from(["equal", "order", "between", "in", "exists", "type", "begins", "contains"])):
            case "equal":
                left, right = self.measured(), self.literal(values)
                unequal = draw(st.booleans())

                def equal(item: Item) -> bool:
                    return (left.of(item) == right.of(item)) is not unequal

                return _flipped(draw(st.booleans()), left, "<>" if unequal else "=", right, equal)
            case "order":
                left, right = self.measured(), self.literal(scalars.filter(_ordered))
                operator = draw(st.sampled_from(list(_ORDERS)))
                return _flipped(False, left, operator, right, lambda item: _holds(operator, left, right, item))
            case "between":
                middle = self.measured()
                low, high = (self.literal(scalars.filter(_ordered)) for _ in range(2))
                ends = low.of({}), high.of({})
                if ends[0][0] != ends[1][0] or ends[0][1] > ends[1][1]:
                    high = Operand(high.text, low.of, dict.fromkeys(high.given, ends[0]))
                return Condition(
                    f"{middle.text} BETWEEN {low.text} AND {high.text}",
                    lambda item: _holds(">=", middle, low, item) and _holds("<=", middle, high, item),
                    {**low.given, **high.given},
                )
            case "in":
                wanted = self.measured()
                choices = [self.literal(values) for _ in range(draw(st.integers(1, 3)))]
                return Condition(
                    f"{wanted.text} IN ({', '.join(choice.text for choice in choices)})",
                    lambda item: wanted.of(item) in [choice.of(item) for choice in choices],
                    {name: value for choice in choices for name, value in choice.given.items()},
                )
            case "exists":
                one, absent = self.path(), draw(st.booleans())
                name = "attribute_not_exists" if absent else "attribute_exists"
                return Condition(f"{name}({one.text})", lambda item: (one.of(item) is None) is absent, {})
            case "type":
                one = self.path()
                kind = self.literal(st.sampled_from(_KINDS).map(lambda name: ("S", name)))
                return Condition(
                    f"attribute_type({one.text}, {kind.text})",
                    lambda item: (one.of(item) or (None,))[0] == kind.of(item)[1],
                    kind.given,
                )
            case "begins":
                one, prefix = self.path(), self.literal(scalars.filter(lambda value: value[0] in "SB"))

                def begins(item: Item) -> bool:
                    found, start = one.of(item), prefix.of(item)
                    return found is not None and found[0] == start[0] and found[1].startswith(start[1])

                return Condition(f"begins_with({one.text}, {prefix.text})", begins, prefix.given)
            case _:
                one, part = self.path(), self.literal(scalars)
                return Condition(
                    f"contains({one.text}, {part.text})",
                    lambda item: _contains(one.of(item), part.of(item)),
                    part.given,
                )


_KINDS: Final = ("S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M")
_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


def _ordered(value: Plain) -> bool:
    return value[0] in {"S", "N", "B"}


def _holds(operator: str, left: Operand, right: Operand, item: Item) -> bool:
    a, b = left.of(item), right.of(item)
    return a is not None and b is not None and a[0] == b[0] and _ORDERS[operator](a[1], b[1])


def _flipped(flipped: bool, left: Operand, operator: str, right: Operand, holds: Callable[[Item], bool]) -> Condition:
    text = f"{right.text} {operator} {left.text}" if flipped else f"{left.text} {operator} {right.text}"
    return Condition(text, holds, {**left.given, **right.given})


def _contains(whole: Plain, part: Plain) -> bool:
    """Developer Guide, "Condition and filter expressions": a substring, a member of a set, an element of a list."""
    if whole is None:
        return False
    kind, content = whole
    if kind == "L":
        return part in content
    if kind in {"S", "B"}:
        return part[0] == kind and part[1] in content
    return bool(kind in {"SS", "NS", "BS"} and part[0] == kind[0] and part[1] in content)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    return Trees(draw).condition(3)


def expressions(given_values: dict[str, Plain], text: str) -> Expressions:
    names = {name: real for name, real in NAMES.items() if name in text}
    wired = _decode(_encode({name: wire(value) for name, value in given_values.items()}))
    return Expressions(names or None, wired or None)


@given(conditions(), st.lists(items, min_size=1, max_size=5))
@often
def test_a_condition_holds_when_its_tree_does(condition: Condition, tried: list[Item]) -> None:
    """Every operator and function, nested paths, all types; and precedence, since the text has no spare parentheses."""
    request = expressions(condition.given, condition.text)
    compiled = request.condition("FilterExpression", condition.text)
    request.finish()
    for item in tried:
        assert compiled.test(decoded(item), request.values) == condition.holds(item), (condition.text, item)


# --- updates ---------------------------------------------------------------------------------------------------------


class Refused(Exception):
    """The reference refuses the update."""


Outcome = Callable[[Item], Plain]
"""What to write at a path; None removes what is there."""


@dataclass(frozen=True)
class Action:
    clause: str
    text: str
    steps: Steps
    outcome: Outcome
    given: dict[str, Plain]


class Updates(Trees):
    """Draws the actions of an update."""

    def operand(self) -> Operand:
        """What SET takes beside arithmetic: a value, a path, or a function."""
        kind = self._draw(st.integers(0, 7))
        if kind < 4:
            return self.literal(values)
        if kind < 5:
            return self.present()
        if kind < 6:
            one, other = self.path(), self.literal(values)
            return Operand(
                f"if_not_exists({one.text}, {other.text})", lambda item: one.of(item) or other.of(item), other.given
            )
        left, right = self.listed(), self.listed()

        def joined(item: Item) -> Plain:
            a, b = left.of(item), right.of(item)
            if a is None or b is None or a[0] != "L" or b[0] != "L":
                raise Refused
            return "L", a[1] + b[1]

        return Operand(f"list_append({left.text}, {right.text})", joined, {**left.given, **right.given})

    def present(self) -> Operand:
        """A path that must be there; mostly one that is."""
        one = path(self._draw(st.sampled_from(["a", "b", "#c", "m.x", "m.#y", "a[1]", "b.x", "b.x[0]"])))

        def read(item: Item) -> Plain:
            value = one.of(item)
            if value is None:
                raise Refused
            return value

        return Operand(one.text, read)

    def listed(self) -> Operand:
        if self._draw(st.booleans()):
            return self.literal(st.lists(scalars, max_size=2).map(lambda elements: ("L", elements)))
        return self.present()

    def number(self) -> Operand:
        if self._draw(st.booleans()):
            return self.literal(st.integers(-3, 3).map(lambda number: ("N", Decimal(number))))
        return self.present()

    def arithmetic(self) -> Operand:
        left, right = self.number(), self.number()
        minus = self._draw(st.booleans())

        def total(item: Item) -> Plain:
            a, b = left.of(item), right.of(item)
            if a[0] != "N" or b[0] != "N":
                raise Refused
            return "N", a[1] - b[1] if minus else a[1] + b[1]

        return Operand(f"{left.text} {'-' if minus else '+'} {right.text}", total, {**left.given, **right.given})

    def action(self, text: str) -> Action:
        steps = PATHS[text]
        clause = self._draw(st.sampled_from(["SET", "SET", "SET", "REMOVE", "REMOVE", "REMOVE", "ADD", "DELETE"]))
        match clause:
            case "SET":
                operand = self.arithmetic() if self._draw(st.integers(0, 5)) == 0 else self.operand()
                return Action(clause, f"{text} = {operand.text}", steps, operand.of, operand.given)
            case "REMOVE":
                return Action(clause, text, steps, lambda item: None, {})
            case "ADD":
                numbers = st.integers(-3, 3).map(lambda number: ("N", Decimal(number)))
                operand = self.literal(st.one_of(numbers, sets))
                combine: Callable[[Plain, Plain], Plain] = _added
            case _:
                operand = self.literal(sets)
                combine = _deleted
        return Action(
            clause,
            f"{text} {operand.text}",
            steps,
            lambda item: combine(value_at(item, steps), operand.of(item)),
            operand.given,
        )


def _added(present: Plain, more: Plain) -> Plain:
    if present is None:
        return more
    if present[0] != more[0]:
        raise Refused
    return present[0], present[1] + more[1] if present[0] == "N" else present[1] | more[1]


def _deleted(present: Plain, less: Plain) -> Plain:
    if present is None:
        return None
    if present[0] != less[0]:
        raise Refused
    left = present[1] - less[1]
    return (present[0], left) if left else None


APART: Final = (
    ("a", "b", "#c", "m.x", "m.#y"),
    ("a[1]", "b.x[0]", "#c[0].#y", "m[0]"),
    ("m.x", "b", "a[1]", "#c"),
)
"""Paths none of which lies in another, and none of which takes its parent for something else than another does."""


@st.composite
def updates(draw: st.DrawFn) -> list[Action]:
    drawn = Updates(draw)
    paths = draw(st.sampled_from(APART))
    chosen = draw(st.lists(st.sampled_from(paths), min_size=1, max_size=2, unique=True))
    return [drawn.action(text) for text in chosen]


def updated(item: Item, actions: list[Action]) -> Item:
    """The reference: all is worked out from the item as it was, then written; removals last, from the back."""
    for action in actions:
        parent = value_at(item, action.steps[:-1])
        if parent is None or parent[0] != ("L" if isinstance(action.steps[-1], int) else "M"):
            raise Refused
    outcomes = [(action.steps, action.outcome(item)) for action in actions]
    result = copy.deepcopy(item)
    for steps, value in outcomes:
        if value is not None:
            parent = value_at(result, steps[:-1])
            assert parent is not None
            last = steps[-1]
            if isinstance(last, int) and last >= len(parent[1]):
                parent[1].append(value)
            else:
                parent[1][last] = value
    for steps, value in outcomes:
        if value is None and value_at(result, steps) is not None:
            parent = value_at(result, steps[:-1])
            assert parent is not None
            del parent[1][steps[-1]]
    return result


@given(updates(), st.lists(items, min_size=1, max_size=5))
@often
def test_an_update_makes_what_the_reference_makes(actions: list[Action], tried: list[Item]) -> None:
    """Every clause and function, several at once, nested paths: the same item, or both refuse it."""
    clauses = {action.clause: [one.text for one in actions if one.clause == action.clause] for action in actions}
    text = " ".join(f"{clause} {', '.join(texts)}" for clause, texts in clauses.items())
    request = expressions({name: value for action in actions for name, value in action.given.items()}, text)
    compiled = request.update(text)
    request.finish()
    for item in tried:
        before = decoded(item)
        try:
            expected: Item | None = updated(item, actions)
        except Refused:
            expected = None
        try:
            made: Item | None = {name: plain(value) for name, value in compiled.apply(before, request.values).items()}
        except ValidationException:
            made = None
        assert made == expected, (text, item)
        assert before == decoded(item), "the item as it was is not touched"
