"""Which throughput may be asked for?

Three kinds: provisioned units, limits of what on-demand tables may consume, and what a table takes at once when warm.
Nothing throttles yet: they are kept and told.
"""

from typing import Final

from pileus.services.dynamodb.errors import ValidationException, invalid_parameter
from pileus.services.dynamodb.limits import (
    ON_DEMAND_WARM_READ_UNITS,
    ON_DEMAND_WARM_WRITE_UNITS,
    THROUGHPUT_UNITS_MAX,
)
from pileus.services.dynamodb.shapes import (
    BillingMode,
    GlobalSecondaryIndex,
    OnDemandThroughput,
    ProvisionedThroughput,
    WarmThroughput,
)

ON_DEMAND: Final = "PAY_PER_REQUEST"
PROVISIONED: Final = "PROVISIONED"
UNSET: Final = -1

_INITIAL: Final = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"
    "#on-demand-capacity-mode-initial"
)


def check_provisioned(mode: BillingMode, throughput: ProvisionedThroughput | None) -> None:
    """Of a new table. Source: recording `test_dynamodb_pay_per_request`."""
    if mode == ON_DEMAND:
        if throughput is not None:
            raise invalid_parameter(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            )
        return
    if throughput is None:
        raise invalid_parameter(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    check_bounds(throughput)


def check_bounds(throughput: ProvisionedThroughput, *, index: str | None = None) -> None:
    told = "" if index is None else f" for index {index}"
    for parameter, units in (
        ("ReadCapacityUnits", throughput.read_capacity_units),
        ("WriteCapacityUnits", throughput.write_capacity_units),
    ):
        if units > THROUGHPUT_UNITS_MAX:
            raise ValidationException(f"Given value {units} for {parameter} is out of bounds{told}")


def check_provisioned_of_index(mode: BillingMode, index: GlobalSecondaryIndex) -> None:
    """Of an index that is made with its table."""
    throughput, name = index.provisioned_throughput, index.index_name
    if mode == ON_DEMAND:
        if throughput is not None:
            raise invalid_parameter(
                f"ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
            )
    elif throughput is None:
        raise invalid_parameter(f"ProvisionedThroughput is not specified for index: {name}")
    else:
        check_bounds(throughput, index=name)


def check_on_demand(mode: BillingMode, limits: OnDemandThroughput | None, *, index: str | None = None) -> None:
    """Of something new: at least one unit."""
    if limits is None:
        return
    for parameter, units in _limits(limits):
        if mode != ON_DEMAND:
            told = "" if index is None else f" for index: {index}"
            raise invalid_parameter(
                f"{parameter} for OnDemandThroughput{told} cannot be specified when table BillingMode is PROVISIONED."
            )
        if units < 1:
            raise _out_of_range(parameter, index)


def check_on_demand_change(mode: BillingMode, limits: OnDemandThroughput, *, index: str | None = None) -> None:
    """Of something that exists: -1 takes the limit away."""
    for parameter, units in _limits(limits):
        if mode != ON_DEMAND:
            told = "" if index is None else f" for index : {index}"
            raise invalid_parameter(
                f"{parameter} for OnDemandThroughput{told} cannot be specified when the table BillingMode is "
                "PROVISIONED"
            )
        if units < 1 and units != UNSET:
            raise _out_of_range(parameter, index)


def _out_of_range(parameter: str, index: str | None) -> ValidationException:
    whose = "table" if index is None else f"index : {index}"
    return invalid_parameter(f"Requested {parameter} for OnDemandThroughput for {whose} is outside of valid range")


def _limits(limits: OnDemandThroughput) -> list[tuple[str, int]]:
    given = (
        ("MaxReadRequestUnits", limits.max_read_request_units),
        ("MaxWriteRequestUnits", limits.max_write_request_units),
    )
    return [(parameter, units) for parameter, units in given if units is not None]


def check_warm(
    mode: BillingMode,
    warm: WarmThroughput | None,
    provisioned: ProvisionedThroughput | None,
    *,
    index: str | None = None,
) -> None:
    """Of something new: not less than it has anyway."""
    if warm is None:
        return
    whose = "table" if index is None else f"index {index}"
    for parameter, units, least, floor in (
        (
            "ReadUnitsPerSecond",
            warm.read_units_per_second,
            ON_DEMAND_WARM_READ_UNITS if provisioned is None else provisioned.read_capacity_units,
            "ReadCapacityUnits",
        ),
        (
            "WriteUnitsPerSecond",
            warm.write_units_per_second,
            ON_DEMAND_WARM_WRITE_UNITS if provisioned is None else provisioned.write_capacity_units,
            "WriteCapacityUnits",
        ),
    ):
        if units is None or units >= least:
            continue
        if mode == ON_DEMAND:
            reason = f"initial throughput for OnDemand. See: {_INITIAL}"
        else:
            reason = f"{floor} of ProvisionedThroughput"
        raise invalid_parameter(f"Requested {parameter} for WarmThroughput for {whose} is lower than {reason}")


def check_warm_change(warm: WarmThroughput, current: tuple[int, int], *, index: str | None = None) -> None:
    """Of something that exists: never less than now. current: what it takes now, reads and writes a second."""
    whose = "table" if index is None else f"index {index}"
    for parameter, units, now in (
        ("ReadUnitsPerSecond", warm.read_units_per_second, current[0]),
        ("WriteUnitsPerSecond", warm.write_units_per_second, current[1]),
    ):
        if units is not None and units < now:
            raise invalid_parameter(
                f"Requested {parameter} for WarmThroughput for {whose} is lower than current WarmThroughput, "
                "decreasing WarmThroughput is not supported"
            )
