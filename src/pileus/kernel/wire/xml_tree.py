"""How does XML text become a tree? Bytes in any pieces; nothing that could make more of them than there are.

Names lose their namespaces: AWS takes an element with the service's namespace, with another prefix, and without one.
A document type is refused, since entities are how a small document becomes a large one; so is depth beyond any input.
"""

from dataclasses import dataclass, field
from typing import Final, NoReturn
from xml.parsers import expat

from pileus.kernel.wire.text_values import NotReadable

_DEPTH_MAX: Final = 100
_MALFORMED: Final = "The XML is malformed"


@dataclass(slots=True)
class Element:
    """An element: its local name, attributes by local name, children, and the text before, between and after them."""

    name: str
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    text: str = ""


class XmlReader:
    """Builds one tree from the pieces of a document. Every method raises `NotReadable`."""

    def __init__(self) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = _refuse
        self._parser = parser
        self._open: list[Element] = []
        self._root: Element | None = None

    def feed(self, piece: bytes) -> None:
        self._parse(piece, last=False)

    def close(self) -> Element:
        """The root, once the last piece was fed."""
        self._parse(b"", last=True)
        assert self._root is not None, "expat refuses a document without elements"
        return self._root

    def _parse(self, piece: bytes, *, last: bool) -> None:
        try:
            self._parser.Parse(piece, last)
        except (expat.ExpatError, LookupError, ValueError) as error:  # ValueError: of an encoding that Python lacks
            raise error if isinstance(error, NotReadable) else NotReadable(_MALFORMED) from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        element = Element(_local(name), {_local(key): text for key, text in attributes.items()})
        if self._open:
            if len(self._open) >= _DEPTH_MAX:
                raise NotReadable(_MALFORMED)
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].text += text


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _refuse(*_: object) -> NoReturn:
    raise NotReadable(_MALFORMED)


def read_xml(body: bytes) -> Element:
    """The root of a whole document; raises `NotReadable`."""
    reader = XmlReader()
    reader.feed(body)
    return reader.close()
