"""Where does one token of an expression end and the next begin?

Keywords are keywords in every kind of expression, in upper or lower case. A character that no token begins with is a
token of its own, which no rule accepts, so that the parser reports it in its place.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from pileus.services.dynamodb.errors import ValidationException

TokenKind = Literal["word", "name", "value", "index", "keyword", "symbol", "unknown", "end"]

KEYWORDS: Final = frozenset(("AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"))

_TOKEN: Final = re.compile(
    r"[ \t\r\n]*(?:(?P<word>[A-Za-z][A-Za-z0-9_]*)|(?P<name>#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<index>0|[1-9][0-9]*)|(?P<symbol><>|<=|>=|[=<>()\[\],.+-])|(?P<unknown>[^ \t\r\n]))"
)


@dataclass(frozen=True, slots=True)
class Token:
    """kind; text as written, but keywords in upper case; start and end in the expression."""

    kind: TokenKind
    text: str
    start: int
    end: int


class ExpressionError(ValidationException):
    """What is wrong inside of one expression; who knows which one adds "Invalid ...Expression: "."""


def tokenize(text: str) -> list[Token]:
    """All tokens, and one that marks the end."""
    tokens: list[Token] = []
    at = 0
    while match := _TOKEN.match(text, at):
        kind = match.lastgroup
        assert kind is not None
        content, start, at = match[kind], match.start(kind), match.end()
        if kind == "word" and content.upper() in KEYWORDS:
            tokens.append(Token("keyword", content.upper(), start, at))
        else:
            tokens.append(Token(kind, content, start, at))  # type: ignore[arg-type]  # the pattern's group names
    tokens.append(Token("end", "<EOF>", len(text), len(text)))
    return tokens


def syntax_error(text: str, tokens: list[Token], index: int) -> ExpressionError:
    """The token where reading stopped, and the text from the token before it to the one after it."""
    token = tokens[index]
    start = tokens[index - 1].start if index else 0
    end = tokens[index + 1].end if index + 1 < len(tokens) else token.end
    written = token.text if token.kind == "end" else text[token.start : token.end]
    return ExpressionError(f'Syntax error; token: "{written}", near: "{text[start:end]}"')
