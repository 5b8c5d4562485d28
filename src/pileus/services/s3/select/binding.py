"""What does a path of a query mean in the records of a file?

Names outside quotes have no case; where two members differ by case alone, such a name is ambiguous. `_1` is a column by
its number, and of JSON the record itself where it is no structure.

Source: S3 User Guide, "SELECT command", "Attribute access", "Case sensitivity of header and attribute names".
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.syntax import Every, Index, Name, Path, Query, Step
from pileus.services.s3.select.values import MISSING, Eval

_POSITION: Final = re.compile(r"_(\d{1,9})")
_KNOWN_MAX: Final = 1024


def own_steps(query: Query, path: Path) -> tuple[Step, ...]:
    """The path within a record, without the record's name."""
    first, *rest = path.steps
    assert isinstance(first, Name)
    name = record_name(query)
    if name is not None and first.text.lower() == name.lower():
        return tuple(rest)
    if name is None and first.text.lower() == "s3object":
        return tuple(rest)
    return path.steps


def record_name(query: Query) -> str | None:
    """The alias, or the last name of the path behind `S3Object`."""
    if query.alias is not None:
        return query.alias.text
    names = [step.text for step in query.path if isinstance(step, Name)]
    return names[-1] if names else None


def column_paths(query: Query, columns: Sequence[str] | None) -> Callable[[Path], Eval]:
    """For records that are lists of text. columns: the names in the header, None without one."""

    def bind(path: Path) -> Eval:
        steps = own_steps(query, path)
        if len(steps) != 1 or not isinstance(steps[0], Name):
            raise SelectError("InvalidKeyPath")
        at = _column(steps[0], columns)

        def run(record: object) -> object:
            assert isinstance(record, list)
            return record[at] if at < len(record) else MISSING

        return run

    return bind


def _column(name: Name, columns: Sequence[str] | None) -> int:
    if columns is not None:
        found = [at for at, column in enumerate(columns) if _called(name, column)]
        if len(found) > 1:
            raise SelectError("AmbiguousFieldName")
        if found:
            return found[0]
    position = _POSITION.fullmatch(name.text)
    if position is None:
        raise SelectError("MissingHeaders")
    if int(position.group(1)) == 0:
        raise SelectError("InvalidColumnIndex")
    return int(position.group(1)) - 1


def _called(name: Name, text: str) -> bool:
    return text == name.text if name.quoted else text.lower() == name.text.lower()


def tree_paths(query: Query) -> Callable[[Path], Eval]:
    """For records that are values of JSON."""

    def bind(path: Path) -> Eval:
        steps = own_steps(query, path)
        if steps and isinstance(steps[0], Name) and steps[0].text == "_1":
            rest = [_step(step) for step in steps[1:]]
            first = _step(steps[0])
            return _walked([lambda record: _itself(record, first), *rest])
        return _walked([_step(step) for step in steps])

    return bind


def _itself(record: object, member: Eval) -> object:
    """The record, unless it has a member of this name."""
    value = member(record)
    return record if value is MISSING else value


def _walked(steps: list[Eval]) -> Eval:
    if len(steps) == 1:
        return steps[0]

    def run(record: object) -> object:
        for step in steps:
            record = step(record)
        return record

    return run


def _step(step: Step) -> Eval:
    if isinstance(step, Index):
        at = step.at
        return lambda value: value[at] if isinstance(value, list) and at < len(value) else MISSING
    assert isinstance(step, Name)
    name = step.text
    if step.quoted:
        return lambda value: value.get(name, MISSING) if isinstance(value, dict) else MISSING
    return _caseless(step)


def _caseless(name: Name) -> Eval:
    """Records of one file mostly have the same members: which one is meant is found out once for each set of names."""
    known: dict[tuple[object, ...], str | None] = {}

    def run(value: object) -> object:
        if not isinstance(value, dict):
            return MISSING
        names = tuple(value)
        if names not in known:
            if len(known) >= _KNOWN_MAX:
                known.clear()
            known[names] = _member(name, names)
        found = known[names]
        return MISSING if found is None else value[found]

    return run


def _member(name: Name, names: Sequence[str]) -> str | None:
    found = [text for text in names if _called(name, text)]
    if len(found) > 1:
        raise SelectError("AmbiguousFieldName")
    return found[0] if found else None


def expanded(value: object, path: Sequence[Step]) -> Iterator[object]:
    """The records of one root: FROM's path. What does not match is one record that is `MISSING` (manual, FROM)."""
    if not path:
        yield value
        return
    step, rest = path[0], path[1:]
    if isinstance(step, Every):
        if isinstance(value, list):
            for element in value:
                yield from expanded(element, rest)
        else:
            yield MISSING
    else:
        yield from expanded(_step(step)(value), rest)
