"""Which table does a name mean, or an ARN?"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.dynamodb.errors import ValidationException, invalid_parameter
from pileus.services.dynamodb.limits import TABLE_NAME_LENGTH_MAX, TABLE_NAME_LENGTH_MIN

_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]+\Z")
_ARN: Final = re.compile(r"arn:([a-z-]+):dynamodb:([^:]*):([0-9]{12}):table/([^/]+)\Z")


@dataclass(frozen=True, slots=True)
class TablePlace:
    """Where a table is, whether it exists or not."""

    account_id: str
    region: str
    name: str


def table_place(context: RequestContext, given: str) -> TablePlace:
    """The table that `TableName` means, which may be an ARN, and then of another account; `ValidationException`."""
    if not given.startswith("arn:"):
        check_name(given)
        return TablePlace(context.account_id, context.region, given)
    match = _ARN.match(given)
    if match is None:
        raise ValidationException(f"Invalid table ARN: {given}")
    partition, region, account_id, name = match.groups()
    if partition != context.partition:
        raise ValidationException(f"1 validation error detected: Invalid AWS partition in '{given}'")
    if region != context.region:
        raise ValidationException(f"1 validation error detected: Invalid AWS region in '{given}'")
    check_name(name)
    return TablePlace(account_id, region, name)


def own_table_name(context: RequestContext, given: str) -> str:
    """The name of one of the caller's own tables, for what nobody may do to those of others."""
    place = table_place(context, given)
    if place.account_id != context.account_id:
        raise foreign_table()
    return place.name


def named_table(context: RequestContext, arn: str) -> TablePlace:
    """The table that a `ResourceArn` means, for what is done to a table by its ARN; `ValidationException`."""
    if not arn.startswith("arn:"):
        raise invalid_parameter(f"ARNs must start with 'arn:': {arn}")
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] != "dynamodb":
        raise invalid_parameter(f"Provided Arn is not a DynamoDB resource arn: {arn}")
    _, partition, _, region, account_id, path = parts
    if (partition, region) != (context.partition, context.region):
        raise invalid_parameter(f"Invalid resource Arn: {arn}")
    kind, _, name = path.partition("/")
    if kind == "table" and name.count("/") == 2 and name.split("/")[1] == "stream":
        raise NotImplementedByPileus("Resource policies of streams are not implemented")
    if kind != "table" or "/" in name or _NAME.match(name) is None:
        raise invalid_parameter(
            f"Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {arn}"
        )
    if account_id != context.account_id:
        raise foreign_table()
    return TablePlace(account_id, region, name)


def foreign_table() -> ValidationException:
    return ValidationException("This action is only supported by accounts that match the resource owner’s account.")


def in_other_account(context: RequestContext, given: str) -> bool:
    """Whether a name is an ARN of another account's table."""
    return given.startswith("arn:") and given.split(":", 5)[4:5] != [context.account_id]


def check_name(name: str) -> None:
    problems = list(_name_problems(name))
    if problems:
        errors = "; ".join(
            f"Value '{name}' at 'tableName' failed to satisfy constraint: {problem}" for problem in problems
        )
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''}"
        raise ValidationException(f"{count} detected: {errors}")


def well_formed(given: str) -> bool:
    """Whether what stands for a table could be its name, or is an ARN."""
    return given.startswith("arn:") or not _name_problems(given)


def _name_problems(name: str) -> Sequence[str]:
    problems = []
    if _NAME.match(name) is None:
        problems.append("Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
    if len(name) < TABLE_NAME_LENGTH_MIN:
        problems.append(f"Member must have length greater than or equal to {TABLE_NAME_LENGTH_MIN}")
    if len(name) > TABLE_NAME_LENGTH_MAX:
        problems.append(f"Member must have length less than or equal to {TABLE_NAME_LENGTH_MAX}")
    return problems


def table_arn(place: TablePlace, partition: str) -> str:
    return f"arn:{partition}:dynamodb:{place.region}:{place.account_id}:table/{place.name}"
