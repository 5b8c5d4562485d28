"""What is a statement made of, once it is parsed?

Every term knows the place of the token that it begins with, or that names it, as AWS's messages do.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from pileus.services.dynamodb.partiql.lexer import Place
from pileus.services.dynamodb.shapes import AttributeValue

Steps: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A literal string, boolean, null, or number in the text that was written."""

    value: AttributeValue
    place: Place


@dataclass(frozen=True, slots=True)
class Missing:
    place: Place


@dataclass(frozen=True, slots=True)
class IonLiteral:
    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Parameter:
    """The `index`-th question mark, from 0."""

    index: int
    place: Place


@dataclass(frozen=True, slots=True)
class PathTerm:
    """`a.b[3]`; a bare name is a path of one step."""

    steps: Steps
    place: Place


@dataclass(frozen=True, slots=True)
class ListTerm:
    elements: "tuple[Term, ...]"
    place: Place


@dataclass(frozen=True, slots=True)
class Bag:
    """`<<1, 2>>`: a set."""

    elements: "tuple[Term, ...]"
    place: Place


@dataclass(frozen=True, slots=True)
class Struct:
    """`{'a': 1}`."""

    members: "tuple[tuple[Term, Term], ...]"
    place: Place


@dataclass(frozen=True, slots=True)
class CallTerm:
    """function: in lower case."""

    function: str
    arguments: "tuple[Term, ...]"
    place: Place


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: "Term"
    place: Place


@dataclass(frozen=True, slots=True)
class Binary:
    """A comparison or arithmetic; also IN, whose right side is a list when it is legal, and LIKE."""

    operator: str
    left: "Term"
    right: "Term"
    place: Place


@dataclass(frozen=True, slots=True)
class Logical:
    operator: Literal["AND", "OR"]
    parts: "tuple[Term, ...]"
    place: Place


@dataclass(frozen=True, slots=True)
class BetweenTerm:
    operand: "Term"
    low: "Term"
    high: "Term"
    place: Place


@dataclass(frozen=True, slots=True)
class IsTerm:
    """`operand IS type_name`; negation is a `Unary` around it."""

    operand: "Term"
    type_name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Source:
    """The table, and perhaps an index of it."""

    steps: Steps
    place: Place


@dataclass(frozen=True, slots=True)
class Select:
    """columns: None for `*`. order: terms, and whether each ascends. unsupported: a clause that AWS refuses."""

    columns: "tuple[Term, ...] | None"
    source: Source
    where: "Term | None"
    order: "tuple[tuple[Term, bool], ...]"
    place: Place
    unsupported: tuple[str, Place] | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    """item: None when it is not written as one `VALUE`."""

    source: Source
    item: "Term | None"
    returning: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Assignment:
    """A SET, or a REMOVE when there is no value."""

    target: PathTerm
    value: "Term | None"


@dataclass(frozen=True, slots=True)
class Update:
    source: Source
    assignments: tuple[Assignment, ...]
    where: "Term | None"
    returning: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Delete:
    source: Source
    where: "Term | None"
    returning: str | None
    place: Place


Statement: TypeAlias = Select | Insert | Update | Delete
Term: TypeAlias = (
    Scalar
    | Missing
    | IonLiteral
    | Parameter
    | PathTerm
    | ListTerm
    | Bag
    | Struct
    | CallTerm
    | Unary
    | Binary
    | Logical
    | BetweenTerm
    | IsTerm
    | Statement
)
