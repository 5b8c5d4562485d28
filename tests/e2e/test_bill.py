"""`pileus bill` says what use would cost, of an open server and of a strict one."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.conftest import Server


def bill(server: Server, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pileus", "bill", "--data-dir", str(server.data_dir), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_table_is_on_the_bill(own_server: Server) -> None:
    """Units that were consumed, at once; of a month that is no month, an error."""
    dynamodb = own_server.start().client("dynamodb")
    dynamodb.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for number in range(4):
        dynamodb.put_item(TableName="orders", Item={"id": {"S": str(number)}})
    # What is held is metered from the start on, and not within its first second.
    with urlopen(Request(f"{own_server.url}/_pileus/clock", method="POST", data=b'{"advance_s": 2}')):
        pass
    said = bill(own_server, "--json")
    assert said.returncode == 0, said.stderr
    [account] = json.loads(said.stdout)["accounts"]
    line, held = account["lines"]
    assert (line["what"], line["amount"]) == ("write units", 4.0)
    assert line["resources"] == [{"region": "us-east-1", "name": "orders", "amount": 4.0}]
    assert line["cost_usd"] == 4 * line["price_usd"]
    assert held["what"] == "GB-months"
    shown = bill(own_server).stdout
    assert "4.000 write units: 0.0000 USD" in shown
    assert "orders (us-east-1)" in shown
    assert "nothing that has a price was used" in bill(own_server, "--month", "2020-01").stdout
    for month in ("26-1", "last month"):
        wrong = bill(own_server, "--month", month)
        assert (wrong.returncode, wrong.stderr) == (2, "pileus: month is a year and a month, as in 2026-11\n")


def test_what_is_asked_of_no_bucket_has_a_name(own_server: Server) -> None:
    """Listing buckets is of no bucket, and a line without a name tells nobody what it is; queues have `*`, too."""
    s3 = own_server.start().client("s3")
    s3.create_bucket(Bucket="photos")
    s3.list_buckets()
    [account] = json.loads(bill(own_server, "--json").stdout)["accounts"]
    names = {use["name"] for line in account["lines"] if line["service"] == "s3" for use in line["resources"]}
    assert names == {"*", "photos"}


def test_a_strict_server_takes_the_token(tmp_path: Path) -> None:
    """Whoever may read its data may see the bill; nobody else."""
    server = Server(tmp_path / "data", "--auth", "strict").start()
    try:
        said = bill(server, "--json")
        assert said.returncode == 0, said.stderr
        assert json.loads(said.stdout)["accounts"] == []
        with pytest.raises(HTTPError) as caught:
            urlopen(f"{server.url}/_pileus/bill")
        with caught.value as answer:
            assert answer.code == 403
    finally:
        server.stop()


def test_where_none_runs_the_data_is_asked_for(tmp_path: Path) -> None:
    """Commands look where they are called; who is elsewhere must be told how to name the place."""
    command = [sys.executable, "-m", "pileus", "bill", "--data-dir", str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert said.returncode == 2
    assert "--data-dir" in said.stderr.partition("runs on")[2]
