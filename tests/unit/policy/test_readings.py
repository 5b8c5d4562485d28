"""Where IAM's documentation leaves a question open, does the engine keep to the reading that we chose?

Each is in docs/policies.md; all of them err on the side of no.
"""

import pytest

from pileus.kernel.auth.policy import PolicySet, canonical_user_id, decide
from pileus.kernel.auth.policy.values import moment
from tests.unit.policy.asking import ACCOUNT, ALLOW_ALL, PEOPLE, policy, query, statements_saying

_UNRESOLVED = [
    {"NotResource": "arn:aws:s3:::home/${aws:username}/*", "Action": "*"},
    {"Resource": "*", "Action": "*", "Condition": {"StringNotEquals": {"aws:tag": "${aws:PrincipalTag/team}"}}},
    {"Resource": "*", "Action": "*", "Condition": {"ArnNotLike": {"aws:tag": "arn:aws:s3:::${aws:username}"}}},
]


@pytest.mark.parametrize("statement", _UNRESOLVED)
def test_a_negation_of_an_unresolved_variable(statement: dict[str, object]) -> None:
    """ "Everything but what I cannot name": an Allow must not read it as everything, a Deny must not as nothing."""
    asked = query("user", conditions={"aws:tag": "red"})
    allow = policy(statement | {"Effect": "Allow"})
    assert not decide(asked, PolicySet(identity=[allow])).allowed
    deny = policy(statement | {"Effect": "Deny"})
    assert decide(asked, PolicySet(identity=[policy(ALLOW_ALL), deny])).explicit_deny


def test_a_variable_with_several_values_has_none() -> None:
    """A multivalued key cannot be used as a variable; with one value it can."""
    home = policy({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::home/${aws:TagKeys}"})
    for values, allowed in ((["a", "b"], False), (["a"], True), ("a", True), ([], False)):
        asked = query("user", resource="arn:aws:s3:::home/a", conditions={"aws:tagkeys": values})
        assert decide(asked, PolicySet(identity=[home])).allowed is allowed


def test_a_value_is_never_a_wildcard() -> None:
    """Who may choose a tag must not choose a pattern with it."""
    home = policy({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::home/${aws:PrincipalTag/team}/*"})
    asked = query("user", resource="arn:aws:s3:::home/red/x", conditions={"aws:principaltag/team": "*"})
    assert not decide(asked, PolicySet(identity=[home])).allowed


def test_a_list_under_a_plain_operator() -> None:
    """Without a set operator any value of the request may match; under a negated operator none may."""
    conditions = {"aws:tagkeys": ["a", "b"]}
    plain = policy(dict(ALLOW_ALL) | {"Condition": {"StringEquals": {"aws:TagKeys": "a"}}})
    assert decide(query("user", conditions=conditions), PolicySet(identity=[plain])).allowed
    negated = policy(dict(ALLOW_ALL) | {"Condition": {"StringNotEquals": {"aws:TagKeys": "a"}}})
    assert not decide(query("user", conditions=conditions), PolicySet(identity=[negated])).allowed


def test_a_federated_user_without_session_policies() -> None:
    """An empty list of session policies allows nothing; None is no limit ("GetFederationToken")."""
    identity = [policy(*statements_saying("allow"))]
    assert not decide(query("federated"), PolicySet(identity=identity, session=())).allowed
    assert decide(query("federated"), PolicySet(identity=identity, session=None)).allowed


def test_four_digits_are_a_year() -> None:
    """W3C's shortest date wins over second 2020 of 1970."""
    assert moment("2020") == moment("2020-01-01T00:00:00Z")
    assert moment("02020") == 2020


def test_canonical_users() -> None:
    """S3's name of an account is stable, and nobody else's."""
    mine, other = canonical_user_id(ACCOUNT), canonical_user_id("444455556666")
    assert mine != other
    assert len(mine) == len(other) == 64
    shared = policy({"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": {"CanonicalUser": other}})
    asked = query("stranger")
    assert asked.principal is PEOPLE["stranger"]
    assert decide(asked, PolicySet(identity=[policy(ALLOW_ALL)], resource=shared)).allowed
