"""What an expression is made of, once it is parsed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Step = str | int
"""A member's name, or an index; a name that begins with `#` is a placeholder until `resolve` replaced it."""


@dataclass(frozen=True, slots=True)
class Path:
    """A document path: `a.b[3].#c`."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A value's placeholder: `:v`."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function; which are conditions, and which operands, the checks know."""

    function: str
    arguments: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Parentheses:
    """Kept, because two around the same thing are an error."""

    inner: "Node"


@dataclass(frozen=True, slots=True)
class Comparison:
    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Between:
    operand: "Node"
    low: "Node"
    high: "Node"


@dataclass(frozen=True, slots=True)
class In:
    operand: "Node"
    choices: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Combination:
    """Two or more conditions joined by the same operator."""

    operator: Literal["AND", "OR"]
    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    part: "Node"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left + right` or `left - right`, on the right side of a SET."""

    operator: str
    left: "Node"
    right: "Node"


Node: TypeAlias = Path | Value | Call | Parentheses | Comparison | Between | In | Combination | Not | Arithmetic


@dataclass(frozen=True, slots=True)
class Action:
    """One change of an update; `operand` is None for REMOVE only."""

    clause: str
    path: Path
    operand: Node | None


@dataclass(frozen=True, slots=True)
class Section:
    """`SET action, action`; `clause` is SET, REMOVE, ADD or DELETE."""

    clause: str
    actions: tuple[Action, ...]


def unwrapped(node: Node) -> Node:
    """The node without parentheses around it."""
    while isinstance(node, Parentheses):
        node = node.inner
    return node


def children(node: Node) -> tuple[Node, ...]:
    """What a node consists of, in the order it is written."""
    match node:
        case Call():
            return node.arguments
        case Parentheses():
            return (node.inner,)
        case Comparison() | Arithmetic():
            return (node.left, node.right)
        case Between():
            return (node.operand, node.low, node.high)
        case In():
            return (node.operand, *node.choices)
        case Combination():
            return node.parts
        case Not():
            return (node.part,)
        case Path() | Value():
            return ()


def paths_of(action: Action) -> Iterable[Path]:
    """All paths of an action, in the order written."""
    nodes: list[Node] = [action.path]
    if action.operand is not None:
        nodes.append(action.operand)
    while nodes:
        node = nodes.pop(0)
        if isinstance(node, Path):
            yield node
        nodes[:0] = children(node)
