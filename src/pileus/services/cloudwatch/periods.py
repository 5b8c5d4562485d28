"""Which periods may somebody ask for, and when does the first one begin?

Source: API_GetMetricStatistics, StartTime and Period; API_GetMetricData, which says the same.
"""

from datetime import datetime, timedelta
from typing import Final

from pileus.services.cloudwatch.errors import InvalidParameterCombination, InvalidParameterValue

HIGH_RESOLUTION_S: Final = (1, 5, 10, 20, 30)
_MINUTE_S: Final = 60
_ROUNDED_S: Final = ((timedelta(days=63), 3_600), (timedelta(days=15), 300))
"""How old the start is -> to what it is rounded."""


def check_period(period_s: int) -> None:
    if period_s not in HIGH_RESOLUTION_S and period_s % _MINUTE_S:
        raise InvalidParameterValue("The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.")


def check_span(start: datetime, end: datetime) -> None:
    if start >= end:
        raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")


def first_period(start: datetime, *, period_s: int, now: datetime) -> datetime:
    """The moment at which the first period begins: never later than `start`."""
    rounded_s = period_s if period_s < _MINUTE_S else _MINUTE_S
    for age, to_s in _ROUNDED_S:
        if now - start > age:
            rounded_s = max(rounded_s, to_s)
            break
    return start - timedelta(seconds=start.timestamp() % rounded_s)


def check_datapoints(start: datetime, end: datetime, *, period_s: int, most: int) -> None:
    """Recording test_invalid_amount_of_datapoints."""
    count = int((end - start).total_seconds() / period_s)
    if count > most:
        raise InvalidParameterCombination(
            f"You have requested up to {count} datapoints, which exceeds the limit of {most}. You may reduce the "
            "datapoints requested by increasing Period, or decreasing the time range."
        )
