"""Which constraints of its shape does a value break, and what does AWS say of each?

Source: recordings, as `validation` names them.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from pileus.kernel.wire.dialect import Constraint
from pileus.kernel.wire.model import Shape
from pileus.kernel.wire.scalars import FLOATS, INTEGERS

_LISTED_PATTERN_FIRST: Final[tuple[Constraint, ...]] = ("pattern", "max", "min")


def broken(shape: Shape, value: object) -> list[tuple[Constraint, str]]:
    """The constraints of this shape alone that a value breaks, and what AWS says about each."""
    if shape.enum:
        return [] if value in shape.enum else [("enum", told_enum(shape.enum))]
    limits = _limits(shape)
    return [(name, limits[name]) for name in _LISTED_PATTERN_FIRST if name in limits and not _holds(shape, name, value)]


def _holds(shape: Shape, constraint: Constraint, value: object) -> bool:
    if constraint == "pattern":
        assert shape.pattern is not None
        compiled = _compiled(shape.pattern)
        return compiled is None or not isinstance(value, str) or compiled.search(value) is not None
    bound = shape.max if constraint == "max" else shape.min
    assert bound is not None
    if isinstance(value, str | bytes | list | Mapping):
        size: int | float = len(value)
    elif isinstance(value, int | float):
        size = value
    else:
        assert isinstance(value, datetime | None), "only a moment has no size"
        return True
    return size <= bound if constraint == "max" else size >= bound


def _limits(shape: Shape) -> dict[Constraint, str]:
    """What AWS says about each constraint of a shape."""
    texts: dict[Constraint, str] = {}
    measure = "value" if shape.type in INTEGERS or shape.type in FLOATS else "length"
    if shape.max is not None:
        texts["max"] = f"Member must have {measure} less than or equal to {_bound(shape, shape.max)}"
    if shape.min is not None:
        texts["min"] = f"Member must have {measure} greater than or equal to {_bound(shape, shape.min)}"
    if shape.pattern and shape.type == "string":
        texts["pattern"] = f"Member must satisfy regular expression pattern: {shape.pattern}"
    return texts


def element_constraints(shape: Shape) -> str:
    """Everything that an element of a list or a map's value must satisfy, as AWS lists it when one does not.

    An element must not be null either, which AWS adds unless its text may be empty. Recordings lambda/lambda_api:
    test_layer_function_exceptions and test_create_lambda_exceptions have it, test_invalid_vpc_config_subnet has not.
    """
    texts = constraints_of(shape)
    if not (shape.type == "string" and shape.min == 0):
        texts.append("Member must not be null")
    return ", ".join(texts)


def constraints_of(shape: Shape) -> list[str]:
    return [told_enum(shape.enum)] if shape.enum else list(_limits(shape).values())


def told_enum(allowed: Sequence[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(allowed)}]"


def _bound(shape: Shape, bound: int | float) -> str:
    return str(float(bound)) if shape.type in FLOATS else str(int(bound))


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A Java pattern that must match the whole text; None where Python lacks the construct."""
    try:
        return re.compile(rf"^(?a:{pattern})\Z")
    except re.error:
        return None
