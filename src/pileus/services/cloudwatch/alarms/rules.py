"""What does the rule of a composite alarm say?

`(ALARM("a") AND NOT OK(b)) OR INSUFFICIENT_DATA(arn:aws:cloudwatch:...:alarm:c)`, `TRUE`, `FALSE`,
`AT_LEAST(2, ALARM, (a, b, c))`. NOT binds closest, then AND, then OR. A name may stand without quotes when it has no
blank, parenthesis or comma.

Source: API_PutCompositeAlarm, AlarmRule.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from math import ceil
from typing import Final, NamedTuple

from pileus.services.cloudwatch.alarms.records import StateValue
from pileus.services.cloudwatch.errors import ValidationError

_TOKENS: Final = re.compile(r'\s*(?:(?P<sign>[(),])|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s()",]+))')
_STATES: Final[dict[str, StateValue]] = {"ALARM": "ALARM", "OK": "OK", "INSUFFICIENT_DATA": "INSUFFICIENT_DATA"}
_MANY: Final = re.compile(r"([0-9]{1,3})(%?)")
_DEPTH_MAX: Final = 100
_ALARMS_MAX: Final = 100
"""Source: CloudWatch User Guide, "CloudWatch service quotas"."""

States = Callable[[str], StateValue]
"""How another alarm stands, by its name."""


class Rule(NamedTuple):
    """alarms: the names of those it looks at, in order. holds: whether it is ALARM."""

    alarms: tuple[str, ...]
    holds: Callable[[States], bool]


@lru_cache(maxsize=1_024)
def rule_of(text: str) -> Rule:
    """Raises ValidationError."""
    parser = _Parser(_tokens(text))
    holds = parser.whole()
    names = tuple(dict.fromkeys(parser.names))
    if len(names) > _ALARMS_MAX:
        raise ValidationError(f"AlarmRule must not contain more than {_ALARMS_MAX} alarms")
    return Rule(names, holds)


class _Token(NamedTuple):
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        token = _TOKENS.match(text, at)
        if token is None or token.lastgroup is None:
            raise _wrong(f"unexpected character at position {at + 1}")
        found.append(_Token(token.lastgroup, token[token.lastgroup]))
        at = token.end()
    return found


def _wrong(why: str) -> ValidationError:
    return ValidationError(f"AlarmRule must be a valid expression: {why}")


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self.names: list[str] = []

    def whole(self) -> Callable[[States], bool]:
        holds = self._any()
        if self._at < len(self._tokens):
            raise _wrong(f"unexpected '{self._tokens[self._at].text}'")
        return holds

    def _word(self) -> str | None:
        """The next token, when it is a word."""
        if self._at < len(self._tokens) and self._tokens[self._at].kind == "word":
            return self._tokens[self._at].text
        return None

    def _take(self) -> _Token:
        if self._at >= len(self._tokens):
            raise _wrong("it ends early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, sign: str) -> None:
        token = self._take()
        if token != ("sign", sign):
            raise _wrong(f"'{sign}' is expected instead of '{token.text}'")

    def _any(self) -> Callable[[States], bool]:
        choices = [self._all()]
        while self._word() == "OR":
            self._at += 1
            choices.append(self._all())
        return choices[0] if len(choices) == 1 else lambda states: any(holds(states) for holds in choices)

    def _all(self) -> Callable[[States], bool]:
        wanted = [self._one()]
        while self._word() == "AND":
            self._at += 1
            wanted.append(self._one())
        return wanted[0] if len(wanted) == 1 else lambda states: all(holds(states) for holds in wanted)

    def _one(self) -> Callable[[States], bool]:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise _wrong("it is nested too deeply")
        try:
            token = self._take()
            if token == ("sign", "("):
                holds = self._any()
                self._expect(")")
                return holds
            if token.kind == "word":
                return self._said(token.text)
            raise _wrong(f"unexpected '{token.text}'")
        finally:
            self._depth -= 1

    def _said(self, word: str) -> Callable[[States], bool]:
        match word:
            case "NOT":
                refused = self._one()
                return lambda states: not refused(states)
            case "TRUE":
                return lambda states: True
            case "FALSE":
                return lambda states: False
            case "AT_LEAST":
                return self._at_least()
        wanted = _STATES.get(word)
        if wanted is None:
            raise _wrong(f"unexpected '{word}'")
        self._expect("(")
        name = self._alarm()
        self._expect(")")
        return lambda states: states(name) == wanted

    def _alarm(self) -> str:
        token = self._take()
        if token.kind == "sign":
            raise _wrong("the name of an alarm is missing")
        name = _name(token.text)
        self.names.append(name)
        return name

    def _at_least(self) -> Callable[[States], bool]:
        """`AT_LEAST(2, NOT OK, (a, b, c))`; of so many percent with `50%`."""
        self._expect("(")
        many = _MANY.fullmatch(self._take().text)
        if many is None:
            raise _wrong("AT_LEAST takes a number or a percentage")
        self._expect(",")
        negated = self._word() == "NOT"
        self._at += negated
        state = self._take().text
        wanted = _STATES.get(state)
        if wanted is None:
            raise _wrong(f"unexpected '{state}'")
        self._expect(",")
        self._expect("(")
        names = [self._alarm()]
        while self._at < len(self._tokens) and self._tokens[self._at] == ("sign", ","):
            self._at += 1
            names.append(self._alarm())
        self._expect(")")
        self._expect(")")
        needed = int(many[1]) if not many[2] else ceil(len(names) * int(many[1]) / 100)
        if not 0 < needed <= len(names):
            raise _wrong("AT_LEAST asks for more alarms than it names")
        return lambda states: sum((states(name) == wanted) is not negated for name in names) >= needed


def _name(text: str) -> str:
    """Of a name or an ARN."""
    text = re.sub(r"\\(.)", r"\1", text)
    parts = text.split(":", 6)
    return parts[6] if len(parts) == 7 and parts[0] == "arn" and parts[5] == "alarm" else text
