"""Which words is an SQL expression made of?

Source: S3 User Guide, "SQL reference for Amazon S3 Select", "Reserved keywords".
"""

import re
from decimal import Decimal
from typing import Final, NamedTuple

from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.timestamps import parse_timestamp

_RESERVED_TEXT: Final = """
absolute action add all allocate alter and any are as asc assertion at authorization avg bag begin between bit
bit_length blob bool boolean both by cascade cascaded case cast catalog char char_length character
character_length check clob close coalesce collate collation column commit connect connection constraint
constraints continue convert corresponding count create cross current current_date current_time
current_timestamp current_user cursor date day deallocate dec decimal declare default deferrable deferred delete
desc describe descriptor diagnostics disconnect distinct domain double drop else end escape except exception
exec execute exists external extract false fetch first float for foreign found from full get global go goto
grant group having hour identity immediate in indicator initially inner input insensitive insert int integer
intersect interval into is isolation join key language last leading left level like limit list local lower match
max min minute missing module month names national natural nchar next no not null nullif numeric octet_length of
on only open option or order outer output overlaps pad partial pivot position precision prepare preserve primary
prior privileges procedure public read real references relative restrict revoke right rollback rows schema
scroll second section select session session_user set sexp size smallint some space sql sqlcode sqlerror
sqlstate string struct substring sum symbol system_user table temporary then time timestamp timezone_hour
timezone_minute to trailing transaction translate translation trim true tuple union unique unknown unpivot
update upper usage user using value values varchar varying view when whenever where with work write year zone
"""
RESERVED: Final = frozenset(_RESERVED_TEXT.split())


class Token(NamedTuple):
    """kind: name, quoted, keyword (text in capitals), value (a literal), operator or end."""

    kind: str
    text: str
    value: object = None


_PATTERN: Final = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<word>[A-Za-z_$][\w$]*)
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<string>'(?:[^']|'')*')
    | (?P<ion>`[^`]*`)
    | (?P<operator><=|>=|<>|!=|\|\||[-+*/%=<>(),.\[\]])""",
    re.VERBOSE | re.DOTALL,
)
_INTEGER_MAX: Final = (1 << 63) - 1
_DIGITS_MAX: Final = 38


def tokens(text: str) -> list[Token]:
    """All of them and one of kind `end`. Raises `SelectError`."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _PATTERN.match(text, at)
        if match is None:
            raise SelectError("LexerInvalidLiteral" if text[at] in "'\"`" else "LexerInvalidChar")
        at = match.end()
        assert match.lastgroup is not None
        if match.lastgroup != "space":
            found.append(_token(match.lastgroup, match.group()))
    found.append(Token("end", ""))
    return found


def _token(kind: str, text: str) -> Token:
    if kind == "word":
        return Token("keyword", text.upper()) if text.lower() in RESERVED else Token("name", text)
    if kind == "quoted":
        return Token("quoted", text[1:-1].replace('""', '"'))
    if kind == "string":
        return Token("value", text, text[1:-1].replace("''", "'"))
    if kind == "number":
        return Token("value", text, _number(text))
    if kind == "ion":
        return Token("value", text, _ion(text[1:-1].strip()))
    return Token("operator", text)


def _number(text: str) -> int | Decimal:
    if text.isdigit():
        value = int(text) if len(text) <= _DIGITS_MAX else _INTEGER_MAX + 1
        if value > _INTEGER_MAX:
            raise SelectError("IntegerOverflow")
        return value
    number = Decimal(text)
    if len(number.as_tuple().digits) > _DIGITS_MAX or not number.is_finite():
        raise SelectError("LexerInvalidLiteral")
    return number


def _ion(text: str) -> object:
    """A literal of Ion in backquotes: moments, numbers and words are what the manual writes so."""
    try:
        return parse_timestamp(text)
    except ValueError:
        if text in {"true", "false", "null"}:
            return {"true": True, "false": False, "null": None}[text]
        raise SelectError("LexerInvalidIONLiteral") from None
