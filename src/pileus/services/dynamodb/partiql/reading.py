"""What stands next in a statement?"""

from collections.abc import Callable
from typing import Final, TypeVar

from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.limits import EXPRESSION_NESTING_MAX
from pileus.services.dynamodb.partiql.lexer import Token, not_well_formed, tokenize

T = TypeVar("T")

_SYMBOL_NAMES: Final = {
    ")": "RIGHT_PAREN",
    "]": "RIGHT_BRACKET",
    ">>": "RIGHT_DOUBLE_ANGLE_BRACKET",
    "}": "RIGHT_CURLY",
    ":": "COLON",
}


class TokenReader:
    """Reads the tokens of a text once, from the first to the last. Depth is bounded, as each level costs us stack."""

    def __init__(self, text: str) -> None:
        self.tokens = tokenize(text)
        self.at = 0
        self.parameters = 0
        self._depth = 0

    @property
    def head(self) -> Token:
        return self.tokens[self.at]

    def following(self) -> Token:
        return self.tokens[min(self.at + 1, len(self.tokens) - 1)]

    def take(self) -> Token:
        token = self.tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def accept_keyword(self, *words: str) -> Token | None:
        return self.take() if self.head.is_keyword(*words) else None

    def expect_symbol(self, text: str) -> None:
        if not self.head.is_symbol(text):
            raise not_well_formed(f"Expected {_SYMBOL_NAMES[text]}")
        self.take()

    def comma_list(self, item: Callable[[], T]) -> tuple[T, ...]:
        items = [item()]
        while self.head.is_symbol(","):
            self.take()
            items.append(item())
        return tuple(items)

    def deeper(self, inner: Callable[[], T]) -> T:
        self._depth += 1
        if self._depth > EXPRESSION_NESTING_MAX:
            raise ValidationException("The expression has too many nesting levels;")
        result = inner()
        self._depth -= 1
        return result
