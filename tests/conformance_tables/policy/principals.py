"""Whom do Principal and NotPrincipal name?

The resource is in account 111122223333, except where `who` is said to be from elsewhere. For an Allow nobody has a
policy of their own, so that what is allowed is what the resource's policy grants by itself; a stranger of account
444455556666 has an identity policy that allows, as a cross-account request needs both.
"""

from typing import Final

from tests.conformance_tables.policy.cases import BOUNDARIES, NOT_PRINCIPAL, ONE_ACCOUNT, PRINCIPAL, PrincipalCase

_ROOT: Final = "arn:aws:iam::111122223333:root"
_USER: Final = "arn:aws:iam::111122223333:user/bob"
_ROLE: Final = "arn:aws:iam::111122223333:role/app/reader"
_SESSION: Final = "arn:aws:sts::111122223333:assumed-role/reader/job"
_FEDERATED: Final = "arn:aws:sts::111122223333:federated-user/fred"
_STRANGER: Final = "arn:aws:iam::444455556666:user/eve"
_STRANGERS: Final = "arn:aws:iam::444455556666:root"
_PROVIDER: Final = "arn:aws:iam::111122223333:oidc-provider/id.example.com"


def _allow(why: str, element: object, who: str, allowed: bool, page: str = PRINCIPAL) -> PrincipalCase:
    return PrincipalCase(page, why, "Allow", {"Principal": element}, who, allowed)


def _deny(why: str, element: object, who: str, allowed: bool) -> PrincipalCase:
    return PrincipalCase(PRINCIPAL, why, "Deny", {"Principal": element}, who, allowed)


def _deny_others(
    why: str, element: object, who: str, allowed: bool, page: str = NOT_PRINCIPAL, bounded: bool = False
) -> PrincipalCase:
    return PrincipalCase(page, why, "Deny", {"NotPrincipal": element}, who, allowed, bounded)


PRINCIPAL_CASES: Final = [
    _allow("a user by its ARN", {"AWS": _USER}, "user", True),
    _allow("another user", {"AWS": f"{_USER}by"}, "user", False),
    _allow("the user's name is case-sensitive", {"AWS": "arn:aws:iam::111122223333:user/Bob"}, "user", False),
    _allow("one of a list: OR", {"AWS": ["999999999999", _USER]}, "user", True),
    _allow("no wildcard for a part of a name", {"AWS": "arn:aws:iam::111122223333:user/*"}, "user", False),
    _allow("a user by its unique id", {"AWS": "AIDABOB"}, "user", True),
    _allow("a session by its ARN", {"AWS": _SESSION}, "session", True),
    _allow("another session of the role", {"AWS": f"{_SESSION}2"}, "session", False),
    _allow(
        "no wildcard for all sessions", {"AWS": "arn:aws:sts::111122223333:assumed-role/reader/*"}, "session", False
    ),
    _allow("a session by its role", {"AWS": _ROLE}, "session", True),
    _allow("a session by its role's unique id", {"AWS": "AROAREADER"}, "session", True),
    _allow("another role", {"AWS": "arn:aws:iam::111122223333:role/writer"}, "session", False),
    _allow("a role is no user", {"AWS": _ROLE}, "user", False),
    _allow("a federated user by its ARN", {"AWS": _FEDERATED}, "federated", True),
    _allow("everybody: a user", "*", "user", True),
    _allow("everybody: a session", "*", "session", True),
    _allow("everybody: nobody in particular (anonymous)", "*", "anonymous", True),
    _allow("AWS: * is the same as *", {"AWS": "*"}, "anonymous", True),
    _allow("everybody: somebody of another account", "*", "stranger", True),
    _allow("a user does not mean the anonymous", {"AWS": _USER}, "anonymous", False),
    _allow("the account delegates: by ARN it grants nothing by itself", {"AWS": _ROOT}, "user", False),
    _allow("the account delegates: by number likewise", {"AWS": "111122223333"}, "user", False),
    _allow("another account's user by its ARN", {"AWS": _STRANGER}, "stranger", True),
    _allow("another account as a whole, by ARN", {"AWS": _STRANGERS}, "stranger", True),
    _allow("another account as a whole, by number", {"AWS": "444455556666"}, "stranger", True),
    _allow("a third account", {"AWS": "999999999999"}, "stranger", False),
    _allow("a service", {"Service": "sns.amazonaws.com"}, "service", True),
    _allow("another service", {"Service": "sqs.amazonaws.com"}, "service", False),
    _allow("one of several services", {"Service": ["ecs.amazonaws.com", "sns.amazonaws.com"]}, "service", True),
    _allow("a service's name is no AWS principal", {"AWS": "sns.amazonaws.com"}, "service", False),
    _allow("a service is no user", {"Service": "sns.amazonaws.com"}, "user", False),
    _allow("an OIDC provider", {"Federated": _PROVIDER}, "oidc", True),
    _allow("another provider", {"Federated": f"{_PROVIDER}2"}, "oidc", False),
    _allow("Cognito's web identities", {"Federated": "cognito-identity.amazonaws.com"}, "cognito", True),
    _allow("another web identity provider", {"Federated": "www.amazon.com"}, "cognito", False),
    _allow("several kinds: OR", {"AWS": _USER, "Service": "sns.amazonaws.com"}, "service", True),
    PrincipalCase(
        ONE_ACCOUNT, "the role's session without policies", "Allow", {"Principal": {"AWS": _ROLE}}, "session", True
    ),
    _deny("a user by its ARN", {"AWS": _USER}, "user", False),
    _deny("another user", {"AWS": f"{_USER}by"}, "user", True),
    _deny("the account means everybody in it: a user", {"AWS": _ROOT}, "user", False),
    _deny("the account means everybody in it: a session", {"AWS": "111122223333"}, "session", False),
    _deny("a role means its sessions", {"AWS": _ROLE}, "session", False),
    _deny("a session", {"AWS": _SESSION}, "session", False),
    _deny("another session", {"AWS": f"{_SESSION}2"}, "session", True),
    _deny("everybody", "*", "user", False),
    _deny("a service does not mean a user", {"Service": "sns.amazonaws.com"}, "user", True),
    _deny_others("the guide's example: the user and the account are excepted", {"AWS": [_USER, _ROOT]}, "user", True),
    _deny_others("another user of the excepted account", {"AWS": [f"{_USER}by", _ROOT]}, "user", False),
    _deny_others("somebody of another account", {"AWS": [_USER, _ROOT]}, "stranger", False),
    _deny_others("without the account the user may be denied: we deny", {"AWS": [_USER]}, "user", False),
    _deny_others(
        "the guide's example: session, role and account are excepted",
        {"AWS": [_SESSION, _ROLE, _ROOT]},
        "session",
        True,
    ),
    _deny_others("without the role the session may be denied: we deny", {"AWS": [_SESSION, _ROOT]}, "session", False),
    _deny_others(
        "without the account the session may be denied: we deny", {"AWS": [_SESSION, _ROLE]}, "session", False
    ),
    _deny_others("another session of an excepted role", {"AWS": [f"{_SESSION}2", _ROLE, _ROOT]}, "session", False),
    _deny_others(
        "whoever has a boundary is denied whatever is excepted",
        {"AWS": [_USER, _ROOT]},
        "user",
        False,
        page=BOUNDARIES,
        bounded=True,
    ),
    PrincipalCase(
        NOT_PRINCIPAL, "Allow: all but the named: the named", "Allow", {"NotPrincipal": {"AWS": _USER}}, "user", False
    ),
    PrincipalCase(
        NOT_PRINCIPAL, "Allow: all but the named: another", "Allow", {"NotPrincipal": {"AWS": _USER}}, "session", True
    ),
    PrincipalCase(
        NOT_PRINCIPAL, "Allow: it may reach the anonymous", "Allow", {"NotPrincipal": {"AWS": _USER}}, "anonymous", True
    ),
]
