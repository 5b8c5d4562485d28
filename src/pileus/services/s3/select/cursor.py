"""Where in the words of a query is the parser, and what comes next?"""

from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.lexing import Token, tokens
from pileus.services.s3.select.syntax import Every, Index, Name, Step


class Cursor:
    """A place in the words. Every method raises `SelectError`."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self.at = 0

    @property
    def peek(self) -> Token:
        return self._tokens[self.at]

    def ahead(self, count: int) -> Token:
        return self._tokens[min(self.at + count, len(self._tokens) - 1)]

    def take(self) -> Token:
        token = self._tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def word(self, text: str) -> bool:
        """Whether this keyword comes next; then it is taken."""
        return self._taken("keyword", text)

    def operator(self, text: str) -> bool:
        return self._taken("operator", text)

    def _taken(self, kind: str, text: str) -> bool:
        token = self._tokens[self.at]
        if token.kind != kind or token.text != text:
            return False
        self.at += 1
        return True

    def name(self) -> Name:
        token = self.take()
        if token.kind == "keyword":
            raise SelectError("ParseUnExpectedKeyword")
        if token.kind not in {"name", "quoted"}:
            raise SelectError("ParseInvalidPathComponent")
        return Name(token.text, token.kind == "quoted")

    def bracket(self) -> Step:
        """What follows a name in square brackets, as in `[*]`, `[0]` and `["name"]`."""
        self.need("[")
        token = self.take()
        self.need("]")
        if token.text == "*":
            return Every()
        if type(token.value) is int:
            return Index(token.value)
        if isinstance(token.value, str):
            return Name(token.value, True)
        raise SelectError("ParseInvalidPathComponent")

    def need(self, text: str, code: str = "ParseExpectedTokenType") -> None:
        if not self.operator(text):
            raise SelectError(code)
