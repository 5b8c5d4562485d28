"""Whom does a trust policy let in? What the policy engine is asked about it; the engine has tests of its own."""

import pytest

from pileus.kernel.auth.policy import NamedPolicy, PolicySet, compile_policy
from pileus.kernel.auth.principals import root_of
from pileus.kernel.context import Principal
from pileus.services.sts.trust import outsider, refusal_of
from tests.unit.sts.sts import ACCOUNT, Role, allow, policy

ROOT = root_of(ACCOUNT)
ADA = Principal(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/team/ada", user_id="AIDAADA")
SESSION = Principal(account_id=ACCOUNT, arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me", user_id="AROAREADER:me")
STRANGER = Principal(account_id="222222222222", arn="arn:aws:iam::222222222222:user/eve", user_id="AIDAEVE")
LAMBDA = outsider("lambda.amazonaws.com")
ISSUER = outsider(f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com")
EVERYBODY = {"root": ROOT, "ada": ADA, "session": SESSION, "eve": STRANGER, "lambda": LAMBDA, "issuer": ISSUER}


def let_in(document: str, principal: Principal, action: str = "sts:AssumeRole") -> bool:
    role = Role(trust_policy=document)
    return refusal_of(role, principal=principal, action=action, conditions={}) is None


@pytest.mark.parametrize(
    ("principal", "who"),
    [
        ({"AWS": "*"}, {"root", "ada", "session", "eve"}),
        ({"AWS": ACCOUNT}, {"root", "ada", "session"}),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {"root", "ada", "session"}),
        ({"AWS": ["222222222222", f"arn:aws:iam::{ACCOUNT}:root"]}, {"root", "ada", "session", "eve"}),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/team/ada"}, {"ada"}),
        ({"AWS": "AIDAADA"}, {"ada"}),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ada"}, set()),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/reader"}, {"session"}),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me"}, {"session"}),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/you"}, set()),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/readers"}, set()),
        ({"Service": "lambda.amazonaws.com"}, {"lambda"}),
        ({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}, {"lambda"}),
        ({"Service": "ec2.amazonaws.com"}, set()),
        ({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com"}, {"issuer"}),
        ({"Federated": "arn:aws:iam::222222222222:oidc-provider/idp.example.com"}, set()),
    ],
)
def test_who_is_named(principal: object, who: set[str]) -> None:
    """Every form that `Principal` may take (IAM User Guide, "Principal")."""
    document = policy(allow(principal))
    found = {name for name, one in EVERYBODY.items() if let_in(document, one)}
    # Whether `"AWS": "*"` reaches services and providers too is the engine's to say.
    assert found - ({"lambda", "issuer"} if principal == {"AWS": "*"} else set()) == who


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("sts:AssumeRole", True),
        ("STS:assumerole", True),
        ("sts:*", True),
        (["sts:TagSession", "sts:AssumeRole"], True),
        ("sts:TagSession", False),
        ("sts:AssumeRoleWithSAML", False),
    ],
)
def test_actions(action: object, allowed: bool) -> None:
    """A role may be trusted with one way of being assumed, and not with its sister."""
    assert let_in(policy(allow({"AWS": "*"}, action)), ADA) is allowed


def test_one_deny_outweighs_every_allow() -> None:
    """Wherever it stands."""
    deny: dict[str, object] = {"Effect": "Deny", "Principal": {"AWS": "AIDAADA"}, "Action": "sts:*"}
    for document in (policy(allow({"AWS": "*"}), deny), policy(deny, allow({"AWS": "*"}))):
        assert not let_in(document, ADA)
        assert let_in(document, STRANGER)


NOTHING = PolicySet()
SOMETHING = PolicySet(
    identity=(
        NamedPolicy(
            "p",
            compile_policy(
                '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}'
            ),
            "identity",
        ),
    )
)


@pytest.mark.parametrize(
    ("named", "asking", "policies", "allowed"),
    [
        (ADA.arn, ADA, NOTHING, True),  # named itself, in its own account
        (ACCOUNT, ADA, NOTHING, False),
        (ACCOUNT, ADA, SOMETHING, True),
        (STRANGER.arn, STRANGER, NOTHING, False),  # from another account both sides must say yes
        (STRANGER.arn, STRANGER, SOMETHING, True),
        (ADA.arn, STRANGER, SOMETHING, False),
        (ADA.arn, ADA, None, True),
        (ACCOUNT, ADA, None, True),  # asked elsewhere
    ],
)
def test_the_callers_own_policies(named: str, asking: Principal, policies: PolicySet | None, allowed: bool) -> None:
    """IAM User Guide, "Policies and permissions", of roles: what the trust policy names decides what else is needed."""
    role = Role(trust_policy=policy(allow({"AWS": named})))
    refusal = refusal_of(role, principal=asking, action="sts:AssumeRole", conditions={}, policies=policies)
    assert (refusal is None) is allowed
    if refusal is not None and policies is NOTHING:
        assert refusal.explanation.endswith("because no identity-based policy allows the sts:AssumeRole action")
    elif refusal is not None:
        assert refusal.explanation == "", "what a trust policy lacks is not told"
