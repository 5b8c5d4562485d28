"""What remains of an item when only some paths are asked for?

The paths grow into a tree; the item is copied along it. Elements of a list keep their order and close up; a map or a
list of which nothing was found is not there at all.
"""

from collections.abc import Callable, Sequence

from pileus.services.dynamodb.expressions.paths import Steps
from pileus.services.dynamodb.expressions.syntax import Step
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.values import Item

Projected = dict[str, AttributeValue]
Tree = dict[Step, "Tree"]
"""Below each step what is asked for inside of it; nothing means all."""


def compile_projection(paths: Sequence[Steps]) -> Callable[[Item], Projected]:
    """The projection as a function of an item; no two paths overlap."""
    root: Tree = {}
    for steps in paths:
        node = root
        for step in steps:
            node = node.setdefault(step, {})

    def project(item: Item) -> Projected:
        return _members(item, root)

    return project


def _members(members: Item, tree: Tree) -> Projected:
    kept: Projected = {}
    for name, below in tree.items():
        value = members.get(name) if isinstance(name, str) else None
        part = None if value is None else _part(value, below)
        if part is not None and isinstance(name, str):
            kept[name] = part
    return kept


def _part(value: AttributeValue, tree: Tree) -> AttributeValue | None:
    if not tree:
        return value
    if value.m is not None:
        members = _members(value.m, tree)
        return AttributeValue(m=members) if members else None
    if value.l is not None:
        elements = value.l
        indexes = sorted(step for step in tree if isinstance(step, int) and step < len(elements))
        parts = [part for index in indexes if (part := _part(elements[index], tree[index])) is not None]
        return AttributeValue(l=parts) if parts else None
    return None
