"""Which statement does a text stand for?

What a statement may not say, though it can be read, is for `checks` to refuse; only aliases and joins are refused here,
for nothing else would look at them.

Source: partiql-lang-kotlin, SqlParser (`parseSelect`, `parseFrom`, `parseLegacyDml`, `parseBaseDml`).
"""

from typing import Final

from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.partiql.grammar import ExpressionParser
from pileus.services.dynamodb.partiql.lexer import Place, not_well_formed
from pileus.services.dynamodb.partiql.precedence import SELECT_PRECEDENCE
from pileus.services.dynamodb.partiql.terms import (
    Assignment,
    Delete,
    Insert,
    PathTerm,
    Select,
    Source,
    Term,
    Update,
)

_JOINS: Final = ("join", "cross", "inner", "left", "right", "full", "outer")
_UNSUPPORTED_AFTER_WHERE: Final = ("group", "having", "limit")


class StatementParser(ExpressionParser):
    """Reads one statement, from the first token to the last."""

    def whole(self) -> Term:
        """The statement, or another expression, and nothing after it but perhaps a semicolon."""
        term = self.expression()
        if self.head.is_symbol(";"):
            self.take()
            if self.head.kind != "end":
                raise not_well_formed("Unexpected token after semicolon. (Only one query is allowed.)")
        if self.head.kind != "end":
            raise not_well_formed("Unexpected token after expression")
        return term

    def statement(self) -> Term:
        token = self.head
        match token.text:
            case "select":
                self.take()
                return self._select(token.place)
            case "insert_into":
                self.take()
                return self._insert(token.place)
            case "update":
                self.take()
                return self._update(token.place)
            case "delete":
                self.take()
                return self._delete(token.place)
            case "from":
                self.take()
                return self._from_first(token.place)
            case "values":
                self.take()
                raise not_well_formed("Expected LEFT_PAREN for row value constructor")
            case _:
                raise not_well_formed("Unexpected keyword")

    # SELECT

    def _select(self, place: Place) -> Select:
        unsupported = None
        if (word := self.accept_keyword("distinct", "value")) is not None:
            unsupported = (word.text.upper(), word.place)
        else:
            self.accept_keyword("all")
        columns = self._columns()
        if not self.accept_keyword("from"):
            raise not_well_formed("Expected FROM after SELECT list")
        source = self._source(self.expression(SELECT_PRECEDENCE))
        where = self.expression(SELECT_PRECEDENCE) if self.accept_keyword("where") else None
        order: tuple[tuple[Term, bool], ...] = ()
        if self.accept_keyword("order"):
            self._expect_by()
            order = self.comma_list(self._sort)
        while (clause := self.accept_keyword(*_UNSUPPORTED_AFTER_WHERE)) is not None:
            if clause.text == "group":
                self._expect_by()
            operand = self.comma_list(lambda: self.expression(SELECT_PRECEDENCE))[0]
            unsupported = unsupported or (clause.text.upper(), operand.place)
        return Select(columns, source, where, order, place, unsupported)

    def _columns(self) -> tuple[Term, ...] | None:
        """None for the star, which stands alone."""
        stars: list[bool] = []

        def column() -> Term | None:
            stars.append(self.head.is_symbol("*"))
            if stars[-1]:
                self.take()
                return None
            term = self.expression()
            self._refuse_alias()
            return term

        columns = self.comma_list(column)
        if any(stars) and len(stars) > 1:
            raise not_well_formed(
                "Other expressions may not be present in the select list when '*' is used without dot notation."
            )
        return None if stars[0] else tuple(term for term in columns if term is not None)

    def _sort(self) -> tuple[Term, bool]:
        term = self.expression()
        direction = self.accept_keyword("asc", "desc")
        return term, direction is None or direction.text == "asc"

    def _expect_by(self) -> None:
        if not self.accept_keyword("by"):
            raise not_well_formed("Expected BY")

    def _source(self, term: Term) -> Source:
        if not isinstance(term, PathTerm):
            raise ValidationException("Unexpected from source")
        self._refuse_alias()
        if self.head.is_symbol(",") or self.head.is_keyword(*_JOINS):
            raise ValidationException("Only select from a single table or index is supported.")
        return Source(term.steps, term.place)

    def _refuse_alias(self) -> None:
        if self.head.is_keyword("as", "at", "by") or self.head.kind in {"name", "quoted"}:
            raise ValidationException("Aliasing is not supported")

    # Writes

    def _insert(self, place: Place) -> Insert:
        path = self.simple_path()
        source = Source(path.steps, path.place)
        if not self.accept_keyword("value"):
            self.expression()
            return Insert(source, None, None, place)
        item = self.expression()
        if self.head.is_keyword("at"):
            raise ValidationException("AT is not supported in insert statements.")
        return Insert(source, item, self._returning(), place)

    def _update(self, place: Place) -> Update:
        source = self._target()
        assignments = self._assignments()
        where = self._where()
        return Update(source, assignments, where, self._returning(), place)

    def _delete(self, place: Place) -> Delete:
        if not self.accept_keyword("from"):
            raise not_well_formed("Expected FROM after DELETE")
        source = self._target()
        where = self._where()
        return Delete(source, where, self._returning(), place)

    def _from_first(self, place: Place) -> Update:
        """`FROM table WHERE ... SET ...` is an UPDATE."""
        source = self._source(self.expression())
        where = self._where()
        assignments = self._assignments()
        return Update(source, assignments, where, self._returning(), place)

    def _target(self) -> Source:
        path = self.simple_path()
        self._refuse_alias()
        return Source(path.steps, path.place)

    def _where(self) -> Term | None:
        return self.expression() if self.accept_keyword("where") else None

    def _assignments(self) -> tuple[Assignment, ...]:
        found: list[Assignment] = []
        while (word := self.accept_keyword("set", "remove", "insert_into")) is not None:
            if word.text == "insert_into":
                raise ValidationException("Only SET and REMOVE are supported in update expressions at this time")
            if word.text == "remove":
                found.append(Assignment(self.simple_path(), None))
            else:
                found += self.comma_list(self._assignment)
        if not found:
            raise not_well_formed("Expected data manipulation")
        return tuple(found)

    def _assignment(self) -> Assignment:
        target = self.simple_path()
        if not self.head.is_keyword("="):
            raise not_well_formed("Expected '='")
        self.take()
        return Assignment(target, self.expression())

    def _returning(self) -> str | None:
        """`ALL OLD`, `ALL NEW`, `MODIFIED OLD` or `MODIFIED NEW`."""
        if not self.accept_keyword("returning"):
            return None
        word = self.accept_keyword("all_old", "all_new", "modified_old", "modified_new")
        if word is None:
            raise not_well_formed("Expected ( MODIFIED | ALL ) ( NEW | OLD ) in each returning element.")
        if not self.head.is_symbol("*"):
            self.expression()
            raise ValidationException("Expected '*' after ( MODIFIED | ALL ) ( NEW | OLD ) in RETURNING clause")
        self.take()
        if self.head.is_symbol(","):
            raise ValidationException("Invalid syntax with multiple returning elements in RETURNING clause")
        return word.text.replace("_", " ").upper()


def parse(text: str) -> tuple[Term, int]:
    """The statement, or what else the text is, and how many parameters it has."""
    parser = StatementParser(text)
    term = parser.whole()
    return term, parser.parameters
