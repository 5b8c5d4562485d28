"""Which operation lives at this method and path?

A tree over the segments of the path as sent. At each segment a literal goes before a label, a label before a greedy one
(`{name+}`), and that one with something behind it before one that takes all. Of several operations at one place, the
one that asks for most of the query wins, then the one that requires most parameters and headers (`CopyObject` is a
`PutObject` with a source). Labels are decoded by whoever reads them, so that a `%2F` inside one is not a separator.

Source: Smithy specification, "http trait".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from pileus.kernel.wire.model import OperationModel, ServiceModel

_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Route:
    """An operation, the part of the query that it asks for, and the parameters and headers that it requires."""

    operation: str
    query: frozenset[tuple[str, str]]
    parameters: frozenset[str]
    headers: frozenset[str]
    deprecated: bool

    @property
    def rank(self) -> tuple[int, int, bool]:
        """The first of several at one place is the one that asks for most; a deprecated one comes after its heir."""
        return -len(self.query), -len(self.parameters) - len(self.headers), self.deprecated


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    label: "_Node | None" = None
    greedy: "_Node | None" = None
    routes: dict[str, list[Route]] = field(default_factory=dict)
    bare: dict[str, list[Route]] = field(default_factory=dict)
    """Of `routes` those that a request without a query may mean, once one has come."""


class _Place(NamedTuple):
    """Where an operation's labels are among the `size` segments of its path."""

    size: int
    labels: Sequence[tuple[int, str]]
    greedy: tuple[int, str] | None
    after_greedy: int
    last: Sequence[tuple[int, str]]
    """All labels with their places, where the greedy one is the last segment."""


def _place_of(parts: Sequence[str]) -> _Place:
    greedy = next(((n, part[1:-2]) for n, part in enumerate(parts) if part.endswith("+}")), None)
    labels = [(n, part[1:-1]) for n, part in enumerate(parts) if part.startswith("{") and not part.endswith("+}")]
    after_greedy = len(parts) - greedy[0] - 1 if greedy is not None else 0
    last = [*labels, greedy] if greedy is not None and not after_greedy else []
    return _Place(len(parts), labels, greedy, after_greedy, last)


class Routes:
    """All places of one service."""

    def __init__(self, model: ServiceModel, operations: Iterable[OperationModel] | None = None) -> None:
        """operations: all of the model's unless given."""
        self._root = _Node()
        self._places: dict[str, _Place] = {}
        for operation in model.operations.values() if operations is None else operations:
            self._add(model, operation)

    def find(self, method: str, path: str, query: str, headers: Mapping[str, str] = _NO_HEADERS) -> str | None:
        """The operation at a request's method, path and query, all as sent."""
        if not path.startswith("/"):  # `OPTIONS *`
            return None
        segments = path.split("/")[1:]
        found = _among(_descend(self._root, segments, 0), method, query, headers)
        if found is None:
            # AWS takes a path with and without the slash at its end (Lambda's model has `/functions/`).
            segments = segments[:-1] if segments[-1] == "" else [*segments, ""]
            found = _among(_descend(self._root, segments, 0), method, query, headers)
        return found

    def labels(self, operation: str, path: str) -> dict[str, str]:
        """The labels of an operation in a path that is its own, still encoded."""
        place = self._places[operation]
        if place.last:  # `/{Bucket}/{Key+}`, as most of S3
            parts = path.split("/", place.size)
            if len(parts) > place.size:
                return {name: parts[n + 1] for n, name in place.last}
        segments = path.split("/")[1:]
        if place.greedy is None:
            return {name: segments[n] for n, name in place.labels}
        n, name = place.greedy
        end = len(segments) - place.after_greedy
        labels = {name: "/".join(segments[n:end])}
        labels |= {label: segments[at if at < n else at - place.size] for at, label in place.labels}
        return labels

    def _add(self, model: ServiceModel, operation: OperationModel) -> None:
        path = operation.http.request_uri.partition("?")[0]
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
        routes = node.routes.setdefault(operation.http.method, [])
        routes.append(_route(model, operation))
        routes.sort(key=lambda route: route.rank)


def operation_query(operation: OperationModel) -> frozenset[tuple[str, str]]:
    """The part of the query that an operation's address has."""
    return frozenset(parse_qsl(operation.http.request_uri.partition("?")[2], keep_blank_values=True))


def _route(model: ServiceModel, operation: OperationModel) -> Route:
    required: dict[str, set[str]] = {"querystring": set(), "header": set()}
    if operation.input is not None:
        shape = model.shape_of(operation.input)
        for name in shape.required:
            ref = shape.members[name]
            if ref.location in required:
                required[ref.location].add(ref.location_name or name)
    return Route(
        operation.name,
        operation_query(operation),
        frozenset(required["querystring"]),
        frozenset(name.lower() for name in required["header"]),
        operation.deprecated,
    )


def _among(nodes: Iterable[_Node], method: str, query: str, headers: Mapping[str, str]) -> str | None:
    for node in nodes:
        routes = node.routes.get(method)
        if routes is None:
            continue
        if len(routes) == 1 and not routes[0].query:
            return routes[0].operation
        if query:
            pairs = set(parse_qsl(query, keep_blank_values=True))
            names = {name for name, _ in pairs}
            asked = [route for route in routes if route.query <= pairs]
        else:  # as most reads and writes of S3, which has dozens of operations at one place
            names = set()
            asked = node.bare.get(method) or node.bare.setdefault(
                method, [route for route in routes if not route.query]
            )
        alike = [route for route in asked if len(route.query) == len(asked[0].query)]
        for route in alike:
            if route.parameters <= names and route.headers <= headers.keys():
                return route.operation
        if alike:  # something required is missing: whoever requires least will say so
            least = min(alike, key=lambda route: (route.deprecated, len(route.parameters) + len(route.headers)))
            return least.operation
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
        least = at + 1 if segment else at + 2  # a label is never empty
        if node.greedy.literals or node.greedy.label is not None:
            for end in range(len(segments) - 1, least - 1, -1):
                yield from _descend(node.greedy, segments, end)
        if least <= len(segments):
            yield node.greedy
