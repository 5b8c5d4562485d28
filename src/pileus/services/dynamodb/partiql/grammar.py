"""Which tree does the text of an expression stand for?

A Pratt parser, as AWS's own: a term, then operators while they bind tighter than what stands before. So what is wrong
with a statement is found at the same token, and named in the same words, as by AWS.

Source: partiql-lang-kotlin, SqlParser (`parseExpression` and what it calls) and OPERATOR_PRECEDENCE.
"""

from typing import Final, Literal

from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.limits import EXPRESSION_NESTING_MAX
from pileus.services.dynamodb.partiql.lexer import Token, not_well_formed
from pileus.services.dynamodb.partiql.precedence import FUNCTION_KEYWORDS, NOT_PRECEDENCE, PRECEDENCE, TYPES
from pileus.services.dynamodb.partiql.reading import TokenReader
from pileus.services.dynamodb.partiql.terms import (
    Bag,
    BetweenTerm,
    Binary,
    CallTerm,
    IonLiteral,
    IsTerm,
    ListTerm,
    Logical,
    Missing,
    Parameter,
    PathTerm,
    Scalar,
    Struct,
    Term,
    Unary,
)
from pileus.services.dynamodb.shapes import AttributeValue

_CLOSING: Final = {"[": "]", "<<": ">>", "{": "}", "(": ")"}
_INDEX_MAX: Final = 2**31 - 1


class ExpressionParser(TokenReader):
    """Reads expressions; `statements.py` adds what only statements have."""

    # Expressions

    def expression(self, precedence: int = -1) -> Term:
        left = self.deeper(self._unary)
        chained = 0
        while True:
            operator = self.head
            binds = PRECEDENCE.get(operator.text, 0) if operator.kind == "operator" or operator.is_symbol("*") else 0
            if binds <= max(precedence, 0) or operator.text == "not":
                return left
            chained += operator.text not in {"and", "or"}
            if chained > EXPRESSION_NESTING_MAX:
                raise ValidationException("The expression has too many operators;")
            left = self._infix(left, binds)

    def _infix(self, left: Term, binds: int) -> Term:
        operator = self.head
        match operator.text:
            case "is" | "is_not":
                self.take()
                test: Term = IsTerm(left, self._type(), operator.place)
                return test if operator.text == "is" else Unary("not", test, operator.place)
            case "in" | "not_in":
                choices = self._choices(binds)
                member: Term = Binary("IN", left, choices, operator.place)
                return member if operator.text == "in" else Unary("not", member, operator.place)
            case "between" | "not_between":
                low = self._right(binds)
                if not self.accept_keyword("and"):
                    raise not_well_formed("Expected AND keyword")
                if self.head.kind == "end":
                    raise not_well_formed("Expected expression after AND")
                between: Term = BetweenTerm(left, low, self.expression(binds), operator.place)
                return between if operator.text == "between" else Unary("not", between, operator.place)
            case "and" | "or" as word:
                logical: Literal["AND", "OR"] = "AND" if word == "and" else "OR"
                right = self._right(binds)
                parts = left.parts if isinstance(left, Logical) and left.operator == logical else (left,)
                return Logical(logical, (*parts, right), operator.place)
            case "not_like":
                return Unary("not", Binary("LIKE", left, self._right(binds), operator.place), operator.place)
            case text:
                return Binary(text.upper(), left, self._right(binds), operator.place)

    def _right(self, binds: int) -> Term:
        if len(self.tokens) - self.at < 3:
            raise not_well_formed("Missing right-hand side expression of infix operator")
        self.take()
        return self.expression(binds)

    def _choices(self, binds: int) -> Term:
        """After IN a parenthesis holds a list, also of one."""
        if not self.following().is_symbol("("):
            return self._right(binds)
        self.take()
        place = self.take().place
        elements = self.comma_list(self.expression)
        self.expect_symbol(")")
        return ListTerm(elements, place)

    def _type(self) -> str:
        token = self.head
        name = TYPES.get(token.text) if token.kind == "keyword" else None
        if name is None:
            raise not_well_formed("Expected type name")
        self.take()
        return name

    def _unary(self) -> Term:
        operator = self.head
        if operator.kind != "operator" or operator.text not in {"+", "-", "not"}:
            return self._path_term()
        self.take()
        if operator.text == "not":
            return Unary("not", self.expression(NOT_PRECEDENCE), operator.place)
        operand = self.deeper(self._unary)
        if isinstance(operand, Scalar) and operand.value.n is not None:
            return operand if operator.text == "+" else _negated(operand)
        return Unary(operator.text, operand, operator.place)

    # Paths

    def simple_path(self) -> PathTerm:
        """What can be assigned to, or inserted into: names, indexes."""
        token = self.head
        if token.kind not in {"name", "quoted"}:
            raise not_well_formed("Expected identifier for simple path")
        return PathTerm(self._steps(self._name(), simple=True), token.place)

    def _path_term(self) -> Term:
        term = self._term()
        if not (self.head.is_symbol(".") or self.head.is_symbol("[")):
            return term
        if not isinstance(term, PathTerm):
            self._steps("", simple=False)
            raise ValidationException(f"Unexpected path component at {term.place}")
        return PathTerm(self._steps(str(term.steps[0]), simple=False), term.place)

    def _steps(self, name: str, *, simple: bool) -> tuple[str | int, ...]:
        steps: list[str | int] = [name]
        while True:
            if self.head.is_symbol("."):
                self.take()
                if self.head.is_symbol("*"):
                    if simple:  # PartiQL's own parser says only of a star that the path is to be simple
                        raise not_well_formed("Invalid path dot component for simple path")
                    raise ValidationException("Unpivot path component like a.*.b are not supported")
                if self.head.kind not in {"name", "quoted"}:
                    raise not_well_formed("Invalid path dot component")
                steps.append(self._name())
            elif self.head.is_symbol("["):
                self.take()
                steps.append(self._bracket())
            else:
                return tuple(steps)

    def _name(self) -> str:
        name = self.take().text
        if not name:
            raise ValidationException("Path component cannot be an empty string")
        return name

    def _bracket(self) -> str | int:
        if self.head.is_symbol("*"):
            raise ValidationException("Wildcard path component like a[*].b are not supported")
        inner = self.expression()
        self.expect_symbol("]")
        if isinstance(inner, Scalar) and inner.value.n is not None and inner.value.n.lstrip("-").isdigit():
            index = int(inner.value.n[:20])
            if not 0 <= index <= _INDEX_MAX:
                raise ValidationException(
                    f"List index is not within the allowable range; index: [{inner.value.n}] at {inner.place}"
                )
            return index
        raise ValidationException(f"Unexpected path component at {inner.place}")

    # Terms

    def _term(self) -> Term:
        token = self.head
        match token.kind:
            case "name" | "quoted":
                name = self._name()
                if self.head.is_symbol("("):
                    return self._call(token)
                return PathTerm((name,), token.place)
            case "string":
                return Scalar(AttributeValue(s=self.take().text), token.place)
            case "number":
                return Scalar(AttributeValue(n=self.take().text), token.place)
            case "ion":
                return IonLiteral(self.take().text, token.place)
            case "keyword":
                return self._keyword()
            case "operator":
                raise not_well_formed("Unexpected operator")
            case "symbol":
                return self._bracketed()
            case "end":
                raise not_well_formed("Unexpected term")

    def _keyword(self) -> Term:
        token = self.head
        match token.text:
            case "null":
                return Scalar(AttributeValue(null=True), self.take().place)
            case "true" | "false":
                return Scalar(AttributeValue(bool_=self.take().text == "true"), token.place)
            case "missing":
                return Missing(self.take().place)
            case word if word in FUNCTION_KEYWORDS and self.following().is_symbol("("):
                return self._call(self.take())
            case _:
                return self.deeper(self.statement)

    def statement(self) -> Term:
        """A statement that begins with the keyword at hand."""
        raise not_well_formed("Unexpected keyword")

    def _call(self, name: Token) -> Term:
        self.expect_open()
        if self.head.is_symbol("*") and self.following().is_symbol(")"):
            self.take()
        arguments: tuple[Term, ...] = ()
        if not self.head.is_symbol(")"):
            arguments = self.comma_list(self.expression)
        self.expect_symbol(")")
        return CallTerm(name.text.lower(), arguments, name.place)

    def expect_open(self) -> None:
        if not self.head.is_symbol("("):
            raise not_well_formed("Expected LEFT_PAREN")
        self.take()

    def _bracketed(self) -> Term:
        token = self.take()
        if token.text == "?":
            self.parameters += 1
            return Parameter(self.parameters - 1, token.place)
        closing = _CLOSING.get(token.text)
        if closing is None:
            raise not_well_formed("Unexpected term")
        if self.head.is_symbol(closing) and token.text != "(":
            self.take()
            return _collection(token, (), ())
        if token.text == "{":
            members = self.comma_list(self._member)
            self.expect_symbol(closing)
            return _collection(token, (), members)
        elements = self.comma_list(self.expression)
        self.expect_symbol(closing)
        if token.text == "(" and len(elements) == 1:
            return elements[0]
        return _collection(token, elements, ())

    def _member(self) -> tuple[Term, Term]:
        name = self.expression()
        self.expect_symbol(":")
        return name, self.expression()


def _collection(token: Token, elements: tuple[Term, ...], members: tuple[tuple[Term, Term], ...]) -> Term:
    if token.text == "{":
        return Struct(members, token.place)
    return Bag(elements, token.place) if token.text == "<<" else ListTerm(elements, token.place)


def _negated(number: Scalar) -> Scalar:
    text = number.value.n or ""
    return Scalar(AttributeValue(n=text[1:] if text.startswith("-") else f"-{text}"), number.place)
