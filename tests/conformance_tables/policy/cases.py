"""How is a case of the tables written down?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OPERATORS = 'IAM User Guide, "IAM JSON policy elements: Condition operators"'
MULTIPLE = 'IAM User Guide, "Conditions with multiple context keys or values"'
MULTIVALUED = 'IAM User Guide, "Single-valued vs. multivalued context keys"'
CONDITION = 'IAM User Guide, "IAM JSON policy elements: Condition"'
VARIABLES = 'IAM User Guide, "IAM policy elements: Variables and tags"'
ACTION = 'IAM User Guide, "IAM JSON policy elements: Action"'
NOT_ACTION = 'IAM User Guide, "IAM JSON policy elements: NotAction"'
RESOURCE = 'IAM User Guide, "IAM JSON policy elements: Resource"'
NOT_RESOURCE = 'IAM User Guide, "IAM JSON policy elements: NotResource"'
PRINCIPAL = 'IAM User Guide, "AWS JSON policy elements: Principal"'
NOT_PRINCIPAL = 'IAM User Guide, "AWS JSON policy elements: NotPrincipal"'
ONE_ACCOUNT = 'IAM User Guide, "Policy evaluation for requests within a single account"'
EVALUATION = 'IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access"'
CROSS_ACCOUNT = 'IAM User Guide, "Cross-account policy evaluation logic"'
BOUNDARIES = 'IAM User Guide, "Permissions boundaries for IAM entities"'
SESSIONS = 'IAM User Guide, "Policies and permissions in IAM", "Session policies"'
SCPS = 'Organizations User Guide, "SCP evaluation"'
SCP_REACH = 'Organizations User Guide, "Service control policies (SCPs)"'
VERSION = 'IAM User Guide, "IAM JSON policy elements: Version"'
EFFECT = 'IAM User Guide, "IAM JSON policy elements: Effect"'
TRUST = 'IAM User Guide, "How IAM roles differ from resource-based policies"'
KEY_POLICIES = 'KMS Developer Guide, "Key policies in AWS KMS"'

Values = str | int | bool | Sequence[str | int | bool]
Context = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class ConditionCase:
    """A Condition block of an Allow on everything: does it hold for a request with this context?"""

    page: str
    why: str
    condition: Mapping[str, Mapping[str, Values]]
    context: Context
    holds: bool
    version: str | None = "2012-10-17"


def conditions(
    page: str,
    operator: str,
    rows: Sequence[tuple[str, Values, str | Sequence[str] | None, bool]],
    key: str = "aws:PrincipalTag/key",
) -> list[ConditionCase]:
    """Cases of one operator on one key: (why, the policy's values, the request's or None, whether it holds)."""
    return [
        ConditionCase(page, why, {operator: {key: wanted}}, {} if found is None else {key.lower(): found}, holds)
        for why, wanted, found, holds in rows
    ]


@dataclass(frozen=True, slots=True)
class StatementCase:
    """One Allow statement: does it cover the action on the resource?"""

    page: str
    why: str
    statement: Mapping[str, str | Sequence[str]]
    action: str
    resource: str
    covers: bool
    context: Context | None = None
    version: str | None = "2012-10-17"


@dataclass(frozen=True, slots=True)
class PrincipalCase:
    """A statement of a resource's policy that names somebody: is `who` allowed (Allow) or denied (Deny) by it?

    who: a key of PEOPLE in test_conformance_tables. For an Allow, `who` has no policy of their own, and the resource is
    in `owner`'s account; for a Deny, their own policies allow everything.
    """

    page: str
    why: str
    effect: str
    element: Mapping[str, object]
    who: str
    allowed: bool
    bounded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationCase:
    """Policies of several kinds together.

    Of each kind: `allow` (allows the action), `deny` (denies it), `both`, `silent` (allows another action only), or
    None: there is no policy of that kind. scps: of each level of the organisation.
    resource: as (how the principal is named, effect); see RESOURCE_NAMES in the test.
    by: the kind of policy that decided; explicit: whether it was a Deny statement.
    """

    page: str
    why: str
    who: str
    allowed: bool
    by: str
    explicit: bool = False
    identity: str | None = None
    boundary: str | None = None
    session: str | None = None
    resource: tuple[str, str] | None = None
    resource_kind: str = "resource"
    scps: tuple[str, ...] = ()
    cross_account: bool = False
