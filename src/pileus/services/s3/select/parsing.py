"""What does an SQL expression of S3 Select say? Text to a `Query`, or the error that AWS's parser gives.

Nothing but this grammar is ever run: no text of the caller reaches an engine.

Source: S3 User Guide, "SQL reference for Amazon S3 Select".
"""

from typing import Final

from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.expression_parsing import ExpressionParser
from pileus.services.s3.select.syntax import Every, Item, Name, Path, Query, Step

EXPRESSION_BYTES_MAX: Final = 256 * 1024
_ROOT: Final = "s3object"


def parse(text: str) -> Query:
    """Raises `SelectError`."""
    if len(text.encode(errors="replace")) > EXPRESSION_BYTES_MAX:
        raise SelectError("ExpressionTooLong")
    return _QueryParser(text).query()


class _QueryParser(ExpressionParser):
    def query(self) -> Query:
        if not self.word("SELECT"):
            raise SelectError("ParseUnsupportedSyntax" if self.peek.kind != "keyword" else "ParseUnsupportedSelect")
        if self.peek.text in {"DISTINCT", "ALL"}:
            raise SelectError("ParseUnsupportedSelect")
        items, starred = self._list()
        if not self.word("FROM"):
            raise SelectError("ParseSelectMissingFrom")
        path = self._from()
        alias = self._alias()
        self._refuse_what_is_not_supported()
        where = None
        if self.word("WHERE"):
            self.aggregates_allowed = False
            where = self.expression()
        limit = self._limit() if self.word("LIMIT") else None
        self._refuse_what_is_not_supported()
        if self.peek.kind != "end":
            raise SelectError("ParseUnexpectedToken")
        if starred is not None and (alias is None or alias.text.lower() != starred.text.lower()):
            raise SelectError("ParseAsteriskIsNotAloneInSelectList")
        aggregates = tuple(self.aggregates)
        if aggregates and any(isinstance(item.expression, Path) for item in items or ()):
            raise SelectError("UnsupportedSqlStructure")
        return Query(items=items, path=path, alias=alias, where=where, limit=limit, aggregates=aggregates)

    def _list(self) -> tuple[tuple[Item, ...] | None, Name | None]:
        """The columns, or None for all; and whose star it is in `s.*`."""
        if self.peek.text == "FROM" or self.peek.kind == "end":
            raise SelectError("ParseEmptySelect")
        if self.operator("*"):
            if self.peek.text == ",":
                raise SelectError("ParseAsteriskIsNotAloneInSelectList")
            return None, None
        if self.peek.kind in {"name", "quoted"} and self.ahead(1).text == "." and self.ahead(2).text == "*":
            name = self.name()
            self.at += 2
            return None, name
        items = [self._item()]
        while self.operator(","):
            items.append(self._item())
        return tuple(items), None

    def _item(self) -> Item:
        if self.peek.text == "*":
            raise SelectError("ParseAsteriskIsNotAloneInSelectList")
        expression = self.expression()
        if self.word("AS"):
            if self.peek.kind not in {"name", "quoted"}:
                raise SelectError("ParseExpectedIdentForAlias")
            return Item(expression, self.name().text)
        return Item(expression, self.name().text if self.peek.kind in {"name", "quoted"} else None)

    def _from(self) -> tuple[Step, ...]:
        if self.peek.kind not in {"name", "quoted"} or self.peek.text.lower() != _ROOT:
            raise SelectError("ParseUnsupportedSyntax" if self.peek.text != "(" else "ParseUnsupportedSelect")
        self.at += 1
        steps: list[Step] = []
        while self.peek.text in {".", "["} and self.peek.kind == "operator":
            if self.operator("."):
                if not steps:  # "S3Object.path" lacks the wildcard (manual, "FROM clause")
                    raise SelectError("InvalidKeyPath")
                steps.append(Every() if self.operator("*") else self.name())
            else:
                steps.append(self.bracket())
        if steps and not isinstance(steps[0], Every):
            raise SelectError("InvalidKeyPath")
        return tuple(steps[1:])

    def _alias(self) -> Name | None:
        if self.word("AS") and self.peek.kind not in {"name", "quoted"}:
            raise SelectError("InvalidTableAlias")
        return self.name() if self.peek.kind in {"name", "quoted"} else None

    def _limit(self) -> int:
        if self.operator("-"):
            raise SelectError("EvaluatorNegativeLimit")
        token = self.take()
        if type(token.value) is not int:
            raise SelectError("ParseExpectedNumber")
        return token.value

    def _refuse_what_is_not_supported(self) -> None:
        text = self.peek.text
        if text == "," or text in {"JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "FULL", "NATURAL"}:
            raise SelectError("ParseMalformedJoin")
        if text == "GROUP":
            raise SelectError("ParseExpectedIdentForGroupName")
        if text in {"ORDER", "HAVING", "UNION", "INTERSECT", "EXCEPT"}:
            raise SelectError("UnsupportedSqlStructure")


def column_name(item: Item, position: int) -> str:
    """What a column is called in JSON. position: from 1."""
    if item.alias is not None:
        return item.alias
    last = item.expression.steps[-1] if isinstance(item.expression, Path) else None
    return last.text if isinstance(last, Name) else f"_{position}"
