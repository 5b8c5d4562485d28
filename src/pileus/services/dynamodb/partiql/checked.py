"""What can a statement ask for?

Checked statements hold nodes of `expressions/`; those are compiled when first used, and kept.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from pileus.services.dynamodb.expressions.checks import Values
from pileus.services.dynamodb.expressions.conditions import Test, compile_condition
from pileus.services.dynamodb.expressions.paths import value_at
from pileus.services.dynamodb.expressions.projections import Projected, compile_projection
from pileus.services.dynamodb.expressions.syntax import Node, Path, Section, children
from pileus.services.dynamodb.expressions.updates import compile_update
from pileus.services.dynamodb.partiql.terms import Steps
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.values import Item

COMPILED_KEPT_MAX: Final = 128
"""Of up to 300 KB each; statements that differ in their literals alone share them."""


class _SameNames(Mapping[str, str]):
    """PartiQL has no placeholders for names: each stands for itself, also one that begins with `#`."""

    def __getitem__(self, name: str) -> str:
        return name

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


SAME_NAMES: Final = _SameNames()


@lru_cache(COMPILED_KEPT_MAX)
def condition_test(node: Node) -> Test:
    """A condition, whose values are checked, as a function of an item and the values."""
    return compile_condition(node, SAME_NAMES)


@lru_cache(COMPILED_KEPT_MAX)
def _compiled_update(sections: tuple[Section, ...]) -> Callable[[Item, Values], dict[str, AttributeValue]]:
    return compile_update(sections, SAME_NAMES)


@lru_cache(COMPILED_KEPT_MAX)
def _compiled_projection(paths: tuple[Steps, ...]) -> Callable[[Item], Projected]:
    return compile_projection(paths)


def paths_of(node: Node) -> Iterator[Steps]:
    """The paths in a condition, as they are written."""
    if isinstance(node, Path):
        yield node.steps
    for child in children(node):
        yield from paths_of(child)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectStatement:
    """columns: names and paths, None for all. order: attributes, and whether each ascends."""

    table: str
    index: str | None
    columns: tuple[tuple[str, Steps], ...] | None
    where: Node | None
    order: tuple[tuple[str, bool], ...]

    def project(self, item: Item) -> Projected:
        """The columns that the item has, by their names."""
        if self.columns is None:
            return dict(item)
        found = ((name, value_at(item, steps)) for name, steps in self.columns)
        return {name: value for name, value in found if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertStatement:
    """members: attributes, and the names of their values."""

    table: str
    members: tuple[tuple[str, str], ...]

    def item(self, values: Values) -> dict[str, AttributeValue]:
        return {name: values[value] for name, value in self.members}


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateStatement:
    """written: the paths that it changes. returning: `ALL OLD`, `ALL NEW`, `MODIFIED OLD` or `MODIFIED NEW`."""

    table: str
    sections: tuple[Section, ...]
    written: tuple[Steps, ...]
    where: Node | None
    returning: str | None

    def apply(self, item: Item, values: Values) -> dict[str, AttributeValue]:
        """The item after the update."""
        return _compiled_update(self.sections)(item, values)

    def touched(self, item: Item) -> Projected:
        """What the update wrote, as it is in `item`."""
        return _compiled_projection(self.written)(item)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteStatement:
    """returning: `ALL OLD`, or None."""

    table: str
    where: Node | None
    returning: str | None


@dataclass(frozen=True, slots=True)
class ExistsStatement:
    """`EXISTS(SELECT ...)`: a condition of a transaction."""

    select: SelectStatement

    @property
    def table(self) -> str:
        return self.select.table

    @property
    def where(self) -> Node | None:
        return self.select.where


Statement: TypeAlias = SelectStatement | InsertStatement | UpdateStatement | DeleteStatement | ExistsStatement


@dataclass(frozen=True, slots=True)
class Bound:
    """A statement with its values."""

    statement: Statement
    values: Values
