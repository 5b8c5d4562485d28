"""How does a tree of XML become builtins under the keys of our structs?

What the model does not know is passed over, as AWS's own readers do with clients that are newer than they are.
"""

from collections.abc import Callable
from typing import Any

from pileus.kernel.wire.model import Member, Ref, ServiceModel, Shape
from pileus.kernel.wire.text_values import NotReadable, reader_of
from pileus.kernel.wire.xml_tree import Element

Read = Callable[[Element], Any]
"""The value of an element; raises `NotReadable`."""
Place = Callable[[Element, dict[str, Any]], None]
"""Puts the value of a structure's child into what was read so far."""


class ShapeReader:
    """Reads shapes of one model; each is prepared once."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._readers: dict[tuple[str, bool], Read] = {}

    def reader(self, ref: Ref) -> Read:
        known = (ref.shape, ref.flattened)
        read = self._readers.get(known)
        if read is None:
            # A shape may contain itself: the name is bound before its inside is looked at.
            self._readers[known] = lambda element: self._readers[known](element)
            read = self._readers[known] = self._prepare(ref)
        return read

    def _prepare(self, ref: Ref) -> Read:
        shape = self._model.shape_of(ref)
        if shape.type == "structure":
            return self._structure(ref.shape)
        if shape.type == "list":
            return self._list(shape)
        if shape.type == "map":
            return self._map(shape)
        scalar = reader_of(shape)
        if shape.type in {"string", "character"}:
            return lambda element: scalar(_only_text(element))
        return lambda element: scalar(_only_text(element).strip())

    def _structure(self, name: str) -> Read:
        places: dict[str, list[Place]] = {}
        attributes: list[tuple[str, str]] = []
        for member in self._model.members(name):
            if member.ref.location is not None:
                continue
            given = member.ref.location_name or member.name
            if member.ref.xml_attribute:
                attributes.append((given.rpartition(":")[2], member.key))
                continue
            for element_name in self._names(member, given):
                places.setdefault(element_name, []).append(self._place(member))

        def read(element: Element) -> dict[str, Any]:
            found: dict[str, Any] = {}
            for child in element.children:
                for place in places.get(child.name, ()):
                    place(child, found)
            for attribute, key in attributes:
                if attribute in element.attributes:
                    found[key] = element.attributes[attribute]
            return found

        return read

    def _names(self, member: Member, given: str) -> set[str]:
        shape = member.shape
        if shape.type == "list" and (member.ref.flattened or shape.flattened):
            assert shape.member is not None
            return {given, shape.member.location_name or given}
        return {given}

    def _place(self, member: Member) -> Place:
        key, shape = member.key, member.shape
        if not (member.ref.flattened or shape.flattened):
            read = self.reader(member.ref)

            def place(child: Element, found: dict[str, Any]) -> None:
                found[key] = read(child)

            return place
        if shape.type == "list":
            assert shape.member is not None
            read_item = self.reader(shape.member)

            def place_item(child: Element, found: dict[str, Any]) -> None:
                found.setdefault(key, []).append(read_item(child))

            return place_item
        read_entry = self._entry(shape)

        def place_entry(child: Element, found: dict[str, Any]) -> None:
            entry_key, held = read_entry(child)
            found.setdefault(key, {})[entry_key] = held

        return place_entry

    def _list(self, shape: Shape) -> Read:
        assert shape.member is not None
        name = shape.member.location_name or "member"
        read_item = self.reader(shape.member)
        return lambda element: [read_item(child) for child in element.children if child.name == name]

    def _map(self, shape: Shape) -> Read:
        read_entry = self._entry(shape)
        return lambda element: dict(read_entry(child) for child in element.children if child.name == "entry")

    def _entry(self, shape: Shape) -> Callable[[Element], tuple[str, Any]]:
        assert shape.key is not None
        assert shape.value is not None
        key_name, value_name = shape.key.location_name or "key", shape.value.location_name or "value"
        read_held = self.reader(shape.value)

        def read(element: Element) -> tuple[str, Any]:
            children = {child.name: child for child in element.children}
            if key_name not in children or value_name not in children:
                raise NotReadable("An entry of a map lacks its key or value")
            return _only_text(children[key_name]), read_held(children[value_name])

        return read


def _only_text(element: Element) -> str:
    if element.children:
        raise NotReadable(f"The element {element.name} holds other elements where a value is expected")
    return element.text
