"""Is what an alarm is to be possible?

Source: API_PutMetricAlarm, API_PutCompositeAlarm; where nothing else is said, the texts are those that AWS sends.
"""

from collections.abc import Sequence
from datetime import timedelta

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.cloudwatch.alarms.records import Condition
from pileus.services.cloudwatch.alarms.worker import period_of
from pileus.services.cloudwatch.errors import InvalidParameterCombination, MissingParameter, ValidationError
from pileus.services.cloudwatch.limits import (
    ALARM_METRICS_MAX,
    ALARM_QUERIES_MAX,
    EVALUATED_MAX,
    HIGH_EVALUATED_MAX,
)
from pileus.services.cloudwatch.metric_data import check, plan
from pileus.services.cloudwatch.model import StatQuery, dimensions_of, query_of
from pileus.services.cloudwatch.shapes import PutCompositeAlarmInput, PutMetricAlarmInput
from pileus.services.cloudwatch.statistic import is_percentile, statistic

_MISSING = ("breaching", "notBreaching", "ignore", "missing")
_LOW_SAMPLES = ("evaluate", "ignore")
_SHORT_S = (10, 20, 30)
_HOUR_S = 3_600


def condition_of(request: PutMetricAlarmInput) -> Condition:
    """The condition of a metric alarm, or what is wrong with it."""
    _refuse_unbuilt(request)
    comparison = request.comparison_operator
    if comparison is None:
        raise MissingParameter("The parameter ComparisonOperator is required.")
    if comparison in (
        "LessThanLowerOrGreaterThanUpperThreshold",
        "LessThanLowerThreshold",
        "GreaterThanUpperThreshold",
    ):
        raise NotImplementedByPileus("Alarms on anomaly detection are not implemented")
    if request.evaluation_periods is None:
        raise MissingParameter("The parameter EvaluationPeriods is required.")
    if request.threshold is None:
        raise MissingParameter("The parameter Threshold is required.")
    if request.datapoints_to_alarm is not None and request.datapoints_to_alarm > request.evaluation_periods:
        raise ValidationError("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    _check_choice(request)
    queries = () if request.metrics is None else tuple(query_of(query) for query in request.metrics)
    condition = Condition(
        comparison=comparison,  # type: ignore[arg-type]  # the others were refused
        threshold=request.threshold,
        periods=request.evaluation_periods,
        stat=_stat(request) if request.metrics is None else None,
        queries=queries,
        needed=request.datapoints_to_alarm,
        missing=request.treat_missing_data,
        low_samples=request.evaluate_low_sample_count_percentile,
    )
    if request.metrics is not None:
        _check_queries(request, condition)
    _check_window(condition)
    return condition


def check_actions(request: PutMetricAlarmInput | PutCompositeAlarmInput) -> None:
    for action in (
        *(request.ok_actions or ()),
        *(request.alarm_actions or ()),
        *(request.insufficient_data_actions or ()),
    ):
        if not action.startswith("arn:") or action.count(":") < 5:
            raise ValidationError(f"Invalid arn syntax: {action}")


def _refuse_unbuilt(request: PutMetricAlarmInput) -> None:
    for name in (
        *("threshold_metric_id", "evaluation_window", "warm_up_configuration", "evaluation_criteria"),
        *("evaluation_interval", "action_configuration"),
    ):
        if getattr(request, name) is not None:
            told = "".join(part.capitalize() for part in name.split("_"))
            raise NotImplementedByPileus(f"{told} of PutMetricAlarm is not implemented")


def _check_choice(request: PutMetricAlarmInput) -> None:
    missing, low = request.treat_missing_data, request.evaluate_low_sample_count_percentile
    if missing is not None and missing not in _MISSING:
        raise ValidationError(
            f"The value {missing} is not supported for TreatMissingData parameter. "
            f"Supported values are [{', '.join(_MISSING)}]."
        )
    if low is not None and low not in _LOW_SAMPLES:
        raise ValidationError(
            f"Option {low} is not supported. Supported options for parameter EvaluateLowSampleCountPercentile "
            "are evaluate and ignore."
        )


def _stat(request: PutMetricAlarmInput) -> StatQuery:
    for name, value in (("MetricName", request.metric_name), ("Namespace", request.namespace)):
        if value is None:
            raise MissingParameter(f"The parameter {name} is required.")
    if request.period is None:
        raise MissingParameter("The parameter Period is required.")
    if (request.statistic is None) == (request.extended_statistic is None):
        raise InvalidParameterCombination(
            "Exactly one of the parameters Statistic and ExtendedStatistic must be specified."
        )
    extended = request.extended_statistic
    if extended is not None and (statistic(extended) is None or not is_percentile(extended)):
        raise ValidationError(f"The value {extended} for parameter ExtendedStatistic is not supported.")
    _check_period(request.period)
    return StatQuery(
        namespace=request.namespace or "",
        name=request.metric_name or "",
        stat=request.statistic or extended or "",
        period_s=request.period,
        dimensions=dimensions_of(request.dimensions),
        unit=request.unit,
    )


def _check_period(period_s: int) -> None:
    if period_s not in _SHORT_S and period_s % 60:
        raise ValidationError("Period must be 10, 20, 30 or a multiple of 60")


def _check_queries(request: PutMetricAlarmInput, condition: Condition) -> None:
    single: Sequence[tuple[str, object]] = (
        ("MetricName", request.metric_name),
        ("Namespace", request.namespace),
        ("Statistic", request.statistic),
        ("ExtendedStatistic", request.extended_statistic),
        ("Dimensions", request.dimensions),
        ("Period", request.period),
        ("Unit", request.unit),
    )
    for name, value in single:
        if value is not None:
            raise ValidationError(f"Metrics list and {name} must not be specified together.")
    asked = plan(condition.queries, path="Metrics")
    metrics = [query.stat for query in condition.queries if query.stat is not None]
    if len(condition.queries) > ALARM_QUERIES_MAX or len(metrics) > ALARM_METRICS_MAX:
        raise ValidationError(f"Metrics must not have more than {ALARM_METRICS_MAX} metrics.")
    returned = [query for query in condition.queries if query.returned is not False]
    if len(returned) != 1:
        raise ValidationError("Exactly one element of the metrics list should return data.")
    if asked.searches:
        raise ValidationError("SEARCH is not supported in alarms.")
    check(asked, returned[0])
    if any(query.account_id is not None for query in request.metrics or ()):
        raise NotImplementedByPileus("Alarms on metrics of other accounts are not implemented")


def _check_window(condition: Condition) -> None:
    period_s = period_of(condition)
    most: timedelta = EVALUATED_MAX if period_s >= _HOUR_S else HIGH_EVALUATED_MAX
    if period_s * condition.periods > most.total_seconds():
        raise ValidationError(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400) "
            "unless Period is an hour or more, and then not across more than 7 days."
        )
