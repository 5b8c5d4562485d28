"""Event patterns against what they mean: fields by path, and any way of choosing one value for each."""

import json
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.event_pattern_values import test_of as passes
from pileus.kernel.event_patterns import compile_pattern

NAMES = st.sampled_from(["a", "b", "a.b", "b.a"])
SCALARS = st.one_of(st.sampled_from(["x", "y", "xy", ""]), st.integers(0, 2), st.booleans(), st.none())
EVENTS = st.recursive(
    SCALARS, lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(NAMES, below, max_size=3))
)
ENTRIES = st.one_of(
    SCALARS,
    st.sampled_from(
        [
            {"exists": True},
            {"exists": False},
            {"prefix": "x"},
            {"suffix": "y"},
            {"anything-but": ["x"]},
            {"anything-but": {"prefix": "x"}},
            {"numeric": [">", 0]},
        ]
    ),
)
LEAVES = st.lists(ENTRIES, min_size=1, max_size=2)
OBJECTS: st.SearchStrategy[dict[str, Any]] = st.deferred(
    lambda: st.dictionaries(NAMES, st.one_of(LEAVES, OBJECTS), min_size=1, max_size=2)
)
PATTERNS = st.one_of(
    OBJECTS,
    st.builds(lambda pattern, choices: {**pattern, "$or": choices}, OBJECTS, st.lists(OBJECTS, min_size=2, max_size=3)),
)

Field = tuple[str, Any, dict[int, int]]


def fields(event: Any) -> list[Field]:
    """Path, scalar, and of each array that it lies in the element's number."""
    found: list[Field] = []
    arrays = 0

    def walk(value: Any, path: str, within: dict[int, int]) -> None:
        nonlocal arrays
        if isinstance(value, dict):
            for name, member in value.items():
                walk(member, f"{path}.{name}" if path else name, within)
        elif isinstance(value, list):
            arrays += 1
            own = arrays
            for index, member in enumerate(value):
                walk(member, path, {**within, own: index})
        else:
            found.append((path, value, within))

    walk(event, "", {})
    return found


def rules(pattern: dict[str, Any], path: str = "") -> list[list[tuple[str, list[Any]]]]:
    """The alternatives, each as paths with entries."""
    found: list[list[tuple[str, list[Any]]]] = [[]]
    for name, value in pattern.items():
        below = f"{path}.{name}" if path else name
        if name == "$or":
            choices = [rule for choice in value for rule in rules(choice, path)]
        elif isinstance(value, dict):
            choices = rules(value, below)
        else:
            choices = [[(below, value)]]
        found = [before + choice for before in found for choice in choices]
    return found


def consistent(chosen: tuple[Field | None, ...]) -> bool:
    seen: dict[int, int] = {}
    for field in chosen:
        for array, index in ({} if field is None else field[2]).items():
            if seen.setdefault(array, index) != index:
                return False
    return True


def reference(pattern: dict[str, Any], event: Any) -> bool:
    known = fields(event)
    paths = {path for path, _, _ in known}
    for rule in rules(pattern):
        ways: list[list[Field | None]] = []
        for path, entries in rule:
            way: list[Field | None] = [
                field
                for field in known
                if field[0] == path
                and any(
                    each == {"exists": True} or (each != {"exists": False} and passes(each)(field[1]))
                    for each in entries
                )
            ]
            if {"exists": False} in entries and path not in paths:
                way.append(None)
            ways.append(way)
        if any(consistent(chosen) for chosen in product(*ways)):
            return True
    return False


def no_twins(value: Any, path: str = "") -> bool:
    """Whether no two names of an object mean the same path, which JSON leaves open."""
    if isinstance(value, list):
        return all(no_twins(each) for each in value)
    if not isinstance(value, dict):
        return True
    firsts = [name.partition(".")[0] for name in value]
    return len(firsts) == len(set(firsts)) and all(no_twins(each) for each in value.values())


@given(pattern=PATTERNS, event=st.dictionaries(NAMES, EVENTS, max_size=3).filter(no_twins))
def test_a_pattern_fits_what_it_means(pattern: dict[str, Any], event: Any) -> None:
    """The tree that is walked and the definition over fields agree, arrays, dots, absence and `$or` included."""
    assert compile_pattern(json.dumps(pattern)).matches(event) == reference(pattern, event)
