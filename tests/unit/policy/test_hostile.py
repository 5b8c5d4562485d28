"""Can a document hurt? Whatever its text, it is compiled or refused by PolicySyntax, soon, and decided soon."""

import json
from contextlib import suppress
from time import process_time
from typing import Any, Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.auth.policy import (
    NamedPolicy,
    PolicyKind,
    PolicySet,
    PolicySyntax,
    check_policy,
    compile_policy,
    context_keys,
    decide,
)
from pileus.kernel.auth.policy.arns import arn_matcher, resource_matcher
from pileus.kernel.auth.policy.globs import matcher, wild
from pileus.kernel.auth.policy.operators import OPERATORS
from tests.unit.policy.asking import query

_KINDS: Final[tuple[PolicyKind, ...]] = get_args(PolicyKind)
_SECONDS_MAX: Final = 5.0
"""Generous: what these tests are afraid of takes hours."""

_LEAVES: Final = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | st.sampled_from(["*", "Allow", "Deny", "2012-10-17", "s3:*", "${aws:username}", "${", "${a, '", "arn:aws:s3:::*"])
)
_NAMES: Final = (
    st.sampled_from(["Version", "Id", "Statement", "Sid", "Effect", "Action", "NotAction", "Resource"])
    | st.sampled_from(["NotResource", "Principal", "NotPrincipal", "Condition", "AWS", "Service"])
    | st.sampled_from(["aws:SourceIp", "Null", "ForAllValues:", "DateEquals"])
    | st.text(max_size=4)
)
_JSON: Final = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4), max_leaves=20
)
_VALUES: Final = (
    st.text(max_size=12)
    | st.sampled_from(["", "1e999999", "9" * 400, "-", "0x1", "٣", "1.", "-9999999999999999999", "true "])
    | st.sampled_from(["2020-02-30", "0000-01-01", "9999-12-31T23:59:60Z", "2020-01-01T00:00:00+99:99"])
    | st.sampled_from(["0001-01-01T00:00:00+14:00", "::/200", "256.0.0.1", "::ffff:1.2.3.4/96", "fe80::1%1"])
    | st.sampled_from(["QQ=", "é==", "${*", "${$}{", "arn:::::::", "::::::", "🦀"])
)


@given(_JSON)
def test_any_json(document: Any) -> None:
    """Wrong types anywhere are PolicySyntax and nothing else."""
    _survives(json.dumps(document))


@given(_NAMES, _JSON, st.sampled_from(["Statement", "document", "Condition", "Principal"]))
def test_a_good_document_with_something_strange(name: str, strange: Any, where: str) -> None:
    """Strange things deep inside of what is otherwise right."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document: dict[str, Any] = {"Version": "2012-10-17", "Statement": [statement]}
    if where == "Statement":
        statement[name] = strange
    elif where == "document":
        document[name] = strange
    else:
        statement[where] = {name: strange}
    _survives(json.dumps(document))


@given(st.sampled_from(sorted(OPERATORS)), st.lists(_VALUES, max_size=3), _VALUES | st.lists(_VALUES, max_size=3))
def test_any_value_under_any_operator(operator: str, wanted: list[str], found: str | list[str]) -> None:
    """Numbers, dates and addresses that are none match nothing, and raise nothing."""
    condition = {operator: {"aws:key": wanted}}
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition},
        }
    )
    try:
        named = NamedPolicy("test", compile_policy(text), "test")
    except PolicySyntax:
        return
    decide(query(conditions={"aws:key": found}), PolicySet(identity=[named]))


@given(st.text(max_size=40))
def test_any_text(text: str) -> None:
    """Not even JSON."""
    _survives(text)


def _survives(text: str) -> None:
    for kind in _KINDS:
        with suppress(PolicySyntax):
            check_policy(text, kind=kind)
    try:
        context_keys(text)
        named = NamedPolicy("test", compile_policy(text), "test")
    except PolicySyntax:
        return
    for who in ("user", "session", "root", "anonymous", "service"):
        decide(query(who), PolicySet(identity=[named], boundary=named, session=[named], resource=named, scps=[[named]]))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"Statement":' * 9_000,
        '{"Statement":' + "[" * 50_000 + "]" * 50_000 + "}",
        '{"Version": ' + "9" * 100_000 + "}",
        " " * 1_000_000,
        json.dumps({"Version": "2012-10-17", "Statement": "\ud800"}),
        "\ud800",
        json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:b"}] * 10_000}),
    ],
    ids=["arrays", "objects", "closed arrays", "digits", "blanks", "escaped surrogate", "surrogate", "many statements"],
)
def test_deep_and_huge(text: str) -> None:
    """Nesting that would exhaust the stack, and sizes beyond what any policy may have."""
    started = process_time()
    for kind in _KINDS:
        with pytest.raises(PolicySyntax):
            check_policy(text, kind=kind)
    with pytest.raises(PolicySyntax):
        compile_policy(text)
    assert process_time() - started < _SECONDS_MAX


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 5_000 + "b", "a" * 20_000),
        ("*" * 10_000 + "b", "a" * 20_000),
        ("a*" * 3_000 + "?b", "a" * 10_000),
        ("*?" * 2_000 + "b", "a" * 2_000),
        ("*aaaaaaaaaaaaaaaab" * 200, "a" * 20_000),
        ("arn:a*a" + "*a" * 1_000 + ":*:x", "arn:" + "a" * 5_000),
        ("*:" * 500 + "a?b", ":" * 5_000),
    ],
)
def test_catastrophic_wildcards(pattern: str, text: str) -> None:
    """Patterns that make a backtracking matcher count to the end of the universe."""
    started = process_time()
    for made in (matcher, resource_matcher, arn_matcher):
        assert made(wild(pattern))(text) is False
    assert process_time() - started < _SECONDS_MAX
