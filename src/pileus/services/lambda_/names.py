"""Which function does a caller mean?

A function is named by its name, by a part of its ARN (`ACCOUNT:function:NAME`), or by its ARN, each with or without a
qualifier; and the qualifier may be given on its own, too. A qualifier is `$LATEST`, the number of a version, or the
name of an alias, which is never a number.
"""

import re
from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.lambda_.errors import (
    AccessDeniedException,
    FunctionNotFound,
    InvalidParameterValueException,
    ResourceNotFoundException,
)

LATEST: Final = "$LATEST"
_VERSION_DIGITS_MAX: Final = 18

_NAME: Final = re.compile(
    r"(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?"
    r"(?:(?P<region>(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?"
    r"(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9-_.]+)(?::(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
"""The model's pattern of NamespacedFunctionName, its parts named."""


class FunctionName(msgspec.Struct, frozen=True, kw_only=True):
    """A function, as one request names it. `qualifier` is None when the request names none."""

    partition: str
    region: str
    account_id: str
    name: str
    qualifier: str | None = None

    @property
    def arn(self) -> str:
        """Without a qualifier."""
        return f"arn:{self.partition}:lambda:{self.region}:{self.account_id}:function:{self.name}"

    @property
    def qualified_arn(self) -> str:
        """With the qualifier, if the request names one."""
        return self.arn if self.qualifier is None else f"{self.arn}:{self.qualifier}"

    def qualified_by(self, qualifier: str | None) -> "FunctionName":
        """The same function, under this qualifier instead."""
        return msgspec.structs.replace(self, qualifier=qualifier)

    @property
    def latest(self) -> bool:
        """Whether it means the function as it is, not a version of it."""
        return self.qualifier is None or self.qualifier == LATEST

    @property
    def version(self) -> int | None:
        """The number, if a version is named by it."""
        qualifier = self.qualifier
        if qualifier is None or not qualifier.isdigit() or len(qualifier) > _VERSION_DIGITS_MAX:
            return None
        return int(qualifier) if qualifier[0] != "0" else None

    @property
    def alias(self) -> str | None:
        """The name that can only be an alias."""
        qualifier = self.qualifier
        return None if qualifier is None or qualifier.isdigit() or "$" in qualifier else qualifier

    @property
    def policy_arn(self) -> str:
        """Under which a policy knows it: `$LATEST` has none of its own."""
        return self.arn if self.latest else self.qualified_arn

    def only_latest(self) -> "FunctionName":
        """Itself, unless it names a version or alias, where only a function can be meant."""
        if not self.latest:
            raise FunctionNotFound(self.qualified_arn)
        return self


REACHABLE: Final = frozenset(
    {
        "CreateAlias",
        "DeleteAlias",
        "DeleteFunction",
        "DeleteFunctionConcurrency",
        "GetAlias",
        "GetFunction",
        "GetFunctionConfiguration",
        "GetPolicy",
        "Invoke",
        "ListAliases",
        "ListTags",
        "ListVersionsByFunction",
        "PublishVersion",
        "PutFunctionConcurrency",
        "TagResource",
        "UntagResource",
        "UpdateAlias",
        "UpdateFunctionCode",
    }
)
"""Operations on functions of other accounts; all others refuse a foreign name whatever its policy says. The rows of
these in `permissions` say `foreign`, so that they run only for whom both accounts let: the authorizer has asked before.

Source: Lambda Developer Guide, "Granting Lambda function access to other accounts".
"""


def function_name(context: RequestContext, given: str, qualifier: str | None = None) -> FunctionName:
    """What a request means by `given` and `qualifier`.

    Raises InvalidParameterValueException when they contradict each other, ResourceNotFoundException for another region,
    AccessDeniedException for another account, unless the operation is one of those that reach there.
    """
    match = _NAME.fullmatch(given)
    assert match is not None, "the model's pattern was checked by the wire"
    region, account_id, name, derived = match.group("region", "account", "name", "qualifier")
    if derived is not None and qualifier is not None and derived != qualifier:
        raise InvalidParameterValueException(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    if region is not None and region != context.region:
        raise ResourceNotFoundException(
            f"Functions from '{region}' are not reachable in this region ('{context.region}')"
        )
    meant = FunctionName(
        partition=context.partition,
        region=context.region,
        account_id=account_id or context.account_id,
        name=name,
        qualifier=derived or qualifier,
    )
    if meant.account_id != context.account_id and context.operation not in REACHABLE:
        raise AccessDeniedException(
            f"User: {context.principal.arn} is not authorized to perform: lambda:{context.operation} on resource: "
            f"{meant.arn} because no resource-based policy allows the lambda:{context.operation} action"
        )
    return meant


def in_other_account(context: RequestContext, given: str) -> bool:
    """Whether a name names an account that is not the caller's."""
    return ":" in given and meant_by(context, given).account_id != context.account_id


def account_of_role(arn: str) -> str:
    """The account of an execution role; '' when it names none."""
    return (arn.split(":", 5) + [""] * 5)[4]


def meant_by(context: RequestContext, given: str, qualifier: str | None = None) -> FunctionName:
    """The function of a name whatever its account and region, for whoever decides about a request before it runs."""
    match = _NAME.fullmatch(given)
    assert match is not None, "the model's pattern was checked by the wire"
    return FunctionName(
        partition=context.partition,
        region=match["region"] or context.region,
        account_id=match["account"] or context.account_id,
        name=match["name"],
        qualifier=match["qualifier"] or qualifier,
    )


def in_partition(context: RequestContext, arn: str) -> str:
    """An ARN with the partition of the request, which is the one that operations mean whatever a caller writes: whoever
    decides about what was written would let `arn:aws-cn:` pass by a Deny of `arn:aws:`."""
    return ":".join(("arn", context.partition, *arn.split(":")[2:]))


def function_of_arn(arn: str) -> FunctionName | None:
    """The function that a full ARN names; None when it is no function's ARN."""
    if not arn.startswith("arn:"):
        return None
    match = _NAME.fullmatch(arn)
    if match is None or match["region"] is None or match["account"] is None:
        return None
    return FunctionName(
        partition=arn.split(":", 2)[1],
        region=match["region"],
        account_id=match["account"],
        name=match["name"],
        qualifier=match["qualifier"],
    )
