"""Versions, aliases and filters that were acknowledged are whole, however often the server is killed on the way."""

import random
import time
from typing import Final

from tests.conftest import Server
from tests.support.functions import archive, make_role
from tests.support.workers import Worker

ROUNDS: Final = 4
PATTERN: Final = "number-{}"


class Versions(Worker):
    """Publishes a function again and again, each time changed, and has an alias lead to the newest version."""

    def __init__(self, server: Server, role: str, number: int) -> None:
        super().__init__()
        self.name = f"published-{number}"
        server.client("lambda").create_function(
            FunctionName=self.name,
            Runtime="python3.12",
            Role=role,
            Handler="index.handler",
            Code={"ZipFile": archive("def handler(event, context): return context.function_version")},
            Publish=True,
        )
        server.client("lambda").create_alias(FunctionName=self.name, Name="live", FunctionVersion="1")
        self.published: dict[int, str] = {1: ""}
        self.aliased = self.wanted = 1
        self.changes = 0

    def connect(self) -> None:
        self.client = self.server.client("lambda")

    def work(self) -> None:
        self.changes += 1
        text = f"{self.round_number}/{self.changes}"
        self.client.update_function_configuration(FunctionName=self.name, Description=text)
        number = int(self.client.publish_version(FunctionName=self.name)["Version"])
        assert number not in self.published, "a number is given twice"
        self.published[number] = text
        self.wanted = number
        self.client.update_alias(FunctionName=self.name, Name="live", FunctionVersion=str(number))
        self.aliased = number

    def check(self, server: Server) -> None:
        client = server.client("lambda")
        pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=self.name)
        found = {each["Version"]: each["Description"] for page in pages for each in page["Versions"]}
        latest = found.pop("$LATEST")
        numbers = sorted(map(int, found))
        assert numbers == list(range(1, len(numbers) + 1))
        kept = {int(number): text for number, text in found.items()}
        assert {number: kept.get(number) for number in self.published} == self.published, (
            "a version is gone, or changed"
        )
        unheard = set(kept) - set(self.published)
        assert len(unheard) <= 1, "only the last request's answer can have been lost"
        for number in unheard:
            assert kept[number] == latest
            self.published[number] = kept[number]
        alias = client.get_alias(FunctionName=self.name, Name="live")["FunctionVersion"]
        assert int(alias) in {self.aliased, self.wanted}
        self.aliased = self.wanted = int(alias)
        answer = client.invoke(FunctionName=self.name, Qualifier="live")
        assert answer["Payload"].read() == f'"{alias}"'.encode()


class Filters(Worker):
    """Changes the subscription and the metric filter of a log group again and again."""

    def __init__(self, server: Server, function_arn: str) -> None:
        super().__init__()
        self.group = "filtered"
        self.function_arn = function_arn
        server.client("logs").create_log_group(logGroupName=self.group)
        self.asked = {"subscription": 0, "metric": 0}
        self.acknowledged = {"subscription": 0, "metric": 0}
        self.server = server
        self.connect()
        self.work()

    def connect(self) -> None:
        self.client = self.server.client("logs")

    def work(self) -> None:
        number = max(self.asked.values()) + 1
        group = {"logGroupName": self.group, "filterPattern": f'"{PATTERN.format(number)}"'}
        self.asked["subscription"] = number
        self.client.put_subscription_filter(**group, filterName="s", destinationArn=self.function_arn)
        self.acknowledged["subscription"] = self.asked["metric"] = number
        transformation = {"metricName": PATTERN.format(number), "metricNamespace": "n", "metricValue": "1"}
        self.client.put_metric_filter(**group, filterName="m", metricTransformations=[transformation])
        self.acknowledged["metric"] = number

    def check(self, server: Server) -> None:
        client, group = server.client("logs"), {"logGroupName": self.group}
        (subscription,) = client.describe_subscription_filters(**group)["subscriptionFilters"]
        (metric,) = client.describe_metric_filters(**group)["metricFilters"]
        for kind, found in (("subscription", subscription), ("metric", metric)):
            allowed = {self.acknowledged[kind], self.asked[kind]}
            assert found["filterPattern"] in {f'"{PATTERN.format(number)}"' for number in allowed}, kind
        (transformation,) = metric["metricTransformations"]
        assert f'"{transformation["metricName"]}"' == metric["filterPattern"], "half a filter"
        (described,) = client.describe_log_groups(logGroupNamePrefix=self.group)["logGroups"]
        assert described["metricFilterCount"] == 1


def test_versions_aliases_and_filters(own_server: Server) -> None:
    """Killed at any instant: each version as it was published, each alias where it was pointed, each filter whole."""
    own_server.start()
    role = make_role(own_server)
    versions = [Versions(own_server, role, number) for number in range(2)]
    lambda_ = own_server.client("lambda")
    lambda_.add_permission(
        FunctionName=versions[0].name,
        StatementId="logs",
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
    )
    arn = lambda_.get_function_configuration(FunctionName=versions[0].name)["FunctionArn"]
    workers: list[Worker] = [*versions, Filters(own_server, arn)]
    chosen = random.Random(5)
    for turn in range(ROUNDS):
        for worker in workers:
            worker.begin(own_server, turn)
        time.sleep(chosen.uniform(0.3, 0.8))  # any instant is as good as another
        own_server.kill()
        for worker in workers:
            worker.end()
        own_server.start()
        for worker in workers:
            worker.check(own_server)
    assert all(len(worker.published) > 1 for worker in versions), "they have hardly worked"
