"""What was acknowledged is there, whenever and however the server is stopped: counted once, and nothing by halves.

Workers write through the public API until the server is gone; then it is started again, and each says what must be
there. Only a connection that breaks tells a worker so. An error of the API's does not: it fails the test.
"""

import io
import json
import random
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Sequence
from typing import Any, Final

import pytest

from tests.conftest import Server
from tests.support.workers import WITHIN_S, Worker

_TABLE: Final = "kept"
_EFFECTS: Final = "effects"
_FUNCTION: Final = "noting"
_HANDLER: Final = f"""
import boto3
table = boto3.resource("dynamodb").Table("{_EFFECTS}")
def handler(event, context):
    table.put_item(Item={{"pk": event["id"]}})
"""


class Items(Worker):
    """Counts an item of its own up, and writes distinct items."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.key = f"counter-{number}"
        self.least = 0
        self.most = 0
        self.put: set[str] = set()

    def connect(self) -> None:
        self.client = self.server.client("dynamodb")

    def work(self) -> None:
        self.most += 1
        self.client.update_item(
            TableName=_TABLE,
            Key={"pk": {"S": self.key}},
            UpdateExpression="SET n = if_not_exists(n, :zero) + :one",
            ExpressionAttributeValues={":zero": {"N": "0"}, ":one": {"N": "1"}},
        )
        self.least += 1
        key = f"{self.key}/{self.round_number}/{self.least}"
        self.client.put_item(TableName=_TABLE, Item={"pk": {"S": key}, "text": {"S": key * 3}})
        self.put.add(key)

    def check(self, server: Server) -> None:
        items = [item for item in _scan(server, _TABLE) if item["pk"]["S"].partition("/")[0] == self.key]
        keys = [item["pk"]["S"] for item in items]
        assert len(keys) == len(set(keys)), "an item is there twice"
        assert self.put <= set(keys), "an acknowledged write is gone"
        assert all(item["text"]["S"] == item["pk"]["S"] * 3 for item in items if "n" not in item), "half an item"
        [number] = [int(item["n"]["N"]) for item in items if "n" in item] or [0]
        # The one request in flight at the end may or may not have happened; from here on it is known.
        assert self.least <= number <= self.most
        self.least = self.most = number


class Tables(Worker):
    """Creates tables, each with an item, and deletes every third."""

    def __init__(self) -> None:
        super().__init__()
        self.created: set[str] = set()
        self.filled: set[str] = set()
        self.deleted: set[str] = set()
        self.count = 0

    def connect(self) -> None:
        self.client = self.server.client("dynamodb")

    def work(self) -> None:
        self.count += 1
        name = f"made-{self.count}"
        _create_table(self.client, name)
        self.created.add(name)
        self.client.put_item(TableName=name, Item={"pk": {"S": name}})
        self.filled.add(name)
        if self.count % 3 == 0:
            self.created.discard(name)  # from now on it may be gone
            self.filled.discard(name)
            self.client.delete_table(TableName=name)
            self.deleted.add(name)

    def check(self, server: Server) -> None:
        client = server.client("dynamodb")
        names = {name for page in client.get_paginator("list_tables").paginate() for name in page["TableNames"]}
        assert self.created <= names, "an acknowledged table is gone"
        assert not self.deleted & names, "a deleted table is back"
        for name in sorted(names - {_TABLE, _EFFECTS}):
            assert client.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"
            items = client.scan(TableName=name)["Items"]
            assert items in ([], [{"pk": {"S": name}}])
            assert items or name not in self.filled, "an acknowledged item is gone"


class Routes(Worker):
    """Adds routes to an HTTP API that deploys by itself."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        gateway = server.client("apigatewayv2")
        self.api_id = gateway.create_api(Name="kept", ProtocolType="HTTP")["ApiId"]
        gateway.create_stage(ApiId=self.api_id, StageName="$default", AutoDeploy=True)
        self.integration_id = gateway.create_integration(
            ApiId=self.api_id,
            IntegrationType="AWS_PROXY",
            IntegrationUri="arn:aws:lambda:us-east-1:111111111111:function:absent",
            PayloadFormatVersion="2.0",
        )["IntegrationId"]
        self.added: list[str] = []
        self.count = 0

    def connect(self) -> None:
        self.client = self.server.client("apigatewayv2")

    def work(self) -> None:
        time.sleep(0.01)  # an API has 300 routes at most
        self.count += 1
        path = f"/r/{self.count}"
        target = f"integrations/{self.integration_id}"
        self.client.create_route(ApiId=self.api_id, RouteKey=f"GET {path}", Target=target)
        self.added.append(path)

    def check(self, server: Server) -> None:
        gateway = server.client("apigatewayv2")
        keys = [
            route["RouteKey"]
            for page in gateway.get_paginator("get_routes").paginate(ApiId=self.api_id)
            for route in page["Items"]
        ]
        assert len(keys) == len(set(keys))
        assert {f"GET {path}" for path in self.added} <= set(keys), "an acknowledged route is gone"
        for path in self.added[-3:]:
            assert self._status(server, path) == 500, "a route that was acknowledged is not served"
        assert self._status(server, "/r/none") == 404

    def _status(self, server: Server, path: str) -> int:
        """404: no such route; 500: its function is absent."""
        try:
            with urllib.request.urlopen(f"{server.url}/_aws/execute-api/{self.api_id}{path}", timeout=10) as answer:
                status: int = answer.status
                return status
        except urllib.error.HTTPError as error:
            return error.code


class Events(Worker):
    """Invokes a function without waiting for it; the function notes the event's id in a table."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        role = _role(server)
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as package:
            package.writestr("index.py", _HANDLER)
        server.client("lambda").create_function(
            FunctionName=_FUNCTION,
            Runtime="python3.12",
            Role=role,
            Handler="index.handler",
            Code={"ZipFile": archive.getvalue()},
            Timeout=20,
        )
        self.accepted: set[str] = set()
        self.asked = 0

    def connect(self) -> None:
        self.client = self.server.client("lambda")

    def work(self) -> None:
        time.sleep(0.02)
        self.asked += 1
        event = {"id": f"event-{self.asked}"}
        self.client.invoke(FunctionName=_FUNCTION, InvocationType="Event", Payload=json.dumps(event))
        self.accepted.add(event["id"])

    def check(self, server: Server) -> None:
        """Nothing yet: events are delivered later."""

    def check_effects(self, server: Server) -> None:
        """Every accepted event has been handled, or will be soon; a failed one is tried again after minutes."""
        deadline_s = time.monotonic() + WITHIN_S
        while missing := self.accepted - {item["pk"]["S"] for item in _scan(server, _EFFECTS)}:
            assert time.monotonic() < deadline_s, f"{len(missing)} of {len(self.accepted)} events are lost"
            time.sleep(0.25)
            body = b'{"advance_s": 60}'
            urllib.request.urlopen(
                urllib.request.Request(f"{server.url}/_pileus/clock", data=body, method="POST"), timeout=10
            ).close()


def _role(server: Server) -> str:
    iam = server.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    created = iam.create_role(RoleName="noting", AssumeRolePolicyDocument=json.dumps(trust))
    may = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="noting", PolicyName="may", PolicyDocument=json.dumps(may))
    arn: str = created["Role"]["Arn"]
    return arn


def _create_table(client: Any, name: str) -> None:
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def _scan(server: Server, table: str) -> list[dict[str, Any]]:
    pages = server.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return [item for page in pages for item in page["Items"]]


def _stop_and_look(server: Server, stops: int, seed: int) -> None:
    random_ = random.Random(seed)
    server.start()
    for name in (_TABLE, _EFFECTS):
        _create_table(server.client("dynamodb"), name)
    events, items = Events(server), [Items(number) for number in range(3)]
    workers: Sequence[Worker] = (events, Tables(), Routes(server), *items)
    for round_number in range(stops):
        for worker in workers:
            worker.begin(server, round_number)
        time.sleep(random_.uniform(0.02, 0.6))  # whatever they do then is cut off
        assert all(worker.working or worker.error for worker in workers), "a worker lost its server before its end"
        if random_.random() < 0.3:
            assert server.stop() == 0
        else:
            server.kill()
        for worker in workers:
            worker.end()
        server.start()
        for worker in workers:
            worker.check(server)
    events.check_effects(server)
    assert events.accepted
    assert all(worker.put for worker in items)


def test_what_was_acknowledged_survives(own_server: Server) -> None:
    """A developer's laptop stops processes all day, some politely; seven of those here, in every run of the tests."""
    _stop_and_look(own_server, stops=7, seed=1)


@pytest.mark.slow
def test_what_was_acknowledged_survives_fifty_stops(own_server: Server) -> None:
    """The same, fifty times, at other instants."""
    _stop_and_look(own_server, stops=50, seed=2)
