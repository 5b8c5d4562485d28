"""Which operation lives at this method and path?

A tree over the segments of the path as sent. At each segment a literal goes before a label, a label before a greedy one
(`{name+}`); of several operations at one place, the one that asks for most of the query wins. Labels are decoded by
whoever reads them, so that a `%2F` inside one is not a separator.

Source: Smithy specification, "http trait".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl

from pileus.kernel.wire.model import OperationModel


@dataclass(frozen=True, slots=True)
class Route:
    """An operation, and the part of the query that it asks for."""

    operation: str
    query: frozenset[tuple[str, str]]


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    label: "_Node | None" = None
    greedy: "_Node | None" = None
    routes: dict[str, list[Route]] = field(default_factory=dict)


class _Place(NamedTuple):
    """Where an operation's labels are among the `size` segments of its path."""

    size: int
    labels: Sequence[tuple[int, str]]
    greedy: tuple[int, str] | None
    after_greedy: int


def _place_of(parts: Sequence[str]) -> _Place:
    greedy = next(((n, part[1:-2]) for n, part in enumerate(parts) if part.endswith("+}")), None)
    labels = [(n, part[1:-1]) for n, part in enumerate(parts) if part.startswith("{") and not part.endswith("+}")]
    return _Place(len(parts), labels, greedy, len(parts) - greedy[0] - 1 if greedy is not None else 0)


class Routes:
    """All places of one service."""

    def __init__(self, operations: Iterable[OperationModel]) -> None:
        self._root = _Node()
        self._places: dict[str, _Place] = {}
        for operation in operations:
            self._add(operation)

    def find(self, method: str, path: str, query: str) -> str | None:
        """The operation at a request's method, path and query, all as sent."""
        if not path.startswith("/"):  # `OPTIONS *`
            return None
        segments = path.split("/")[1:]
        found = self._among(_descend(self._root, segments, 0), method, query)
        if found is None:
            # AWS takes a path with and without the slash at its end (Lambda's model has `/functions/`).
            segments = segments[:-1] if segments[-1] == "" else [*segments, ""]
            found = self._among(_descend(self._root, segments, 0), method, query)
        return found

    def labels(self, operation: str, path: str) -> dict[str, str]:
        """The labels of an operation in a path that is its own, still encoded."""
        segments = path.split("/")[1:]
        place = self._places[operation]
        if place.greedy is None:
            return {name: segments[n] for n, name in place.labels}
        n, name = place.greedy
        end = len(segments) - place.after_greedy
        labels = {name: "/".join(segments[n:end])}
        labels |= {label: segments[at if at < n else at - place.size] for at, label in place.labels}
        return labels

    def _add(self, operation: OperationModel) -> None:
        path, _, query = operation.http.request_uri.partition("?")
        parts = path.split("/")[1:]
        self._places[operation.name] = _place_of(parts)
        node = self._root
        for part in parts:
            if part.startswith("{") and part.endswith("+}"):
                node.greedy = node.greedy or _Node()
                node = node.greedy
            elif part.startswith("{"):
                node.label = node.label or _Node()
                node = node.label
            else:
                node = node.literals.setdefault(part, _Node())
        wanted = frozenset(parse_qsl(query, keep_blank_values=True))
        routes = node.routes.setdefault(operation.http.method, [])
        routes.append(Route(operation.name, wanted))
        routes.sort(key=lambda route: -len(route.query))

    @staticmethod
    def _among(nodes: Iterable[_Node], method: str, query: str) -> str | None:
        for node in nodes:
            for route in node.routes.get(method, ()):
                if not route.query or route.query <= set(parse_qsl(query, keep_blank_values=True)):
                    return route.operation
        return None


def _descend(node: _Node, segments: Sequence[str], at: int) -> Iterable[_Node]:
    """The places that a path may mean, the most literal first."""
    if at == len(segments):
        yield node
        return
    segment = segments[at]
    literal = node.literals.get(segment)
    if literal is not None:
        yield from _descend(literal, segments, at + 1)
    if node.label is not None and segment:
        yield from _descend(node.label, segments, at + 1)
    if node.greedy is not None:
        for end in range(len(segments), at, -1):
            yield from _descend(node.greedy, segments, end)
