"""What does the text of a metric math expression say?

Numbers, texts, ids of queries, calls, arrays `[m1, m2]`, and operators; the weakest first: OR (`||`), AND (`&&`),
comparisons, `+ -`, `* /`, the sign, `^`.

Source: CloudWatch User Guide, "Using math expressions with CloudWatch metrics".
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, NoReturn

import msgspec

DEPTH_MAX: Final = 40
"""Of parentheses and signs within each other; so deep, nobody writes."""


class ExpressionError(Exception):
    """What is wrong with an expression, for whoever wrote it."""


class Number(msgspec.Struct, frozen=True):
    value: float


class Text(msgspec.Struct, frozen=True):
    value: str


class Name(msgspec.Struct, frozen=True):
    """The id of a query, or a word that a function knows (`REPEAT`)."""

    name: str


class Call(msgspec.Struct, frozen=True):
    function: str
    arguments: tuple["Node", ...]


class Array(msgspec.Struct, frozen=True):
    items: tuple["Node", ...]


class Binary(msgspec.Struct, frozen=True):
    operator: str
    left: "Node"
    right: "Node"


class Negative(msgspec.Struct, frozen=True):
    operand: "Node"


Node = Number | Text | Name | Call | Array | Binary | Negative

_TOKENS: Final = re.compile(
    r"""\s*(?:
        (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
      | (?P<text>'[^']*'|"[^"]*")
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<operator>==|!=|<=|>=|&&|\|\||[-+*/^<>(),\[\]])
    )""",
    re.VERBOSE,
)
_LEVELS: Final = (("OR", "||"), ("AND", "&&"), ("==", "!=", "<=", ">=", "<", ">"), ("+", "-"), ("*", "/"))
_SAME: Final = {"||": "OR", "&&": "AND"}


class _Token(NamedTuple):
    kind: str
    text: str


def parse(text: str) -> Node:
    """Raises `ExpressionError`."""
    return _Parser(_tokens(text)).whole()


def walk(node: Node) -> Iterator[Node]:
    """It, and all that it consists of."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        match node:
            case Call(arguments=parts) | Array(items=parts):
                waiting += parts
            case Binary(left=left, right=right):
                waiting += (left, right)
            case Negative(operand=operand):
                waiting.append(operand)


def _tokens(text: str) -> list[_Token]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        token = _TOKENS.match(text, at)
        if token is None or token.lastgroup is None:
            raise ExpressionError(f"Unexpected character at position {at + 1}")
        kind, said = token.lastgroup, token[token.lastgroup]
        if kind == "name" and said.upper() in ("AND", "OR"):
            kind, said = "operator", said.upper()
        found.append(_Token(kind, _SAME.get(said, said)))
        at = token.end()
    return found


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        if not self._tokens:
            raise ExpressionError("The expression is empty")
        node = self._level(0)
        if self._at < len(self._tokens):
            self._unexpected()
        return node

    def _next_is(self, *texts: str) -> bool:
        return (
            self._at < len(self._tokens)
            and self._tokens[self._at].kind == "operator"
            and self._tokens[self._at].text in texts
        )

    def _take(self) -> _Token:
        if self._at >= len(self._tokens):
            raise ExpressionError("The expression ends early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, text: str) -> None:
        if not self._next_is(text):
            self._unexpected()
        self._at += 1

    def _unexpected(self) -> NoReturn:
        if self._at >= len(self._tokens):
            raise ExpressionError("The expression ends early")
        raise ExpressionError(f"Unexpected token '{self._tokens[self._at].text}'")

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._signed()
        node = self._level(level + 1)
        while self._next_is(*_LEVELS[level]):
            operator = self._take().text
            node = Binary(operator, node, self._level(level + 1))
        return node

    def _signed(self) -> Node:
        if not self._next_is("-", "+"):
            return self._power()
        self._deeper()
        negative = self._take().text == "-"
        operand = self._signed()
        self._depth -= 1
        return Negative(operand) if negative else operand

    def _power(self) -> Node:
        base = self._atom()
        if not self._next_is("^"):
            return base
        self._deeper()
        self._at += 1
        exponent = self._signed()
        self._depth -= 1
        return Binary("^", base, exponent)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise ExpressionError("The expression is nested too deeply")

    def _atom(self) -> Node:
        token = self._take()
        match token.kind:
            case "number":
                return Number(float(token.text))
            case "text":
                return Text(token.text[1:-1])
            case "name" if self._next_is("("):
                self._at += 1
                return Call(token.text.upper(), self._list(")"))
            case "name":
                return Name(token.text)
        if token.text == "(":
            self._deeper()
            node = self._level(0)
            self._depth -= 1
            self._expect(")")
            return node
        if token.text == "[":
            return Array(self._list("]"))
        self._at -= 1
        return self._unexpected()

    def _list(self, end: str) -> tuple[Node, ...]:
        self._deeper()
        items: list[Node] = []
        if not self._next_is(end):
            items.append(self._level(0))
            while self._next_is(","):
                self._at += 1
                items.append(self._level(0))
        self._depth -= 1
        self._expect(end)
        return tuple(items)
