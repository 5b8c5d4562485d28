"""Does the engine decide as IAM's documentation says, case by case?

The expectations are in tests/conformance_tables/policy, each with its page; here they are only asked.
"""

from typing import Final

import pytest

from pileus.kernel.auth.policy import NamedPolicy, PolicySet, decide
from tests.conformance_tables.policy.cases import ConditionCase, EvaluationCase, PrincipalCase, StatementCase
from tests.conformance_tables.policy.elements import ELEMENT_CASES
from tests.conformance_tables.policy.evaluation import EVALUATION_CASES
from tests.conformance_tables.policy.multivalued import MULTIVALUED_CASES
from tests.conformance_tables.policy.operators import OPERATOR_CASES
from tests.conformance_tables.policy.principals import PRINCIPAL_CASES
from tests.conformance_tables.policy.variables import VARIABLES_IN_CONDITIONS, VARIABLES_IN_RESOURCES
from tests.unit.policy.asking import (
    ACCOUNT,
    ALLOW_ALL,
    FEDERATED,
    ROLE,
    ROOT,
    SESSION,
    USER,
    policy,
    query,
    statements_saying,
)

_CONDITIONS: Final = [*OPERATOR_CASES, *MULTIVALUED_CASES, *VARIABLES_IN_CONDITIONS]
_STATEMENTS: Final = [*ELEMENT_CASES, *VARIABLES_IN_RESOURCES]
_CASES_MIN: Final = 300
_OTHER_ACCOUNT: Final = "999999999999"
_RESOURCE_NAMES: Final[dict[str, object]] = {
    "user": {"AWS": USER},
    "role": {"AWS": ROLE},
    "session": {"AWS": SESSION},
    "federated": {"AWS": FEDERATED},
    "account": {"AWS": ROOT},
    "everybody": "*",
    "service": {"Service": "sns.amazonaws.com"},
    "other": {"AWS": "arn:aws:iam::777788889999:user/other"},
}


@pytest.mark.parametrize("case", _CONDITIONS, ids=lambda case: f"{next(iter(case.condition), 'none')}: {case.why}")
def test_conditions(case: ConditionCase) -> None:
    """An Allow applies exactly when its conditions hold; a Deny with the same conditions as well."""
    allow = policy(dict(ALLOW_ALL) | {"Condition": case.condition}, version=case.version)
    assert decide(query(conditions=case.context), PolicySet(identity=[allow])).allowed is case.holds, case.page
    deny = policy(dict(ALLOW_ALL) | {"Effect": "Deny", "Condition": case.condition}, version=case.version)
    decision = decide(query(conditions=case.context), PolicySet(identity=[policy(ALLOW_ALL), deny]))
    assert decision.explicit_deny is case.holds, case.page


@pytest.mark.parametrize("case", _STATEMENTS, ids=lambda case: f"{'-'.join(case.statement)}: {case.why}")
def test_actions_and_resources(case: StatementCase) -> None:
    """A statement speaks of exactly the actions and resources that its elements cover."""
    allow = policy({"Effect": "Allow"} | dict(case.statement), version=case.version)
    asked = query(action=case.action, resource=case.resource, conditions=case.context)
    assert decide(asked, PolicySet(identity=[allow])).allowed is case.covers, case.page
    deny = policy({"Effect": "Deny"} | dict(case.statement), version=case.version)
    decision = decide(asked, PolicySet(identity=[policy(ALLOW_ALL), deny]))
    assert decision.explicit_deny is case.covers, case.page


@pytest.mark.parametrize("case", PRINCIPAL_CASES, ids=lambda case: f"{case.effect} {case.who}: {case.why}")
def test_principals(case: PrincipalCase) -> None:
    """A resource's policy means whom its Principal or NotPrincipal names."""
    named = policy({"Effect": case.effect, "Action": "*", "Resource": "*"} | dict(case.element))
    has_own = case.effect == "Deny" or case.who == "stranger"
    resource = named
    if case.effect == "Deny" and case.who == "stranger":
        everybody = {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}
        resource = policy({"Effect": "Deny", "Action": "*", "Resource": "*"} | dict(case.element), everybody)
    policies = PolicySet(
        identity=[policy(ALLOW_ALL)] if has_own else [],
        boundary=policy(ALLOW_ALL) if case.bounded else None,
        resource=resource,
    )
    assert decide(query(case.who), policies).allowed is case.allowed, case.page


@pytest.mark.parametrize("case", EVALUATION_CASES, ids=lambda case: f"{case.who}: {case.why}")
def test_evaluation(case: EvaluationCase) -> None:
    """Policies of several kinds decide together as the flow charts say, and the decision says which kind it was."""
    decision = decide(
        query(case.who, owner=_OTHER_ACCOUNT if case.cross_account else ACCOUNT),
        PolicySet(
            identity=[_saying(case.identity)] if case.identity else [],
            boundary=_saying(case.boundary) if case.boundary else None,
            session=[_saying(case.session)] if case.session else None,
            resource=_resource(*case.resource, kind=case.resource_kind) if case.resource else None,
            scps=[[_saying(effect)] for effect in case.scps],
        ),
    )
    assert (decision.allowed, decision.kind, decision.explicit_deny) == (case.allowed, case.by, case.explicit), (
        case.page
    )


def _saying(effect: str) -> NamedPolicy:
    return policy(*statements_saying(effect))


def _resource(name: str, effect: str, *, kind: str) -> NamedPolicy:
    principal = {"Principal": _RESOURCE_NAMES[name]}
    return policy(*(dict(statement) | principal for statement in statements_saying(effect)), kind=kind)


def test_there_are_enough_cases() -> None:
    """The tables keep what they promise, and no case is there twice."""
    cases = [*_CONDITIONS, *_STATEMENTS, *PRINCIPAL_CASES, *EVALUATION_CASES]
    assert len(cases) >= _CASES_MIN
    assert len({repr(case) for case in cases}) == len(cases)
