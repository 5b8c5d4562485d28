"""Are DynamoDB's writes as if one came after the other, whatever kills the server meanwhile?

Many clients swap registers on condition, move money in transactions, and send transactions again whose answer they
missed. Registers' histories are linearizable; no money appears or vanishes; each transfer counts once.
"""

import random
import threading
import time
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.support.linearizability import History, Operation, linearizable
from tests.support.workers import Worker

_TABLE: Final = "history"
_REGISTERS: Final = 8
_ACCOUNTS: Final = 6
_BALANCE: Final = 100
_TOO_POOR: Final = ["ConditionalCheckFailed", "None", "None"]
"""The only reason why a transfer may be refused."""


class Registers(Worker):
    """Reads, writes and swaps registers which all clients share."""

    numbers = iter(range(1, 1_000_000_000))
    lock = threading.Lock()

    def __init__(self, histories: list[History], seed: int) -> None:
        super().__init__()
        self._histories = histories
        self._random = random.Random(seed)

    def connect(self) -> None:
        self.client = self.server.client("dynamodb")

    def work(self) -> None:
        register = self._random.randrange(_REGISTERS)
        history = self._histories[register]
        key = {"pk": {"S": f"register-{register}"}}
        seen = history.record(Operation("read"), lambda: self._read(key))
        with self.lock:
            value = next(self.numbers)
        if self._random.random() < 0.3:
            history.record(Operation("write", value), lambda: self._write(key, value))
        else:
            history.record(Operation("swap", value, seen), lambda: self._swap(key, seen, value))

    def _read(self, key: dict[str, Any]) -> int | None:
        item = self.client.get_item(TableName=_TABLE, Key=key, ConsistentRead=True).get("Item")
        return None if item is None else int(item["v"]["N"])

    def _write(self, key: dict[str, Any], value: int) -> None:
        self.client.put_item(TableName=_TABLE, Item={**key, "v": {"N": str(value)}})

    def _swap(self, key: dict[str, Any], expected: int | None, value: int) -> bool:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        values = {":new": {"N": str(value)}}
        if expected is not None:
            condition = {"ConditionExpression": "v = :old"}
            values[":old"] = {"N": str(expected)}
        try:
            self.client.update_item(
                TableName=_TABLE,
                Key=key,
                UpdateExpression="SET v = :new",
                ExpressionAttributeValues=values,
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def check(self, server: Server) -> None:
        """The histories are looked at when all is over."""


class Transfers(Worker):
    """Moves money between accounts; a transfer whose answer was missed is sent again, with the same token."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self._random = random.Random(number)
        self._unanswered: dict[str, Any] | None = None
        self.done: set[str] = set()
        self.count = 0

    def connect(self) -> None:
        self.client = self.server.client("dynamodb")

    def work(self) -> None:
        request = self._unanswered or self._next()
        self._unanswered = request
        try:
            self.client.transact_write_items(**request)
        except ClientError as error:
            if [reason["Code"] for reason in error.response.get("CancellationReasons", ())] != _TOO_POOR:
                raise
        else:
            self.done.add(request["ClientRequestToken"])
        self._unanswered = None

    def _next(self) -> dict[str, Any]:
        self.count += 1
        token = f"transfer-{self._number}-{self.count}"
        giver, taker = self._random.sample(range(_ACCOUNTS), 2)
        amount = {"N": str(self._random.randint(1, 40))}

        def move(account: int, expression: str, **more: Any) -> dict[str, Any]:
            return {
                "Update": {
                    "TableName": _TABLE,
                    "Key": {"pk": {"S": f"account-{account}"}},
                    "UpdateExpression": expression,
                    "ExpressionAttributeValues": {":amount": amount},
                    **more,
                }
            }

        note = {"pk": {"S": token}, "giver": {"N": str(giver)}, "taker": {"N": str(taker)}, "amount": amount}
        return {
            "ClientRequestToken": token,
            "TransactItems": [
                move(giver, "SET balance = balance - :amount", ConditionExpression="balance >= :amount"),
                move(taker, "SET balance = balance + :amount"),
                {"Put": {"TableName": _TABLE, "Item": note}},
            ],
        }

    def check(self, server: Server) -> None:
        """What the notes say is what the accounts hold, and no acknowledged transfer is missing."""
        items = {item["pk"]["S"]: item for page in _pages(server) for item in page["Items"]}
        balances = [_BALANCE] * _ACCOUNTS
        for name, item in items.items():
            if name.startswith("transfer-"):
                balances[int(item["giver"]["N"])] -= int(item["amount"]["N"])
                balances[int(item["taker"]["N"])] += int(item["amount"]["N"])
        held = [int(items[f"account-{account}"]["balance"]["N"]) for account in range(_ACCOUNTS)]
        assert held == balances, "a transfer counts twice, or by halves"
        assert sum(held) == _ACCOUNTS * _BALANCE
        assert min(held) >= 0
        assert self.done <= items.keys(), "an acknowledged transfer is gone"


def _pages(server: Server) -> Any:
    return server.client("dynamodb").get_paginator("scan").paginate(TableName=_TABLE, ConsistentRead=True)


def _run(server: Server, *, kills: int, seed: int) -> None:
    random_ = random.Random(seed)
    client = server.start().client("dynamodb")
    client.create_table(
        TableName=_TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for account in range(_ACCOUNTS):
        client.put_item(TableName=_TABLE, Item={"pk": {"S": f"account-{account}"}, "balance": {"N": str(_BALANCE)}})
    histories = [History() for _ in range(_REGISTERS)]
    registers = [Registers(histories, seed + number) for number in range(4)]
    transfers = [Transfers(number) for number in range(4)]
    for round_number in range(kills):
        for worker in (*registers, *transfers):
            worker.begin(server, round_number)
        time.sleep(random_.uniform(0.1, 0.8))
        server.kill()
        for worker in (*registers, *transfers):
            worker.end()
        server.start()
        for worker in transfers:
            worker.check(server)
    for number, history in enumerate(histories):
        assert history.answers, "a register that nobody used says nothing"
        assert linearizable(history), f"no order of its operations explains what register {number} answered"
    assert all(worker.done for worker in transfers)


def test_writes_are_as_if_one_after_the_other(own_server: Server) -> None:
    """Four kills, in every run of the tests."""
    _run(own_server, kills=4, seed=1)


@pytest.mark.slow
def test_writes_are_as_if_one_after_the_other_for_long(own_server: Server) -> None:
    """Thirty kills at other instants."""
    _run(own_server, kills=30, seed=2)
