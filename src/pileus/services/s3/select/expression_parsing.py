"""How are expressions of the dialect read: operators by their rank, and calls with their own words?

Source: S3 User Guide, "Operators", "SQL functions".
"""

from typing import Final, cast
from typing import Literal as OneOf

from pileus.services.s3.select.cursor import Cursor
from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.syntax import (
    Aggregate,
    Between,
    Binary,
    Call,
    Case,
    Cast,
    Chain,
    Every,
    Expression,
    In,
    Is,
    Like,
    Literal,
    Path,
    Step,
    Unary,
)
from pileus.services.s3.select.timestamps import DATE_PARTS

_AGGREGATES: Final = frozenset({"AVG", "COUNT", "MAX", "MIN", "SUM"})
_ARITY: Final = {
    "CHAR_LENGTH": (1, 1),
    "CHARACTER_LENGTH": (1, 1),
    "LOWER": (1, 1),
    "UPPER": (1, 1),
    "SUBSTRING": (2, 3),
    "COALESCE": (1, 1000),
    "NULLIF": (2, 2),
    "TO_STRING": (2, 2),
    "TO_TIMESTAMP": (1, 1),
    "UTCNOW": (0, 0),
}
_TYPES: Final = {
    "BOOL": "BOOL",
    "BOOLEAN": "BOOL",
    "INT": "INT",
    "INTEGER": "INT",
    "STRING": "STRING",
    "CHAR": "STRING",
    "CHARACTER": "STRING",
    "VARCHAR": "STRING",
    "FLOAT": "FLOAT",
    "DECIMAL": "DECIMAL",
    "NUMERIC": "DECIMAL",
    "TIMESTAMP": "TIMESTAMP",
}
_COMPARISONS: Final = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
_OR, _AND, _NOT, _COMPARE, _LIKE, _CONCAT, _ADD, _TIMES, _SIGN = range(1, 10)
_RANKS: Final = {"OR": _OR, "AND": _AND, "||": _CONCAT, "+": _ADD, "-": _ADD, "*": _TIMES, "/": _TIMES, "%": _TIMES}
_DEPTH_MAX: Final = 60
_OPERATORS_MAX: Final = 10_000
_TOWERS_MAX: Final = 300
"""Ours; AWS has such limits (MaxOperatorsExceeded) and does not publish them."""


class ExpressionParser(Cursor):
    """Reads expressions. Every method raises `SelectError`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._operators = 0
        self._towers = 0
        self.aggregates: list[Aggregate] = []
        self.aggregates_allowed = True

    def expression(self, rank: int = 0) -> Expression:
        """What binds closer than `rank`."""
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise SelectError("MaxOperatorsExceeded")
        left = self._prefix()
        while (found := self._infix(left, rank)) is not None:
            self._count(left, found)
            left = found
        self._depth -= 1
        return left

    def _count(self, left: Expression, found: Expression) -> None:
        """A tower of operators is evaluated by so many frames; a chain of conditions by one."""
        self._operators += 1
        if not isinstance(found, Chain) and not isinstance(left, Literal | Path | Cast | Call | Aggregate):
            self._towers += 1
        if self._operators > _OPERATORS_MAX or self._towers > _TOWERS_MAX:
            raise SelectError("MaxOperatorsExceeded")

    def _infix(self, left: Expression, rank: int) -> Expression | None:
        text = self.peek.text
        if self.peek.kind == "operator" and text in _COMPARISONS:
            if rank >= _COMPARE:
                return None
            self.at += 1
            return Binary("<>" if text == "!=" else text, left, self.expression(_COMPARE))
        if self.peek.kind == "keyword" and text in {"IS", "NOT", "IN", "BETWEEN", "LIKE"}:
            return self._predicate(left) if rank < _LIKE else None
        own = _RANKS.get(text) if self.peek.kind in {"operator", "keyword"} else None
        if own is None or rank >= own:
            return None
        self.at += 1
        right = self.expression(own)
        if text in {"AND", "OR"}:
            return _chained(cast('OneOf["AND", "OR"]', text), left, right)
        return Binary(text, left, right)

    def _predicate(self, left: Expression) -> Expression:
        if self.word("IS"):
            negated = self.word("NOT")
            token = self.take()
            if token.kind != "keyword" or token.text not in {"NULL", "MISSING", "TRUE", "FALSE"}:
                raise SelectError("ParseExpectedKeyword")
            found: Expression = Is(cast('OneOf["NULL", "MISSING", "TRUE", "FALSE"]', token.text), left)
            return Unary("NOT", found) if negated else found
        negated = self.word("NOT")
        if self.word("IN"):
            self.need("(", "ParseExpectedLeftParenValueConstructor")
            found = In(left, self._arguments(")"))
        elif self.word("BETWEEN"):
            low = self.expression(_LIKE)
            if not self.word("AND"):
                raise SelectError("ParseExpectedKeyword")
            found = Between(left, low, self.expression(_LIKE))
        elif self.word("LIKE"):
            pattern = self.expression(_LIKE)
            found = Like(left, pattern, self.expression(_LIKE) if self.word("ESCAPE") else None)
        else:
            raise SelectError("ParseUnexpectedToken")
        return Unary("NOT", found) if negated else found

    def _prefix(self) -> Expression:
        token = self.peek
        if token.kind == "value":
            self.at += 1
            return Literal(token.value)
        if token.kind == "operator":
            return self._sign_or_parenthesis()
        if token.kind in {"name", "quoted"}:
            if self.ahead(1).text == "(" and token.kind == "name":
                return self._call(self.take().text.upper())
            return self._path()
        if token.kind == "end":
            raise SelectError("ParseExpectedExpression")
        return self._keyword(self.take().text)

    def _sign_or_parenthesis(self) -> Expression:
        if self.operator("("):
            if self.peek.text == "SELECT":
                raise SelectError("ParseUnsupportedSelect")
            inner = self.expression()
            self.need(")")
            return inner
        for sign in ("-", "+"):
            if self.operator(sign):
                return Unary(sign, self.expression(_SIGN))
        raise SelectError("ParseExpectedExpression")

    def _path(self) -> Path:
        steps: list[Step] = [self.name()]
        while True:
            if self.operator("."):
                steps.append(self.name())
            elif self.peek == ("operator", "[", None):
                steps.append(self.bracket())
                if isinstance(steps[-1], Every):
                    raise SelectError("ParseInvalidPathComponent")
            else:
                return Path(tuple(steps))

    def _keyword(self, word: str) -> Expression:
        if word in {"TRUE", "FALSE", "NULL"}:
            return Literal({"TRUE": True, "FALSE": False, "NULL": None}[word])
        if word == "NOT":
            return Unary("NOT", self.expression(_NOT))
        if word == "CASE":
            return self._case()
        if word == "SELECT":
            raise SelectError("ParseUnsupportedSelect")
        if word in {"CAST", "EXTRACT", "TRIM", "SUBSTRING"} or word in _AGGREGATES or word in _ARITY:
            return self._call(word)
        raise SelectError("ParseUnExpectedKeyword")

    def _call(self, function: str) -> Expression:
        self.need("(", "ParseExpectedLeftParenAfterCast" if function == "CAST" else _LEFT)
        if function in _AGGREGATES:
            return self._aggregate(function)
        if function == "CAST":
            return self._cast()
        if function == "EXTRACT":
            part = self._date_part()
            if not self.word("FROM"):
                raise SelectError("ParseExpectedKeyword")
            return self._closed(Call(function, (self.expression(),), part))
        if function == "TRIM":
            return self._trim()
        if function == "SUBSTRING":
            return self._substring()
        if function in {"DATE_ADD", "DATE_DIFF"}:
            part = self._date_part()
            self.need(",", "ParseExpectedArgumentDelimiter")
            return _counted(Call(function, self._arguments(")"), part), 2, 2)
        if function not in _ARITY:
            raise SelectError("UnsupportedFunction")
        least, most = _ARITY[function]
        found = Call("CHAR_LENGTH" if function == "CHARACTER_LENGTH" else function, self._arguments(")"))
        return _counted(found, least, most)

    def _closed(self, found: Expression) -> Expression:
        self.need(")", "ParseExpectedRightParenBuiltinFunctionCall")
        return found

    def _arguments(self, end: str) -> tuple[Expression, ...]:
        if self.operator(end):
            return ()
        arguments = [self.expression()]
        while self.operator(","):
            arguments.append(self.expression())
        self.need(end, "ParseExpectedArgumentDelimiter")
        return tuple(arguments)

    def _aggregate(self, function: str) -> Expression:
        if not self.aggregates_allowed:
            raise SelectError("UnsupportedSqlStructure")
        if self.peek.text in {"DISTINCT", "ALL"}:
            raise SelectError("ParseUnsupportedSyntax")
        if self.operator("*"):
            if function != "COUNT":
                raise SelectError("ParseUnsupportedCallWithStar")
            found = Aggregate(function, None)
        else:
            self.aggregates_allowed = False
            arguments = self._arguments(")")
            self.aggregates_allowed = True
            if len(arguments) != 1:
                raise SelectError("ParseNonUnaryAgregateFunctionCall")
            found = Aggregate(function, arguments[0])
            self.at -= 1
        self.aggregates.append(found)
        return self._closed(found)

    def _cast(self) -> Expression:
        operand = self.expression()
        if not self.word("AS"):
            raise SelectError("ParseCastArity" if self.peek.text in {",", ")"} else "ParseExpectedKeyword")
        kind = _TYPES.get(self.take().text.upper())
        if kind is None:
            raise SelectError("ParseExpectedTypeName")
        sizes = self._arguments(")") if self.operator("(") else ()
        if any(not isinstance(size, Literal) or type(size.value) is not int for size in sizes):
            raise SelectError("ParseInvalidTypeParam")
        return self._closed(Cast(operand, kind))

    def _date_part(self) -> str:
        part = self.take().text.upper()
        if part not in DATE_PARTS:
            raise SelectError("ParseExpectedDatePart")
        return part

    def _trim(self) -> Expression:
        mode = "BOTH"
        for word in ("LEADING", "TRAILING", "BOTH"):
            if self.word(word):
                mode = word
                break
        if self.word("FROM"):
            return self._closed(Call("TRIM", (self.expression(),), mode))
        first = self.expression()
        if self.word("FROM"):
            return self._closed(Call("TRIM", (self.expression(), first), mode))
        return self._closed(Call("TRIM", (first,), mode))

    def _substring(self) -> Expression:
        arguments = [self.expression()]
        from_word = self.word("FROM")
        if not from_word:
            self.need(",", "ParseExpectedArgumentDelimiter")
        arguments.append(self.expression())
        if self.word("FOR") if from_word else self.operator(","):
            arguments.append(self.expression())
        return self._closed(Call("SUBSTRING", tuple(arguments)))

    def _case(self) -> Expression:
        subject = None if self.peek.text == "WHEN" else self.expression()
        branches: list[tuple[Expression, Expression]] = []
        while self.word("WHEN"):
            condition = self.expression()
            if not self.word("THEN"):
                raise SelectError("ParseExpectedKeyword")
            branches.append((condition, self.expression()))
        if not branches:
            raise SelectError("ParseExpectedWhenClause")
        otherwise = self.expression() if self.word("ELSE") else None
        if not self.word("END"):
            raise SelectError("ParseExpectedKeyword")
        return Case(subject, tuple(branches), otherwise)


_LEFT: Final = "ParseExpectedLeftParenBuiltinFunctionCall"


def _chained(word: OneOf["AND", "OR"], left: Expression, right: Expression) -> Chain:
    """One chain instead of a tower, so that a thousand conditions are no thousand frames."""
    parts = left.parts if isinstance(left, Chain) and left.word == word else (left,)
    return Chain(word, (*parts, right))


def _counted(call: Call, least: int, most: int) -> Call:
    if not least <= len(call.arguments) <= most:
        raise SelectError("EvaluatorInvalidArguments")
    return call
