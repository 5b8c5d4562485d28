"""What would this month's use cost on AWS? `GET /_pileus/bill`, and `pileus bill`.

    ?month=2026-11

What functions, APIs, tables, queues, topics, buses, buckets, keys, logs, metrics, alarms and dashboards used and hold,
less the free tier, at the prices of one dated table: `prices`. What AWS charges for beside (provisioned capacity and
concurrency, text messages, backups, transfer but from buckets to the internet) is not in it, and neither are taxes: an
estimate that tells orders of magnitude. Sums are kept by the hour for 455 days; see `metering`.

Each account has the free tier once, over all regions, as on AWS; prices are those of us-east-1 everywhere.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.holding import Holdings, following_month
from pileus.kernel.metrics.metering import amounts
from pileus.kernel.metrics.series import Metric
from pileus.prices import PRICED_ON, PRICES, Price

PATH: Final = "/_pileus/bill"
_JSON: Final = (("Content-Type", "application/json"),)


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

    def __init__(self, metrics: Metrics, holdings: Holdings, clock: Clock) -> None:
        self._metrics = metrics
        self._holdings = holdings
        self._clock = clock

    async def __call__(self, request: Request) -> Response:
        if request.method != "GET":
            return _answer(405, {"message": f"{request.method} is not offered at {PATH}"})
        try:
            start, end = self._month(dict(parse_qsl(request.query, keep_blank_values=True)))
        except ValueError as error:
            return _answer(400, {"message": str(error)})
        await self._holdings.look()
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
        return start, following_month(start)


def bill(used: Mapping[Metric, float], *, start: datetime, until: datetime) -> Bill:
    """used: amounts of metrics whose kind has a price; those of further dimensions count, too."""
    hours = (following_month(start) - start).total_seconds() / 3600
    accounts = [_account(account_id, used, hours) for account_id in sorted({metric.account_id for metric in used})]
    billed = [account for account in accounts if account.lines]
    return Bill(
        month=f"{start:%Y-%m}",
        until=until,
        priced_on=PRICED_ON,
        accounts=billed,
        cost_usd=_cents(account.cost_usd for account in billed),
    )


def _account(account_id: str, used: Mapping[Metric, float], hours: float) -> AccountBill:
    """hours: of the month."""
    lines = []
    left: dict[str, float] = {}
    for kind, price in PRICES.items():
        per = price.per * hours if price.monthly else price.per
        resources: dict[tuple[str, str], float] = {}
        for metric, amount in used.items():
            if (metric.namespace, metric.name) == kind and metric.account_id == account_id and _own(metric):
                place = (metric.region, dict(metric.dimensions).get(price.dimension, ""))
                resources[place] = resources.get(place, 0.0) + amount / per
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
            free = f", of which {_number(line.free)} free" if line.free else ""
            yield f"  {line.service:<10} {_number(line.amount):>16} {line.what}{free}: {line.cost_usd:.4f} USD"
            for use in sorted(line.resources, key=lambda use: -use.amount):
                yield f"    {_number(use.amount):>22}  {use.name} ({use.region})"


def _number(amount: float) -> str:
    """What is small is not nothing: a megabyte of an afternoon is 0.0000054 GB-months."""
    return f"{amount:,.3f}" if amount >= 0.001 else f"{amount:.2g}"
