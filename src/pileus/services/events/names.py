"""How are buses and rules named?

A request names a bus by its name, which is then the caller's, or by its ARN. A rule's ARN has the name of its bus, but
for the default bus.
"""

from typing import Final, NamedTuple

from pileus.kernel.context import RequestContext
from pileus.services.events.errors import ValidationException

DEFAULT: Final = "default"


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
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "events" or not parts[5].startswith("event-bus/"):
        return None
    return BusName(parts[1], parts[3], parts[4], parts[5].removeprefix("event-bus/"))


def rule_of_arn(arn: str) -> RuleName | None:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "events" or not parts[5].startswith("rule/"):
        return None
    bus, slash, rule = parts[5].removeprefix("rule/").rpartition("/")
    return RuleName(BusName(parts[1], parts[3], parts[4], bus if slash else DEFAULT), rule)


def resource_of_arn(arn: str) -> BusName | RuleName:
    """What tags are about. ValidationException."""
    found = bus_of_arn(arn) or rule_of_arn(arn)
    if found is None:
        raise ValidationException(f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")
    return found
