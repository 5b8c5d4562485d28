"""Which route takes a request?

AWS's order of precedence: 1. a route whose path matches in full, 2. one that matches with a greedy variable, 3. the
`$default` route. Among paths, literal text goes before a variable, segment by segment from the left; of one path's
routes the one for the method itself goes before `ANY`. A path whose routes do not know the method is no match, and the
search goes on. Source: Developer Guide, "Create routes for HTTP APIs", section on routing.

A greedy variable takes one segment at least.
"""

from collections.abc import Sequence
from typing import Final, Generic, NamedTuple, TypeVar
from urllib.parse import unquote

from pileus.services.apigatewayv2.model import DEFAULT, RouteKey, parse_route_key, variable

T = TypeVar("T")

_NO_VARIABLES: Final[dict[str, str]] = {}


class Match(NamedTuple, Generic[T]):
    """The route found, and its path variables, decoded."""

    route: T
    variables: dict[str, str]


class _Node(Generic[T]):
    """All routes whose paths begin alike. `ends` by method: the route that ends here, and its variables' names."""

    __slots__ = ("ends", "greedy", "literal", "variable")

    def __init__(self) -> None:
        self.literal: dict[str, _Node[T]] = {}
        self.variable: _Node[T] | None = None
        self.greedy: _Node[T] | None = None
        self.ends: dict[str, tuple[T, tuple[str, ...]]] = {}


class RouteTable(Generic[T]):
    """The routes of a deployment, compiled. Paths are looked up as sent, percent-encoding included."""

    def __init__(self, routes: Sequence[tuple[str, T]]) -> None:
        self._root: _Node[T] = _Node()
        self._exact: dict[tuple[str, str], Match[T]] = {}
        self._default: Match[T] | None = None
        for key, route in routes:
            if key == DEFAULT:
                self._default = Match(route, _NO_VARIABLES)
            else:
                self._add(parse_route_key(key), route)

    def _add(self, key: RouteKey, route: T) -> None:
        node, names = self._root, []
        for segment in key.segments:
            found = variable(segment)
            if found is None:
                node = node.literal.setdefault(segment, _Node())
            elif found.greedy:
                names.append(found.name)
                node.greedy = node = node.greedy or _Node()
            else:
                names.append(found.name)
                node.variable = node = node.variable or _Node()
        node.ends.setdefault(key.method, (route, tuple(names)))
        if not names and key.method != "ANY":
            self._exact[key.method, key.path] = Match(route, _NO_VARIABLES)

    def find(self, method: str, path: str) -> Match[T] | None:
        """The route for a request; None when no route takes it."""
        if (exact := self._exact.get((method, path))) is not None:
            return exact
        segments = path[1:].split("/")
        if "%" in path:
            segments = [unquote(segment) for segment in segments]
        return (
            _full(self._root, method, segments, 0, ()) or _greedy(self._root, method, segments, 0, ()) or self._default
        )


def _end(node: _Node[T], method: str, values: tuple[str, ...]) -> Match[T] | None:
    found = node.ends.get(method) or node.ends.get("ANY")
    return None if found is None else Match(found[0], dict(zip(found[1], values, strict=True)))


def _full(node: _Node[T], method: str, segments: Sequence[str], at: int, values: tuple[str, ...]) -> Match[T] | None:
    if at == len(segments):
        return _end(node, method, values)
    segment = segments[at]
    below = node.literal.get(segment)
    if below is not None and (found := _full(below, method, segments, at + 1, values)) is not None:
        return found
    if node.variable is not None and segment:
        return _full(node.variable, method, segments, at + 1, (*values, segment))
    return None


def _greedy(node: _Node[T], method: str, segments: Sequence[str], at: int, values: tuple[str, ...]) -> Match[T] | None:
    if at == len(segments):
        return None
    segment = segments[at]
    below = node.literal.get(segment)
    if below is not None and (found := _greedy(below, method, segments, at + 1, values)) is not None:
        return found
    if node.variable is not None and segment:
        found = _greedy(node.variable, method, segments, at + 1, (*values, segment))
        if found is not None:
            return found
    if node.greedy is not None:
        rest = "/".join(segments[at:])
        return _end(node.greedy, method, (*values, rest)) if rest else None
    return None
