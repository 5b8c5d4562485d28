"""Do all combinations of policies come out as the two flow charts say?

Every combination of who asks, what identity, boundary, session and resource policies say, whom the last names, and
whether it is another account's; against the charts as one formula.

Source: IAM User Guide, "Policy evaluation for requests within a single account", "Cross-account policy evaluation
logic".
"""

from itertools import product
from typing import Final

import pytest

from pileus.kernel.auth.policy import PolicySet, decide
from tests.unit.policy.asking import ACCOUNT, FEDERATED, ROLE, ROOT, SESSION, USER, policy, query, statements_saying

_SAYINGS: Final = (None, "allow", "silent", "deny")
_PRINCIPALS: Final[dict[str, object]] = {
    "user": {"AWS": USER},
    "role": {"AWS": ROLE},
    "session": {"AWS": SESSION},
    "federated": {"AWS": FEDERATED},
    "account": {"AWS": ROOT},
    "everybody": "*",
    "other": {"AWS": "777788889999"},
}
_DIRECT: Final = {
    "user": {"user", "everybody"},
    "session": {"session", "everybody"},
    "federated": {"federated", "everybody"},
}
_BY_ISSUER: Final = {"user": set[str](), "session": {"role"}, "federated": {"user"}}
_IDENTITY: Final = {saying: [policy(*statements_saying(saying))] if saying else [] for saying in _SAYINGS}
_LIMIT: Final = {saying: policy(*statements_saying(saying)) if saying else None for saying in _SAYINGS}
_RESOURCE: Final = {
    (name, saying): policy(*(dict(each) | {"Principal": _PRINCIPALS[name]} for each in statements_saying(saying)))
    for name in _PRINCIPALS
    for saying in ("allow", "silent", "deny")
}


def _expected(
    who: str,
    identity: str | None,
    boundary: str | None,
    session: str | None,
    resource: tuple[str, str] | None,
    *,
    cross_account: bool,
) -> bool:
    name, saying = resource or ("other", "silent")
    named = name in _DIRECT[who] | _BY_ISSUER[who] | {"account"}
    if "deny" in (identity, boundary, session) or (saying == "deny" and named):
        return False
    granted = saying == "allow" and named
    limits_allow = boundary in (None, "allow") and session in (None, "allow")
    own_side = identity == "allow" and limits_allow
    if cross_account:
        return own_side and granted
    if granted and name in _DIRECT[who]:
        return True
    if granted and name in _BY_ISSUER[who]:
        return limits_allow
    return own_side


@pytest.mark.parametrize("cross_account", [False, True])
@pytest.mark.parametrize("who", ["user", "session", "federated"])
def test_every_combination(who: str, cross_account: bool) -> None:
    """One wrong cell is somebody's open bucket."""
    asked = query(who, owner="999999999999" if cross_account else ACCOUNT)
    for identity, boundary, session, resource in product(_SAYINGS, _SAYINGS, _SAYINGS, [None, *_RESOURCE]):
        policies = PolicySet(
            identity=_IDENTITY[identity],
            boundary=_LIMIT[boundary],
            session=_IDENTITY[session] if session else None,
            resource=_RESOURCE[resource] if resource else None,
        )
        expected = _expected(who, identity, boundary, session, resource, cross_account=cross_account)
        assert decide(asked, policies).allowed is expected, (identity, boundary, session, resource)
