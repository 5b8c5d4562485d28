"""Where in a JSON tree are moments, and how do they become `datetime`s and back?

A struct holds an aware `datetime` where the wire has a number or a text. Only the parts of a tree that lead to a
timestamp are walked; a shape without one costs nothing.
"""

from collections.abc import Callable
from datetime import datetime

from pileus.kernel.wire.model import Ref, ServiceModel
from pileus.kernel.wire.timestamps import UNIX, format_of, read_timestamp, write_timestamp

Walk = Callable[[object], object]


class Moments:
    """The walks of one model in one direction."""

    def __init__(self, model: ServiceModel, *, reading: bool) -> None:
        self._model = model
        self._reading = reading
        self._leading: dict[str, bool] = {}
        self._walks: dict[str, Walk] = {}

    def walk(self, ref: Ref) -> Walk | None:
        """What rewrites a value of this shape; None when there is no moment in it. A tree is changed in place."""
        shape = self._model.shape_of(ref)
        if shape.type == "timestamp":
            return self._leaf(format_of(ref, shape, default=UNIX))
        if not self._leads(ref.shape):
            return None
        walk = self._walks.get(ref.shape)
        if walk is None:
            # A shape may contain itself: the name is bound before its inside is looked at.
            self._walks[ref.shape] = lambda value: self._walks[ref.shape](value)
            walk = self._walks[ref.shape] = self._branch(ref)
        return walk

    def _leads(self, shape_name: str) -> bool:
        known = self._leading.get(shape_name)
        if known is None:
            reachable = self._reachable(shape_name)
            known = any(self._model.shapes[name].type == "timestamp" for name in reachable)
            self._leading[shape_name] = known
        return known

    def _reachable(self, shape_name: str) -> set[str]:
        seen: set[str] = set()
        waiting = [shape_name]
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            shape = self._model.shapes[name]
            refs = [*shape.members.values(), *(ref for ref in (shape.member, shape.key, shape.value) if ref)]
            waiting.extend(ref.shape for ref in refs)
        return seen

    def _leaf(self, form: str) -> Walk:
        if self._reading:
            # CBOR says itself that something is a moment.
            return lambda value: value if value is None or isinstance(value, datetime) else read_timestamp(value)
        return lambda value: write_timestamp(value, form) if isinstance(value, datetime) else value

    def _branch(self, ref: Ref) -> Walk:
        shape = self._model.shape_of(ref)
        if shape.type == "structure":
            inside = {
                member.key: walk
                for member in self._model.members(ref.shape)
                if (walk := self.walk(member.ref)) is not None
            }
            return lambda value: _in_structure(value, inside)
        if shape.type == "list":
            assert shape.member is not None
            element = self.walk(shape.member)
            assert element is not None
            return lambda value: [element(item) for item in value] if isinstance(value, list) else value
        assert shape.type == "map"
        assert shape.value is not None
        held = self.walk(shape.value)
        assert held is not None, "a moment is never a map's key"
        return lambda value: {k: held(v) for k, v in value.items()} if isinstance(value, dict) else value


def _in_structure(value: object, inside: dict[str, Walk]) -> object:
    if isinstance(value, dict):
        for key, walk in inside.items():
            if key in value:
                value[key] = walk(value[key])
    return value
