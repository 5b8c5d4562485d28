"""Which words are operators, functions or types, and which operator binds tighter?

Source: partiql-lang-kotlin, LexerConstants (OPERATOR_PRECEDENCE, FUNCTION_NAME_KEYWORDS, TYPE_ALIASES).
"""

from typing import Final

SELECT_PRECEDENCE: Final = 6
NOT_PRECEDENCE: Final = 30
PRECEDENCE: Final = (
    dict.fromkeys(("union", "intersect", "except"), 5)
    | {"or": 10, "and": 20, "not": NOT_PRECEDENCE}
    | dict.fromkeys(("=", "<>", "is", "is_not", "in", "not_in"), 40)
    | dict.fromkeys(("<", "<=", ">", ">=", "between", "not_between", "like", "not_like"), 50)
    | dict.fromkeys(("+", "-", "||"), 60)
    | dict.fromkeys(("*", "/", "%"), 70)
)
_AGGREGATES: Final = frozenset(("count", "avg", "max", "min", "sum"))
FUNCTION_KEYWORDS: Final = _AGGREGATES | {
    *("exists", "size", "upper", "lower", "substring", "sexp", "list", "bag"),
    *("char_length", "character_length", "octet_length", "bit_length"),
}
TYPES: Final = {
    "missing": "MISSING",
    "null": "NULL",
    "bool": "BOOLEAN",
    "boolean": "BOOLEAN",
    "smallint": "SMALLINT",
    "int2": "SMALLINT",
    "integer2": "SMALLINT",
    "integer4": "INTEGER4",
    "int4": "INTEGER4",
    "integer8": "INTEGER8",
    "int8": "INTEGER8",
    "bigint": "INTEGER8",
    "int": "INTEGER",
    "integer": "INTEGER",
    "float": "FLOAT",
    "real": "REAL",
    "double_precision": "DOUBLE_PRECISION",
    "dec": "DECIMAL",
    "decimal": "DECIMAL",
    "numeric": "NUMERIC",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "time": "TIME",
    "char": "CHARACTER",
    "character": "CHARACTER",
    "varchar": "CHARACTER_VARYING",
    "character_varying": "CHARACTER_VARYING",
    "string": "STRING",
    "symbol": "SYMBOL",
    "clob": "CLOB",
    "blob": "BLOB",
    "struct": "STRUCT",
    "tuple": "TUPLE",
    "list": "LIST",
    "sexp": "SEXP",
    "bag": "BAG",
    "any": "ANY",
}
