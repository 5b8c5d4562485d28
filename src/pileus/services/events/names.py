"""How are buses and rules named?

A request names a bus by its name, which is then the caller's, or by its ARN. A rule's ARN has the name of its bus, but
for the default bus.
"""

import re
from typing import Final, NamedTuple

from pileus.kernel.context import RequestContext
from pileus.services.events.errors import ValidationException

DEFAULT: Final = "default"
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)


class BusName(NamedTuple):
    partition: str
    region: str
    account_id: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:events:{self.region}:{self.account_id}:event-bus/{self.name}"

    def rule_arn(self, rule: str) -> str:
        of_bus = "" if self.name == DEFAULT else f"{self.name}/"
        return f"arn:{self.partition}:events:{self.region}:{self.account_id}:rule/{of_bus}{rule}"


class RuleName(NamedTuple):
    bus: BusName
    name: str

    @property
    def arn(self) -> str:
        return self.bus.rule_arn(self.name)


def partition_of(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def bus_named(context: RequestContext, name_or_arn: str | None) -> BusName:
    """What a request means. Another region's bus is not known here: its ARN is taken for what it says."""
    if name_or_arn is not None and name_or_arn.startswith("arn:"):
        found = bus_of_arn(name_or_arn)
        if found is not None:
            return found
    return BusName(context.partition, context.region, context.account_id, name_or_arn or DEFAULT)


def bus_of_arn(arn: str) -> BusName | None:
    parts = _parts(arn, "event-bus/")
    return None if parts is None else BusName(*parts)


def rule_of_arn(arn: str) -> RuleName | None:
    parts = _parts(arn, "rule/")
    if parts is None:
        return None
    partition, region, account_id, name = parts
    bus, slash, rule = name.rpartition("/")
    return RuleName(BusName(partition, region, account_id, bus if slash else DEFAULT), rule)


def _parts(arn: str, kind: str) -> tuple[str, str, str, str] | None:
    """Partition, region, account and what comes behind `kind`."""
    start, partition, service, region, account_id, name = [*arn.split(":", 5), *([""] * 5)][:6]
    if (start, service) != ("arn", "events") or not _ACCOUNT.fullmatch(account_id) or not name.startswith(kind):
        return None
    return partition, region, account_id, name.removeprefix(kind)


def resource_of_arn(arn: str) -> BusName | RuleName:
    """What tags are about. ValidationException."""
    found = bus_of_arn(arn) or rule_of_arn(arn)
    if found is None:
        raise ValidationException(f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")
    return found
