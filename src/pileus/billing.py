"""What would this month's use cost on AWS? `GET /_pileus/bill`, and `pileus bill`.

    ?month=2026-11

Requests and GB-seconds of functions, the units that tables consumed, requests of queues, buckets and keys, what topics
published and delivered, events of buses, and what log groups took in, less the free tier, at the prices of one dated
table. What AWS charges for beside (storage, transfer, provisioned capacity, text messages, metrics, alarms, keys) is
not in it, and neither are taxes: an estimate that tells orders of magnitude. Sums are kept by the hour for 455 days;
see `metering`.

Each account has the free tier once, over all regions, as on AWS; prices are those of us-east-1 everywhere.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.metrics import metering
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.metering import NAMESPACE, Kind, amounts
from pileus.kernel.metrics.series import Metric

PATH: Final = "/_pileus/bill"
_JSON: Final = (("Content-Type", "application/json"),)


class Price(NamedTuple):
    """Of one kind of use. dimension: which one names the resource. free: so much is free in each month.

    shared: what has the same name here has `free` together, and who is first in the table takes first.
    per: so much of what is counted is one of what is priced.
    """

    service: str
    what: str
    dimension: str
    usd: float
    free: float = 0.0
    shared: str = ""
    per: float = 1.0


PRICED_ON: Final = date(2025, 6, 1)
_MILLION: Final = 1_000_000
PRICES: Final[Mapping[Kind, Price]] = {
    ("AWS/Lambda", "Invocations"): Price("lambda", "requests", "FunctionName", 0.20e-6, free=_MILLION),
    (NAMESPACE, metering.GB_SECONDS): Price("lambda", "GB-seconds", "FunctionName", 0.0000166667, free=400_000),
    ("AWS/DynamoDB", "ConsumedReadCapacityUnits"): Price("dynamodb", "read units", "TableName", 0.125e-6),
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits"): Price("dynamodb", "write units", "TableName", 0.625e-6),
    (NAMESPACE, metering.QUEUE_REQUESTS): Price(
        "sqs", "requests", "QueueName", 0.40e-6, free=_MILLION, shared="queues"
    ),
    (NAMESPACE, metering.FIFO_QUEUE_REQUESTS): Price(
        "sqs", "FIFO requests", "QueueName", 0.50e-6, free=_MILLION, shared="queues"
    ),
    (NAMESPACE, metering.TOPIC_REQUESTS): Price("sns", "publish requests", "TopicName", 0.50e-6, free=_MILLION),
    (NAMESPACE, metering.FIFO_TOPIC_REQUESTS): Price("sns", "FIFO publish requests", "TopicName", 0.30e-6),
    (NAMESPACE, metering.FIFO_TOPIC_GB): Price("sns", "FIFO GB published", "TopicName", 0.017),
    (NAMESPACE, metering.FIFO_DELIVERIES): Price("sns", "FIFO deliveries", "TopicName", 0.01e-6),
    (NAMESPACE, metering.FIFO_DELIVERIES_GB): Price("sns", "FIFO GB delivered", "TopicName", 0.001),
    (NAMESPACE, metering.HTTP_DELIVERIES): Price("sns", "HTTP deliveries", "TopicName", 0.60e-6, free=100_000),
    (NAMESPACE, metering.MAIL_DELIVERIES): Price("sns", "email deliveries", "TopicName", 20e-6, free=1_000),
    (NAMESPACE, metering.PUSH_DELIVERIES): Price("sns", "push deliveries", "TopicName", 0.50e-6, free=_MILLION),
    (NAMESPACE, metering.BUS_EVENTS): Price("events", "custom events", "EventBusName", 1.00e-6),
    (NAMESPACE, metering.OBJECT_WRITES): Price("s3", "PUT, COPY, POST, LIST", "BucketName", 5.0e-6),
    (NAMESPACE, metering.OBJECT_READS): Price("s3", "GET and others", "BucketName", 0.4e-6),
    (NAMESPACE, metering.KEY_REQUESTS): Price("kms", "requests", "Operation", 3.0e-6, free=20_000),
    ("AWS/Logs", "IncomingBytes"): Price(
        "logs", "GB ingested", "LogGroupName", 0.50, free=5, per=metering.BYTES_PER_GB
    ),
}
"""In US dollars, of us-east-1: functions on x86, queues, and log groups of the standard class in the first tier, tables
on demand, as if all were.

Sources: AWS Lambda Pricing; Amazon DynamoDB Pricing (on-demand throughput since 2024-11-01); Amazon SQS Pricing; Amazon
SNS Pricing; Amazon EventBridge Pricing; Amazon S3 Pricing (class Standard); AWS Key Management Service Pricing; Amazon
CloudWatch Pricing (logs).
"""


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What one resource used."""

    region: str
    name: str
    amount: float


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of use. free: how much of the amount costs nothing."""

    service: str
    what: str
    amount: float
    free: float
    price_usd: float
    cost_usd: float
    resources: list[Use]


class AccountBill(msgspec.Struct, frozen=True, kw_only=True):
    """What one account would pay."""

    account_id: str
    lines: list[Line]
    cost_usd: float


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """Of one month, so far as it has passed. until: when it was asked for, or the month's end."""

    month: str
    until: datetime
    priced_on: date
    accounts: list[AccountBill]
    cost_usd: float


class Billing:
    """The handler."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, request: Request) -> Response:
        if request.method != "GET":
            return _answer(405, {"message": f"{request.method} is not offered at {PATH}"})
        try:
            start, end = self._month(dict(parse_qsl(request.query, keep_blank_values=True)))
        except ValueError as error:
            return _answer(400, {"message": str(error)})
        used = await amounts(self._metrics, PRICES.keys(), start=start, end=end)
        return _answer(200, bill(used, start=start, until=min(end, self._clock.now())))

    def _month(self, query: dict[str, str]) -> tuple[datetime, datetime]:
        """Its begin and end; ValueError."""
        if unknown := query.keys() - {"month"}:
            raise ValueError(f"nothing is called {', '.join(sorted(unknown))} here")
        now = self._clock.now()
        start = datetime(now.year, now.month, 1, tzinfo=UTC)
        if "month" in query:
            try:
                start = datetime.strptime(query["month"], "%Y-%m").replace(tzinfo=UTC)
            except ValueError:
                raise ValueError("month is a year and a month, as in 2026-11") from None
        if (start.year, start.month) == (9999, 12):
            raise ValueError("that month has no end")
        end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
        return start, end


def bill(used: Mapping[Metric, float], *, start: datetime, until: datetime) -> Bill:
    """used: amounts of metrics whose kind has a price; those of further dimensions count, too."""
    accounts = [_account(account_id, used) for account_id in sorted({metric.account_id for metric in used})]
    billed = [account for account in accounts if account.lines]
    return Bill(
        month=f"{start:%Y-%m}",
        until=until,
        priced_on=PRICED_ON,
        accounts=billed,
        cost_usd=_cents(account.cost_usd for account in billed),
    )


def _account(account_id: str, used: Mapping[Metric, float]) -> AccountBill:
    lines = []
    left: dict[str, float] = {}
    for kind, price in PRICES.items():
        resources: dict[tuple[str, str], float] = {}
        for metric, amount in used.items():
            if (metric.namespace, metric.name) == kind and metric.account_id == account_id and _own(metric):
                place = (metric.region, dict(metric.dimensions).get(price.dimension, ""))
                resources[place] = resources.get(place, 0.0) + amount / price.per
        if resources:
            free = left.get(price.shared, price.free) if price.shared else price.free
            line = _line(price, resources, free=free)
            left[price.shared] = free - line.free
            lines.append(line)
    return AccountBill(account_id=account_id, lines=lines, cost_usd=_cents(line.cost_usd for line in lines))


def _own(metric: Metric) -> bool:
    """Whether nobody else counts the same: a function's metrics are there by alias and for the account, too."""
    names = [name for name, _ in metric.dimensions]
    return bool(names) and not {"Resource", "ExecutedVersion"} & set(names)


def _line(price: Price, resources: Mapping[tuple[str, str], float], *, free: float) -> Line:
    amount = sum(resources.values())
    free = min(amount, free)
    return Line(
        service=price.service,
        what=price.what,
        amount=amount,
        free=free,
        price_usd=price.usd,
        cost_usd=(amount - free) * price.usd,
        resources=[Use(region=region, name=name, amount=one) for (region, name), one in sorted(resources.items())],
    )


def _cents(costs: Iterable[float]) -> float:
    """Summed up; a millionth of a cent is none."""
    return round(sum(costs), 8)


def _answer(status: int, content: object) -> Response:
    return Response(status, _JSON, msgspec.json.encode(content) + b"\n")


def told(bill: Bill) -> Iterable[str]:
    """The bill as lines for a person."""
    yield f"{bill.month}, until {bill.until:%Y-%m-%d %H:%M} UTC, at prices of {bill.priced_on}"
    if not bill.accounts:
        yield "nothing that has a price was used"
    for account in bill.accounts:
        yield f"account {account.account_id}: {account.cost_usd:.4f} USD"
        for line in account.lines:
            free = f", of which {line.free:,.3f} free" if line.free else ""
            yield f"  {line.service:<10} {line.amount:>16,.3f} {line.what}{free}: {line.cost_usd:.4f} USD"
            for use in sorted(line.resources, key=lambda use: -use.amount):
                yield f"    {use.amount:>22,.3f}  {use.name} ({use.region})"
