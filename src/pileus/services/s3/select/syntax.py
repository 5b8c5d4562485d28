"""What is a parsed query?"""

from dataclasses import dataclass, field
from typing import Literal as OneOf


@dataclass(frozen=True, slots=True)
class Name:
    """A step to a member. quoted: written in double quotes, so that its case matters."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """A step to an element of a list, from 0."""

    at: int


@dataclass(frozen=True, slots=True)
class Every:
    """The step `[*]`."""


Step = Name | Index | Every


@dataclass(frozen=True, slots=True)
class Literal:
    value: object


@dataclass(frozen=True, slots=True)
class Path:
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """AND or OR over two and more."""

    word: OneOf["AND", "OR"]
    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """`-`, `+` or `NOT`."""

    operator: str
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, comparison or `||`."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Is:
    what: OneOf["NULL", "MISSING", "TRUE", "FALSE"]
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Between:
    operand: "Expression"
    low: "Expression"
    high: "Expression"


@dataclass(frozen=True, slots=True)
class In:
    operand: "Expression"
    among: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Like:
    operand: "Expression"
    pattern: "Expression"
    escape: "Expression | None"


@dataclass(frozen=True, slots=True)
class Case:
    """subject: of `CASE subject WHEN value ...`."""

    subject: "Expression | None"
    branches: tuple[tuple["Expression", "Expression"], ...]
    otherwise: "Expression | None"


@dataclass(frozen=True, slots=True)
class Cast:
    operand: "Expression"
    kind: str


@dataclass(frozen=True, slots=True)
class Call:
    """word: of TRIM, LEADING, TRAILING or BOTH; of the functions of dates, the part of a date."""

    function: str
    arguments: tuple["Expression", ...]
    word: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate:
    """operand: None in `COUNT(*)`. Each one counts for itself, so two equal ones are two."""

    function: str
    operand: "Expression | None"


Expression = Literal | Path | Chain | Unary | Binary | Is | Between | In | Like | Case | Cast | Call | Aggregate


@dataclass(frozen=True, slots=True)
class Item:
    """One column of the answer. alias: as given, or None."""

    expression: Expression
    alias: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """items: None for `*`. path: behind `S3Object`. alias: how the record is called, None when it has no name."""

    items: tuple[Item, ...] | None
    path: tuple[Step, ...] = ()
    alias: Name | None = None
    where: Expression | None = None
    limit: int | None = None
    aggregates: tuple[Aggregate, ...] = field(default=())
