"""Where does one token of a statement end and the next begin?

Keywords are keywords in upper or lower case, and no attribute's name unless quoted; some come in pairs that mean one
thing (`NOT IN`, `INSERT INTO`) and make one token. Every token knows its place, for messages name it.

Source: partiql-lang-kotlin, SqlLexer and LexerConstants.
"""

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.partiql.keywords import KEYWORDS

TokenKind = Literal["name", "quoted", "keyword", "operator", "string", "number", "ion", "symbol", "end"]

_PAIRS: Final = {
    ("not", "in"): "not_in",
    ("is", "not"): "is_not",
    ("not", "between"): "not_between",
    ("not", "like"): "not_like",
    ("insert", "into"): "insert_into",
    ("on", "conflict"): "on_conflict",
    ("do", "nothing"): "do_nothing",
    ("modified", "old"): "modified_old",
    ("modified", "new"): "modified_new",
    ("all", "old"): "all_old",
    ("all", "new"): "all_new",
    ("character", "varying"): "character_varying",
    ("double", "precision"): "double_precision",
}
_WORD_OPERATORS: Final = frozenset(("and", "or", "not", "is", "in", "between", "like", "union", "except", "intersect"))
_ALIASES: Final = {"!=": "<>"}

_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+|--[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<ion>`[^`]*`)
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_$]))
    |(?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
    |(?P<operator><>|!=|<=|>=|<(?!<)|>(?!>)|=|\|\||/(?!\*)|[+\-%@])
    |(?P<symbol><<|>>|[()\[\]{},.:;*?])""",
    re.VERBOSE,
)
_EXPONENT_MAX: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: line and column count from 1."""

    line: int
    column: int
    length: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}:{self.length}"


@dataclass(frozen=True, slots=True)
class Token:
    """text: as written, but keywords and operators in lower case, and what is quoted without its quotes."""

    kind: TokenKind
    text: str
    place: Place

    def is_keyword(self, *words: str) -> bool:
        return self.kind in {"keyword", "operator"} and self.text in words

    def is_symbol(self, text: str) -> bool:
        return self.kind == "symbol" and self.text == text


def not_well_formed(detail: str = "") -> ValidationException:
    """The statement cannot be read; AWS says nothing more of what it cannot even divide into tokens."""
    return ValidationException(f"Statement wasn't well formed, can't be processed: {detail}")


def tokenize(text: str) -> list[Token]:
    """All tokens, and one that marks the end."""
    tokens: list[Token] = []
    at, line, line_start = 0, 1, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise not_well_formed()
        written, kind = match[0], match.lastgroup
        if kind != "space":
            tokens.append(_token(kind, written, Place(line, at - line_start + 1, len(written))))
            _join(tokens)
        newlines = written.count("\n")
        if newlines:
            line += newlines
            line_start = at + written.rindex("\n") + 1
        at = match.end()
    tokens.append(Token("end", "", Place(line, at - line_start + 1, 0)))
    return tokens


def _token(kind: str | None, written: str, place: Place) -> Token:
    match kind:
        case "string":
            return Token("string", written[1:-1].replace("''", "'"), place)
        case "quoted":
            return Token("quoted", written[1:-1].replace('""', '"'), place)
        case "number":
            _check_scale(written)
            return Token("number", written, place)
        case "name":
            word = written.lower()
            if word not in KEYWORDS:
                return Token("name", written, place)
            return Token("operator" if word in _WORD_OPERATORS else "keyword", word, place)
        case "operator":
            return Token("operator", _ALIASES.get(written, written), place)
        case "ion":
            return Token("ion", written[1:-1], place)
        case _:
            return Token("symbol", written, place)


def _check_scale(number: str) -> None:
    """A Java BigDecimal's exponent and scale have 32 bits."""
    digits, _, exponent_text = number.lower().partition("e")
    if len(exponent_text) > 16:
        raise not_well_formed()
    exponent = int(exponent_text or "0")
    scale = len(digits.partition(".")[2]) - exponent
    if not -_EXPONENT_MAX <= exponent <= _EXPONENT_MAX or not -_EXPONENT_MAX <= scale <= _EXPONENT_MAX:
        raise not_well_formed()


def _join(tokens: list[Token]) -> None:
    """Two keywords that mean one thing become one token, at the place of the first."""
    if len(tokens) < 2 or tokens[-1].kind not in {"keyword", "operator"}:
        return
    first, second = tokens[-2:]
    joined = _PAIRS.get((first.text, second.text)) if first.kind in {"keyword", "operator"} else None
    if joined is None:
        return
    operator = joined in {"not_in", "is_not", "not_between", "not_like"}
    tokens[-2:] = [replace(first, kind="operator" if operator else "keyword", text=joined)]
