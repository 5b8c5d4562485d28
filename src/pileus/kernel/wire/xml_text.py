"""How does a value become XML text?

Source: Smithy specification, "XML binding traits".
"""

import re
from typing import Any, Final

from pileus.kernel.wire.model import Ref, ServiceModel
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


def escape(text: str) -> str:
    """Text between tags. What XML cannot say becomes U+FFFD, since one such character makes the whole unreadable."""
    if not text.isprintable():
        text = _FORBIDDEN.sub("\ufffd", text)
    return _SPECIAL.sub(lambda found: _ENTITIES[found[0]], text)


def element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


class XmlWriter:
    """Writes builtins, under the keys of our structs, as one model wants its XML."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model

    def inside(self, structure: str, tree: dict[str, Any]) -> str:
        """The elements of a structure, without its own."""
        return "".join(
            self.value(member.ref.location_name or member.name, member.ref, tree[member.key])
            for member in self._model.members(structure)
            if tree.get(member.key) is not None
        )

    def value(self, name: str, ref: Ref, value: Any) -> str:
        """A member as an element of that name, or as several when it is flattened."""
        shape = self._model.shape_of(ref)
        if shape.type == "structure":
            return f"<{name}>{self.inside(ref.shape, value)}</{name}>"
        if shape.type == "list":
            assert shape.member is not None
            flattened = ref.flattened or shape.flattened
            item_name = shape.member.location_name or (name if flattened else "member")
            items = "".join(self.value(item_name, shape.member, item) for item in value)
            return items if flattened else f"<{name}>{items}</{name}>"
        if shape.type == "map":
            return self._map(name, ref, value)
        return element(name, write_text(ref, shape, value, timestamp_default=ISO))

    def _map(self, name: str, ref: Ref, value: dict[str, Any]) -> str:
        shape = self._model.shape_of(ref)
        assert shape.key is not None
        assert shape.value is not None
        flattened = ref.flattened or shape.flattened
        entry = name if flattened else "entry"
        key_name, value_name = shape.key.location_name or "key", shape.value.location_name or "value"
        entries = "".join(
            f"<{entry}>{element(key_name, key)}{self.value(value_name, shape.value, held)}</{entry}>"
            for key, held in value.items()
        )
        return entries if flattened else f"<{name}>{entries}</{name}>"
