"""Which tree does the text of an expression stand for?

AWS's grammar, by recursive descent: OR binds weakest, then AND, then NOT, then comparators. A parenthesis may hold a
condition or an operand, which only what follows can tell; so `_primary` reads either and looks at what it got. No
rule is tried twice, so the time is linear and the furthest token is the one to complain about, as with AWS.

Source: Developer Guide, "Condition and filter expressions, operators, and functions" (syntax), "Update expressions".
"""

from typing import Final

from pileus.services.dynamodb.expressions.syntax import (
    Action,
    Arithmetic,
    Between,
    Call,
    Combination,
    Comparison,
    In,
    Node,
    Not,
    Parentheses,
    Path,
    Section,
    Step,
    Value,
    unwrapped,
)
from pileus.services.dynamodb.expressions.tokens import ExpressionError, Token, TokenKind, syntax_error, tokenize
from pileus.services.dynamodb.limits import EXPRESSION_NESTING_MAX, EXPRESSION_OPERATORS_MAX

COMPARATORS: Final = frozenset(("=", "<>", "<", "<=", ">", ">="))


class Parser:
    """Reads the text of one expression once, from the first token to the last."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._at = 0
        self._depth = 0
        self._operators = 0

    # The three kinds

    def condition(self) -> Node:
        """A condition, filter or key condition, and nothing after it."""
        node = self._or(operand_allowed=False)
        self._expect("end")
        return node

    def projection(self) -> tuple[Path, ...]:
        """Paths with commas between, and nothing after them."""
        paths = [self._path()]
        while self._accept("symbol", ","):
            paths.append(self._path())
        self._expect("end")
        return tuple(paths)

    def update(self) -> tuple[Section, ...]:
        """The sections of an update as they are written; one that comes twice is for the checks to find."""
        sections: list[Section] = []
        while not sections or self._token.kind != "end":
            clause = self._token.text
            if self._token.kind != "keyword" or clause not in {"SET", "REMOVE", "ADD", "DELETE"}:
                raise self._error()
            self._at += 1
            actions = [self._action(clause)]
            while self._accept("symbol", ","):
                actions.append(self._action(clause))
            sections.append(Section(clause, tuple(actions)))
        return tuple(sections)

    # Tokens

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _error(self) -> ExpressionError:
        return syntax_error(self._text, self._tokens, self._at)

    def _sees(self, kind: TokenKind, text: str) -> bool:
        token = self._tokens[self._at]
        return token.kind == kind and token.text == text

    def _accept(self, kind: TokenKind, text: str) -> bool:
        if not self._sees(kind, text):
            return False
        self._at += 1
        return True

    def _expect(self, kind: TokenKind, text: str | None = None) -> str:
        token = self._token
        if token.kind != kind or (text is not None and token.text != text):
            raise self._error()
        self._at += 1
        return token.text

    def _open(self) -> None:
        """A parenthesis begins; each costs us stack."""
        self._expect("symbol", "(")
        self._depth += 1
        if self._depth > EXPRESSION_NESTING_MAX:
            raise ExpressionError("The expression has too many nesting levels;")

    def _close(self) -> None:
        self._expect("symbol", ")")
        self._depth -= 1

    def _operator(self) -> None:
        self._operators += 1
        if self._operators > EXPRESSION_OPERATORS_MAX:
            raise ExpressionError(
                f"The expression has too many operators; maximum number of operators: {EXPRESSION_OPERATORS_MAX}"
            )

    # Conditions

    def _or(self, *, operand_allowed: bool) -> Node:
        parts = [self._and(operand_allowed=operand_allowed)]
        while self._sees("keyword", "OR"):
            self._next_part(parts[0])
            parts.append(self._and(operand_allowed=False))
        return parts[0] if len(parts) == 1 else Combination("OR", tuple(parts))

    def _and(self, *, operand_allowed: bool) -> Node:
        parts = [self._not(operand_allowed=operand_allowed)]
        while self._sees("keyword", "AND"):
            self._next_part(parts[0])
            parts.append(self._not(operand_allowed=False))
        return parts[0] if len(parts) == 1 else Combination("AND", tuple(parts))

    def _next_part(self, first: Node) -> None:
        if not _is_condition(first):
            raise self._error()
        self._at += 1
        self._operator()

    def _not(self, *, operand_allowed: bool) -> Node:
        negations = 0
        while self._accept("keyword", "NOT"):
            self._operator()
            negations += 1
        node = self._primary(operand_allowed=operand_allowed and not negations)
        for _ in range(negations):
            node = Not(node)
        return node

    def _primary(self, *, operand_allowed: bool) -> Node:
        if self._sees("symbol", "("):
            self._open()
            inner = self._or(operand_allowed=True)
            self._close()
            node: Node = _parentheses(inner)
        else:
            node = self._operand()
        if isinstance(unwrapped(node), Path | Value | Call):
            return self._comparison(node, operand_allowed=operand_allowed)
        return node

    def _comparison(self, left: Node, *, operand_allowed: bool) -> Node:
        """What stands after an operand: a comparator, BETWEEN, IN; or nothing, after a function."""
        token = self._token
        if token.kind == "symbol" and token.text in COMPARATORS:
            self._at += 1
            self._operator()
            return Comparison(token.text, left, self._operand())
        if self._accept("keyword", "BETWEEN"):
            self._operator()
            low = self._operand()
            self._expect("keyword", "AND")
            return Between(left, low, self._operand())
        if self._accept("keyword", "IN"):
            self._operator()
            return In(left, self._arguments())
        if operand_allowed or _is_condition(left):
            return left
        raise self._error()

    # Operands

    def _operand(self) -> Node:
        token = self._token
        if token.kind == "value":
            self._at += 1
            return Value(token.text)
        if self._sees("symbol", "("):
            self._open()
            inner = self._operand()
            self._close()
            return _parentheses(inner)
        following = self._tokens[min(self._at + 1, len(self._tokens) - 1)]
        if token.kind == "word" and following.kind == "symbol" and following.text == "(":
            self._at += 1
            self._operator()
            return Call(token.text, self._arguments())
        return self._path()

    def _arguments(self) -> tuple[Node, ...]:
        self._open()
        arguments = [self._operand()]
        while self._accept("symbol", ","):
            arguments.append(self._operand())
        self._close()
        return tuple(arguments)

    def _path(self) -> Path:
        steps: list[Step] = [self._step()]
        while True:
            if self._accept("symbol", "."):
                steps.append(self._step())
            elif self._accept("symbol", "["):
                steps.append(int(self._expect("index")[:20]))
                self._expect("symbol", "]")
            else:
                return Path(tuple(steps))

    def _step(self) -> str:
        token = self._token
        if token.kind not in {"word", "name"}:
            raise self._error()
        self._at += 1
        return token.text

    # Updates

    def _action(self, clause: str) -> Action:
        path = self._path()
        if clause == "REMOVE":
            return Action(clause, path, None)
        if clause != "SET":
            return Action(clause, path, Value(self._expect("value")))
        self._expect("symbol", "=")
        return Action(clause, path, self._assigned())

    def _assigned(self) -> Node:
        """An operand, or a sum or difference of two; all of it may stand in parentheses."""
        if self._sees("symbol", "("):
            self._open()
            inner = self._assigned()
            self._close()
            left: Node = _parentheses(inner)
            if isinstance(inner, Arithmetic):
                return left
        else:
            left = self._operand()
        token = self._token
        if token.kind != "symbol" or token.text not in {"+", "-"}:
            return left
        self._at += 1
        self._operator()
        return Arithmetic(token.text, left, self._operand())


def _parentheses(inner: Node) -> Parentheses:
    if isinstance(inner, Parentheses):
        raise ExpressionError("The expression has redundant parentheses;")
    return Parentheses(inner)


def _is_condition(node: Node) -> bool:
    return not isinstance(unwrapped(node), Path | Value)
