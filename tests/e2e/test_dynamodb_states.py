"""States of tables that last, by a clock that is moved: what AWS does in minutes is seen in an instant."""

import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import Server

DELAY_S: Final = 600
SETTLES_WITHIN_S: Final = 20.0


def _later(server: Server) -> None:
    body = b'{"advance_s": %d}' % (DELAY_S + 1)
    request = urllib.request.Request(f"{server.url}/_pileus/clock", data=body, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def _eventually(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SETTLES_WITHIN_S
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_states_last_as_long_as_was_chosen(tmp_path: Path) -> None:
    """CREATING, UPDATING with an index that is CREATING, DELETING; also over a kill in the middle."""
    server = Server(tmp_path / "data", "--dynamodb-table-delay", str(DELAY_S)).start()
    try:
        client = server.client("dynamodb")
        parameters: dict[str, Any] = {
            "TableName": "slow",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        }

        def table() -> dict[str, Any]:
            found: dict[str, Any] = client.describe_table(TableName="slow")["Table"]
            return found

        client.create_table(**parameters)
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.put_item(TableName="slow", Item={"pk": {"S": "a"}})
        assert table()["TableStatus"] == "CREATING"
        _later(server)
        client.put_item(TableName="slow", Item={"pk": {"S": "a"}, "colour": {"S": "red"}})
        client.update_table(
            TableName="slow",
            AttributeDefinitions=[{"AttributeName": "colour", "AttributeType": "S"}],
            GlobalSecondaryIndexUpdates=[
                {
                    "Create": {
                        "IndexName": "by-colour",
                        "KeySchema": [{"AttributeName": "colour", "KeyType": "HASH"}],
                        "Projection": {"ProjectionType": "ALL"},
                    }
                }
            ],
        )
        server.kill()
        client = server.start().client("dynamodb")
        described = table()
        assert described["TableStatus"] == "UPDATING"
        assert described["GlobalSecondaryIndexes"][0]["IndexStatus"] == "CREATING"
        _later(server)
        _eventually(lambda: table()["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE")
        assert client.scan(TableName="slow", IndexName="by-colour")["Count"] == 1
        client.delete_table(TableName="slow")
        assert table()["TableStatus"] == "DELETING"
        server.kill()
        client = server.start().client("dynamodb")
        _later(server)
        client.get_waiter("table_not_exists").wait(TableName="slow")
        client.create_table(**parameters)
        _later(server)
        assert client.scan(TableName="slow")["Count"] == 0
    finally:
        server.stop()
