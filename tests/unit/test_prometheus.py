"""A Prometheus that scrapes Pileus understands what it reads."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from pileus.kernel.http.messages import Request
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.series import Metric
from pileus.kernel.metrics.statistics import statistics_of
from pileus.kernel.storage.sqlite import open_store
from pileus.prometheus import PATH, Prometheus, exposition
from tests.support.time import JumpingClock

ACCOUNT: Final = "111111111111"


def metric(name: str, *dimensions: tuple[str, str], namespace: str = "AWS/DynamoDB") -> Metric:
    return Metric(account_id=ACCOUNT, region="eu-west-1", namespace=namespace, name=name, dimensions=dimensions)


def test_names_are_those_of_the_cloudwatch_exporter() -> None:
    """Dashboards that people have already keep their queries."""
    page = exposition([(metric("ConsumedReadCapacityUnits", ("TableName", "orders")), "Count", statistics_of([1, 2]))])
    labels = f'{{account_id="{ACCOUNT}",region="eu-west-1",unit="Count",table_name="orders"}}'
    name = "aws_dynamodb_consumed_read_capacity_units"
    assert page.splitlines() == [
        f"# TYPE {name}_average gauge",
        f"{name}_average{labels} 1.5",
        f"# TYPE {name}_maximum gauge",
        f"{name}_maximum{labels} 2.0",
        f"# TYPE {name}_minimum gauge",
        f"{name}_minimum{labels} 1.0",
        f"# TYPE {name}_sample_count gauge",
        f"{name}_sample_count{labels} 2.0",
        f"# TYPE {name}_sum gauge",
        f"{name}_sum{labels} 3.0",
    ]


def test_whatever_users_call_their_metrics() -> None:
    """Odd names and values neither break the page nor tell one series twice."""
    one = statistics_of([1.0])
    odd = metric("5 xx/s", ("Région", 'a"b\\c\nd'), ("Region", "x"), ("region", "y"), namespace="My App")
    lines = exposition([(odd, "None", one), (odd, "None", one)]).splitlines()
    labels = r'account_id="111111111111",region="eu-west-1",unit="None",region_="x",r_gion="a\"b\\c\nd",region__="y"'
    assert f"my_app__5_xx_s_sum{{{labels}}} 1.0" in lines
    assert len(lines) == len(set(lines)) == 10


async def test_the_last_whole_minute_is_told(tmp_path: Path) -> None:
    """A scrape a minute adds up; the running minute is not told before it is whole."""
    clock = JumpingClock()
    store = open_store(tmp_path, clock=clock)
    metrics = Metrics(store, clock)
    page = Prometheus(metrics, clock)
    counted = metrics.series(ACCOUNT, "eu-west-1", "AWS/DynamoDB", "UserErrors", (), "Count")

    async def told() -> list[str]:
        response = await page(Request(method="GET", target=PATH, headers={}))
        assert response.status == 200
        assert isinstance(response.body, bytes)
        return [line for line in response.body.decode().splitlines() if "_sum{" in line]

    counted.add(2.0)
    assert await told() == []
    clock.jump(timedelta(minutes=1))
    counted.add(3.0)
    assert await told() == [
        'aws_dynamodb_user_errors_sum{account_id="111111111111",region="eu-west-1",unit="Count"} 2.0'
    ]
    clock.jump(timedelta(minutes=2))
    assert await told() == []
    refused = await page(Request(method="POST", target=PATH, headers={}))
    assert refused.status == 405
    await store.close()
