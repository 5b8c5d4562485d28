"""How does a value become XML text?

Source: Smithy specification, "XML binding traits".
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from pileus.kernel.wire.model import Ref, ServiceModel, Shape
from pileus.kernel.wire.text_values import write_text
from pileus.kernel.wire.timestamps import ISO

_SPECIAL: Final = re.compile('[&<>"\r\n\t]')
_ENTITIES: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\r": "&#xD;",
    "\n": "&#xA;",
    "\t": "&#x9;",
}
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold, not even as an entity."""

_ODD: Final = re.compile(f"{_SPECIAL.pattern}|{_FORBIDDEN.pattern}")
"""What does not stand for itself."""


def escape(text: str) -> str:
    """Text between tags. What XML cannot say becomes U+FFFD, since one such character makes the whole unreadable."""
    if not text.isprintable():
        text = _FORBIDDEN.sub("\ufffd", text)
    return _SPECIAL.sub(lambda found: _ENTITIES[found[0]], text)


def element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


Parts = list[str]
Write = Callable[[Any, Parts], None]
"""Appends the text of a value, which is never None."""


class XmlWriter:
    """Writes builtins, under the keys of our structs, as one model wants its XML; each use of a shape is compiled once.

    attributes: whether members may be attributes, and elements have namespaces of their own (REST, not forms).
    """

    def __init__(self, model: ServiceModel, *, attributes: bool = False) -> None:
        self._model = model
        self._attributes = attributes
        self._inside: dict[str, Write] = {}

    def inside(self, structure: str, tree: Mapping[str, Any]) -> str:
        """The elements of a structure, without its own."""
        parts: Parts = []
        self._members_of(structure)(tree, parts)
        return "".join(parts)

    def value(self, name: str, ref: Ref, value: Any) -> str:
        """A member as an element of that name, or as several when it is flattened."""
        parts: Parts = []
        self.writer(name, ref)(value, parts)
        return "".join(parts)

    def writer(self, name: str, ref: Ref) -> Write:
        """What writes a use of a shape as an element of that name, or as several when it is flattened."""
        shape = self._model.shape_of(ref)
        if shape.type == "structure":
            return self._structure(name, ref, shape)
        if shape.type == "list":
            return self._list(name, ref, shape)
        if shape.type == "map":
            return self._map(name, ref, shape)
        return self._scalar(name, ref, shape)

    def _scalar(self, name: str, ref: Ref, shape: Shape) -> Write:
        before, after = f"<{name}>", f"</{name}>"
        if shape.type in {"string", "character"}:

            def write_string(value: Any, parts: Parts) -> None:
                parts.append(f"{before}{value if _ODD.search(value) is None else escape(value)}{after}")

            return write_string

        def write(value: Any, parts: Parts) -> None:
            parts.append(f"{before}{write_text(ref, shape, value, timestamp_default=ISO)}{after}")

        return write

    def _structure(self, name: str, ref: Ref, shape: Shape) -> Write:
        inside = self._members_of(ref.shape)
        after = f"</{name}>"
        namespace = ref.xml_namespace or shape.xml_namespace
        if not self._attributes or namespace is None or not namespace.prefix:
            before = f"<{name}>"

            def write(value: Any, parts: Parts) -> None:
                parts.append(before)
                inside(value, parts)
                parts.append(after)

            return write
        opening = f'<{name} xmlns:{namespace.prefix}="{namespace.uri}"'
        attributes = [
            (member.key, member.ref.location_name or member.name)
            for member in self._model.members(ref.shape)
            if member.ref.xml_attribute
        ]

        def write_with_attributes(value: Any, parts: Parts) -> None:
            told = (f' {given}="{escape(str(value[key]))}"' for key, given in attributes if value.get(key) is not None)
            parts.append(f"{opening}{''.join(told)}>")
            inside(value, parts)
            parts.append(after)

        return write_with_attributes

    def _members_of(self, structure: str) -> Write:
        known = self._inside.get(structure)
        if known is None:
            # A shape may contain itself: the name is bound before its inside is looked at.
            self._inside[structure] = lambda value, parts: self._inside[structure](value, parts)
            known = self._inside[structure] = self._compile_members(structure)
        return known

    def _compile_members(self, structure: str) -> Write:
        members = [
            (member.key, self.writer(member.ref.location_name or member.name, member.ref))
            for member in self._model.members(structure)
            if member.ref.location is None and not (self._attributes and member.ref.xml_attribute)
        ]

        def write(value: Any, parts: Parts) -> None:
            for key, write_member in members:
                held = value.get(key)
                if held is not None:
                    write_member(held, parts)

        return write

    def _list(self, name: str, ref: Ref, shape: Shape) -> Write:
        assert shape.member is not None
        flattened = ref.flattened or shape.flattened
        item = self.writer(shape.member.location_name or (name if flattened else "member"), shape.member)
        before, after = ("", "") if flattened else (f"<{name}>", f"</{name}>")

        def write(value: Any, parts: Parts) -> None:
            parts.append(before)
            for held in value:
                item(held, parts)
            parts.append(after)

        return write

    def _map(self, name: str, ref: Ref, shape: Shape) -> Write:
        assert shape.key is not None
        assert shape.value is not None
        flattened = ref.flattened or shape.flattened
        entry = (shape.location_name or name) if flattened else "entry"
        before, after = ("", "") if flattened else (f"<{name}>", f"</{name}>")
        key_name = shape.key.location_name or "key"
        held = self.writer(shape.value.location_name or "value", shape.value)

        def write(value: Any, parts: Parts) -> None:
            parts.append(before)
            for key, one in value.items():
                parts.append(f"<{entry}>{element(key_name, key)}")
                held(one, parts)
                parts.append(f"</{entry}>")
            parts.append(after)

        return write
