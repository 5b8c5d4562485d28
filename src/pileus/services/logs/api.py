"""CloudWatch Logs: groups, streams, events, and what is made of them."""

from typing import Final

from pileus.services.logs.operations.events import EventOperations
from pileus.services.logs.operations.exports import ExportOperations
from pileus.services.logs.operations.groups import GroupOperations
from pileus.services.logs.operations.metric_filters import MetricFilterOperations
from pileus.services.logs.operations.policies import PolicyOperations
from pileus.services.logs.operations.queries import QueryOperations
from pileus.services.logs.operations.query_definitions import QueryDefinitionOperations
from pileus.services.logs.operations.streams import StreamOperations
from pileus.services.logs.operations.subscription_filters import SubscriptionFilterOperations
from pileus.services.logs.operations.tags import TagOperations


class LogsApi(
    EventOperations,
    ExportOperations,
    GroupOperations,
    MetricFilterOperations,
    PolicyOperations,
    QueryDefinitionOperations,
    QueryOperations,
    StreamOperations,
    SubscriptionFilterOperations,
    TagOperations,
):
    """Every operation, each in the module of what it is about."""


PARTIAL: Final = {
    "CreateLogGroup": "no encryption, no delivery class",
    "DescribeLogGroups": "of one account",
    "ListLogGroups": "of one account, by name and class",
    "StartQuery": "no pattern, diff, anomaly, unnest, lookup, SOURCE; no JSON functions; not in PPL and SQL",
    "PutLogEvents": "the entity is not kept",
    "PutQueryDefinition": "in Insights' own language, without parameters",
    "PutSubscriptionFilter": "destinations are functions",
    "PutResourcePolicy": "of the account; kept, and not evaluated",
    "DescribeResourcePolicies": "of the account",
    "DeleteResourcePolicy": "of the account",
    "TagResource": "of log groups",
    "UntagResource": "of log groups",
    "ListTagsForResource": "of log groups",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""
