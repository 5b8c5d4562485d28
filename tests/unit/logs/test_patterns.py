"""Which events a filter pattern matches: the examples of CloudWatch's page, and what lies between them."""

import pytest

from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.services.logs.patterns import parse


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        ("   ", "anything", True),
        ("ERROR", "[ERROR 400] BAD REQUEST", True),
        ("ERROR", "[error 400] bad request", False),  # case counts
        ("ERR", "[ERROR 400]", True),  # a term is a piece of text, no word
        ("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", True),
        ("ERROR ARGUMENTS", "[ERROR 401] UNAUTHORIZED", False),
        ("?ERROR ?ARGUMENTS", "[ERROR 401] UNAUTHORIZED", True),
        ("?ERROR ?ARGUMENTS", "missing ARGUMENTS", True),
        ("?ERROR ?ARGUMENTS", "nothing", False),
        ("REQUEST ?ERROR ?WARN", "[INFO] REQUEST FAILED", True),  # beside others, `?` terms are ignored
        ("ERROR -ARGUMENTS", "[ERROR 401] UNAUTHORIZED", True),
        ("ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", False),
        ("-DEBUG", "INFO", True),
        ("-DEBUG", "DEBUG", False),
        ('"INTERNAL SERVER ERROR"', "[ERROR 500] INTERNAL SERVER ERROR", True),
        ('"INTERNAL SERVER ERROR"', "[ERROR 500] INTERNAL ERROR SERVER", False),
        ('"a.b" -"c d"', "a.b c", True),
        ('"a.b" -"c d"', "a.b c d", False),
        ('?"a b" ?"c d"', "c d", True),
        (r'"say \"hi\""', 'say "hi"', True),
        ("über", "über", True),
    ],
)
def test_what_matches(pattern: str, message: str, matches: bool) -> None:
    assert parse(pattern).matches(message) is matches


@pytest.mark.parametrize("pattern", ["a.b", "[", '"open', 'a"b"', "--x", "?", "a:b"])
def test_no_patterns(pattern: str) -> None:
    """A mistake is answered, not guessed at."""
    with pytest.raises(ServiceError) as caught:
        parse(pattern)
    assert caught.value.error_code in {"InvalidParameterException", "NotImplemented"}


@pytest.mark.parametrize("pattern", ["{ $.a = 1 }", "[a, b]", "%AUTH%"])
def test_kinds_that_pileus_does_not_do(pattern: str) -> None:
    """They mean something else than words, so they must not be read as words."""
    with pytest.raises(NotImplementedByPileus):
        parse(pattern)
