"""Where does a document path lead in an item, and which paths stand in each other's way?"""

from collections.abc import Iterator, Mapping, Sequence

from pileus.services.dynamodb.expressions.syntax import Path, Step
from pileus.services.dynamodb.expressions.tokens import ExpressionError
from pileus.services.dynamodb.shapes import AttributeValue

Steps = tuple[Step, ...]


def undefined_name(name: str) -> ExpressionError:
    return ExpressionError(
        f"An expression attribute name used in the document path is not defined; attribute name: {name}"
    )


def placeholders(path: Path) -> Iterator[str]:
    """The `#names` in a path."""
    return (step for step in path.steps if isinstance(step, str) and step[0] == "#")


def resolve(path: Path, names: Mapping[str, str]) -> Steps:
    """The path with every placeholder replaced; one that is not defined stays."""
    return tuple(names.get(step, step) if isinstance(step, str) and step[0] == "#" else step for step in path.steps)


def path_text(steps: Steps) -> str:
    """A path as AWS's messages show it: `[a, b, [0]]`."""
    return "[" + ", ".join(f"[{step}]" if isinstance(step, int) else step for step in steps) + "]"


def value_at(item: Mapping[str, AttributeValue], steps: Steps) -> AttributeValue | None:
    """What lies at a path, or None."""
    head = steps[0]
    assert isinstance(head, str)
    value = item.get(head)
    for step in steps[1:]:
        if value is None:
            return None
        if isinstance(step, int):
            value = value.l[step] if value.l is not None and step < len(value.l) else None
        else:
            value = value.m.get(step) if value.m is not None else None
    return value


def check_apart(paths: Sequence[Steps]) -> None:
    """`ExpressionError` when one path lies inside of another, or two use one attribute as a list and as a map.

    The first kind is looked for everywhere before the second (architect/dynalite, test/getItem.js).
    """
    pairs = [(first, second) for index, second in enumerate(paths) for first in paths[:index]]
    for problem in ("overlap", "conflict"):
        for first, second in pairs:
            if _problem(first, second) == problem:
                raise ExpressionError(
                    f"Two document paths {problem} with each other; must remove or rewrite one of these paths; "
                    f"path one: {path_text(first)}, path two: {path_text(second)}"
                )


def _problem(first: Steps, second: Steps) -> str | None:
    for mine, other in zip(first, second, strict=False):
        if isinstance(mine, int) != isinstance(other, int):
            return "conflict"
        if mine != other:
            return None
    return "overlap"
